//! docs/performance.md: the figures in the words of those who read them.

use std::fmt::Write as _;

use crate::money::{self, Money};
use crate::scenes::{Figures, Pair};
use crate::support::{self, Bot, Support, Watched};

const HEAD: &str = "\
# Performance

Written by `cargo xtask bench`; do not edit. Everything is measured in one run on one machine, ours and another program in
turns, and each figure is the middle one of five. Trust the ratios and the processor time for each request, not the
requests a second: the load comes from the same machine. The bare programs are `crates/testkit/src/bin/bench/bare.rs`: an
axum handler that sends the same bytes, and one that reads a user's row by its primary key with sqlx. Neither checks a key
or a session, counts a limit, names a request, or sets a header. MariaDB is reached by its socket, as `mirai deploy provision`
sets it up.

";

/// How the page's later parts begin, in their order; each has a run of its own too.
const MONEY: &str = "## Money\n";
const SUPPORT: &str = "## Help and status\n";
const GATEWAYS: &str = "## Gateways\n";
const PARTS: [&str; 3] = [MONEY, SUPPORT, GATEWAYS];

/// The page without the parts that have runs of their own.
pub(crate) fn page(figures: &Figures) -> String {
    let mut page = HEAD.to_owned();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a String can't fail.
        let _ = writeln!(page, "{text}");
    };
    line(format_args!("Machine: {}.\n", machine()));
    line(format_args!("## Beside a bare program\n"));
    line(format_args!(
        "| route | ours /s | bare /s | share | goal | our CPU for one | its CPU for one | our p99 | its p99 |"
    ));
    line(format_args!("|---|---|---|---|---|---|---|---|---|"));
    for Pair { name, goal, ours, bare } in &figures.pairs {
        let share = ours.per_second / bare.per_second;
        line(format_args!(
            "| `{name}` | {:.0} | {:.0} | **{:.0} %** | {:.0} % | {:.1} µs | {:.1} µs | {:.2} ms | {:.2} ms |",
            ours.per_second,
            bare.per_second,
            share * 100.0,
            goal * 100.0,
            ours.cpu_us,
            bare.cpu_us,
            ours.p99_ms,
            bare.p99_ms
        ));
    }
    let unchanged = figures.unchanged;
    line(format_args!(
        "\nThe server list has {} bytes. For one who has it already (`If-None-Match`): {:.0} /s, {:.1} µs each.\n",
        figures.list_bytes, unchanged.per_second, unchanged.cpu_us
    ));
    line(format_args!("## Alone\n"));
    line(format_args!("| what | figure | goal |"));
    line(format_args!("|---|---|---|"));
    for (database, us) in figures.device_us {
        line(format_args!("| processor time for a new device, {database} | {us:.0} µs | under 400 µs |"));
    }
    let (p99, slowest) = figures.beside_logins_ms;
    line(format_args!("| p99 of another route while 200 logins wait | {p99:.1} ms | under 100 ms |"));
    line(format_args!("| the slowest of these | {slowest:.1} ms | |"));
    line(format_args!("| logins a second meanwhile (Argon2id, 19 MiB) | {:.0} | |", figures.logins_per_second));
    let (before, after) = figures.memory;
    line(format_args!("| memory after the start | {before:.0} MiB | |"));
    line(format_args!("| memory 30 s after all of this load | {after:.0} MiB | under 90 MiB |"));
    line(format_args!("| first answer after the start | {:.0} ms | under 150 ms |", figures.first_answer_ms));
    page
}

/// The page with these figures of money, in place of those that it has.
pub(crate) fn with_money(page: &str, figures: &Money) -> String {
    let (p50, p99) = (figures.grants.p50_ms, figures.grants.p99_ms);
    let [sqlite, mariadb] = figures.proof_s;
    let lines = money::LINES / 1_000_000;
    let section = format!(
        "{MONEY}\nFrom Stripe's post of a paid checkout to the moment at which another program sees the grant in \
         MariaDB, while a hundred such\nevents come each second; and `mirai admin ledger verify` over {lines} million lines.\n\n\
         | what | figure | goal |\n|---|---|---|\n\
         | webhook to grant, p50 / p99 | {p50:.1} / {p99:.1} ms | p99 under 100 ms |\n\
         | proof of the books, SQLite | {sqlite:.1} s | under 10 s |\n\
         | proof of the books, MariaDB | {mariadb:.1} s | under 10 s |\n"
    );
    with_part(page, MONEY, &section)
}

/// The page with these figures of the bot and the status page, in place of those that it has.
pub(crate) fn with_support(page: &str, figures: &Support) -> String {
    let Bot { p50_ms, p99_ms, own_mib, most_mib } = figures.bot;
    let mut section = format!(
        "{SUPPORT}\n`mirai bot` on MariaDB in a guild of {} members, of whom thirty ask in a second: until the person sees \
         the answer or\nthe form. The status page of {} checks that have looked each minute for {} days; a page is kept for \
         five seconds, what is\nmeasured is one that is read anew.\n\n\
         | what | figure | goal |\n|---|---|---|\n\
         | interaction answered, p50 / p99 | {p50_ms:.1} / {p99_ms:.1} ms | p99 under 300 ms |\n\
         | memory of the bot's own at its most (RssAnon) | {own_mib:.0} MiB | |\n\
         | with the pages of the executable (VmHWM) | {most_mib:.0} MiB | under 40 MiB |\n",
        support::MEMBERS,
        support::CHECKS,
        support::DAYS
    );
    for (database, of) in ["SQLite", "MariaDB"].into_iter().zip(&figures.watched) {
        let Watched { page_ms, first_ms, year_mb, all_mb } = of;
        // Writing to a String can't fail.
        let _ = write!(
            section,
            "| status page, {database} | {page_ms:.1} ms | under 50 ms |\n\
             | the first one of a process, {database} | {first_ms:.1} ms | under 50 ms |\n\
             | growth in a year, {database} | {year_mb:.0} MB | under 100 MB |\n\
             | all that watching keeps, {database} | {all_mb:.0} MB | |\n"
        );
    }
    with_part(page, SUPPORT, &section)
}

/// The page with this part about gateways, in place of the one that it has.
pub(crate) fn with_gateways(page: &str, section: &str) -> String {
    with_part(page, GATEWAYS, section)
}

/// The page with a part in its place among [`PARTS`].
fn with_part(page: &str, head: &str, section: &str) -> String {
    let at = |head: &str| page.find(&format!("\n{head}")).map(|before| before + 1);
    let behind = PARTS.iter().skip_while(|part| **part != head).skip(1).find_map(|part| at(part));
    let after = behind.unwrap_or(page.len());
    let before = at(head).unwrap_or(after);
    let rest = if after < page.len() { format!("\n{}", &page[after..]) } else { String::new() };
    format!("{}\n\n{}\n{rest}", page[..before].trim_end(), section.trim_end())
}

/// Processor and number of cores.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("processor unknown");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{}, {cores} cores", model.trim_start_matches(['\t', ':', ' ']))
}

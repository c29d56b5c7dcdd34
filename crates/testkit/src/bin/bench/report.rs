//! docs/performance.md: the figures in the words of those who read them.

use std::fmt::Write as _;

use crate::money::{self, Money};
use crate::scenes::{Figures, Pair};

const HEAD: &str = "\
# Performance

Written by `cargo xtask bench`; do not edit. Everything is measured in one run on one machine, ours and another program in
turns, and each figure is the middle one of five. Trust the ratios and the processor time for each request, not the
requests a second: the load comes from the same machine. The bare programs are `crates/testkit/src/bin/bench/bare.rs`: an
axum handler that sends the same bytes, and one that reads a user's row by its primary key with sqlx. Neither checks a key
or a session, counts a limit, names a request, or sets a header.

";

/// How the part about money begins.
const MONEY: &str = "## Money\n";
/// How the part about gateways begins, which is the last one.
const GATEWAYS: &str = "## Gateways\n";

/// The page without the part about gateways.
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
    let (head, gateways) = match page.split_once(GATEWAYS) {
        Some((head, rest)) => (head, format!("{GATEWAYS}{rest}")),
        None => (page, String::new()),
    };
    let head = head.split_once(MONEY).map_or(head, |(head, _)| head);
    let (p50, p99) = (figures.grants.p50_ms, figures.grants.p99_ms);
    let [sqlite, mariadb] = figures.proof_s;
    let lines = money::LINES / 1_000_000;
    format!(
        "{}\n\n{MONEY}\nFrom Stripe's post of a paid checkout to the moment at which another program sees the grant in \
         MariaDB, while a hundred such\nevents come each second; and `mirai admin ledger verify` over {lines} million lines.\n\n\
         | what | figure | goal |\n|---|---|---|\n\
         | webhook to grant, p50 / p99 | {p50:.1} / {p99:.1} ms | p99 under 100 ms |\n\
         | proof of the books, SQLite | {sqlite:.1} s | under 10 s |\n\
         | proof of the books, MariaDB | {mariadb:.1} s | under 10 s |\n\n{gateways}",
        head.trim_end()
    )
}

/// The page with this part about gateways, in place of the one that it has.
pub(crate) fn with_gateways(page: &str, section: &str) -> String {
    let before = page.split_once(GATEWAYS).map_or(page, |(before, _)| before);
    format!("{}\n\n{section}", before.trim_end())
}

/// Processor and number of cores.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("processor unknown");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{}, {cores} cores", model.trim_start_matches(['\t', ':', ' ']))
}

//! The gateways' part of docs/performance.md.

use std::fmt::Write as _;

use super::Figures;
use super::cold::MANY;
use super::news::{News, Times};

const HEAD: &str = "\
## Gateways

Client, gateway and internet are network namespaces of the same machine, so that whoever sends, whoever receives and the
gateway share its processors: trust the ratios and the processor time, not the gigabits. This part has a run of its own:
`cargo xtask bench gateways`.

### Changes

From a request to the API (the device is added, or deleted) until the gateway's acknowledgement is in the database, each
change by itself, and from the request to the last packet that a deleted device gets an answer to, when it sends one every
5 ms. The agent runs on the embedded driver.

";

const CARRIED: &str = "
### One flow

One TCP flow (iperf3), the gateway programs in turns with the same client (a process with our embedded driver, the fastest
here), the same firewall rules and an MTU of 1420. Processor time is that of the gateway program alone.

";

const KERNEL: &str = "
### The kernel's WireGuard

Measured on an emulated machine (QEMU without hardware help, Debian's kernel); `CONTRIBUTING.md` says how. With 10,000 peers
the agent on the kernel driver holds 31.2 MB. What the other way takes is measured with the very steps of
`defguard_wireguard_rs` 0.12.4 (two sockets with a message each, for each peer), which itself took as long in the same runs
(9.2 and 9.3 s, where its steps took 8.6 to 10.3 s). To write 10,000 peers takes 0.63 to 0.79 s in batches and 4.8 to 5.5 s
one by one: 7.0 to 8.5 times as long. A device that has its key multiplies on a curve for each peer that comes, in both ways
alike: with that they are loaded in 4.5 to 4.7 s and 8.6 to 10.3 s (1.9 to 2.2 times as long).
";

/// The section, which is the page's last.
pub(crate) fn section(figures: &Figures) -> String {
    let mut page = HEAD.to_owned();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a String can't fail.
        let _ = writeln!(page, "{text}");
    };
    line(format_args!("| peers | database | added p50 / p99 | deleted p50 / p99 | last packet p50 / p99 | goal |"));
    line(format_args!("|---|---|---|---|---|---|"));
    for News { database, peers, granted, revoked, last_packet } in &figures.news {
        let pair = |times: &Times| format!("{:.1} / {:.1} ms", times.at(50), times.at(99));
        let goal = if *peers < MANY { "20 / 100 ms" } else { "– / 250 ms" };
        let (granted, revoked, last) = (pair(granted), pair(revoked), pair(last_packet));
        line(format_args!("| {peers} | {database} | {granted} | {revoked} | {last} | {goal} |"));
    }
    line(format_args!("\n### An agent with {MANY} peers\n"));
    line(format_args!("| what | figure | goal |"));
    line(format_args!("|---|---|---|"));
    let cold = &figures.cold;
    line(format_args!(
        "| start to serving all, the control plane away, embedded | {:.2} s | 1.5 s |",
        cold.serving_ms / 1000.0
    ));
    line(format_args!("| memory at its most (VmHWM), embedded | {:.0} MiB | under 220 MiB |", cold.peak_mib));
    page.push_str(CARRIED);
    flows(&mut page, figures);
    page.push_str(KERNEL);
    page
}

fn flows(page: &mut String, figures: &Figures) {
    let mut line = |text: std::fmt::Arguments<'_>| {
        let _ = writeln!(page, "{text}");
    };
    line(format_args!("| gateway | up | its CPU for 1 GB | ours to it | down | its CPU for 1 GB | ours to it |"));
    line(format_args!("|---|---|---|---|---|---|---|"));
    let Some(ours) = figures.flows.first() else { return };
    for flow in &figures.flows {
        line(format_args!(
            "| {} | {:.2} Gb/s | {:.2} s | {:.2} | {:.2} Gb/s | {:.2} s | {:.2} |",
            flow.name,
            flow.up.gbits,
            flow.up.cpu,
            ours.up.gbits / flow.up.gbits,
            flow.down.gbits,
            flow.down.cpu,
            ours.down.gbits / flow.down.gbits
        ));
    }
    line(format_args!("\nGoal: at least twice as much up and as much down as each of the others."));
}

//! Load from `wrk`, and what a process uses of the machine, as Linux counts it.

use std::time::Duration;

use anyhow::Context as _;
use testkit::process::{Bin, Running};

/// What a few seconds of load have shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Answers a second.
    pub(crate) per_second: f64,
    /// Processor time of the server for each, in microseconds.
    pub(crate) cpu_us: f64,
    /// Of a hundred answers ninety-nine took no longer, in milliseconds.
    pub(crate) p99_ms: f64,
}

/// Asks a server again and again over 16 connections. An answer that is no success is an error.
pub(crate) async fn get(server: &Running, url: &str, headers: &[String], seconds: u64) -> anyhow::Result<Sample> {
    let pid = server.pid().context("the server has ended")?;
    let mut wrk = Bin::at("/usr/bin/wrk")?.launch().args(["-t1", "-c16", "--latency", &format!("-d{seconds}s")]);
    for header in headers {
        wrk = wrk.args(["-H", header]);
    }
    let before = cpu_seconds(pid)?;
    let done = wrk.arg(url).run(Duration::from_secs(seconds + 20)).await?;
    let used = cpu_seconds(pid)? - before;
    anyhow::ensure!(done.code == Some(0), "wrk: {}", done.stderr);
    anyhow::ensure!(!done.stdout.contains("Non-2xx"), "refused answers:\n{}", done.stdout);
    let text = done.stdout.as_str();
    let field = |label: &str| {
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix(label));
        line.and_then(|rest| rest.split_whitespace().next()).with_context(|| format!("no {label} in:\n{text}"))
    };
    let requests = text.lines().find(|line| line.contains(" requests in ")).context("no count")?;
    let requests: f64 = requests.split_whitespace().next().context("no count")?.parse()?;
    Ok(Sample {
        per_second: field("Requests/sec:")?.parse()?,
        cpu_us: used * 1e6 / requests,
        p99_ms: milliseconds(field("99%")?)?,
    })
}

/// `1.25ms`, `830.00us`, `1.02s`.
fn milliseconds(text: &str) -> anyhow::Result<f64> {
    let (number, factor) = match text {
        t if t.ends_with("us") => (&t[..t.len() - 2], 0.001),
        t if t.ends_with("ms") => (&t[..t.len() - 2], 1.0),
        t => (t.trim_end_matches('s'), 1000.0),
    };
    Ok(number.parse::<f64>().with_context(|| format!("{text} is no time"))? * factor)
}

/// Processor time that the living threads of a process have used, to the nanosecond.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while it is looked at.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next().context("an empty schedstat")?.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}

/// Memory that a process holds, in MiB.
pub(crate) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    mib(pid, "VmRSS:")
}

/// A line of what Linux says of a process's memory, in MiB.
pub(crate) fn mib(pid: u32, label: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(label)).with_context(|| format!("no {label}"))?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
}

/// The middle one.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

//! How the machine is: what the kernel says of its processors, memory and packets.

use std::fs;
use std::time::Duration;

use api::gateway::Health;
use tokio::time::Instant;

/// Measures from one report to the next.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// The interfaces whose drops count.
    interfaces: Vec<String>,
    busy: Option<Busy>,
    dropped: Option<u64>,
    measured_at: Instant,
}

/// Ticks of all processors since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Busy {
    idle: u64,
    all: u64,
}

impl Gauge {
    pub(crate) fn new(interfaces: Vec<String>) -> Gauge {
        Gauge { interfaces, busy: None, dropped: None, measured_at: Instant::now() }
    }

    /// How the machine is and was since the last time; what can't be read is 0.
    pub(crate) fn read(&mut self) -> Health {
        let busy = fs::read_to_string("/proc/stat").ok().and_then(|text| busy_in(&text));
        let dropped = fs::read_to_string("/proc/net/dev").ok().map(|text| dropped_in(&text, &self.interfaces));
        let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory_in(&text)).unwrap_or(0.0);
        let passed = self.measured_at.elapsed();
        self.measured_at = Instant::now();
        let cpu = share(self.busy, busy);
        let drops = per_second(self.dropped.zip(dropped).map_or(0, |(before, now)| now.saturating_sub(before)), passed);
        (self.busy, self.dropped) = (busy, dropped);
        Health { cpu, memory, drops, ..Health::default() }
    }
}

/// So many in this time, as so many a second.
pub(crate) fn per_second(count: u64, time: Duration) -> u64 {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000) / ms
}

fn share(before: Option<Busy>, now: Option<Busy>) -> f64 {
    let Some((before, now)) = before.zip(now) else { return 0.0 };
    let (idle, all) = (now.idle.saturating_sub(before.idle), now.all.saturating_sub(before.all));
    if all == 0 { 0.0 } else { 1.0 - ratio(idle, all) }
}

fn ratio(part: u64, whole: u64) -> f64 {
    // Exact up to 2^53 ticks or kilobytes, which nobody has.
    #[expect(clippy::cast_precision_loss, reason = "a share to be shown")]
    let (part, whole) = (part as f64, whole as f64);
    (part / whole).clamp(0.0, 1.0)
}

/// `cpu  user nice system idle iowait …`: waiting for a disk is idle too.
fn busy_in(stat: &str) -> Option<Busy> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|word| word.parse().ok()).collect();
    // The time of guests is in that of users already.
    Some(Busy { idle: ticks.get(3)? + ticks.get(4)?, all: ticks.iter().take(8).sum() })
}

fn memory_in(meminfo: &str) -> Option<f64> {
    let of = |name: &str| -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_end_matches("kB").trim().parse().ok()
    };
    let (available, total) = (of("MemAvailable:")?, of("MemTotal:")?);
    (total > 0).then(|| 1.0 - ratio(available, total))
}

/// Packets dropped either way: the fourth word of each half of an interface's line.
fn dropped_in(dev: &str, interfaces: &[String]) -> u64 {
    let of = |line: &str| -> Option<u64> {
        let (name, numbers) = line.split_once(':')?;
        let numbers: Vec<u64> = numbers.split_whitespace().map_while(|word| word.parse().ok()).collect();
        let is_ours = interfaces.iter().any(|known| known == name.trim());
        is_ours.then(|| numbers.get(3).unwrap_or(&0) + numbers.get(11).unwrap_or(&0))
    };
    dev.lines().filter_map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let before = busy_in("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3\n");
        let now = busy_in("cpu  150 0 50 840 60 0 0 0 0 0\n");
        assert_eq!(before, Some(Busy { idle: 850, all: 1000 }));
        assert!((share(before, now) - 0.5).abs() < 1e-9);
        assert!((share(now, now)).abs() < 1e-9);
        let memory = memory_in("MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    250 kB\n");
        assert!((memory.unwrap() - 0.75).abs() < 1e-9);
        let dev = "Inter-|   Receive |  Transmit\n face |bytes packets errs drop\n  eth0: 9 8 0 3 0 0 0 0 9 8 0 4 0 0 0 0\n\
                    eth1: 9 8 0 99 0 0 0 0 9 8 0 99 0 0 0 0\n";
        assert_eq!(dropped_in(dev, &["eth0".into(), "mirai0".into()]), 7);
        assert_eq!(per_second(30, Duration::from_millis(1_500)), 20);
    }
}

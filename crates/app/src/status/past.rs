//! How all that is watched was, by its rollups.

use std::collections::HashMap;
use std::sync::Arc;

use domain::monitor::latency::Latency;
use domain::monitor::rollup::{Resolution, Span, Tally};
use domain::time::{DAY_MS, UnixMs};
use store::rollups;
use uuid::Uuid;

use super::{Day, Window};
use crate::{App, Result};

/// How many days are shown one by one, today among them.
pub const DAYS: i64 = 90;
/// The spans for which figures are shown, in days; see [`Window::days`].
pub const WINDOWS: [i64; 5] = [1, 7, 30, DAYS, 365];

const MONTH_MS: i64 = 30 * DAY_MS;

/// The days that are over, of each check.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) today: UnixMs,
    of: HashMap<Uuid, PastOf>,
}

#[derive(Debug, Default)]
struct PastOf {
    /// By the day's first moment.
    days: HashMap<UnixMs, Option<u32>>,
    /// As in [`WINDOWS`], without today.
    windows: [Tally; WINDOWS.len()],
}

/// All that the figures are made of.
pub(super) struct History {
    past: Arc<Past>,
    today: HashMap<Uuid, Tally>,
    last_day: HashMap<Uuid, Tally>,
}

/// Reads the days that are over: a row for each check and day. A month at a time, since a statement is waited for a second.
pub(super) async fn read(app: &App, today: UnixMs) -> Result<Past> {
    let first = |days: i64| today - (days - 1) * DAY_MS;
    let mut past = Past { today, of: HashMap::new() };
    let mut from = first(365);
    while from < today {
        let month = Span { from, to: today.min(from + MONTH_MS) };
        past.count(rollups::tallies(&app.store, Resolution::Day, month).await?);
        from = month.to;
    }
    past.of.values_mut().for_each(PastOf::sum_up);
    Ok(past)
}

impl Past {
    fn count(&mut self, rows: Vec<(Uuid, UnixMs, Tally)>) {
        let first = |days: i64| self.today - (days - 1) * DAY_MS;
        for (check, starts_at, tally) in rows {
            let of = self.of.entry(check).or_default();
            if starts_at >= first(DAYS) {
                of.days.insert(starts_at, tally.uptime());
            }
            // The shortest that it is in: the others take it in when all are there.
            let mut windows = WINDOWS.into_iter().zip(&mut of.windows);
            if let Some((_, window)) = windows.find(|(days, _)| *days > 1 && starts_at >= first(*days)) {
                window.merge(&tally);
            }
        }
    }
}

impl PastOf {
    /// Makes each window, in which only what is in no shorter one was counted, the whole.
    fn sum_up(&mut self) {
        for n in 1..WINDOWS.len() {
            let (shorter, longer) = self.windows.split_at_mut(n);
            if let (Some(shorter), Some(longer)) = (shorter.last(), longer.first_mut()) {
                longer.merge(shorter);
            }
        }
    }
}

/// Adds today, which is made of its hours until it is over, and the last 24 hours.
pub(super) async fn with_today(app: &App, past: Arc<Past>, now: UnixMs) -> Result<History> {
    let mut history = History { past, today: HashMap::new(), last_day: HashMap::new() };
    for row in rollups::since(&app.store, Resolution::Hour, now - DAY_MS).await? {
        let tally = row.tally();
        history.last_day.entry(row.check_id).or_default().merge(&tally);
        if row.starts_at >= history.past.today {
            history.today.entry(row.check_id).or_default().merge(&tally);
        }
    }
    Ok(history)
}

impl History {
    /// The last [`DAYS`] days of what these checks look at: each as the worst of them says.
    pub(super) fn days(&self, checks: &[Uuid]) -> Vec<Day> {
        let today = self.past.today;
        let of = |check: &Uuid, at: UnixMs| match self.past.of.get(check) {
            _ if at == today => self.today.get(check).and_then(Tally::uptime),
            known => known.and_then(|known| known.days.get(&at).copied().flatten()),
        };
        let at = (0..DAYS).rev().map(|ago| today - ago * DAY_MS);
        at.map(|at| Day { at, uptime: checks.iter().filter_map(|check| of(check, at)).min() }).collect()
    }

    /// The figures of what these checks look at, as in [`WINDOWS`].
    pub(super) fn windows(&self, checks: &[Uuid]) -> Vec<Window> {
        let window = |(n, days): (usize, i64)| {
            let (mut uptime, mut coverage, mut latency) = (None, None, Latency::default());
            for check in checks {
                let mut tally = Tally::default();
                let latest = if days == 1 { &self.last_day } else { &self.today };
                let past = self.past.of.get(check).map(|past| &past.windows[n]);
                past.into_iter().chain(latest.get(check)).for_each(|part| tally.merge(part));
                uptime = [uptime, tally.uptime()].into_iter().flatten().min();
                coverage = [coverage, tally.coverage()].into_iter().flatten().min();
                latency.merge(&tally.latency);
            }
            Window { days, uptime, coverage, p50_us: latency.percentile(50), p95_us: latency.percentile(95) }
        };
        WINDOWS.into_iter().enumerate().map(window).collect()
    }
}

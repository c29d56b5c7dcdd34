//! How all that is watched was, by its rollups.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::monitor::latency::Latency;
use domain::monitor::rollup::{Resolution, Span, Tally};
use domain::time::{DAY_MS, UnixMs};
use store::{checks, pasts, rollups};
use uuid::Uuid;

use super::{Day, Window};
use crate::{App, Result};

/// How many days are shown one by one, today among them.
pub const DAYS: i64 = 90;
/// The spans for which figures are shown, in days; see [`Window::days`].
pub const WINDOWS: [i64; 5] = [1, 7, 30, DAYS, 365];

const MONTH_MS: i64 = 30 * DAY_MS;

/// The days that are over, of each check.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Past {
    pub(super) today: UnixMs,
    of: HashMap<Uuid, PastOf>,
}

#[derive(Debug, Default, PartialEq)]
struct PastOf {
    /// By the day's first moment; those of which something is known.
    days: HashMap<UnixMs, u32>,
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
    /// What was kept of the days before today; nothing if it was not, or is not all there.
    pub(super) async fn kept(app: &App, today: UnixMs) -> Result<Option<Past>> {
        let rows = pasts::of_day(&app.store, today).await?;
        let of: Option<HashMap<Uuid, PastOf>> =
            rows.iter().map(|row| Some((row.check_id, PastOf::of_text(&row.body, today)?))).collect();
        Ok(of.filter(|of| !of.is_empty()).map(|of| Past { today, of }))
    }

    /// Keeps it, for processes that begin.
    pub(super) async fn keep(&self, app: &App) -> Result<()> {
        let row = |(check, of): (&Uuid, &PastOf)| pasts::Model {
            check_id: *check,
            today: self.today,
            body: of.text(self.today),
        };
        let rows: Vec<pasts::Model> = self.of.iter().map(row).collect();
        app.retrying(|| async {
            let tx = app.store.write_txn().await?;
            // A check may have been deleted while it was read.
            let there: HashSet<Uuid> = checks::all(&tx).await?.into_iter().map(|(check, _)| check.id).collect();
            let rows: Vec<pasts::Model> = rows.iter().filter(|row| there.contains(&row.check_id)).cloned().collect();
            pasts::replace(&tx, &rows).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    fn count(&mut self, rows: Vec<(Uuid, UnixMs, Tally)>) {
        let first = |days: i64| self.today - (days - 1) * DAY_MS;
        for (check, starts_at, tally) in rows {
            let of = self.of.entry(check).or_default();
            if let Some(uptime) = tally.uptime().filter(|_| starts_at >= first(DAYS)) {
                of.days.insert(starts_at, uptime);
            }
            // The shortest that it is in: the others take it in when all are there.
            let mut windows = WINDOWS.into_iter().zip(&mut of.windows);
            if let Some((_, window)) = windows.find(|(days, _)| *days > 1 && starts_at >= first(*days)) {
                window.merge(&tally);
            }
        }
    }
}

/// The days before today that are shown one by one, oldest first.
fn days_before(today: UnixMs) -> impl Iterator<Item = UnixMs> {
    (1..DAYS).rev().map(move |ago| today - ago * DAY_MS)
}

impl PastOf {
    /// A line of days, `-` where nothing is known, and one for each window: four spans in milliseconds and the answers.
    fn text(&self, today: UnixMs) -> String {
        let day = |at| self.days.get(&at).map_or_else(|| "-".to_owned(), |part| part.to_string());
        let days = days_before(today).map(day).collect::<Vec<_>>().join(" ");
        let window = |tally: &Tally| {
            let Tally { ok_ms, fail_ms, unknown_ms, maint_ms, latency } = tally;
            format!("\n{ok_ms} {fail_ms} {unknown_ms} {maint_ms} {latency}")
        };
        std::iter::once(days).chain(self.windows.iter().map(window)).collect()
    }

    fn of_text(text: &str, today: UnixMs) -> Option<PastOf> {
        let mut lines = text.lines();
        let words =
            lines.next()?.split(' ').map(|word| if word == "-" { Some(None) } else { word.parse().ok().map(Some) });
        let words: Vec<Option<u32>> = words.collect::<Option<_>>()?;
        let days = days_before(today).zip(words).filter_map(|(at, known)| Some((at, known?))).collect();
        let mut windows: [Tally; WINDOWS.len()] = Default::default();
        for window in &mut windows {
            let mut parts = lines.next()?.splitn(5, ' ');
            let mut ms = || parts.next()?.parse().ok();
            let (ok_ms, fail_ms, unknown_ms, maint_ms) = (ms()?, ms()?, ms()?, ms()?);
            *window = Tally { ok_ms, fail_ms, unknown_ms, maint_ms, latency: parts.next()?.parse().ok()? };
        }
        Some(PastOf { days, windows })
    }

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
            known => known.and_then(|known| known.days.get(&at).copied()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_as_it_was_and_nothing_else_is() {
        let today = 20_000 * DAY_MS;
        let mut of = PastOf::default();
        for (n, at) in (0_u32..).zip(days_before(today)) {
            if !n.is_multiple_of(3) {
                of.days.insert(at, n * 11_000);
            }
        }
        for (n, window) in (1..).zip(&mut of.windows) {
            *window = Tally { ok_ms: n * DAY_MS, fail_ms: n, unknown_ms: 0, maint_ms: 7, ..Tally::default() };
            (1..40).for_each(|us| window.latency.add(us * us * 100));
        }
        let text = of.text(today);
        assert_eq!(PastOf::of_text(&text, today), Some(of));
        assert_eq!(PastOf::of_text(&text.replace('7', "x"), today), None);
        let (most, _) = text.rsplit_once('\n').expect("lines");
        assert_eq!(PastOf::of_text(most, today), None);
    }
}

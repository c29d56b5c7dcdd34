//! How long something worked in a span of time, in milliseconds, so that spans add up exactly.

use super::latency::Latency;
use super::verdict::Verdict;
use crate::time::{DAY_MS, UnixMs};

/// From a moment until before another one. Local days are spans too: they have 23 to 25 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first millisecond.
    pub from: UnixMs,
    /// The first one that is no longer in it.
    pub to: UnixMs,
}

impl Span {
    /// Its length.
    pub fn ms(self) -> i64 {
        self.to.saturating_sub(self.from).max(0)
    }

    /// Whether a moment is in it.
    pub fn contains(self, at: UnixMs) -> bool {
        self.from <= at && at < self.to
    }

    /// What it has in common with another one; of no length where they don't meet.
    pub fn common(self, other: Span) -> Span {
        let from = self.from.max(other.from);
        Span { from, to: self.to.min(other.to).max(from) }
    }
}

/// The spans that are kept. Each is made of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resolution {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl Resolution {
    /// All of them, the finest first.
    pub const ALL: [Resolution; 3] = [Resolution::Minute, Resolution::Hour, Resolution::Day];

    /// The length of its spans.
    pub fn ms(self) -> i64 {
        match self {
            Resolution::Minute => 60_000,
            Resolution::Hour => 3_600_000,
            Resolution::Day => DAY_MS,
        }
    }

    /// The span in which a moment is.
    pub fn span(self, at: UnixMs) -> Span {
        let from = at - at.rem_euclid(self.ms());
        Span { from, to: from + self.ms() }
    }

    /// The spans that ended after one moment and up to another, in their order.
    pub fn ended(self, after: UnixMs, until: UnixMs) -> impl Iterator<Item = Span> {
        let first = self.span(after);
        std::iter::successors(Some(first), move |span| Some(self.span(span.to)))
            .take_while(move |span| span.to <= until)
    }
}

/// What a round said at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: UnixMs,
    /// What.
    pub verdict: Verdict,
    /// How long the answer took, in microseconds, if one came that counts.
    pub latency_us: Option<u64>,
}

impl Mark {
    /// A verdict without an answer that took its time.
    pub fn new(at: UnixMs, verdict: Verdict) -> Mark {
        Mark { at, verdict, latency_us: None }
    }
}

/// A span of time, told apart into what was known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How long it worked.
    pub ok_ms: i64,
    /// How long it did not.
    pub fail_ms: i64,
    /// How long nobody knew.
    pub unknown_ms: i64,
    /// How long it was in maintenance, whatever it did meanwhile.
    pub maint_ms: i64,
    /// How long answers took.
    pub latency: Latency,
}

impl Tally {
    /// What was known of `span`. A mark holds until the next one, `hold_ms` at most; before the first nobody knew.
    /// `marks` are in the order of time.
    pub fn of(span: Span, marks: &[Mark], hold_ms: i64, maintenance: &[Span]) -> Tally {
        let mut tally = Tally::default();
        let mut at = span.from;
        for (n, mark) in marks.iter().enumerate() {
            let next = marks.get(n + 1).map_or(UnixMs::MAX, |next| next.at);
            if span.contains(mark.at) {
                mark.latency_us.into_iter().for_each(|us| tally.latency.add(us));
            }
            let held = Span { from: mark.at, to: mark.at.saturating_add(hold_ms).min(next) };
            let part = held.common(Span { from: at, to: span.to });
            if part.ms() > 0 {
                tally.add(Span { from: at, to: part.from }, Verdict::Unknown, maintenance);
                tally.add(part, mark.verdict, maintenance);
                at = part.to;
            }
        }
        tally.add(Span { from: at, to: span.to }, Verdict::Unknown, maintenance);
        tally
    }

    fn add(&mut self, part: Span, verdict: Verdict, maintenance: &[Span]) {
        let maint = covered(part, maintenance);
        self.maint_ms += maint;
        let rest = part.ms() - maint;
        match verdict {
            Verdict::Ok => self.ok_ms += rest,
            Verdict::Fail => self.fail_ms += rest,
            Verdict::Unknown => self.unknown_ms += rest,
        }
    }

    /// Takes in another span of time.
    pub fn merge(&mut self, other: &Tally) {
        self.ok_ms += other.ok_ms;
        self.fail_ms += other.fail_ms;
        self.unknown_ms += other.unknown_ms;
        self.maint_ms += other.maint_ms;
        self.latency.merge(&other.latency);
    }

    /// The length of the whole.
    pub fn total_ms(&self) -> i64 {
        self.ok_ms + self.fail_ms + self.unknown_ms + self.maint_ms
    }

    /// The part of the known time in which it worked, in millionths, rounded down: a million only where nothing failed.
    /// `None` where nothing is known, which is neither all nor nothing.
    pub fn uptime(&self) -> Option<u32> {
        part(self.ok_ms, i128::from(self.ok_ms) + i128::from(self.fail_ms))
    }

    /// The known part of the time that was no maintenance, in millionths, rounded down. `None` where there is none such.
    pub fn coverage(&self) -> Option<u32> {
        part(self.ok_ms + self.fail_ms, i128::from(self.total_ms()) - i128::from(self.maint_ms))
    }
}

fn part(of: i64, whole: i128) -> Option<u32> {
    (whole > 0).then(|| u32::try_from(i128::from(of) * 1_000_000 / whole).unwrap_or(0))
}

/// How much of a span is covered by others, which may overlap.
fn covered(span: Span, by: &[Span]) -> i64 {
    let mut parts: Vec<Span> = by.iter().map(|other| span.common(*other)).filter(|part| part.ms() > 0).collect();
    parts.sort_unstable_by_key(|part| part.from);
    let (mut sum, mut at) = (0, span.from);
    for part in parts {
        sum += Span { from: part.from.max(at), to: part.to }.ms();
        at = at.max(part.to);
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn marks(of: &[(i64, Verdict)]) -> Vec<Mark> {
        of.iter().map(|(at, verdict)| Mark::new(at * MINUTE, *verdict)).collect()
    }

    #[test]
    fn an_hour_told_apart() {
        use Verdict::{Fail, Ok, Unknown};
        let hour = Span { from: 0, to: 60 * MINUTE };
        let work = [Span { from: 10 * MINUTE, to: 20 * MINUTE }, Span { from: 15 * MINUTE, to: 30 * MINUTE }];
        for (series, maintenance, expect) in [
            (&[][..], &[][..], (0, 0, 60, 0)),
            (&[], &work, (0, 0, 40, 20)),
            (&[(0, Ok)], &[], (20, 0, 40, 0)),
            (&[(-10, Ok)], &[], (10, 0, 50, 0)),
            (&[(-30, Ok)], &[], (0, 0, 60, 0)),
            (&[(0, Ok), (10, Fail), (20, Ok), (40, Ok)], &[], (50, 10, 0, 0)),
            (&[(0, Ok), (10, Fail), (20, Ok), (40, Ok)], &work, (40, 0, 0, 20)),
            (&[(0, Ok), (20, Unknown), (40, Fail), (70, Ok)], &[], (20, 20, 20, 0)),
            (&[(5, Fail), (5, Ok)], &[], (20, 0, 40, 0)),
        ] {
            let tally = Tally::of(hour, &marks(series), 20 * MINUTE, maintenance);
            let minutes = |ms| ms / MINUTE;
            let is = (minutes(tally.ok_ms), minutes(tally.fail_ms), minutes(tally.unknown_ms), minutes(tally.maint_ms));
            assert_eq!(is, expect, "{series:?}");
        }
    }

    #[test]
    fn each_span_ends_once() {
        for (after, until, expect) in
            [(0, 59_999, 0), (0, 60_000, 1), (59_999, 60_000, 1), (60_000, 119_999, 0), (5, 180_000, 3)]
        {
            let spans: Vec<Span> = Resolution::Minute.ended(after, until).collect();
            assert_eq!(spans.len(), expect, "{after} {until}");
            assert!(spans.iter().all(|span| after < span.to && span.to <= until), "{spans:?}");
        }
    }

    #[test]
    fn a_monitor_that_was_off_lowers_no_uptime() {
        let tally = |ok_ms, fail_ms, unknown_ms| Tally { ok_ms, fail_ms, unknown_ms, ..Tally::default() };
        for (tally, expect) in [
            (tally(0, 0, 0), None),
            (tally(0, 0, 5), None),
            (tally(5, 0, 0), Some(1_000_000)),
            (tally(5, 0, 500), Some(1_000_000)),
            (tally(0, 5, 500), Some(0)),
            (tally(1, 1, 7), Some(500_000)),
            (tally(i64::MAX / 2, 1, 0), Some(999_999)),
        ] {
            assert_eq!(tally.uptime(), expect, "{tally:?}");
        }
        for (tally, expect) in [
            (tally(0, 0, 0), None),
            (Tally { maint_ms: 9, ..tally(0, 0, 0) }, None),
            (Tally { maint_ms: 9, ..tally(1, 2, 3) }, Some(500_000)),
            (tally(0, 0, 3), Some(0)),
            (tally(5, 5, 0), Some(1_000_000)),
        ] {
            assert_eq!(tally.coverage(), expect, "{tally:?}");
        }
    }

    /// Days of a place where clocks are set, with the nights of it, and the end of a February that has 29 days.
    fn local_day() -> impl Strategy<Value = Span> {
        let days = [(2026, 3, 28), (2026, 3, 29), (2026, 10, 24), (2026, 10, 25), (2028, 2, 28), (2028, 2, 29)];
        let zones = ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Tokyo"];
        (prop::sample::select(days.to_vec()), prop::sample::select(zones.to_vec()), 1_i64..4).prop_map(
            |((year, month, day), zone, days)| {
                let zone = jiff::tz::TimeZone::get(zone).unwrap();
                let midnight =
                    |date: jiff::civil::Date| date.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond();
                let first = jiff::civil::date(year, month, day);
                Span { from: midnight(first), to: midnight(first.checked_add(jiff::Span::new().days(days)).unwrap()) }
            },
        )
    }

    /// Verdicts at random moments, from a day before until a day after what is looked at.
    fn series() -> impl Strategy<Value = Vec<(i64, u8)>> {
        prop::collection::vec((-DAY_MS..5 * DAY_MS, 0_u8..3), 0..80)
    }

    fn marks_after(from: UnixMs, mut series: Vec<(i64, u8)>) -> Vec<Mark> {
        series.sort_unstable();
        let verdict = |n: u8| Verdict::ALL[usize::from(n)];
        series
            .into_iter()
            .map(|(after, n)| Mark {
                latency_us: after.checked_abs().and_then(|us| u64::try_from(us).ok()),
                ..Mark::new(from + after, verdict(n))
            })
            .collect()
    }

    proptest! {
        #[test]
        fn random_verdicts_sum_exactly_to_the_window(
            day in local_day(), series in series(), hold in 1_i64..DAY_MS,
            work in prop::collection::vec((-DAY_MS..4 * DAY_MS, 0..DAY_MS), 0..5),
        ) {
            let marks = marks_after(day.from, series);
            let work: Vec<Span> =
                work.into_iter().map(|(at, ms)| Span { from: day.from + at, to: day.from + at + ms }).collect();
            let tally = Tally::of(day, &marks, hold, &work);
            prop_assert_eq!(tally.total_ms(), day.ms());
            prop_assert!([tally.ok_ms, tally.fail_ms, tally.unknown_ms, tally.maint_ms].iter().all(|ms| *ms >= 0));
        }

        #[test]
        fn rollups_of_rollups_are_those_of_the_whole(day in local_day(), series in series(), hold in 1_i64..DAY_MS) {
            let marks = marks_after(day.from, series);
            let work = [Span { from: day.from + 1_234, to: day.from + 7_654_321 }];
            let utc_day = Resolution::Day.span(day.from);
            let mut merged = Tally::default();
            let mut hour_from = utc_day.from;
            while hour_from < utc_day.to {
                let hour = Resolution::Hour.span(hour_from);
                let mut of_minutes = Tally::default();
                for minute in (hour.from..hour.to).step_by(60_000).map(|at| Resolution::Minute.span(at)) {
                    of_minutes.merge(&Tally::of(minute, &marks, hold, &work));
                }
                prop_assert_eq!(&of_minutes, &Tally::of(hour, &marks, hold, &work));
                merged.merge(&of_minutes);
                hour_from = hour.to;
            }
            prop_assert_eq!(merged, Tally::of(utc_day, &marks, hold, &work));
        }
    }
}

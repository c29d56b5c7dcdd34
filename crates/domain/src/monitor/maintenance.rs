//! Work that is announced: once, or again and again, by the clocks of a place.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::rollup::Span;
use crate::time::{DAY_MS, UnixMs};

/// Work that takes longer than this is no maintenance any more.
pub const MAX_MINUTES: u32 = 7 * 24 * 60;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Never again.
    Once,
    /// Each day at the same time.
    Daily,
    /// Each week on the same day.
    Weekly,
    /// Each month on the same day, or the last one of a month that is too short.
    Monthly,
}

/// A plan that can't be kept to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// Not a zone of the tz database.
    #[error("not a time zone")]
    Zone,
    /// Not a time like `2026-12-01T02:30`.
    #[error("not a time")]
    Start,
    /// None, or more than [`MAX_MINUTES`].
    #[error("not a length")]
    Length,
    /// Not a word of [`Repeat`].
    #[error("not a repetition")]
    Repeat,
}

impl Repeat {
    /// All of them.
    pub const ALL: [Repeat; 4] = [Repeat::Once, Repeat::Daily, Repeat::Weekly, Repeat::Monthly];

    /// The word in the database and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Repeat::Once => "once",
            Repeat::Daily => "daily",
            Repeat::Weekly => "weekly",
            Repeat::Monthly => "monthly",
        }
    }

    /// So many times later than the first.
    fn later(self, times: i64) -> jiff::Span {
        let none = jiff::Span::new();
        let span = match self {
            Repeat::Once => Ok(none),
            Repeat::Daily => none.try_days(times),
            Repeat::Weekly => none.try_weeks(times),
            Repeat::Monthly => none.try_months(times),
        };
        span.unwrap_or(none)
    }

    /// The longest that may pass from one to the next, by the calendar.
    fn at_most_ms(self) -> i64 {
        match self {
            Repeat::Once | Repeat::Daily => DAY_MS,
            Repeat::Weekly => 7 * DAY_MS,
            Repeat::Monthly => 31 * DAY_MS,
        }
    }
}

impl FromStr for Repeat {
    type Err = BadPlan;

    fn from_str(word: &str) -> Result<Repeat, BadPlan> {
        Repeat::ALL.into_iter().find(|repeat| repeat.as_str() == word).ok_or(BadPlan::Repeat)
    }
}

/// When work is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    zone: TimeZone,
    start: DateTime,
    length_ms: i64,
    repeat: Repeat,
    until: Option<UnixMs>,
}

impl Plan {
    /// `zone` is a name of the tz database (`Europe/Berlin`, `UTC`), `start` the first time by the clocks there. With
    /// `until`, nothing begins from that moment on.
    ///
    /// # Errors
    /// [`BadPlan`] names what can't be.
    pub fn new(zone: &str, start: &str, minutes: u32, repeat: Repeat, until: Option<UnixMs>) -> Result<Plan, BadPlan> {
        let zone = TimeZone::get(zone).map_err(|_| BadPlan::Zone)?;
        let start: DateTime = start.parse().map_err(|_| BadPlan::Start)?;
        if !(2000..=9000).contains(&start.year()) {
            return Err(BadPlan::Start);
        }
        if minutes == 0 || minutes > MAX_MINUTES {
            return Err(BadPlan::Length);
        }
        Ok(Plan { zone, start, length_ms: i64::from(minutes) * 60_000, repeat, until })
    }

    /// The windows that have something in common with a span, first things first. One that would begin in an hour that
    /// is skipped begins as much later; in an hour that comes twice, the first time. It lasts as long as ever.
    pub fn windows(&self, span: Span) -> Vec<Span> {
        let mut found = Vec::new();
        let mut times = self.first_before(span.from);
        while let Some(window) = self.window(times) {
            if window.from >= span.to || self.until.is_some_and(|until| window.from >= until) {
                break;
            }
            if window.common(span).ms() > 0 {
                found.push(window);
            }
            times += 1;
            if self.repeat == Repeat::Once {
                break;
            }
        }
        found
    }

    /// Whether work is being done at a moment.
    pub fn is_running(&self, at: UnixMs) -> bool {
        !self.windows(Span { from: at, to: at + 1 }).is_empty()
    }

    /// A number of repetitions after which no window that reaches `at` is missed; zones are a day apart at most.
    fn first_before(&self, at: UnixMs) -> i64 {
        let Some(first) = self.window(0) else { return 0 };
        if self.repeat == Repeat::Once {
            return 0;
        }
        let passed = at.saturating_sub(first.to).saturating_sub(2 * DAY_MS);
        (passed / self.repeat.at_most_ms() - 1).max(0)
    }

    /// `None` beyond the calendar's end.
    fn window(&self, times: i64) -> Option<Span> {
        let local = self.start.checked_add(self.repeat.later(times)).ok()?;
        let from = local.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond();
        Some(Span { from, to: from + self.length_ms })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::{month_end, rfc3339};

    fn at(text: &str) -> UnixMs {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn begins(plan: &Plan, from: &str, to: &str) -> Vec<String> {
        let windows = plan.windows(Span { from: at(from), to: at(to) });
        windows.iter().map(|window| rfc3339(window.from)[..16].to_owned()).collect()
    }

    #[test]
    fn work_follows_the_clocks_of_its_place() {
        for (zone, start, repeat, from, to, expect) in [
            (
                "UTC",
                "2026-01-01T02:00",
                Repeat::Once,
                "2026-01-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
                vec!["2026-01-01T02:00"],
            ),
            ("UTC", "2026-01-01T02:00", Repeat::Once, "2026-01-01T03:00:00Z", "2027-01-01T00:00:00Z", vec![]),
            // The last Sunday of March: 02:30 is skipped, so it begins at 03:30 there.
            (
                "Europe/Berlin",
                "2026-01-01T02:30",
                Repeat::Daily,
                "2026-03-28T00:00:00Z",
                "2026-03-31T00:00:00Z",
                vec!["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"],
            ),
            // The last Sunday of October: 02:30 comes twice, so it begins the first time.
            (
                "Europe/Berlin",
                "2026-01-01T02:30",
                Repeat::Daily,
                "2026-10-24T00:00:00Z",
                "2026-10-27T00:00:00Z",
                vec!["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"],
            ),
            (
                "Asia/Tokyo",
                "2026-11-24T03:00",
                Repeat::Weekly,
                "2026-12-01T00:00:00Z",
                "2026-12-15T00:00:00Z",
                vec!["2026-12-07T18:00", "2026-12-14T18:00"],
            ),
            (
                "UTC",
                "2027-12-31T05:00",
                Repeat::Monthly,
                "2028-02-01T00:00:00Z",
                "2028-05-01T00:00:00Z",
                vec!["2028-02-29T05:00", "2028-03-31T05:00", "2028-04-30T05:00"],
            ),
        ] {
            let plan = Plan::new(zone, start, 60, repeat, None).unwrap();
            assert_eq!(begins(&plan, from, to), expect, "{zone} {start} {repeat:?}");
        }
    }

    #[test]
    fn nothing_begins_after_the_end_of_a_plan() {
        let until = Some(at("2026-01-03T02:00:00Z"));
        let plan = Plan::new("UTC", "2026-01-01T02:00", 60, Repeat::Daily, until).unwrap();
        let expect = ["2026-01-01T02:00", "2026-01-02T02:00"];
        assert_eq!(begins(&plan, "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), expect);
    }

    #[test]
    fn what_is_no_plan() {
        for (zone, start, minutes, expect) in [
            ("Mars/Olympus", "2026-01-01T02:00", 60, BadPlan::Zone),
            ("", "2026-01-01T02:00", 60, BadPlan::Zone),
            ("UTC", "2026-02-30T02:00", 60, BadPlan::Start),
            ("UTC", "soon", 60, BadPlan::Start),
            ("UTC", "0001-01-01T02:00", 60, BadPlan::Start),
            ("UTC", "2026-01-01T02:00", 0, BadPlan::Length),
            ("UTC", "2026-01-01T02:00", MAX_MINUTES + 1, BadPlan::Length),
        ] {
            assert_eq!(Plan::new(zone, start, minutes, Repeat::Once, None), Err(expect), "{zone} {start} {minutes}");
        }
        assert_eq!("hourly".parse::<Repeat>(), Err(BadPlan::Repeat));
        for repeat in Repeat::ALL {
            assert_eq!(repeat.as_str().parse(), Ok(repeat));
        }
    }

    proptest! {
        #[test]
        fn a_narrow_look_sees_what_a_wide_one_does(
            zone in prop::sample::select(vec!["UTC", "Europe/Paris", "Pacific/Apia", "America/New_York"]),
            repeat in prop::sample::select(Repeat::ALL.to_vec()),
            minutes in 1..=MAX_MINUTES, after in 0..1200 * DAY_MS,
        ) {
            let plan = Plan::new(zone, "2026-01-31T02:30", minutes, repeat, None).unwrap();
            let start = month_end(2025, 12).unwrap();
            let moment = start + after;
            let wide = plan.windows(Span { from: start, to: moment + 1 });
            prop_assert_eq!(plan.is_running(moment), wide.iter().any(|window| window.contains(moment)));
        }
    }
}

//! Periods that are paid as a whole, and what is left of one.

use std::str::FromStr;

use crate::time::{UnixMs, months_later};

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Every {
    /// A month of the calendar.
    Month,
    /// A quarter of the year.
    Quarter,
    /// A year.
    Year,
}

/// A word that is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period is month, quarter or year")]
pub struct UnknownPeriod;

impl FromStr for Every {
    type Err = UnknownPeriod;

    fn from_str(word: &str) -> Result<Every, UnknownPeriod> {
        match word {
            "month" => Ok(Every::Month),
            "quarter" => Ok(Every::Quarter),
            "year" => Ok(Every::Year),
            _ => Err(UnknownPeriod),
        }
    }
}

impl Every {
    /// All, the shortest first.
    pub const ALL: [Every; 3] = [Every::Month, Every::Quarter, Every::Year];

    /// Its word, in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Every::Month => "month",
            Every::Quarter => "quarter",
            Every::Year => "year",
        }
    }

    /// Months of the calendar.
    pub fn months(self) -> i64 {
        match self {
            Every::Month => 1,
            Every::Quarter => 3,
            Every::Year => 12,
        }
    }

    /// Stripe's interval and how many of these: <https://docs.stripe.com/api/prices/create> has no quarter.
    pub fn at_stripe(self) -> (&'static str, i64) {
        match self {
            Every::Month => ("month", 1),
            Every::Quarter => ("month", 3),
            Every::Year => ("year", 1),
        }
    }

    /// The period that Stripe names so; none for one that nothing is sold for.
    pub fn of_stripe(interval: &str, count: i64) -> Option<Every> {
        match (interval, count) {
            ("year", 1) | ("month", 12) => Some(Every::Year),
            ("month", 3) => Some(Every::Quarter),
            ("month", 1) => Some(Every::Month),
            _ => None,
        }
    }

    /// The end of a period that begins at `start`: the same day and time of a later month, or that month's last day.
    pub fn end(self, start: UnixMs) -> UnixMs {
        months_later(start, self.months())
    }
}

/// A paid time, and what was used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// When it began.
    pub start: UnixMs,
    /// When it ends.
    pub end: UnixMs,
    /// Bytes that were sold with it; `None` for no bound.
    pub bytes: Option<i64>,
    /// Bytes that were used of these.
    pub used: i64,
}

impl Paid {
    /// What of `amount`, which was really paid for it, is unused at `now`: by time or by bytes, whichever is less, rounded
    /// down. By time alone one could use all that was sold and have the money back.
    pub fn unused(&self, amount: i64, now: UnixMs) -> i64 {
        let by_time = share(amount, self.end.saturating_sub(now), self.end.saturating_sub(self.start));
        let by_bytes = match self.bytes {
            Some(bytes) => share(amount, bytes.saturating_sub(self.used), bytes),
            None => by_time,
        };
        by_time.min(by_bytes)
    }
}

/// `amount` × `part` / `whole`, rounded down, for a part that is clamped to the whole.
fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let share = i128::from(amount.max(0)) * i128::from(part.clamp(0, whole)) / i128::from(whole);
    i64::try_from(share).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAID: Paid = Paid { start: 0, end: 3_000, bytes: Some(100), used: 0 };

    #[test]
    fn what_is_left_is_the_smaller_of_time_and_bytes() {
        for (now, used, left) in [
            (0, 0, 599),
            (1_500, 0, 299),
            (0, 50, 299),
            (1_500, 99, 5),
            (1_500, 100, 0),
            (1_500, 200, 0),
            (3_000, 0, 0),
            (9_000, 0, 0),
            (-1, 0, 599),
        ] {
            assert_eq!(Paid { used, ..PAID }.unused(599, now), left, "{now} {used}");
        }
        assert_eq!(Paid { bytes: None, used: 1 << 50, ..PAID }.unused(599, 1_500), 299);
        assert_eq!(Paid { end: 0, ..PAID }.unused(599, 0), 0);
    }

    #[test]
    fn a_period_ends_on_the_same_day_of_a_later_month_or_its_last() {
        let at = |text: &str| {
            (0..40_000).map(|day| day * crate::time::DAY_MS).find(|at| crate::time::day(*at) == text).unwrap()
        };
        for (start, every, end) in [
            ("2026-11-25", Every::Month, "2026-12-25"),
            ("2027-01-31", Every::Month, "2027-02-28"),
            ("2028-01-31", Every::Month, "2028-02-29"),
            ("2026-11-30", Every::Quarter, "2027-02-28"),
            ("2028-02-29", Every::Year, "2029-02-28"),
            ("2026-12-31", Every::Year, "2027-12-31"),
        ] {
            let begun = at(start) + 3_600_000;
            assert_eq!(every.end(begun), at(end) + 3_600_000, "{start} {every:?}");
        }
    }

    proptest! {
        #[test]
        fn s16_nobody_gets_back_more_than_was_paid(
            amount in 0..i64::MAX, start: i64, end: i64, now: i64, bytes: Option<i64>, used: i64,
        ) {
            let left = Paid { start, end, bytes, used }.unused(amount, now);
            prop_assert!((0..=amount).contains(&left));
        }
    }
}

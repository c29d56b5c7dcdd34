//! Billing periods on the calendar.

use time::{Duration, Month, OffsetDateTime};

/// The end of the `count` intervals that follow `from`, in unix seconds. Months keep the day of `anchor`, or the month's
/// last day where it has none: one who begins on the 31st pays on the 28th of February and again on the 31st of March.
pub(crate) fn later(anchor: i64, from: i64, interval: &str, count: i64) -> i64 {
    let (Ok(anchor), Ok(start)) =
        (OffsetDateTime::from_unix_timestamp(anchor), OffsetDateTime::from_unix_timestamp(from))
    else {
        return from;
    };
    match interval {
        "day" => (start + Duration::days(count)).unix_timestamp(),
        "week" => (start + Duration::weeks(count)).unix_timestamp(),
        "year" => months_later(anchor, start, count * 12),
        _ => months_later(anchor, start, count),
    }
}

fn months_later(anchor: OffsetDateTime, start: OffsetDateTime, count: i64) -> i64 {
    let month = i64::from(start.year()) * 12 + i64::from(u8::from(start.month())) - 1 + count;
    let date = i32::try_from(month.div_euclid(12)).ok().and_then(|year| {
        let month = Month::try_from(u8::try_from(month.rem_euclid(12) + 1).ok()?).ok()?;
        time::Date::from_calendar_date(year, month, anchor.day().min(month.length(year))).ok()
    });
    date.map_or(start, |date| start.replace_date(date)).unix_timestamp()
}

#[cfg(test)]
mod tests {
    use super::later;
    use crate::html::when;

    fn at(day: &str) -> i64 {
        let format = time::macros::format_description!("[year]-[month]-[day]");
        time::Date::parse(day, format).unwrap().midnight().assume_utc().unix_timestamp()
    }

    #[test]
    fn a_period_ends_on_the_day_it_began() {
        for (anchor, from, interval, count, expect) in [
            ("2026-11-23", "2026-11-23", "month", 1, "2026-12-23"),
            ("2026-12-15", "2026-12-15", "month", 1, "2027-01-15"),
            ("2027-01-31", "2027-01-31", "month", 1, "2027-02-28"),
            ("2027-01-31", "2027-02-28", "month", 1, "2027-03-31"),
            ("2028-02-29", "2028-02-29", "year", 1, "2029-02-28"),
            ("2026-11-23", "2026-11-23", "week", 2, "2026-12-07"),
            ("2026-11-23", "2026-11-23", "day", 10, "2026-12-03"),
        ] {
            let got = when(later(at(anchor), at(from), interval, count));
            assert_eq!(got, format!("{expect} 00:00 UTC"), "{from} + {count} {interval}");
        }
    }
}

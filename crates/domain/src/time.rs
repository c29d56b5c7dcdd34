//! Moments and days. The clock itself is outside.

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
pub type UnixMs = i64;

/// A day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;
/// 0000-01-01T00:00:00.000Z, the first moment that RFC 3339 can write.
const FIRST: UnixMs = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z, the last one.
const LAST: UnixMs = 253_402_300_799_999;

/// A moment as RFC 3339 in UTC with milliseconds, `2026-11-23T19:05:41.250Z`: always 24 characters, so that text order
/// is time order. Moments outside the years 0000 to 9999 become the nearest one inside.
pub fn rfc3339(at: UnixMs) -> String {
    let at = at.clamp(FIRST, LAST);
    let ms = at.rem_euclid(DAY_MS);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}.{:03}Z", day(at), ms % 1000)
}

/// A moment to the minute, `2026-11-23 12:00`, in UTC.
pub fn minute(at: UnixMs) -> String {
    rfc3339(at).chars().take(16).collect::<String>().replace('T', " ")
}

/// The UTC day of a moment, `2026-11-23`.
pub fn day(at: UnixMs) -> String {
    let (year, month, day) = civil(at.clamp(FIRST, LAST).div_euclid(DAY_MS));
    format!("{year:04}-{month:02}-{day:02}")
}

/// The same day and time of day so many months later, or the last day of that month where it has no such day.
pub fn months_later(at: UnixMs, months: i64) -> UnixMs {
    let at = at.clamp(FIRST, LAST);
    let (year, month, day) = civil(at.div_euclid(DAY_MS));
    let counted = year * 12 + month - 1 + months;
    let (year, month) = (counted.div_euclid(12), counted.rem_euclid(12) + 1);
    let first = days_of(year, month, 1);
    let next = if month == 12 { days_of(year + 1, 1, 1) } else { days_of(year, month + 1, 1) };
    let day = (day - 1).min(next - first - 1);
    ((first + day) * DAY_MS + at.rem_euclid(DAY_MS)).clamp(FIRST, LAST)
}

/// The first moment of the month (UTC) in which a moment is.
pub fn month_start(at: UnixMs) -> UnixMs {
    let days = at.clamp(FIRST, LAST).div_euclid(DAY_MS);
    (days - civil(days).2 + 1) * DAY_MS
}

/// The first moment (UTC) after a month of the calendar; `None` for a number that is no month, or no year of our time.
pub fn month_end(year: i64, month: i64) -> Option<UnixMs> {
    let is_known = (1..=12).contains(&month) && (1970..=9998).contains(&year);
    is_known.then(|| months_later(days_of(year, month, 1) * DAY_MS, 1))
}

/// The moment (UTC) of a date and time in the Gregorian calendar, as `[year, month, day, hour, minute, second]`; `None` for
/// one that does not exist.
pub fn of_civil([year, month, day, hour, minute, second]: [i64; 6]) -> Option<UnixMs> {
    let days = days_of(year, month, day);
    let is_date = (0..=9999).contains(&year) && civil(days) == (year, month, day);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    (is_date && is_time).then(|| days * DAY_MS + (hour * 3600 + minute * 60 + second) * 1000)
}

/// The day, counted from 1970-01-01, of a date in the Gregorian calendar; the reverse of [`civil`], by the same source.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month (1 to 12) and day (1 to 31) in the Gregorian calendar of a day counted from 1970-01-01.
///
/// Years are counted from 1 March here: the leap day is then the last one, and months have a regular pattern of 153
/// days in five (Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    let since = days + 719_468;
    let era = since.div_euclid(ERA_DAYS);
    let of_era = since.rem_euclid(ERA_DAYS);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments() {
        let table = [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_795_460_741_250, "2026-11-23T19:05:41.250Z"),
            (FIRST, "0000-01-01T00:00:00.000Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
            (i64::MIN, "0000-01-01T00:00:00.000Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
        ];
        for (at, text) in table {
            assert_eq!(rfc3339(at), text);
            assert_eq!(day(at), text[..10]);
        }
    }

    #[test]
    fn four_centuries_of_days_follow_each_other() {
        let mut expected = (1900, 1, 1);
        for days in -25_567..121_000 {
            assert_eq!(civil(days), expected, "day {days}");
            assert_eq!(days_of(expected.0, expected.1, expected.2), days);
            let (year, month, day) = expected;
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                2 => 28 + i64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (day == last, month) {
                (false, _) => (year, month, day + 1),
                (true, 12) => (year + 1, 1, 1),
                (true, _) => (year, month + 1, 1),
            };
        }
    }

    #[test]
    fn a_month_begins_with_its_first_day() {
        for at in [0, -1, 951_782_400_000, 1_709_251_199_999, 1_709_251_200_000, 1_795_460_741_250, FIRST] {
            let start = month_start(at);
            assert_eq!(rfc3339(start), format!("{}-01T00:00:00.000Z", &day(at)[..7]));
            assert_eq!(day(months_later(start, 1) - 1)[..7], day(at)[..7], "the next one follows it");
        }
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        for (year, month, end) in [
            (2026, 11, Some("2026-12-01T00:00:00.000Z")),
            (2027, 12, Some("2028-01-01T00:00:00.000Z")),
            (2028, 2, Some("2028-03-01T00:00:00.000Z")),
            (2026, 0, None),
            (2026, 13, None),
            (26, 1, None),
            (i64::MAX, 1, None),
        ] {
            assert_eq!(month_end(year, month).map(rfc3339).as_deref(), end, "{year} {month}");
        }
    }

    proptest! {
        #[test]
        fn text_order_is_time_order(a in FIRST..=LAST, b in FIRST..=LAST) {
            prop_assert_eq!(a.cmp(&b), rfc3339(a).cmp(&rfc3339(b)));
        }
    }

    #[test]
    fn a_moment_by_the_calendar() {
        for (civil, expect) in [
            ([1970, 1, 1, 0, 0, 0], Some("1970-01-01T00:00:00.000Z")),
            ([2028, 2, 29, 23, 59, 59], Some("2028-02-29T23:59:59.000Z")),
            ([2027, 2, 29, 0, 0, 0], None),
            ([2027, 13, 1, 0, 0, 0], None),
            ([2027, 1, 0, 0, 0, 0], None),
            ([2027, 1, 1, 24, 0, 0], None),
        ] {
            assert_eq!(of_civil(civil).map(rfc3339).as_deref(), expect, "{civil:?}");
        }
    }
}

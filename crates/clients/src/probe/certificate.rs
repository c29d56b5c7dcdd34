//! Until when a certificate is good: the one field of it that is read here. Whether it may be believed at all was TLS's
//! question.

use domain::time::{UnixMs, of_civil};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate's (X.509, DER) time; `None` for what is none.
pub(super) fn not_after(der: &[u8]) -> Option<UnixMs> {
    let (certificate, _) = of_tag(SEQUENCE, der)?;
    let (mut rest, _) = of_tag(SEQUENCE, certificate)?;
    if let Some((_, after)) = of_tag(VERSION, rest) {
        rest = after;
    }
    // Its number, the algorithm, and the issuer stand before it.
    for _ in 0..3 {
        rest = next(rest)?.2;
    }
    let (validity, _) = of_tag(SEQUENCE, rest)?;
    let (tag, end, _) = next(next(validity)?.2)?;
    time(tag, end)
}

/// The first element: its tag, what is in it, and what comes after it.
fn next(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 3)?;
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}

fn of_tag(wanted: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    next(der).and_then(|(tag, inside, after)| (tag == wanted).then_some((inside, after)))
}

/// `YYMMDDHHMMSSZ` with years from 1950 on, or `YYYYMMDDHHMMSSZ` (RFC 5280, 4.1.2.5).
fn time(tag: u8, text: &[u8]) -> Option<UnixMs> {
    let digits = text.strip_suffix(b"Z")?;
    let (year, rest) = digits.split_at_checked(if tag == GENERALIZED_TIME { 4 } else { 2 })?;
    let mut year = number(year)?;
    match tag {
        GENERALIZED_TIME => {}
        UTC_TIME => year += if year < 50 { 2000 } else { 1900 },
        _ => return None,
    }
    if rest.len() != 10 {
        return None;
    }
    let mut civil = [year, 0, 0, 0, 0, 0];
    for (place, two) in civil.iter_mut().skip(1).zip(rest.chunks(2)) {
        *place = number(two)?;
    }
    of_civil(civil)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use domain::time::rfc3339;

    use super::*;

    fn element(tag: u8, inside: &[u8]) -> Vec<u8> {
        let length = u16::try_from(inside.len()).unwrap();
        let mut der = vec![tag, 0x82];
        der.extend(length.to_be_bytes());
        der.extend(inside);
        der
    }

    fn certificate(with_version: bool, tag: u8, end: &[u8]) -> Vec<u8> {
        let validity = [element(UTC_TIME, b"260101000000Z"), element(tag, end)].concat();
        let version = if with_version { element(VERSION, &[2, 1, 2]) } else { Vec::new() };
        let (serial, algorithm, issuer) = (vec![2, 1, 5], element(SEQUENCE, &[]), element(SEQUENCE, &[0; 200]));
        let body = [version, serial, algorithm, issuer, element(SEQUENCE, &validity)].concat();
        element(SEQUENCE, &element(SEQUENCE, &body))
    }

    #[test]
    fn the_end_of_a_certificate() {
        for (tag, end, expect) in [
            (UTC_TIME, &b"270228235959Z"[..], Some("2027-02-28T23:59:59.000Z")),
            (UTC_TIME, b"991231000000Z", Some("1999-12-31T00:00:00.000Z")),
            (GENERALIZED_TIME, b"20510101000000Z", Some("2051-01-01T00:00:00.000Z")),
            (UTC_TIME, b"270230000000Z", None),
            (UTC_TIME, b"2702282359Z", None),
            (UTC_TIME, b"", None),
            (0x04, b"270228235959Z", None),
        ] {
            for with_version in [true, false] {
                let end = not_after(&certificate(with_version, tag, end)).map(rfc3339);
                assert_eq!(end.as_deref(), expect);
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_no_certificate() {
        let whole = certificate(true, UTC_TIME, b"270228235959Z");
        for length in 0..whole.len() {
            assert_eq!(not_after(&whole[..length]), None);
        }
        assert_eq!(not_after(&[SEQUENCE, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }
}

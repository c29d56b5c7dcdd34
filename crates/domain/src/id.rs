//! Ids that sort by the time at which they were made.

use uuid::{Builder, Uuid};

use crate::time::UnixMs;

/// A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 of the given random bits. A moment before 1970 counts as
/// 1970.
pub fn uuid_v7(now: UnixMs, random: [u8; 10]) -> Uuid {
    Builder::from_unix_timestamp_millis(u64::try_from(now).unwrap_or(0), &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        // RFC 9562, appendix A.6.
        let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let id = uuid_v7(1_645_557_742_000, random);
        assert_eq!(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    }

    #[test]
    fn later_ids_sort_later() {
        assert!(uuid_v7(1, [0xff; 10]) < uuid_v7(2, [0; 10]));
        assert_eq!(uuid_v7(-5, [7; 10]), uuid_v7(0, [7; 10]));
        assert_eq!(uuid_v7(1, [0xff; 10]).get_version_num(), 7);
    }
}

//! How long answers took, counted in buckets whose width grows with the time, so that counts of two spans of time add up
//! exactly to those of both.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A power of two is cut into so many buckets: a percentile is right to a sixteenth.
const PARTS: u64 = 8;
/// Powers of two below which each number has a bucket of its own.
const EXACT_BITS: u32 = PARTS.ilog2();

/// Counts by bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latency {
    counts: BTreeMap<u16, u64>,
}

/// A text that is no histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a histogram of latencies")]
pub struct BadHistogram;

impl Latency {
    /// Counts one answer, in microseconds.
    pub fn add(&mut self, us: u64) {
        *self.counts.entry(bucket(us)).or_default() += 1;
    }

    /// Takes in the answers of another span of time.
    pub fn merge(&mut self, other: &Latency) {
        for (bucket, count) in &other.counts {
            let sum = self.counts.entry(*bucket).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// The time, in microseconds, within which `percent` of the answers came; `None` without answers.
    pub fn percentile(&self, percent: u8) -> Option<u64> {
        let total = self.counts.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let rank = u128::from(total) * u128::from(percent.min(100));
        let mut passed = 0_u128;
        let within = self.counts.iter().find(|(_, count)| {
            passed += u128::from(**count);
            passed * 100 >= rank
        });
        within.map(|(bucket, _)| middle(*bucket))
    }
}

/// Bucket by bucket, `12:3 40:1`.
impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (bucket, count)) in self.counts.iter().enumerate() {
            let space = if n == 0 { "" } else { " " };
            write!(f, "{space}{bucket}:{count}")?;
        }
        Ok(())
    }
}

impl FromStr for Latency {
    type Err = BadHistogram;

    fn from_str(text: &str) -> Result<Latency, BadHistogram> {
        let mut counts = BTreeMap::new();
        for part in text.split_ascii_whitespace() {
            let (bucket, count) = part.split_once(':').ok_or(BadHistogram)?;
            let (bucket, count) = (bucket.parse().map_err(|_| BadHistogram)?, count.parse().map_err(|_| BadHistogram)?);
            if bucket > bucket_of_max() || counts.insert(bucket, count).is_some() {
                return Err(BadHistogram);
            }
        }
        Ok(Latency { counts })
    }
}

fn bucket_of_max() -> u16 {
    bucket(u64::MAX)
}

/// Small numbers have their own bucket; of a larger one its highest bits count.
fn bucket(us: u64) -> u16 {
    if us < PARTS {
        return us as u16;
    }
    let power = us.ilog2();
    let part = (us >> (power - EXACT_BITS)) - PARTS;
    (u64::from(power - EXACT_BITS + 1) * PARTS + part) as u16
}

/// The number in the middle of a bucket.
fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < PARTS {
        return bucket;
    }
    let shift = (bucket / PARTS - 1).min(60);
    let first = (PARTS + bucket % PARTS) << shift;
    first + ((1_u64 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[u64]) -> Latency {
        let mut latency = Latency::default();
        times.iter().for_each(|us| latency.add(*us));
        latency
    }

    #[test]
    fn percentiles() {
        for (times, percent, expect) in [
            (&[][..], 50, None),
            (&[5], 50, Some(5)),
            (&[5], 0, Some(5)),
            (&[1, 2, 3, 4], 50, Some(2)),
            (&[1, 2, 3, 4], 95, Some(4)),
            (&[1, 2, 3, 4], 200, Some(4)),
            (&[0], 100, Some(0)),
        ] {
            assert_eq!(of(times).percentile(percent), expect, "{times:?} p{percent}");
        }
        let hundred: Vec<u64> = (1..=100).map(|ms| ms * 1000).collect();
        let near = |percent, expect: u64| of(&hundred).percentile(percent).unwrap().abs_diff(expect) <= expect / 16;
        assert!(near(50, 50_000) && near(95, 95_000) && near(99, 99_000));
    }

    #[test]
    fn what_is_no_histogram() {
        for text in ["1", "1:", ":1", "a:1", "1:-1", "1:1 1:2", "70000:1", "600:1"] {
            assert_eq!(text.parse::<Latency>(), Err(BadHistogram), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_bucket_is_right_to_a_sixteenth(us in any::<u64>()) {
            prop_assert!(middle(bucket(us)).abs_diff(us) <= us / 16);
        }

        #[test]
        fn longer_is_never_a_lower_bucket(a in any::<u64>(), b in any::<u64>()) {
            prop_assert_eq!(a <= b || bucket(a) >= bucket(b), true);
        }

        #[test]
        fn parts_add_up_to_the_whole(times in prop::collection::vec(any::<u64>(), 0..60), cut in 0_usize..60) {
            let cut = cut.min(times.len());
            let mut merged = of(&times[..cut]);
            merged.merge(&of(&times[cut..]));
            prop_assert_eq!(&merged, &of(&times));
            prop_assert_eq!(merged.to_string().parse(), Ok(merged));
        }
    }
}

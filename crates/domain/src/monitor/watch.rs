//! The state of a check: it goes down only after several failures in a row, and comes up only after several successes.

use std::num::NonZeroU32;

use super::verdict::Verdict;
use crate::time::UnixMs;

/// How many verdicts in a row it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Failures, to go down.
    pub down_after: NonZeroU32,
    /// Successes, to come up.
    pub up_after: NonZeroU32,
}

/// What is known of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Whether it counts as down.
    pub is_down: bool,
    /// Since when it is as it is: the first of the verdicts that made it so.
    pub since: UnixMs,
    /// How many verdicts in a row have said the opposite.
    pub against: u32,
    /// The first of these.
    pub against_since: UnixMs,
}

/// A check went down or came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// To which state.
    pub is_down: bool,
    /// When that began: at the first verdict that said so, not at the one that settled it.
    pub since: UnixMs,
}

impl Watch {
    /// One that was never looked at. It is taken to be up: what was never up is an outage all the same.
    pub fn new(at: UnixMs) -> Watch {
        Watch { is_down: false, since: at, against: 0, against_since: at }
    }

    /// Takes in a verdict of moment `at`. An unknown one neither adds to a row of verdicts nor breaks it.
    pub fn step(&mut self, verdict: Verdict, at: UnixMs, thresholds: Thresholds) -> Option<Change> {
        let says_down = match verdict {
            Verdict::Unknown => return None,
            Verdict::Ok => false,
            Verdict::Fail => true,
        };
        if says_down == self.is_down {
            self.against = 0;
            return None;
        }
        if self.against == 0 {
            self.against_since = at;
        }
        self.against = self.against.saturating_add(1);
        let needed = if says_down { thresholds.down_after } else { thresholds.up_after };
        if self.against < needed.get() {
            return None;
        }
        *self = Watch { is_down: says_down, since: self.against_since, against: 0, against_since: self.against_since };
        Some(Change { is_down: says_down, since: self.since })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn thresholds(down: u32, up: u32) -> Thresholds {
        let number = |n| NonZeroU32::new(n).unwrap();
        Thresholds { down_after: number(down), up_after: number(up) }
    }

    /// `.` ok, `x` fail, `?` unknown, one a minute; what changed, and when, in minutes.
    fn changes(series: &str, down: u32, up: u32) -> Vec<(bool, i64)> {
        let mut watch = Watch::new(0);
        let verdicts = series.chars().map(|c| match c {
            '.' => Verdict::Ok,
            'x' => Verdict::Fail,
            _ => Verdict::Unknown,
        });
        (0..)
            .zip(verdicts)
            .filter_map(|(at, v)| watch.step(v, at, thresholds(down, up)))
            .map(|c| (c.is_down, c.since))
            .collect()
    }

    #[test]
    fn an_outage_begins_with_its_first_failing_probe() {
        for (series, down, up, expect) in [
            ("....", 3, 2, vec![]),
            ("..xx.xx.", 3, 2, vec![]),
            ("..xxx", 3, 2, vec![(true, 2)]),
            ("..xxx.x.x", 3, 2, vec![(true, 2)]),
            ("..xxx..", 3, 2, vec![(true, 2), (false, 5)]),
            ("..xxxx..xx", 3, 2, vec![(true, 2), (false, 6)]),
            ("x", 1, 1, vec![(true, 0)]),
            ("x.x.", 1, 1, vec![(true, 0), (false, 1), (true, 2), (false, 3)]),
            (".x?x?x", 3, 2, vec![(true, 1)]),
            (".xxx??????", 3, 2, vec![(true, 1)]),
            ("????????", 1, 1, vec![]),
        ] {
            assert_eq!(changes(series, down, up), expect, "{series}");
        }
    }

    proptest! {
        #[test]
        fn states_alternate_and_never_change_faster_than_the_thresholds(
            series in "[.x?]{0,200}", down in 1_u32..6, up in 1_u32..6,
        ) {
            let changes = changes(&series, down, up);
            for (n, (is_down, _)) in changes.iter().enumerate() {
                prop_assert_eq!(*is_down, n % 2 == 0);
            }
            for pair in changes.windows(2) {
                let least = if pair[0].0 { down } else { up };
                prop_assert!(pair[1].1 - pair[0].1 >= i64::from(least), "{:?}", pair);
            }
        }

        #[test]
        fn blindness_changes_nothing(series in "[.x]{0,60}", at in prop::collection::vec(0_usize..60, 0..10)) {
            let mut blinded: Vec<char> = series.chars().collect();
            for at in at {
                blinded.insert(at.min(blinded.len()), '?');
            }
            let blinded: String = blinded.into_iter().collect();
            let states = |series: &str| changes(series, 3, 2).iter().map(|change| change.0).collect::<Vec<_>>();
            prop_assert_eq!(states(&blinded), states(&series));
        }
    }
}

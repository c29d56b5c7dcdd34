//! One verdict of several: those who look at the same thing from different places, some of whom may be cut off themselves.

use super::verdict::Verdict;

/// What one place saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// What it saw of the thing.
    pub verdict: Verdict,
    /// Whether it could reach anything that has nothing to do with us. One that can't sees failures everywhere.
    pub connected: bool,
}

impl Sight {
    /// What the sight is worth: one who is cut off has seen nothing, neither good nor bad.
    pub fn counted(self) -> Verdict {
        if self.connected { self.verdict } else { Verdict::Unknown }
    }
}

/// The verdict of a round. A failure needs `quorum` places that agree (at least one), and more of them than see it working:
/// a route that is broken between one place and the thing is not the thing's. Below that number nobody knows, unless a
/// place sees it working.
pub fn judge(sights: &[Sight], quorum: usize) -> Verdict {
    let count = |verdict| sights.iter().filter(|sight| sight.counted() == verdict).count();
    let (ok, fail) = (count(Verdict::Ok), count(Verdict::Fail));
    if fail >= quorum.max(1) && fail > ok {
        Verdict::Fail
    } else if ok > 0 {
        Verdict::Ok
    } else {
        Verdict::Unknown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Verdict::{Fail, Ok, Unknown};
    use super::*;

    fn seen(verdicts: &[Verdict]) -> Vec<Sight> {
        verdicts.iter().map(|&verdict| Sight { verdict, connected: true }).collect()
    }

    #[test]
    fn a_failure_needs_those_who_agree() {
        for (verdicts, quorum, expect) in [
            (&[][..], 1, Unknown),
            (&[Unknown, Unknown], 1, Unknown),
            (&[Ok], 1, Ok),
            (&[Fail], 1, Fail),
            (&[Fail], 0, Fail),
            (&[Fail], 2, Unknown),
            (&[Fail, Fail], 2, Fail),
            (&[Fail, Ok], 1, Ok),
            (&[Fail, Ok], 2, Ok),
            (&[Fail, Fail, Ok], 2, Fail),
            (&[Fail, Unknown, Unknown], 2, Unknown),
            (&[Ok, Unknown, Unknown], 2, Ok),
        ] {
            assert_eq!(judge(&seen(verdicts), quorum), expect, "{verdicts:?}, quorum {quorum}");
        }
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![Just(Ok), Just(Fail), Just(Unknown)]
    }

    proptest! {
        #[test]
        fn whoever_is_cut_off_changes_nothing(
            at_home in prop::collection::vec(verdict(), 0..6),
            cut_off in prop::collection::vec(verdict(), 0..6),
            quorum in 0_usize..4,
        ) {
            let alone = seen(&at_home);
            let mut all = alone.clone();
            all.extend(cut_off.into_iter().map(|verdict| Sight { verdict, connected: false }));
            prop_assert_eq!(judge(&all, quorum), judge(&alone, quorum));
        }

        #[test]
        fn all_cut_off_is_unknown(verdicts in prop::collection::vec(verdict(), 0..6), quorum in 0_usize..4) {
            let sights: Vec<Sight> =
                verdicts.into_iter().map(|verdict| Sight { verdict, connected: false }).collect();
            prop_assert_eq!(judge(&sights, quorum), Unknown);
        }
    }
}

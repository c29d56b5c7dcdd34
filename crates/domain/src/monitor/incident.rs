//! The life of an incident: all checks that share a cause (those of one server) make one, however many fail.

use std::str::FromStr;

use crate::time::UnixMs;

/// How long all must be well before an incident is over: what comes and goes is one incident, told once.
pub const CALM_MS: i64 = 5 * 60_000;

/// A word that is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a word of incidents")]
pub struct UnknownWord;

/// How far the work on it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It is being looked into.
    Investigating,
    /// The cause is known.
    Identified,
    /// It seems to be over.
    Monitoring,
    /// It is over.
    Resolved,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Stage; 4] = [Stage::Investigating, Stage::Identified, Stage::Monitoring, Stage::Resolved];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Investigating => "investigating",
            Stage::Identified => "identified",
            Stage::Monitoring => "monitoring",
            Stage::Resolved => "resolved",
        }
    }
}

impl FromStr for Stage {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Stage, UnknownWord> {
        Stage::ALL.into_iter().find(|stage| stage.as_str() == word).ok_or(UnknownWord)
    }
}

/// How bad it is for customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Impact {
    /// They don't notice.
    None,
    /// Something is worse than it should be.
    Minor,
    /// Something does not work.
    Major,
    /// Nothing works.
    Critical,
}

impl Impact {
    /// All of them, in order.
    pub const ALL: [Impact; 4] = [Impact::None, Impact::Minor, Impact::Major, Impact::Critical];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Impact::None => "none",
            Impact::Minor => "minor",
            Impact::Major => "major",
            Impact::Critical => "critical",
        }
    }
}

impl FromStr for Impact {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Impact, UnknownWord> {
        Impact::ALL.into_iter().find(|impact| impact.as_str() == word).ok_or(UnknownWord)
    }
}

/// The incident of a cause that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// How far it is.
    pub stage: Stage,
    /// How bad it is.
    pub impact: Impact,
    /// Since when all is well again.
    pub calm_since: Option<UnixMs>,
}

/// A check of the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Since when it is down, if it is.
    pub down_since: Option<UnixMs>,
    /// Whether its component is in maintenance: it then begins no incident, and ends none.
    pub in_maintenance: bool,
}

/// What is to be done about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// Open an incident, and tell of it.
    Open {
        /// When it began: at the first failing probe.
        since: UnixMs,
        /// How bad it is.
        impact: Impact,
    },
    /// It is worse than was said.
    Worsen(Impact),
    /// All is well: wait and see.
    Calm,
    /// It was not over: back to where it was, untold.
    Relapse,
    /// It is over; tell of it.
    Resolve,
}

/// What follows from how the checks of a cause are at `now`.
pub fn step(open: Option<Open>, members: &[Member], now: UnixMs) -> Step {
    let down = members.iter().filter(|member| member.down_since.is_some()).count();
    let counted = members.iter().filter(|member| !member.in_maintenance);
    let since = counted.filter_map(|member| member.down_since).min();
    let impact = if down == members.len() { Impact::Major } else { Impact::Minor };
    match (open, since) {
        (None, None) => Step::Nothing,
        (None, Some(since)) => Step::Open { since, impact },
        (Some(open), _) if down > 0 => {
            if open.calm_since.is_some() {
                Step::Relapse
            } else if impact > open.impact {
                Step::Worsen(impact)
            } else {
                Step::Nothing
            }
        }
        (Some(open), _) => match open.calm_since {
            None => Step::Calm,
            Some(calm) if now.saturating_sub(calm) >= CALM_MS => Step::Resolve,
            Some(_) => Step::Nothing,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn member(down_since: Option<UnixMs>) -> Member {
        Member { down_since, in_maintenance: false }
    }

    fn excused(down_since: Option<UnixMs>) -> Member {
        Member { down_since, in_maintenance: true }
    }

    #[test]
    fn what_follows_from_the_checks_of_a_cause() {
        let open = |impact, calm_since| Some(Open { stage: Stage::Investigating, impact, calm_since });
        let (up, down) = (member(None), member(Some(70)));
        let minor = Impact::Minor;
        for (open, members, expect) in [
            (None, vec![], Step::Nothing),
            (None, vec![up, up], Step::Nothing),
            (None, vec![up, down], Step::Open { since: 70, impact: minor }),
            (None, vec![down, member(Some(50))], Step::Open { since: 50, impact: Impact::Major }),
            (None, vec![excused(Some(50)), up], Step::Nothing),
            (None, vec![excused(Some(50)), down], Step::Open { since: 70, impact: Impact::Major }),
            (open(minor, None), vec![up, down], Step::Nothing),
            (open(minor, None), vec![down, down], Step::Worsen(Impact::Major)),
            (open(Impact::Critical, None), vec![down, down], Step::Nothing),
            (open(minor, None), vec![excused(Some(50)), up], Step::Nothing),
            (open(minor, None), vec![up, up], Step::Calm),
            (open(minor, Some(900_000)), vec![up, up], Step::Nothing),
            (open(minor, Some(900_000)), vec![up, down], Step::Relapse),
            (open(minor, Some(700_000)), vec![up, up], Step::Resolve),
        ] {
            assert_eq!(step(open, &members, 1_000_000), expect, "{open:?} {members:?}");
        }
    }

    /// Does what is to be done each minute, and counts what is told.
    fn told(minutes: &[Vec<Member>]) -> (usize, usize) {
        let (mut open, mut opened, mut resolved): (Option<Open>, _, _) = (None, 0, 0);
        for (now, members) in (0..).map(|minute: i64| minute * 60_000).zip(minutes) {
            match (step(open, members, now), &mut open) {
                (Step::Open { impact, .. }, _) => {
                    opened += 1;
                    open = Some(Open { stage: Stage::Investigating, impact, calm_since: None });
                }
                (Step::Resolve, _) => {
                    resolved += 1;
                    open = None;
                }
                (Step::Calm, Some(open)) => open.calm_since = Some(now),
                (Step::Relapse, Some(open)) => open.calm_since = None,
                (Step::Worsen(impact), Some(open)) => open.impact = impact,
                _ => {}
            }
        }
        (opened, resolved)
    }

    #[test]
    fn thirty_checks_on_a_dead_server_are_one_incident_and_one_resolution() {
        let dead = |count: usize| (0..30).map(|n| member((n < count).then_some(0))).collect::<Vec<_>>();
        let falling = (0..=30).map(dead);
        let rising = (0..=30).rev().map(dead);
        let well = (0..10).map(|_| dead(0));
        let minutes: Vec<Vec<Member>> = falling.chain(rising).chain(well).collect();
        assert_eq!(told(&minutes), (1, 1));
    }

    proptest! {
        #[test]
        fn what_comes_and_goes_within_the_calm_is_told_once(series in prop::collection::vec(any::<bool>(), 0..100)) {
            let mut minutes: Vec<Vec<Member>> = Vec::new();
            for down in series {
                minutes.push(vec![member(Some(0))]);
                minutes.extend((0..3).map(|_| vec![member(down.then_some(0))]));
            }
            minutes.extend((0..7).map(|_| vec![member(None)]));
            let any = usize::from(minutes.len() > 7);
            prop_assert_eq!(told(&minutes), (any, any));
        }
    }

    #[test]
    fn each_word_is_read_back() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
        }
        for impact in Impact::ALL {
            assert_eq!(impact.as_str().parse(), Ok(impact));
        }
        assert_eq!("over".parse::<Stage>(), Err(UnknownWord));
        assert_eq!("huge".parse::<Impact>(), Err(UnknownWord));
    }
}

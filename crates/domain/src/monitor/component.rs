//! How a part of the service is, in the words that status pages share, and how the whole is.

use std::str::FromStr;

use super::incident::Impact;
use super::verdict::Verdict;

/// From best to worst; maintenance is no degree of failure and stands apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It works.
    Operational,
    /// It works, worse than it should.
    Degraded,
    /// Some of it does not work.
    Partial,
    /// It does not work.
    Major,
    /// It is being worked on, as announced.
    Maintenance,
    /// Nobody has looked yet, or nobody could.
    NoData,
}

/// A word that is no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a component's status")]
pub struct UnknownStatus;

impl Status {
    /// All of them.
    pub const ALL: [Status; 6] =
        [Status::Operational, Status::Degraded, Status::Partial, Status::Major, Status::Maintenance, Status::NoData];

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Operational => "operational",
            Status::Degraded => "degraded_performance",
            Status::Partial => "partial_outage",
            Status::Major => "major_outage",
            Status::Maintenance => "under_maintenance",
            Status::NoData => "no_data",
        }
    }

    /// How bad it is; `None` for what says nothing about failure.
    fn severity(self) -> Option<u8> {
        match self {
            Status::Operational => Some(0),
            Status::Degraded => Some(1),
            Status::Partial => Some(2),
            Status::Major => Some(3),
            Status::Maintenance | Status::NoData => None,
        }
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Status, UnknownStatus> {
        Status::ALL.into_iter().find(|status| status.as_str() == word).ok_or(UnknownStatus)
    }
}

/// How one check of a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckState {
    /// Whether it counts as down; see [`super::watch`].
    pub is_down: bool,
    /// What the last round said.
    pub last: Verdict,
}

/// How a component is, by its checks. One that is down with all of them is out, with some it is partly out, and what nobody
/// can tell counts for neither; one whose last look failed, though not yet often enough, is not worse for it.
pub fn status(checks: &[CheckState], in_maintenance: bool) -> Status {
    let down = checks.iter().filter(|check| check.is_down).count();
    if in_maintenance {
        Status::Maintenance
    } else if down > 0 {
        let known = checks.iter().filter(|check| check.is_down || check.last != Verdict::Unknown).count();
        if down == known { Status::Major } else { Status::Partial }
    } else if checks.iter().all(|check| check.last == Verdict::Unknown) {
        Status::NoData
    } else {
        Status::Operational
    }
}

/// How a component is of which people say that something is wrong with it, whatever its checks see. Announced work stays so.
pub fn with_incident(status: Status, impact: Impact) -> Status {
    let said = match impact {
        Impact::None => return status,
        Impact::Minor => Status::Degraded,
        Impact::Major => Status::Partial,
        Impact::Critical => Status::Major,
    };
    match status {
        Status::Maintenance => status,
        seen if seen.severity() > said.severity() => seen,
        _ => said,
    }
}

/// How the whole is: as its worst component that is not in maintenance, so that work on one never hides the outage of
/// another. Only where all that is known is in maintenance is the whole so.
pub fn overall(components: &[Status]) -> Status {
    let worst = components.iter().filter(|status| status.severity().is_some()).max_by_key(|status| status.severity());
    match worst {
        Some(worst) => *worst,
        None if components.contains(&Status::Maintenance) => Status::Maintenance,
        None => Status::NoData,
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{Degraded, Maintenance, Major, NoData, Operational, Partial};
    use super::*;

    #[test]
    fn maintenance_never_hides_an_outage_in_any_pair() {
        for one in Status::ALL {
            for other in Status::ALL {
                let expect = match (one, other) {
                    (Maintenance | NoData, known) | (known, Maintenance | NoData) if known.severity().is_some() => {
                        known
                    }
                    (Maintenance, _) | (_, Maintenance) => Maintenance,
                    (NoData, NoData) => NoData,
                    (Major, _) | (_, Major) => Major,
                    (Partial, _) | (_, Partial) => Partial,
                    (Degraded, _) | (_, Degraded) => Degraded,
                    _ => Operational,
                };
                assert_eq!(overall(&[one, other]), expect, "{one:?} beside {other:?}");
            }
        }
        assert_eq!(overall(&[]), NoData, "nothing known is not a hundred percent");
    }

    #[test]
    fn a_component_is_as_its_checks() {
        let check = |is_down, last| CheckState { is_down, last };
        let (up, down) = (check(false, Verdict::Ok), check(true, Verdict::Fail));
        let (blind, wavering) = (check(false, Verdict::Unknown), check(false, Verdict::Fail));
        for (checks, in_maintenance, expect) in [
            (&[][..], false, NoData),
            (&[], true, Maintenance),
            (&[up, up], false, Operational),
            (&[up, wavering], false, Operational),
            (&[up, blind], false, Operational),
            (&[blind, blind], false, NoData),
            (&[check(true, Verdict::Unknown)], false, Major),
            (&[up, down], false, Partial),
            (&[down, down], false, Major),
            (&[down, blind], false, Major),
            (&[up, down, blind], false, Partial),
            (&[down, down], true, Maintenance),
        ] {
            assert_eq!(status(checks, in_maintenance), expect, "{checks:?}");
        }
    }

    #[test]
    fn what_people_say_makes_nothing_look_better() {
        for (status, impact, expect) in [
            (Operational, Impact::None, Operational),
            (NoData, Impact::None, NoData),
            (Operational, Impact::Minor, Degraded),
            (NoData, Impact::Minor, Degraded),
            (Degraded, Impact::Major, Partial),
            (Major, Impact::Minor, Major),
            (Partial, Impact::Critical, Major),
            (Maintenance, Impact::Critical, Maintenance),
        ] {
            assert_eq!(with_incident(status, impact), expect, "{status:?} {impact:?}");
        }
    }

    #[test]
    fn each_word_is_read_back() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("down".parse::<Status>(), Err(UnknownStatus));
    }
}

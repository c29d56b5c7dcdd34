//! From what is on a host and what is wanted to what has to be done. No clock, no files: the same facts make the same plan.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::ReleaseId;
use crate::outcome::Ending;
use crate::role::Role;
use crate::state::{Mark, Slot, State};

/// An archive on the laptop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The release in it.
    pub id: ReleaseId,
    /// Its SHA-256.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// The bytes of what is in it.
    pub unpacked: u64,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// The release lies on the host, unpacked.
    Push(Wanted),
    /// The release is live.
    Release(Wanted),
    /// This kept release is live, or the last good one before the live one.
    Rollback(Option<ReleaseId>),
}

/// How the steps are to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manner {
    /// How long a new release is watched before it counts as good, in seconds.
    pub watch_s: u64,
    /// How long the second connection may take, in seconds.
    pub confirm_s: u64,
    /// Whether the database is backed up first.
    pub has_backup: bool,
}

/// Something that stands in the way, and what to type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What was found.
    pub what: String,
    /// What to type.
    pub remedy: String,
}

/// What is on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What it is for.
    pub role: Role,
    /// Its releases.
    pub state: State,
    /// Bytes of the wanted archive that have arrived.
    pub arrived: u64,
    /// Room on the disk, in bytes.
    pub free: u64,
    /// Whether what is live runs.
    pub is_serving: bool,
    /// Whether the settings were changed after what is live began.
    pub has_new_settings: bool,
    /// What stands in the way.
    pub troubles: Vec<Trouble>,
}

/// One step. Each looks first whether it is done already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum Step {
    /// A switch that nobody confirmed is taken back.
    Recover {
        /// What was to be live.
        from: ReleaseId,
        /// What is live again.
        to: Option<ReleaseId>,
    },
    /// What is live does not run, and is started.
    Start {
        /// The release.
        release: ReleaseId,
    },
    /// The archive is sent from this byte on.
    Upload {
        /// The first byte.
        from: u64,
        /// How many there are in all.
        size: u64,
    },
    /// The archive is checked as a whole, and becomes a release's folder.
    Unpack {
        /// The release.
        release: ReleaseId,
    },
    /// The database is saved.
    Backup,
    /// The database gets the tables of the release; what it has stays as it is.
    Migrate {
        /// The release.
        release: ReleaseId,
    },
    /// The release is started beside what serves, on a socket of its own, and has to answer.
    Try {
        /// The release.
        release: ReleaseId,
    },
    /// The release reads what is on the host, and says what it would do: for a device that can't be had twice.
    Rehearse {
        /// The release.
        release: ReleaseId,
    },
    /// The release takes over.
    Switch {
        /// The release.
        release: ReleaseId,
        /// Where it runs.
        slot: Slot,
        /// What the host is for.
        role: Role,
        /// What ends.
        from: Option<ReleaseId>,
    },
    /// The release is watched.
    Watch {
        /// For how long.
        seconds: u64,
    },
    /// A new connection has to say that the host can still be reached.
    Confirm {
        /// How long it may take.
        seconds: u64,
    },
    /// Releases that are no longer needed go.
    Prune {
        /// Which.
        releases: Vec<ReleaseId>,
    },
}

impl Step {
    /// A word for logs.
    pub fn name(&self) -> &'static str {
        match self {
            Step::Recover { .. } => "recover",
            Step::Start { .. } => "start",
            Step::Upload { .. } => "upload",
            Step::Unpack { .. } => "unpack",
            Step::Backup => "backup",
            Step::Migrate { .. } => "migrate",
            Step::Try { .. } => "try",
            Step::Rehearse { .. } => "rehearse",
            Step::Switch { .. } => "switch",
            Step::Watch { .. } => "watch",
            Step::Confirm { .. } => "confirm",
            Step::Prune { .. } => "prune",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Recover { from, to: Some(to) } => {
                write!(f, "take back the unconfirmed switch to {from}: {to} is live")
            }
            Step::Recover { from, to: None } => write!(f, "take back the unconfirmed switch to {from}"),
            Step::Start { release } => write!(f, "start {release}, which should run and does not"),
            Step::Upload { from: 0, size } => write!(f, "send the archive, {}", mb(*size)),
            Step::Upload { from, size } => {
                write!(f, "send the rest of the archive, {} of {}", mb(size - from), mb(*size))
            }
            Step::Unpack { release } => write!(f, "check the archive and unpack {release}"),
            Step::Backup => write!(f, "back up the database"),
            Step::Migrate { release } => write!(f, "bring the database to the tables of {release}"),
            Step::Try { release } => write!(f, "start {release} on a socket of its own and ask it"),
            Step::Rehearse { release } => write!(f, "let {release} read what is on the host, and change nothing"),
            Step::Switch { release, slot, role: Role::Site, from } => {
                write!(f, "start {release} as {} on the public socket", Role::Site.unit(*slot))?;
                from.as_ref().map_or(Ok(()), |from| write!(f, ", then end {from}"))
            }
            Step::Switch { release, slot, role: Role::Gateway, from } => {
                from.as_ref().map_or(Ok(()), |from| write!(f, "end {from}, then "))?;
                write!(f, "start {release} as {}", Role::Gateway.unit(*slot))
            }
            Step::Watch { seconds } => write!(f, "watch it for {seconds} s"),
            Step::Confirm { seconds } => write!(f, "confirm over a new connection, within {seconds} s"),
            Step::Prune { releases } => {
                let names: Vec<&str> = releases.iter().map(ReleaseId::as_str).collect();
                write!(f, "take away {}", names.join(", "))
            }
        }
    }
}

fn mb(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// What will be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The steps; none when all is as it should be.
    pub steps: Vec<Step>,
}

/// Why nothing will be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|trouble| trouble.what.as_str()).collect::<Vec<_>>().join("; "))]
pub struct Refusal(pub Vec<Trouble>);

impl Refusal {
    fn of(what: impl Into<String>, remedy: impl Into<String>) -> Refusal {
        Refusal(vec![Trouble { what: what.into(), remedy: remedy.into() }])
    }
}

impl From<Refusal> for Ending {
    fn from(refusal: Refusal) -> Ending {
        let next = refusal.0.first().map(|trouble| trouble.remedy.clone()).unwrap_or_default();
        Ending::refused(refusal.to_string(), next)
    }
}

/// How long a release is watched that was good before, in seconds.
const KNOWN_WATCH_S: u64 = 5;
/// How much more room than its own size a release needs: the archive, what is in it, and some air for the database.
const AIR: u64 = 200_000_000;

/// What has to be done.
///
/// # Errors
/// When the wish can't be fulfilled; nothing is to be changed then.
pub fn plan(facts: &Facts, wish: &Wish, manner: &Manner) -> Result<Plan, Refusal> {
    if !facts.troubles.is_empty() {
        return Err(Refusal(facts.troubles.clone()));
    }
    let mut steps = Vec::new();
    let mut state = facts.state.clone();
    if let Some(pending) = &state.pending {
        let to = pending.from.as_ref().map(|live| live.release.clone());
        steps.push(Step::Recover { from: pending.to.release.clone(), to });
        let since = pending.since_ms;
        state = state.reverted(since);
    }
    let next = match wish {
        Wish::Push(wanted) => {
            bring(facts, &state, wanted, &mut steps)?;
            None
        }
        Wish::Release(wanted) => {
            bring(facts, &state, wanted, &mut steps)?;
            Some((wanted.id.clone(), manner.clone()))
        }
        Wish::Rollback(to) => {
            let watch_s = manner.watch_s.min(KNOWN_WATCH_S);
            Some((rollback_to(&state, to.as_ref())?, Manner { watch_s, has_backup: false, ..manner.clone() }))
        }
    };
    match (next, &state.live) {
        (Some((id, manner)), _) if !is_live(&state, &id) => go_live(facts.role, &state, &id, &manner, &mut steps),
        // What is live and can't start must not be in the way of what takes its place.
        (_, Some(live)) if !facts.is_serving && facts.state.pending.is_none() => {
            steps.push(Step::Start { release: live.release.clone() });
        }
        // It takes its own place, and the new settings with it.
        (Some((id, manner)), _) if facts.has_new_settings => {
            let manner = Manner { has_backup: false, ..manner };
            go_live(facts.role, &state, &id, &manner, &mut steps);
        }
        // What a run that was cut off after its confirmation has left.
        (Some((id, _)), _) => prune(&state, &id, &mut steps),
        _ => {}
    }
    Ok(Plan { steps })
}

fn is_live(state: &State, id: &ReleaseId) -> bool {
    state.live.as_ref().is_some_and(|live| live.release == *id)
}

fn bring(facts: &Facts, state: &State, wanted: &Wanted, steps: &mut Vec<Step>) -> Result<(), Refusal> {
    if let Some(kept) = state.find(&wanted.id) {
        // For new settings what lies there is enough, wherever the laptop's was built.
        if is_live(state, &wanted.id) && facts.has_new_settings {
            return Ok(());
        }
        if kept.sha256 == wanted.sha256 {
            return Ok(());
        }
        if is_live(state, &wanted.id) || kept.mark == Mark::Good {
            return Err(Refusal::of(
                format!("the host has {} already, with other content", wanted.id),
                "commit what has changed and build again: `mirai deploy build`",
            ));
        }
    }
    let needed = (wanted.size - facts.arrived.min(wanted.size)) + wanted.unpacked + AIR;
    if facts.free < needed {
        return Err(Refusal::of(
            format!("the host's disk has {} left, and this needs {}", mb(facts.free), mb(needed)),
            "make room there: `journalctl --vacuum-size=200M`, `apt-get clean`, then `df -h`",
        ));
    }
    if facts.arrived < wanted.size {
        steps.push(Step::Upload { from: facts.arrived, size: wanted.size });
    }
    steps.push(Step::Unpack { release: wanted.id.clone() });
    Ok(())
}

fn go_live(role: Role, state: &State, id: &ReleaseId, manner: &Manner, steps: &mut Vec<Step>) {
    let release = id.clone();
    match role {
        Role::Site => {
            if manner.has_backup && state.live.is_some() {
                steps.push(Step::Backup);
            }
            steps.push(Step::Migrate { release: release.clone() });
            steps.push(Step::Try { release: release.clone() });
        }
        Role::Gateway => steps.push(Step::Rehearse { release: release.clone() }),
    }
    let from = state.live.as_ref().map(|live| live.release.clone());
    steps.push(Step::Switch { release, slot: state.free_slot(), role, from });
    steps.push(Step::Watch { seconds: manner.watch_s });
    steps.push(Step::Confirm { seconds: manner.confirm_s });
    prune(state, id, steps);
}

fn prune(state: &State, id: &ReleaseId, steps: &mut Vec<Step>) {
    let gone = state.beyond(id);
    if !gone.is_empty() {
        steps.push(Step::Prune { releases: gone });
    }
}

fn rollback_to(state: &State, to: Option<&ReleaseId>) -> Result<ReleaseId, Refusal> {
    let listed = "`mirai deploy status` lists what the host has";
    let Some(to) = to else {
        let before = state.before_live().cloned();
        return before.ok_or_else(|| Refusal::of("there is no good release to go back to", listed));
    };
    match state.find(to) {
        Some(kept) if kept.mark == Mark::Good => Ok(to.clone()),
        Some(kept) => Err(Refusal::of(
            format!("{to} is {}: only a release that was good is gone back to", kept.mark.as_str()),
            listed,
        )),
        None => Err(Refusal::of(format!("the host has no release {to}"), listed)),
    }
}

#[cfg(test)]
mod tests;

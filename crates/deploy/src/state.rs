//! Which releases a host has, and which one is live. Each change here is a pure function; the agent writes its result to one
//! file, by a rename, before it does what follows from it.

use serde::{Deserialize, Serialize};

use crate::id::ReleaseId;

/// Good releases that are kept, the live one among them.
pub const KEPT: usize = 5;
/// Releases that failed and are kept to be looked at.
pub const KEPT_BAD: usize = 2;

/// One of the two units that take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// The other one.
    pub fn other(self) -> Slot {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }

    /// As it stands in the unit's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Slot::A => "a",
            Slot::B => "b",
        }
    }
}

/// A release in a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Which release.
    pub release: ReleaseId,
    /// Where it runs.
    pub slot: Slot,
}

/// A switch that is not confirmed yet. Whoever finds one without an agent at work goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What is to be live.
    pub to: Live,
    /// What was, if anything.
    pub from: Option<Live>,
    /// When it began, in Unix milliseconds.
    pub since_ms: i64,
}

impl Pending {
    /// Whether a release takes its own place, which is to take up new settings.
    pub fn changes_settings(&self) -> bool {
        self.from.as_ref().is_some_and(|from| from.release == self.to.release)
    }
}

/// What is known of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Unpacked, never live.
    Ready,
    /// It has been live, and proved itself.
    Good,
    /// It failed, or was not confirmed.
    Bad,
}

impl Mark {
    /// For a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Mark::Ready => "ready",
            Mark::Good => "good",
            Mark::Bad => "bad",
        }
    }
}

/// A release that lies on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its name.
    pub id: ReleaseId,
    /// Its archive's SHA-256.
    pub sha256: String,
    /// The program's version.
    pub version: String,
    /// How it did.
    pub mark: Mark,
    /// When it got that mark, in Unix milliseconds: the order of releases, which neither names nor file times tell.
    pub at_ms: i64,
    /// Who brought it.
    pub by: String,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    /// What serves.
    pub live: Option<Live>,
    /// A switch under way.
    pub pending: Option<Pending>,
    /// What lies there.
    pub releases: Vec<Kept>,
}

impl State {
    /// A release that lies there.
    pub fn find(&self, id: &ReleaseId) -> Option<&Kept> {
        self.releases.iter().find(|kept| kept.id == *id)
    }

    /// A release has been unpacked. One of the same name takes its place.
    #[must_use]
    pub fn added(mut self, kept: Kept) -> State {
        self.releases.retain(|other| other.id != kept.id);
        self.releases.push(kept);
        self
    }

    /// The slot for the next release.
    pub fn free_slot(&self) -> Slot {
        self.live.as_ref().map_or(Slot::A, |live| live.slot.other())
    }

    /// A switch begins.
    #[must_use]
    pub fn switching(mut self, to: ReleaseId, now_ms: i64) -> State {
        let to = Live { release: to, slot: self.free_slot() };
        self.pending = Some(Pending { to, from: self.live.clone(), since_ms: now_ms });
        self
    }

    /// The switch under way has proved itself.
    #[must_use]
    pub fn confirmed(mut self, now_ms: i64) -> State {
        if let Some(pending) = self.pending.take() {
            self.mark(&pending.to.release, Mark::Good, now_ms);
            self.live = Some(pending.to);
        }
        self
    }

    /// The switch under way has been taken back, or never came to be.
    #[must_use]
    pub fn reverted(mut self, now_ms: i64) -> State {
        if let Some(pending) = self.pending.take() {
            // One that was good before is good still: what failed is this switch.
            if self.find(&pending.to.release).is_some_and(|kept| kept.mark != Mark::Good) {
                self.mark(&pending.to.release, Mark::Bad, now_ms);
            }
            self.live = pending.from;
        }
        self
    }

    /// A release has failed before it was live.
    #[must_use]
    pub fn failed(mut self, id: &ReleaseId, now_ms: i64) -> State {
        if self.find(id).is_some_and(|kept| kept.mark != Mark::Good) {
            self.mark(id, Mark::Bad, now_ms);
        }
        self
    }

    fn mark(&mut self, id: &ReleaseId, mark: Mark, now_ms: i64) {
        if let Some(at) = self.releases.iter().position(|kept| kept.id == *id) {
            let mut kept = self.releases.remove(at);
            (kept.mark, kept.at_ms) = (mark, now_ms);
            self.releases.push(kept);
        }
    }

    /// The release that a rollback without a name leads to: the last good one before the live one.
    pub fn before_live(&self) -> Option<&ReleaseId> {
        let live = self.live.as_ref().map(|live| &live.release);
        let earlier = self.releases.iter().rev().skip_while(|kept| Some(&kept.id) != live);
        let mut good = earlier.filter(|kept| kept.mark == Mark::Good && Some(&kept.id) != live);
        good.next().map(|kept| &kept.id)
    }

    /// What no longer needs to lie there once `id` is live: the oldest beyond [`KEPT`] good ones and [`KEPT_BAD`] others.
    pub fn beyond(&self, id: &ReleaseId) -> Vec<ReleaseId> {
        let live = self.live.as_ref().map(|live| &live.release);
        let held = |kept: &&Kept| kept.id == *id || Some(&kept.id) == live;
        let counted = self.releases.iter().rev().filter(|kept| !held(kept));
        let (good, other): (Vec<&Kept>, Vec<&Kept>) = counted.partition(|kept| kept.mark == Mark::Good);
        let room = KEPT - 1 - usize::from(live.is_some_and(|live| live != id));
        let beyond = good.into_iter().skip(room).chain(other.into_iter().skip(KEPT_BAD));
        beyond.map(|kept| kept.id.clone()).collect()
    }

    /// Without these.
    #[must_use]
    pub fn without(mut self, gone: &[ReleaseId]) -> State {
        self.releases.retain(|kept| !gone.contains(&kept.id));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> ReleaseId {
        ReleaseId::parse(&format!("20261127T1235{n:02}Z-0123456789ab")).unwrap()
    }

    fn kept(n: u32) -> Kept {
        Kept {
            id: id(n),
            sha256: String::new(),
            version: "0.1.0".to_owned(),
            mark: Mark::Ready,
            at_ms: 0,
            by: "mika@laptop".to_owned(),
        }
    }

    fn released(state: State, n: u32) -> State {
        let state = state.added(kept(n)).switching(id(n), i64::from(n)).confirmed(i64::from(n));
        let gone = state.beyond(&id(n));
        state.without(&gone)
    }

    #[test]
    fn releases_take_turns_in_the_slots_and_five_good_ones_stay() {
        let state = (1..=8).fold(State::default(), released);
        assert_eq!(state.live, Some(Live { release: id(8), slot: Slot::B }));
        assert_eq!(
            state.releases.iter().map(|kept| kept.id.clone()).collect::<Vec<_>>(),
            (4..=8).map(id).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_rollback_goes_to_the_last_good_one_before_the_live_one_and_can_go_on_from_there() {
        let state = (1..=3).fold(State::default(), released);
        let bad = state.added(kept(4)).switching(id(4), 4).reverted(4);
        assert_eq!(bad.before_live(), Some(&id(2)), "what failed is passed over");
        let back = bad.switching(id(2), 5).confirmed(5);
        assert_eq!(back.live.as_ref().map(|live| &live.release), Some(&id(2)));
        assert_eq!(back.before_live(), Some(&id(3)), "a second rollback takes the first one back");
    }

    #[test]
    fn a_switch_that_is_taken_back_leaves_what_was_live_in_its_slot() {
        let state = released(State::default(), 1);
        let live = state.live.clone();
        let back = state.added(kept(2)).switching(id(2), 2).reverted(3);
        assert_eq!(back.live, live);
        assert_eq!(back.find(&id(2)).map(|kept| kept.mark), Some(Mark::Bad));
        let first = State::default().added(kept(1)).switching(id(1), 1).reverted(2);
        assert_eq!((first.live, first.pending), (None, None));
    }

    #[test]
    fn a_good_release_is_not_called_bad_for_a_rollback_that_did_not_come_to_be() {
        let state = (1..=2).fold(State::default(), released);
        let state = state.switching(id(1), 5).reverted(6);
        assert_eq!(state.find(&id(1)).map(|kept| kept.mark), Some(Mark::Good));
    }

    #[test]
    fn two_that_failed_stay_to_be_looked_at_and_the_live_one_always() {
        let mut state = released(State::default(), 1);
        for n in 2..=5 {
            state = state.added(kept(n)).failed(&id(n), i64::from(n));
        }
        assert_eq!(state.beyond(&id(5)), [id(2)]);
        let gone = state.beyond(&id(1));
        assert_eq!(gone, [id(3), id(2)]);
    }
}

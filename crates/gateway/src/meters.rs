//! What each peer has carried, stay by stay, what of it the control plane has counted, and what it has granted.
//!
//! A device counts a peer's bytes from the moment that the peer comes to it. Such a stay has a number that is higher than
//! that of every stay before, over restarts too; so the control plane can tell a counter that began anew from one that it
//! has seen, and counts each byte once.

use std::collections::{HashMap, HashSet};

use api::gateway::{Counter, Grant, MAX_COUNTERS};
use domain::vpn::key::PublicKey;
use domain::vpn::peer_diff::FoundPeer;
use serde::{Deserialize, Serialize};

/// Stays, by number: those of one start of the agent lie between this times its generation and the next.
const STAYS_OF_A_START: i64 = 1 << 32;

/// The books of a gateway.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    /// The peers that are on the device now and have been used.
    stays: HashMap<[u8; 32], Stay>,
    /// Stays that are over and not counted yet, of each peer the earlier first.
    over: HashMap<[u8; 32], Vec<Stay>>,
    grants: HashMap<[u8; 32], Grant>,
    /// The number of the next stay.
    next: i64,
    /// Where the next report begins, if not all fits in one.
    turn: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stay {
    generation: i64,
    rx: u64,
    tx: u64,
}

impl Stay {
    fn total(&self) -> i64 {
        i64::try_from(self.rx.saturating_add(self.tx)).unwrap_or(i64::MAX)
    }

    fn is_counted(&self, grant: Option<&Grant>) -> bool {
        grant.is_some_and(|grant| (grant.generation, grant.counted) >= (self.generation, self.total()))
    }
}

/// What a restart has to know.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptMeters {
    /// Stays, over or not; of a peer's the last one may go on.
    stays: Vec<Counter>,
    grants: Vec<(String, Grant)>,
}

impl Meters {
    /// The books as they were kept, for this start of the agent.
    pub(crate) fn of(kept: KeptMeters, start: i64) -> Meters {
        let mut meters = Meters { next: start.saturating_mul(STAYS_OF_A_START), ..Meters::default() };
        let mut stays: Vec<([u8; 32], Stay)> = kept.stays.iter().filter_map(read).collect();
        stays.sort_unstable_by_key(|(key, stay)| (*key, stay.generation));
        for (key, stay) in stays {
            if let Some(before) = meters.stays.insert(key, stay) {
                meters.over.entry(key).or_default().push(before);
            }
        }
        let grants = kept.grants.into_iter();
        meters.grants = grants.filter_map(|(key, grant)| Some((PublicKey::parse(&key).ok()?.bytes(), grant))).collect();
        meters
    }

    pub(crate) fn to_keep(&self) -> KeptMeters {
        let stays = self.stays_over().chain(&self.stays);
        let stays = stays.filter_map(|(key, stay)| counter(key, stay)).collect();
        let grants = self.grants.iter().filter_map(|(key, grant)| Some((written(key)?, *grant))).collect();
        KeptMeters { stays, grants }
    }

    /// Reads the device's counters. Returns the bytes from and to all clients since the last time.
    pub(crate) fn see(&mut self, found: &[FoundPeer]) -> (u64, u64) {
        let mut sum = (0, 0);
        let mut there = HashSet::with_capacity(self.stays.len());
        for peer in found {
            let (key, activity) = (peer.key, peer.activity);
            if (activity.rx, activity.tx, activity.handshake_at) == (0, 0, None) {
                continue;
            }
            there.insert(key);
            let goes_on = self.stays.get(&key).filter(|stay| stay.rx <= activity.rx && stay.tx <= activity.tx);
            let (generation, rx, tx) = goes_on.map_or((self.next, 0, 0), |stay| (stay.generation, stay.rx, stay.tx));
            if generation == self.next {
                self.next += 1;
            }
            sum = (sum.0 + (activity.rx - rx), sum.1 + (activity.tx - tx));
            let now = Stay { generation, rx: activity.rx, tx: activity.tx };
            if let Some(before) = self.stays.insert(key, now).filter(|before| before.generation != generation) {
                self.end(key, before);
            }
        }
        let gone: Vec<[u8; 32]> = self.stays.keys().filter(|key| !there.contains(*key)).copied().collect();
        for key in gone {
            if let Some(stay) = self.stays.remove(&key) {
                self.end(key, stay);
            }
        }
        sum
    }

    fn end(&mut self, key: [u8; 32], stay: Stay) {
        if !stay.is_counted(self.grants.get(&key)) {
            self.over.entry(key).or_default().push(stay);
        }
    }

    fn stays_over(&self) -> impl Iterator<Item = (&[u8; 32], &Stay)> {
        self.over.iter().flat_map(|(key, stays)| stays.iter().map(move |stay| (key, stay)))
    }

    /// Takes over what is counted and granted, unless something later is known already. `None`: the peer's bytes are not
    /// bounded any more.
    pub(crate) fn grant(&mut self, key: [u8; 32], grant: Option<Grant>) {
        let known = self.grants.get_mut(&key);
        match (grant, known) {
            (Some(grant), Some(known)) if (grant.generation, grant.counted) < (known.generation, known.counted) => {}
            (Some(grant), _) => {
                self.grants.insert(key, grant);
                if let Some(mut stays) = self.over.remove(&key) {
                    stays.retain(|stay| !stay.is_counted(Some(&grant)));
                    if !stays.is_empty() {
                        self.over.insert(key, stays);
                    }
                }
            }
            (None, Some(known)) => known.left = None,
            (None, None) => {}
        }
    }

    /// Whether a peer has carried all that it was granted.
    pub(crate) fn is_used_up(&self, key: &[u8; 32]) -> bool {
        self.left(key) == Some(0)
    }

    /// Bytes that a peer has carried in its present stay.
    pub(crate) fn carried(&self, key: &[u8; 32]) -> u64 {
        self.stays.get(key).map_or(0, |stay| stay.rx.saturating_add(stay.tx))
    }

    /// What is left of what a peer was granted; `None` where nothing bounds it.
    pub(crate) fn left(&self, key: &[u8; 32]) -> Option<u64> {
        let Some(Grant { generation, counted, left: Some(left) }) = self.grants.get(key) else { return None };
        let over = self.over.get(key).into_iter().flatten();
        let beyond = over.chain(self.stays.get(key)).filter(|stay| stay.generation >= *generation).map(|stay| {
            let counted = if stay.generation == *generation { *counted } else { 0 };
            stay.total().saturating_sub(counted)
        });
        let beyond = beyond.fold(0_i64, i64::saturating_add);
        Some(u64::try_from(left.saturating_sub(beyond)).unwrap_or(0))
    }

    /// What the control plane has not counted yet, and what it should look at again because nothing is left. Stays that are
    /// over come first: one that is counted after a later one of the same peer would be taken for old.
    pub(crate) fn report(&mut self, is_resting: impl Fn(&[u8; 32]) -> bool) -> Vec<Counter> {
        let grants = &self.grants;
        let is_new = |(key, stay): &(&[u8; 32], &Stay)| !stay.is_counted(grants.get(*key)) || is_resting(key);
        let mut there: Vec<(&[u8; 32], &Stay)> = self.stays.iter().filter(is_new).collect();
        let room = MAX_COUNTERS.saturating_sub(self.stays_over().count());
        if there.len() > room {
            there.sort_unstable_by_key(|(key, _)| **key);
            let first = self.turn % there.len();
            there.rotate_left(first);
            self.turn = self.turn.wrapping_add(room);
        }
        self.stays_over().chain(there).take(MAX_COUNTERS).filter_map(|(key, stay)| counter(key, stay)).collect()
    }

    /// Forgets what was granted to peers that are neither served nor on the device nor to be reported.
    pub(crate) fn forget(&mut self, is_served: impl Fn(&[u8; 32]) -> bool) {
        let (stays, over) = (&self.stays, &self.over);
        self.grants.retain(|key, _| is_served(key) || stays.contains_key(key) || over.contains_key(key));
    }
}

fn counter(key: &[u8; 32], stay: &Stay) -> Option<Counter> {
    Some(Counter { public_key: written(key)?, generation: stay.generation, rx: stay.rx, tx: stay.tx })
}

fn read(counter: &Counter) -> Option<([u8; 32], Stay)> {
    let key = PublicKey::parse(&counter.public_key).ok()?;
    Some((key.bytes(), Stay { generation: counter.generation, rx: counter.rx, tx: counter.tx }))
}

/// A key that was put on the device by hand may be none; its bytes are nobody's.
fn written(key: &[u8; 32]) -> Option<String> {
    PublicKey::from_bytes(*key).ok().map(|key| key.to_string())
}

#[cfg(test)]
mod tests {
    use domain::vpn::key::PresharedKey;
    use domain::vpn::peer_diff::Activity;

    use super::*;

    const A: [u8; 32] = [9; 32];

    fn device(peers: &[([u8; 32], u64, u64)]) -> Vec<FoundPeer> {
        let found = |(key, rx, tx): &([u8; 32], u64, u64)| FoundPeer {
            key: *key,
            preshared_key: PresharedKey::from_bytes([0; 32]),
            allowed_ips: Vec::new(),
            activity: Activity { rx: *rx, tx: *tx, handshake_at: Some(1), has_endpoint: true },
        };
        peers.iter().map(found).collect()
    }

    /// What a control plane counts that hears every report, and answers them.
    #[derive(Default)]
    struct Control {
        base: HashMap<String, (i64, i64)>,
        sum: i64,
    }

    impl Control {
        fn hear(&mut self, report: &[Counter]) -> Vec<([u8; 32], Grant)> {
            let mut report = report.to_vec();
            report.sort_by_key(|one| one.generation);
            for one in &report {
                let total = i64::try_from(one.rx + one.tx).unwrap();
                let base = self.base.entry(one.public_key.clone()).or_default();
                match one.generation.cmp(&base.0) {
                    std::cmp::Ordering::Less => continue,
                    std::cmp::Ordering::Equal => self.sum += total - base.1,
                    std::cmp::Ordering::Greater => self.sum += total,
                }
                *base = (one.generation, total);
            }
            let grant = |one: &Counter| {
                let (generation, counted) = self.base[&one.public_key];
                (PublicKey::parse(&one.public_key).unwrap().bytes(), Grant { generation, counted, left: None })
            };
            report.iter().map(grant).collect()
        }
    }

    fn report(meters: &mut Meters, control: &mut Control, is_answer_lost: bool) {
        for (key, grant) in control.hear(&meters.report(|_| false)) {
            if !is_answer_lost {
                meters.grant(key, Some(grant));
            }
        }
    }

    #[test]
    fn every_byte_counts_once_over_lost_answers_stays_that_end_and_restarts() {
        let (mut meters, mut control) = (Meters::of(KeptMeters::default(), 1), Control::default());
        assert_eq!(meters.see(&device(&[(A, 10, 20)])), (10, 20));
        report(&mut meters, &mut control, true);
        meters.see(&device(&[(A, 15, 20)]));
        report(&mut meters, &mut control, false);
        assert_eq!(control.sum, 35);
        assert!(meters.report(|_| false).is_empty(), "nothing is said twice that was counted");
        // It went and came again between two looks, and went for good after another.
        meters.see(&device(&[(A, 20, 20)]));
        meters.see(&device(&[(A, 1, 2)]));
        assert_eq!(meters.report(|_| false).len(), 2);
        report(&mut meters, &mut control, true);
        meters.see(&device(&[]));
        report(&mut meters, &mut control, false);
        assert_eq!(control.sum, 43);
        // A restart, the device of the kernel goes on, and then it doesn't.
        meters.see(&device(&[(A, 5, 5)]));
        let mut meters = Meters::of(meters.to_keep(), 2);
        meters.see(&device(&[(A, 7, 5)]));
        report(&mut meters, &mut control, false);
        assert_eq!(control.sum, 55);
        let mut meters = Meters::of(meters.to_keep(), 3);
        meters.see(&device(&[(A, 3, 0)]));
        report(&mut meters, &mut control, false);
        assert_eq!(control.sum, 58);
        assert!(meters.over.is_empty());
    }

    #[test]
    fn a_grant_is_used_up_by_this_and_later_stays_and_an_older_answer_does_not_bring_it_back() {
        let mut meters = Meters::of(KeptMeters::default(), 1);
        meters.see(&device(&[(A, 50, 50)]));
        let generation = meters.report(|_| false)[0].generation;
        let grant = |counted, left| Some(Grant { generation, counted, left });
        assert!(!meters.is_used_up(&A), "nothing bounds it");
        meters.grant(A, grant(60, Some(41)));
        assert!(!meters.is_used_up(&A));
        meters.grant(A, grant(60, Some(40)));
        assert!(meters.is_used_up(&A));
        meters.grant(A, grant(50, Some(1_000)));
        assert!(meters.is_used_up(&A), "said before");
        meters.grant(A, grant(100, Some(10)));
        assert!(!meters.is_used_up(&A));
        meters.see(&device(&[(A, 4, 4)]));
        assert!(!meters.is_used_up(&A));
        meters.see(&device(&[(A, 4, 6)]));
        assert!(meters.is_used_up(&A));
        assert_eq!(meters.report(|_| false).len(), 1);
        let again = Meters::of(meters.to_keep(), 2);
        assert!(again.is_used_up(&A), "over a restart too");
        meters.grant(A, None);
        assert!(!meters.is_used_up(&A));
        meters.grant(A, grant(i64::MAX, Some(0)));
        meters.see(&device(&[]));
        meters.over.clear();
        meters.forget(|_| true);
        assert_eq!(meters.grants.len(), 1);
        meters.forget(|_| false);
        assert!(meters.grants.is_empty());
    }
}

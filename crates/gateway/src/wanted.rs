//! What the gateway should serve: put together from what the control plane says, frame by frame.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use api::gateway::{Failure, Frame, Grant, Op, Peer};
use domain::time::UnixMs;
use domain::vpn::key::{KeyError, PresharedKey, PublicKey};
use domain::vpn::lease::RENEW_MS;
use domain::vpn::peer_diff::{PeerOp, WantedPeer};
use serde::Deserialize;

use crate::state::Kept;

/// The peers, and how far the list is known.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    leases: HashMap<[u8; 32], Lease>,
    /// The revision that the peers are of; `None` before the first snapshot is whole.
    revision: Option<i64>,
    /// When the last snapshot was whole: all leases are at least as new.
    whole_at: UnixMs,
    snapshot: Option<Snapshot>,
}

#[derive(Debug)]
struct Lease {
    peer: WantedPeer,
    valid_until: UnixMs,
    speed_mbit: Option<u32>,
    is_probe: bool,
}

impl Lease {
    fn read(said: &Peer) -> Result<Lease, KeyError> {
        let (key, preshared_key) = (PublicKey::parse(&said.public_key)?, PresharedKey::parse(&said.preshared_key)?);
        let peer = WantedPeer { key, preshared_key, address: (said.v4, said.v6), is_resting: false };
        Ok(Lease { peer, valid_until: said.valid_until, speed_mbit: said.speed_mbit, is_probe: said.is_probe })
    }
}

/// A peer of the state file; none for one that can't be read.
#[derive(Debug, Deserialize)]
#[serde(from = "Peer")]
pub(crate) struct KeptPeer(Option<Lease>);

impl From<Peer> for KeptPeer {
    fn from(peer: Peer) -> KeptPeer {
        KeptPeer(Lease::read(&peer).ok())
    }
}

/// A snapshot of which not all parts have come.
#[derive(Debug)]
struct Snapshot {
    revision: i64,
    next_part: u32,
    keys: HashSet<[u8; 32]>,
}

/// What is to be done after a frame.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Keys of peers that went.
    pub(crate) removed: Vec<[u8; 32]>,
    /// Keys of peers that came or may have changed.
    pub(crate) touched: Vec<[u8; 32]>,
    /// What was granted to them; none to those whose bytes are not bounded.
    pub(crate) grants: Vec<([u8; 32], Option<Grant>)>,
    /// Peers that can't be served as they were said.
    pub(crate) failures: Vec<Failure>,
    /// All peers are known: the device is to be compared as a whole.
    pub(crate) is_whole: bool,
}

/// A frame that does not follow on what is known: the list has to be asked for anew.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gap;

impl Wanted {
    pub(crate) fn of(kept: Kept<KeptPeer>) -> Wanted {
        let leases = kept.peers.into_iter().filter_map(|KeptPeer(lease)| lease);
        Wanted {
            leases: leases.map(|lease| (lease.peer.key.bytes(), lease)).collect(),
            revision: Some(kept.revision),
            whole_at: kept.whole_at,
            snapshot: None,
        }
    }

    pub(crate) fn to_keep(&self) -> Kept {
        let peers = self.leases.values().map(|lease| Peer {
            public_key: lease.peer.key.to_string(),
            preshared_key: lease.peer.preshared_key.expose().to_string(),
            v4: lease.peer.address.0,
            v6: lease.peer.address.1,
            valid_until: lease.valid_until,
            grant: None,
            speed_mbit: lease.speed_mbit,
            is_probe: lease.is_probe,
        });
        Kept { revision: self.revision.unwrap_or(0), whole_at: self.whole_at, peers: peers.collect() }
    }

    pub(crate) fn revision(&self) -> Option<i64> {
        self.revision
    }

    /// Whether leases are to be renewed, by hearing all peers again. Deltas renew only what has changed; a clock that was
    /// set back counts as due.
    pub(crate) fn is_due(&self, now: UnixMs) -> bool {
        !(0..RENEW_MS).contains(&(now - self.whole_at))
    }

    /// The next stream is to begin with all peers; those that are known are served on.
    pub(crate) fn forget_revision(&mut self) {
        self.revision = None;
    }

    /// The parts that have come are of a stream that is no more.
    pub(crate) fn forget_snapshot(&mut self) {
        self.snapshot = None;
    }

    pub(crate) fn len(&self) -> usize {
        self.leases.len()
    }

    pub(crate) fn peers(&self) -> impl ExactSizeIterator<Item = &WantedPeer> {
        self.leases.values().map(|lease| &lease.peer)
    }

    /// The steps for these peers. Those that went come first: they are silenced at once, and taken off the device once
    /// what they have carried is read.
    pub(crate) fn steps(&self, outcome: &Outcome) -> Vec<PeerOp<'_>> {
        let gone = outcome.removed.iter().map(|key| PeerOp::Silence { key: *key });
        gone.chain(outcome.touched.iter().filter_map(|key| self.upsert_of(key))).collect()
    }

    /// The step that makes a peer as it should be; none for one that is not served.
    pub(crate) fn upsert_of(&self, key: &[u8; 32]) -> Option<PeerOp<'_>> {
        let peer = &self.leases.get(key)?.peer;
        Some(PeerOp::Upsert { key: peer.key, preshared_key: &peer.preshared_key, allowed_ips: peer.allowed_ips() })
    }

    /// The peers' keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.leases.keys()
    }

    /// The addresses of a peer and how fast it may be; `None` for one that is not served.
    pub(crate) fn bound(&self, key: &[u8; 32]) -> Option<((Ipv4Addr, Ipv6Addr), Option<u32>)> {
        self.leases.get(key).map(|lease| (lease.peer.address, lease.speed_mbit))
    }

    /// Whether a peer is to be served.
    pub(crate) fn has(&self, key: &[u8; 32]) -> bool {
        self.leases.contains_key(key)
    }

    /// Whether a peer is another gateway that looks at this one.
    pub(crate) fn is_probe(&self, key: &[u8; 32]) -> bool {
        self.leases.get(key).is_some_and(|lease| lease.is_probe)
    }

    /// Whether a peer rests.
    pub(crate) fn is_resting(&self, key: &[u8; 32]) -> bool {
        self.leases.get(key).is_some_and(|lease| lease.peer.is_resting)
    }

    /// Has a peer rest that has used up what it was granted, or go on; true if that changes something.
    pub(crate) fn rest(&mut self, key: [u8; 32], is_used_up: bool) -> bool {
        let Some(lease) = self.leases.get_mut(&key) else { return false };
        std::mem::replace(&mut lease.peer.is_resting, is_used_up) != is_used_up
    }

    /// Takes a frame in.
    pub(crate) fn hear(&mut self, frame: &Frame, now: UnixMs) -> Result<Outcome, Gap> {
        let mut outcome = Outcome::default();
        match frame {
            Frame::Snapshot { revision, part, is_last, peers } => {
                if *part == 0 {
                    self.snapshot = Some(Snapshot { revision: *revision, next_part: 0, keys: HashSet::new() });
                }
                match &mut self.snapshot {
                    Some(snapshot) if snapshot.next_part == *part => snapshot.next_part += 1,
                    _ => return Err(Gap),
                }
                for peer in peers {
                    self.upsert(peer, now, &mut outcome);
                }
                if *is_last && let Some(snapshot) = self.snapshot.take() {
                    self.leases.retain(|key, _| snapshot.keys.contains(key));
                    self.revision = Some(snapshot.revision);
                    self.whole_at = now;
                    outcome.is_whole = true;
                }
            }
            Frame::Delta { from, revision, ops } => {
                let at = match &mut self.snapshot {
                    Some(snapshot) => &mut snapshot.revision,
                    None => self.revision.as_mut().ok_or(Gap)?,
                };
                if from > at {
                    return Err(Gap);
                }
                // Said before: nothing of it is newer than what is known.
                if *revision <= *at {
                    return Ok(outcome);
                }
                *at = *revision;
                for op in ops {
                    match op {
                        Op::Remove { public_key } => match PublicKey::parse(public_key) {
                            Ok(key) => self.remove(key.bytes(), &mut outcome),
                            Err(error) => outcome.failures.push(failure(public_key, error)),
                        },
                        Op::Upsert(peer) => self.upsert(peer, now, &mut outcome),
                    }
                }
            }
            Frame::Heartbeat { .. } | Frame::Unknown => {}
        }
        Ok(outcome)
    }

    /// Takes out the peers whose lease has ended.
    pub(crate) fn expire(&mut self, now: UnixMs) -> Outcome {
        let mut outcome = Outcome::default();
        let ended: Vec<[u8; 32]> =
            self.leases.iter().filter(|(_, lease)| lease.valid_until <= now).map(|(key, _)| *key).collect();
        for key in ended {
            self.remove(key, &mut outcome);
        }
        outcome
    }

    fn remove(&mut self, key: [u8; 32], outcome: &mut Outcome) {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.keys.remove(&key);
        }
        self.leases.remove(&key);
        // Also one that is not known: the device may know it.
        outcome.removed.push(key);
    }

    /// All or nothing of a peer: one that can't be read stays as it was.
    fn upsert(&mut self, peer: &Peer, now: UnixMs, outcome: &mut Outcome) {
        let mut lease = match Lease::read(peer) {
            Ok(lease) => lease,
            Err(error) => return outcome.failures.push(failure(&peer.public_key, error)),
        };
        let key = lease.peer.key.bytes();
        if lease.valid_until <= now {
            return self.remove(key, outcome);
        }
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.keys.insert(key);
        }
        lease.peer.is_resting = self.is_resting(&key);
        self.leases.insert(key, lease);
        outcome.grants.push((key, peer.grant));
        outcome.touched.push(key);
    }
}

fn failure(public_key: &str, error: impl std::fmt::Display) -> Failure {
    Failure { public_key: public_key.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const NOW: UnixMs = 1_000;

    fn peer(number: u8) -> Peer {
        Peer {
            public_key: STANDARD.encode([number; 32]),
            preshared_key: STANDARD.encode([number; 32]),
            v4: Ipv4Addr::new(10, 7, 0, number),
            v6: Ipv6Addr::LOCALHOST,
            valid_until: 2 * NOW,
            grant: None,
            speed_mbit: None,
            is_probe: false,
        }
    }

    fn snapshot(revision: i64, part: u32, is_last: bool, peers: &[u8]) -> Frame {
        Frame::Snapshot { revision, part, is_last, peers: peers.iter().map(|number| peer(*number)).collect() }
    }

    fn delta(from: i64, revision: i64, gone: &[u8], there: &[u8]) -> Frame {
        let gone = gone.iter().map(|number| Op::Remove { public_key: peer(*number).public_key });
        let ops = gone.chain(there.iter().map(|number| Op::Upsert(peer(*number)))).collect();
        Frame::Delta { from, revision, ops }
    }

    fn after_restart(wanted: &Wanted) -> Wanted {
        let file = serde_json::to_vec(&wanted.to_keep()).expect("is written");
        Wanted::of(serde_json::from_slice(&file).expect("is read"))
    }

    fn numbers(wanted: &Wanted) -> Vec<u8> {
        let mut numbers: Vec<u8> = wanted.leases.keys().map(|key| key[0]).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn a_peer_that_is_in_no_part_goes_with_the_last_one_and_not_before() {
        let mut wanted = Wanted::default();
        wanted.hear(&snapshot(5, 0, true, &[1, 2, 3]), NOW).unwrap();
        wanted.hear(&snapshot(9, 0, false, &[1, 4]), NOW).unwrap();
        assert_eq!((numbers(&wanted), wanted.revision()), (vec![1, 2, 3, 4], Some(5)));
        let outcome = wanted.hear(&snapshot(9, 1, true, &[2]), NOW).unwrap();
        assert!(outcome.is_whole);
        assert_eq!((numbers(&wanted), wanted.revision()), (vec![1, 2, 4], Some(9)));
    }

    #[test]
    fn a_revocation_between_two_parts_holds_at_once_and_afterwards() {
        let mut wanted = Wanted::default();
        wanted.hear(&snapshot(5, 0, false, &[1, 2]), NOW).unwrap();
        let outcome = wanted.hear(&delta(5, 7, &[1], &[9]), NOW).unwrap();
        assert_eq!(outcome.removed, [[1; 32]]);
        wanted.hear(&snapshot(5, 1, true, &[3]), NOW).unwrap();
        assert_eq!((numbers(&wanted), wanted.revision()), (vec![2, 3, 9], Some(7)));
    }

    #[test]
    fn what_was_said_before_changes_nothing_and_what_is_missing_is_noticed() {
        let mut wanted = Wanted::default();
        assert_eq!(wanted.hear(&delta(0, 1, &[], &[1]), NOW).unwrap_err(), Gap);
        wanted.hear(&snapshot(5, 0, true, &[1]), NOW).unwrap();
        wanted.hear(&delta(5, 6, &[1], &[]), NOW).unwrap();
        wanted.hear(&delta(4, 5, &[], &[1]), NOW).unwrap();
        assert_eq!(numbers(&wanted), Vec::<u8>::new(), "an older step brings nobody back");
        assert_eq!(wanted.hear(&delta(8, 9, &[], &[2]), NOW).unwrap_err(), Gap);
        assert_eq!(wanted.hear(&snapshot(9, 1, true, &[2]), NOW).unwrap_err(), Gap);
        wanted.hear(&delta(5, 7, &[], &[3]), NOW).unwrap();
        assert_eq!((numbers(&wanted), wanted.revision()), (vec![3], Some(7)), "steps may overlap with what is known");
    }

    #[test]
    fn a_lease_ends_by_itself_and_one_that_has_ended_is_not_taken() {
        let mut wanted = Wanted::default();
        wanted.hear(&snapshot(1, 0, true, &[1]), NOW).unwrap();
        assert!(wanted.expire(2 * NOW - 1).removed.is_empty());
        assert_eq!(wanted.expire(2 * NOW).removed, [[1; 32]]);
        assert_eq!(wanted.len(), 0);
        let outcome = wanted.hear(&delta(1, 2, &[], &[1]), 2 * NOW).unwrap();
        assert_eq!((outcome.removed, wanted.len()), (vec![[1; 32]], 0));
    }

    #[test]
    fn leases_are_renewed_by_hearing_all_peers_once_a_day() {
        let mut wanted = Wanted::default();
        assert!(wanted.is_due(RENEW_MS), "nothing was ever heard");
        wanted.hear(&snapshot(1, 0, true, &[1]), NOW).unwrap();
        wanted.hear(&delta(1, 2, &[], &[2]), NOW + 1).unwrap();
        let again = after_restart(&wanted);
        assert!(!again.is_due(NOW + RENEW_MS - 1) && again.is_due(NOW + RENEW_MS), "a restart and a delta don't count");
    }

    #[test]
    fn a_malformed_peer_is_reported_and_the_others_are_taken() {
        let mut wanted = Wanted::default();
        wanted.hear(&snapshot(1, 0, true, &[1]), NOW).unwrap();
        let broken = Peer { preshared_key: "short".into(), ..peer(1) };
        let ops = vec![Op::Upsert(broken), Op::Remove { public_key: "?".into() }, Op::Upsert(peer(2))];
        let outcome = wanted.hear(&Frame::Delta { from: 1, revision: 2, ops }, NOW).unwrap();
        let failed: Vec<&str> = outcome.failures.iter().map(|failure| failure.public_key.as_str()).collect();
        assert_eq!(failed, [peer(1).public_key.as_str(), "?"]);
        assert_eq!(numbers(&wanted), [1, 2], "the first stays as it was");
    }

    #[test]
    fn what_is_kept_is_what_comes_back() {
        let mut wanted = Wanted::default();
        wanted.hear(&snapshot(4, 0, true, &[1, 2]), NOW).unwrap();
        let again = after_restart(&wanted);
        assert_eq!((numbers(&again), again.revision()), (vec![1, 2], Some(4)));
    }
}

//! Bounds on single peers, in the firewall: how fast each may be, and how much it may carry until its gateway has looked
//! again. The table of rules stands; only elements of its maps change, and the objects that they name.
//!
//! WireGuard's counters are the truth about what was carried. The bound here stops a peer between two looks at them: it
//! counts what is inside the tunnel, which is a little less, so that it never stops one too early.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::network::{self, NetworkError};

/// How much may come at once above the rate, as a share of a second: a fifth lets TCP reach the rate, and is not felt.
const BURST: u64 = 5;

/// What bounds a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    /// Its addresses in the tunnel.
    pub(crate) addresses: (Ipv4Addr, Ipv6Addr),
    /// Mbit/s each way; `None` for as fast as it goes.
    pub(crate) speed_mbit: Option<u32>,
    /// Bytes that it may carry from now on; `None` for as much as it likes.
    pub(crate) left: Option<u64>,
    /// Bytes that it has carried by now.
    pub(crate) carried: u64,
}

/// What a peer is to be bounded by; `None` for nothing any more.
type Change = ([u8; 32], Option<Bound>);

/// The bounds as the firewall has them.
#[derive(Debug)]
pub struct Limits {
    /// The table that [`crate::network::Network::set_up`] has loaded; `None` where there is none.
    table: Option<String>,
    known: BTreeMap<[u8; 32], Bound>,
    /// Speeds that have their chains.
    speeds: BTreeSet<u32>,
}

impl Limits {
    /// In the table of rules around this interface, which is as it was loaded.
    pub fn of(interface: &str) -> Limits {
        Limits { table: Some(network::table(interface)), ..Limits::none() }
    }

    /// Where nothing carries packets.
    pub fn none() -> Limits {
        Limits { table: None, known: BTreeMap::new(), speeds: BTreeSet::new() }
    }

    /// Has these peers be bounded like this from now on; `None` for those that are not, or are not there any more.
    pub(crate) async fn set(&mut self, wanted: impl IntoIterator<Item = Change>) -> Result<(), NetworkError> {
        let Some(table) = &self.table else { return Ok(()) };
        let mut script = Script { table, lines: String::new() };
        let (changes, speeds) = self.plan(wanted, &mut script);
        if !script.lines.is_empty() {
            network::nft(&script.lines).await?;
        }
        for (key, bound) in changes {
            match bound {
                Some(bound) => drop(self.known.insert(key, bound)),
                None => drop(self.known.remove(&key)),
            }
        }
        self.speeds.extend(speeds);
        Ok(())
    }

    /// Writes what the firewall has to be told, and returns what it will have learnt. All that goes goes first: a device
    /// with a new key has the address of the old one.
    fn plan(&self, wanted: impl IntoIterator<Item = Change>, script: &mut Script<'_>) -> (Vec<Change>, BTreeSet<u32>) {
        let bounded = |bound: &Bound| bound.speed_mbit.is_some() || bound.left.is_some();
        let wanted = wanted.into_iter().map(|(key, bound)| (key, bound.filter(bounded)));
        let changes: Vec<_> = wanted.filter(|(key, bound)| differs(self.known.get(key), bound.as_ref())).collect();
        for (key, _) in &changes {
            if let Some(before) = self.known.get(key) {
                script.take_away(key, before);
            }
        }
        let mut speeds = BTreeSet::new();
        for (key, bound) in &changes {
            let Some(bound) = bound else { continue };
            if let Some(mbit) = bound.speed_mbit.filter(|mbit| !self.speeds.contains(mbit) && speeds.insert(*mbit)) {
                script.speed(mbit);
            }
            script.put(key, bound);
        }
        (changes, speeds)
    }

    /// The peers that are bounded.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.known.keys()
    }
}

/// Whether the firewall has to be told. A quota that still has more than half of what is granted now, and no more than
/// that, is left alone: arming it anew for every report would be most of a gateway's work.
fn differs(before: Option<&Bound>, wanted: Option<&Bound>) -> bool {
    let (Some(before), Some(wanted)) = (before, wanted) else { return before.is_some() || wanted.is_some() };
    if (before.addresses, before.speed_mbit) != (wanted.addresses, wanted.speed_mbit) {
        return true;
    }
    match (before.left, wanted.left) {
        (None, None) => false,
        (Some(armed), Some(left)) => {
            let rest = armed.saturating_sub(wanted.carried.saturating_sub(before.carried));
            rest > left || rest < left / 2
        }
        _ => true,
    }
}

/// Lines for nft, all or none of which are done.
struct Script<'a> {
    table: &'a str,
    lines: String,
}

impl Script<'_> {
    fn line(&mut self, verb: &str, what: &str) {
        let (kind, rest) = what.split_once(' ').unwrap_or((what, ""));
        // Writing to a String does not fail.
        let _ = writeln!(self.lines, "{verb} {kind} inet {} {rest}", self.table);
    }

    fn put(&mut self, key: &[u8; 32], bound: &Bound) {
        let (v4, v6) = bound.addresses;
        if let Some(left) = bound.left {
            let name = quota_name(key);
            self.line("add", &format!("quota {name} {{ over {left} bytes }}"));
            self.line("add", &format!("element quotas_v4 {{ {v4} : \"{name}\" }}"));
            self.line("add", &format!("element quotas_v6 {{ {v6} : \"{name}\" }}"));
        }
        if let Some(mbit) = bound.speed_mbit {
            for way in ["up", "down"] {
                self.line("add", &format!("element {way}_v4 {{ {v4} : jump {way}_{mbit} }}"));
                self.line("add", &format!("element {way}_v6 {{ {v6} : jump {way}_{mbit} }}"));
            }
        }
    }

    fn take_away(&mut self, key: &[u8; 32], bound: &Bound) {
        let (v4, v6) = bound.addresses;
        if bound.left.is_some() {
            self.line("delete", &format!("element quotas_v4 {{ {v4} }}"));
            self.line("delete", &format!("element quotas_v6 {{ {v6} }}"));
            self.line("delete", &format!("quota {}", quota_name(key)));
        }
        if bound.speed_mbit.is_some() {
            for way in ["up", "down"] {
                self.line("delete", &format!("element {way}_v4 {{ {v4} }}"));
                self.line("delete", &format!("element {way}_v6 {{ {v6} }}"));
            }
        }
    }

    /// The chains of a speed: each address has a bucket of its own in their sets.
    fn speed(&mut self, mbit: u32) {
        let bytes = u64::from(mbit) * 125_000;
        let rate = format!("limit rate over {bytes} bytes/second burst {} bytes", (bytes / BURST).max(1));
        for (way, end) in [("up", "saddr"), ("down", "daddr")] {
            self.line("add", &format!("chain {way}_{mbit}"));
            for (family, kind, of) in [("v4", "ipv4_addr", "ip"), ("v6", "ipv6_addr", "ip6")] {
                let set = format!("{way}_{mbit}_{family}");
                self.line(
                    "add",
                    &format!("set {set} {{ type {kind}; size 65535; flags dynamic,timeout; timeout 1m; }}"),
                );
                self.line("add", &format!("rule {way}_{mbit} update @{set} {{ {of} {end} {rate} }} drop"));
            }
        }
    }
}

/// Sixteen digits of a key tell ten thousand apart.
fn quota_name(key: &[u8; 32]) -> String {
    format!("q{}", hex::encode(&key[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(speed_mbit: Option<u32>, left: Option<u64>, carried: u64) -> Bound {
        Bound { addresses: (Ipv4Addr::new(10, 64, 0, 5), Ipv6Addr::LOCALHOST), speed_mbit, left, carried }
    }

    #[test]
    fn a_quota_is_armed_anew_when_it_has_to_be() {
        for (before, wanted, differ) in [
            (None, None, false),
            (None, Some(bound(None, Some(1), 0)), true),
            (Some(bound(None, Some(1), 0)), None, true),
            (Some(bound(None, Some(100), 0)), Some(bound(None, Some(100), 0)), false),
            (Some(bound(None, Some(100), 0)), Some(bound(None, Some(100), 40)), false),
            (Some(bound(None, Some(100), 0)), Some(bound(None, Some(100), 60)), true),
            (Some(bound(None, Some(100), 0)), Some(bound(None, Some(50), 0)), true),
            (Some(bound(None, Some(100), 0)), Some(bound(None, None, 0)), true),
            (Some(bound(Some(5), None, 0)), Some(bound(Some(5), None, 9)), false),
            (Some(bound(Some(5), None, 0)), Some(bound(Some(6), None, 0)), true),
        ] {
            assert_eq!(differs(before.as_ref(), wanted.as_ref()), differ, "{before:?} {wanted:?}");
        }
    }

    #[test]
    fn the_address_of_an_old_key_is_free_before_the_new_one_gets_it() {
        let (old, new) = ([1; 32], [2; 32]);
        let mut limits = Limits::of("wg0");
        limits.known.insert(old, bound(Some(5), Some(100), 0));
        limits.speeds.insert(5);
        for wanted in [
            [(new, Some(bound(Some(5), Some(100), 0))), (old, None)],
            [(old, None), (new, Some(bound(Some(5), Some(100), 0)))],
        ] {
            let mut script = Script { table: "t", lines: String::new() };
            let (changes, speeds) = limits.plan(wanted, &mut script);
            let verbs: Vec<&str> = script.lines.lines().filter_map(|line| line.split(' ').next()).collect();
            let first_add = verbs.iter().position(|verb| *verb == "add");
            assert_eq!(first_add, Some(verbs.iter().filter(|verb| **verb == "delete").count()), "{}", script.lines);
            assert_eq!((changes.len(), verbs.len(), speeds.len()), (2, 14, 0), "{}", script.lines);
        }
    }
}

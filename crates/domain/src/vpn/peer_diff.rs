//! What a gateway does to its WireGuard device so that it holds the peers that it should.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::time::UnixMs;
use crate::vpn::key::{PresharedKey, PublicKey};

/// A peer that the device should have.
#[derive(Debug)]
pub struct WantedPeer {
    /// The peer's key.
    pub key: PublicKey,
    /// The secret shared with it.
    pub preshared_key: PresharedKey,
    /// Its addresses in the tunnel: all that it may send from and is sent.
    pub address: (Ipv4Addr, Ipv6Addr),
    /// Whether it has used up what it was granted: it keeps its session, and gets and gives nothing for the time being.
    pub is_resting: bool,
}

impl WantedPeer {
    /// Its networks as the device writes them: its addresses, or none while it rests.
    pub fn allowed_ips(&self) -> Vec<IpNet> {
        if self.is_resting { Vec::new() } else { self.networks().to_vec() }
    }

    fn networks(&self) -> [IpNet; 2] {
        [IpAddr::from(self.address.0), IpAddr::from(self.address.1)].map(IpNet::from)
    }
}

/// A peer that the device has, as its dump shows it.
#[derive(Debug)]
pub struct FoundPeer {
    /// The key's bytes, not a [`PublicKey`]: a peer that was put there by hand may have any, and proving ten thousand
    /// keys at every look takes a second.
    pub key: [u8; 32],
    /// The secret shared with it; all zero, which is the same as none, if it has none.
    pub preshared_key: PresharedKey,
    /// Its networks, in any order.
    pub allowed_ips: Vec<IpNet>,
    /// What it has carried.
    pub activity: Activity,
}

/// What a device tells of a peer's use. Where its client is belongs to nobody, but for whether that is known at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Bytes from the peer since it came to the device.
    pub rx: u64,
    /// Bytes to the peer since it came to the device.
    pub tx: u64,
    /// When it last shook hands, in Unix milliseconds.
    pub handshake_at: Option<UnixMs>,
    /// Whether the device remembers an address of the peer's client.
    pub has_endpoint: bool,
}

/// One step on the device.
#[derive(Debug)]
pub enum PeerOp<'a> {
    /// The peer goes, with its session.
    Remove {
        /// Its key.
        key: [u8; 32],
    },
    /// The peer gets and gives nothing from now on; its session and counters stay for a moment. Nothing happens to one
    /// that the device does not have.
    Silence {
        /// Its key.
        key: [u8; 32],
    },
    /// The peer has this secret and exactly these networks from now on. One that the device does not have is added; one
    /// that it has is changed in place, so that its session, endpoint and counters stay.
    Upsert {
        /// Its key.
        key: PublicKey,
        /// Its secret.
        preshared_key: &'a PresharedKey,
        /// Its networks; empty for a moment, if it holds an address that becomes another's.
        allowed_ips: Vec<IpNet>,
    },
}

impl PeerOp<'_> {
    /// The key of the peer that it is done to.
    pub fn key(&self) -> [u8; 32] {
        match self {
            PeerOp::Remove { key } | PeerOp::Silence { key } => *key,
            PeerOp::Upsert { key, .. } => key.bytes(),
        }
    }
}

/// The steps, in order, from the `found` peers to the `wanted` ones; none if nothing differs. `found` has each key once.
///
/// Removals come first: who is off the network is off before anything else happens, and what they held is free for
/// others. A peer that stays is never removed and added again, because its client would go on for up to fifteen seconds
/// with a session that the device no longer knows.
///
/// WireGuard moves a network from one peer to another without a word when it is given to the second. Nothing here rests
/// on that: a peer that stays and holds what becomes another's lets go of everything first, then all get what is theirs.
/// So every step does what it says, also where two peers swap, and on every kind of device; each peer whose networks are
/// touched ends in a step of its own.
///
/// Of two wanted peers with the same key or an address in common, the first counts and the other is not wanted. The
/// database's unique indexes keep such a pair from being stored; with one, the device would change at every look.
pub fn diff<'a, I>(wanted: I, found: &[FoundPeer]) -> Vec<PeerOp<'a>>
where
    I: IntoIterator<Item = &'a WantedPeer, IntoIter: ExactSizeIterator>,
{
    let wanted = wanted.into_iter();
    let mut by_key: HashMap<[u8; 32], &WantedPeer> = HashMap::with_capacity(wanted.len());
    let mut owners: HashMap<IpNet, [u8; 32]> = HashMap::with_capacity(2 * wanted.len());
    let mut order: Vec<&WantedPeer> = Vec::with_capacity(wanted.len());
    for peer in wanted {
        let (key, networks) = (peer.key.bytes(), peer.networks());
        if by_key.contains_key(&key) || networks.iter().any(|network| owners.contains_key(network)) {
            continue;
        }
        by_key.insert(key, peer);
        owners.extend(networks.map(|network| (network, key)));
        order.push(peer);
    }

    let mut ops = Vec::new();
    let mut stay: HashMap<[u8; 32], &FoundPeer> = HashMap::with_capacity(found.len());
    for peer in found {
        if by_key.contains_key(&peer.key) {
            stay.insert(peer.key, peer);
        } else {
            ops.push(PeerOp::Remove { key: peer.key });
        }
    }
    let holds_anothers = |peer: &FoundPeer| {
        peer.allowed_ips.iter().any(|network| owners.get(network).is_some_and(|owner| *owner != peer.key))
    };
    let lets_go = order.iter().filter(|peer| stay.get(&peer.key.bytes()).is_some_and(|found| holds_anothers(found)));
    ops.extend(lets_go.map(|peer| upsert(peer, Vec::new())));
    let differs =
        order.iter().filter(|peer| stay.get(&peer.key.bytes()).is_none_or(|found| !is_as_wanted(peer, found)));
    ops.extend(differs.map(|peer| upsert(peer, peer.allowed_ips())));
    ops
}

fn upsert(peer: &WantedPeer, allowed_ips: Vec<IpNet>) -> PeerOp<'_> {
    PeerOp::Upsert { key: peer.key, preshared_key: &peer.preshared_key, allowed_ips }
}

/// The secrets are compared byte by byte: both are on this machine, and nobody outside can time it.
fn is_as_wanted(wanted: &WantedPeer, found: &FoundPeer) -> bool {
    let networks = wanted.allowed_ips();
    found.allowed_ips.len() == networks.len()
        && networks.iter().all(|network| found.allowed_ips.contains(network))
        && wanted.preshared_key.bytes() == found.preshared_key.bytes()
}

#[cfg(test)]
mod tests;

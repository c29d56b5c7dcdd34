//! The kernel's own WireGuard, spoken with over one generic netlink socket that stays open. The interface outlives this
//! process: an agent that starts again finds it with its peers and their sessions, and takes it as it stands.

mod genl;
pub(crate) mod link;

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use domain::time::UnixMs;
use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{Activity, FoundPeer, PeerOp};
use ipnet::IpNet;
use netlink_packet_core::{Emitable as _, NLM_F_ACK, NLM_F_DUMP};
use netlink_packet_wireguard::{
    WireguardAddressFamily, WireguardAllowedIp, WireguardAllowedIpAttr, WireguardAttribute, WireguardCmd,
    WireguardMessage, WireguardPeer, WireguardPeerAttribute, WireguardPeerFlags, WireguardTimeSpec,
};

use crate::device::{DeviceError, Failed};
use genl::Genl;

/// Peers in one message: the device is locked meanwhile, and each new one costs it a multiplication on its curve. More
/// than these are not faster.
const BATCH: usize = 32;
/// What fits into an attribute, which has sixteen bits for its length: 65,535 less its own head, aligned.
const FITS: usize = 65_528;
/// How often a dump is begun again that something else changed the device under.
const DUMPS: usize = 5;

/// An interface of the kernel's.
#[derive(Debug, Clone)]
pub struct Kernel {
    interface: String,
    index: u32,
    genl: Arc<Genl>,
}

impl Kernel {
    /// Makes the interface if there is none of this name. Needs `CAP_NET_ADMIN`.
    pub async fn open(interface: &str) -> Result<Kernel, DeviceError> {
        let index = link::make(interface).await?;
        let refused = |error| DeviceError::of_kernel(interface, error);
        let genl = Genl::open().await.map_err(refused)?;
        Ok(Kernel { interface: interface.to_owned(), index, genl: Arc::new(genl) })
    }

    /// Whether this kernel has WireGuard, as a module that is loaded or can be.
    pub async fn is_there() -> bool {
        Genl::open().await.is_ok()
    }

    /// A key or port that the device has already changes nothing in it.
    pub(crate) async fn set_up(&self, key: &PrivateKey, port: u16) -> Result<(), DeviceError> {
        let to = vec![WireguardAttribute::PrivateKey(*key.bytes()), WireguardAttribute::ListenPort(port)];
        self.set(to).await.map_err(|error| self.refused(error))
    }

    pub(crate) async fn dump(&self) -> Result<Vec<FoundPeer>, DeviceError> {
        for _ in 0..DUMPS {
            let mut found = Vec::new();
            let ask = self.message(WireguardCmd::GetDevice, Vec::new());
            let is_whole =
                self.genl.exchange(ask, NLM_F_DUMP, |part: WireguardMessage| take_in(&mut found, part)).await;
            if is_whole.map_err(|error| self.refused(error))? {
                return Ok(found);
            }
        }
        Err(self.refused(io::ErrorKind::Interrupted.into()))
    }

    pub(crate) async fn apply(&self, ops: &[PeerOp<'_>]) -> Result<Vec<Failed>, DeviceError> {
        let mut failed = Vec::new();
        let (removals, others) = removals_first(ops);
        for batch in removals.chunks(BATCH).chain(others.chunks(BATCH)) {
            if self.take(batch).await.is_ok() {
                continue;
            }
            // Some step of these: each is asked for by itself, and those that were done are done again.
            for op in batch {
                match self.take(std::slice::from_ref(op)).await.map_err(|error| self.refused(error)) {
                    Ok(()) => {}
                    Err(error @ DeviceError::Kernel(..)) => failed.push((op.key(), error)),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(failed)
    }

    async fn take(&self, ops: &[&PeerOp<'_>]) -> io::Result<()> {
        let peers: Vec<WireguardPeer> = ops.iter().map(|op| to_peer(op)).collect();
        if peers.as_slice().buffer_len() > FITS {
            return Err(io::ErrorKind::ArgumentListTooLong.into());
        }
        self.set(vec![WireguardAttribute::Peers(peers)]).await
    }

    async fn set(&self, to: Vec<WireguardAttribute>) -> io::Result<()> {
        let message = self.message(WireguardCmd::SetDevice, to);
        self.genl.exchange(message, NLM_F_ACK, |_: WireguardMessage| ()).await.map(drop)
    }

    /// By its index: an interface of the same name that another made later is not this one.
    fn message(&self, cmd: WireguardCmd, mut attributes: Vec<WireguardAttribute>) -> WireguardMessage {
        attributes.insert(0, WireguardAttribute::IfIndex(self.index));
        WireguardMessage { cmd, attributes }
    }

    fn refused(&self, error: io::Error) -> DeviceError {
        DeviceError::of_kernel(&self.interface, error)
    }
}

/// Who is to go goes before anything else is done, but for one that was given something before by the same list: its
/// steps stay in their order.
fn removals_first<'a, 'b>(ops: &'a [PeerOp<'b>]) -> (Vec<&'a PeerOp<'b>>, Vec<&'a PeerOp<'b>>) {
    let mut touched = HashSet::new();
    ops.iter().partition(|op| match op {
        PeerOp::Remove { key } => !touched.contains(key),
        PeerOp::Silence { .. } | PeerOp::Upsert { .. } => {
            touched.insert(op.key());
            false
        }
    })
}

fn to_peer(op: &PeerOp<'_>) -> WireguardPeer {
    let key = WireguardPeerAttribute::PublicKey(op.key());
    let flags = WireguardPeerAttribute::Flags;
    WireguardPeer(match op {
        PeerOp::Remove { .. } => vec![key, flags(WireguardPeerFlags::RemoveMe)],
        PeerOp::Silence { .. } => {
            vec![key, flags(WireguardPeerFlags::UpdateOnly | WireguardPeerFlags::ReplaceAllowedIps)]
        }
        PeerOp::Upsert { preshared_key, allowed_ips, .. } => vec![
            key,
            flags(WireguardPeerFlags::ReplaceAllowedIps),
            WireguardPeerAttribute::PresharedKey(*preshared_key.bytes()),
            WireguardPeerAttribute::AllowedIps(allowed_ips.iter().map(to_allowed_ip).collect()),
        ],
    })
}

fn to_allowed_ip(network: &IpNet) -> WireguardAllowedIp {
    let family = match network.addr() {
        IpAddr::V4(_) => WireguardAddressFamily::Ipv4,
        IpAddr::V6(_) => WireguardAddressFamily::Ipv6,
    };
    WireguardAllowedIp(vec![
        WireguardAllowedIpAttr::Family(family),
        WireguardAllowedIpAttr::IpAddr(network.addr()),
        WireguardAllowedIpAttr::Cidr(network.prefix_len()),
    ])
}

/// A peer whose networks do not fit into one part of a dump is gone on with at the beginning of the next, by its key and
/// the rest of its networks.
fn take_in(found: &mut Vec<FoundPeer>, part: WireguardMessage) {
    let peers = part.attributes.into_iter().filter_map(|attribute| match attribute {
        WireguardAttribute::Peers(peers) => Some(peers),
        _ => None,
    });
    for WireguardPeer(attributes) in peers.flatten() {
        let key = attributes.iter().find_map(|attribute| match attribute {
            WireguardPeerAttribute::PublicKey(key) => Some(*key),
            _ => None,
        });
        let Some(key) = key else { continue };
        if found.last().is_none_or(|last| last.key != key) {
            let preshared_key = PresharedKey::from_bytes([0; 32]);
            found.push(FoundPeer { key, preshared_key, allowed_ips: Vec::new(), activity: Activity::default() });
        }
        if let Some(peer) = found.last_mut() {
            attributes.into_iter().for_each(|attribute| note(peer, attribute));
        }
    }
}

fn note(peer: &mut FoundPeer, attribute: WireguardPeerAttribute) {
    match attribute {
        WireguardPeerAttribute::PresharedKey(key) => peer.preshared_key = PresharedKey::from_bytes(key),
        WireguardPeerAttribute::RxBytes(bytes) => peer.activity.rx = bytes,
        WireguardPeerAttribute::TxBytes(bytes) => peer.activity.tx = bytes,
        WireguardPeerAttribute::LastHandshake(at) => peer.activity.handshake_at = handshake_at(at),
        // That there is one; which one, nobody here wants to know.
        WireguardPeerAttribute::Endpoint(_) => peer.activity.has_endpoint = true,
        WireguardPeerAttribute::AllowedIps(networks) => peer.allowed_ips.extend(networks.iter().filter_map(to_ipnet)),
        _ => {}
    }
}

/// Zero stands for never.
fn handshake_at(at: WireguardTimeSpec) -> Option<UnixMs> {
    (at.seconds > 0).then_some(at.seconds * 1_000 + at.nano_seconds / 1_000_000)
}

fn to_ipnet(allowed: &WireguardAllowedIp) -> Option<IpNet> {
    let (mut address, mut prefix) = (None, None);
    for attribute in &allowed.0 {
        match attribute {
            WireguardAllowedIpAttr::IpAddr(found) => address = Some(*found),
            WireguardAllowedIpAttr::Cidr(found) => prefix = Some(*found),
            _ => {}
        }
    }
    IpNet::new(address?, prefix?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(peers: Vec<Vec<WireguardPeerAttribute>>) -> WireguardMessage {
        let peers = peers.into_iter().map(WireguardPeer).collect();
        WireguardMessage { cmd: WireguardCmd::GetDevice, attributes: vec![WireguardAttribute::Peers(peers)] }
    }

    fn networks(texts: &[&str]) -> WireguardPeerAttribute {
        let networks = texts.iter().map(|text| to_allowed_ip(&text.parse().unwrap()));
        WireguardPeerAttribute::AllowedIps(networks.collect())
    }

    #[test]
    fn a_peer_that_is_split_over_two_parts_of_a_dump_is_one() {
        let mut found = Vec::new();
        let (one, two) = (WireguardPeerAttribute::PublicKey([1; 32]), WireguardPeerAttribute::PublicKey([2; 32]));
        let shaken = WireguardPeerAttribute::LastHandshake(WireguardTimeSpec { seconds: 7, nano_seconds: 8_000_000 });
        let endpoint = WireguardPeerAttribute::Endpoint("192.0.2.7:9".parse().unwrap());
        let whole = vec![one, WireguardPeerAttribute::RxBytes(5), networks(&["10.0.0.1/32"])];
        let begun = vec![two.clone(), shaken, endpoint, networks(&["10.0.0.2/32"])];
        take_in(&mut found, part(vec![whole, begun]));
        take_in(&mut found, part(vec![vec![two, networks(&["fd00::2/128"])]]));
        assert_eq!(
            found.iter().map(|peer| (peer.key, peer.allowed_ips.len())).collect::<Vec<_>>(),
            [([1; 32], 1), ([2; 32], 2)]
        );
        assert_eq!(found[0].activity, Activity { rx: 5, ..Activity::default() });
        assert_eq!(
            found[1].activity,
            Activity { handshake_at: Some(7_008), has_endpoint: true, ..Activity::default() }
        );
    }

    #[test]
    fn removals_go_first_and_the_steps_of_one_peer_stay_in_their_order() {
        let (silence, remove) = (|key| PeerOp::Silence { key: [key; 32] }, |key| PeerOp::Remove { key: [key; 32] });
        let ops = [silence(1), remove(2), remove(1), silence(2), remove(3)];
        let (first, then) = removals_first(&ops);
        let shown = |ops: Vec<&PeerOp<'_>>| ops.iter().map(|op| op.key()[0]).collect::<Vec<_>>();
        assert_eq!((shown(first), shown(then)), (vec![2, 3], vec![1, 1, 2]));
    }
}

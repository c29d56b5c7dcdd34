//! Peers to try a device with.

use std::net::{Ipv4Addr, Ipv6Addr};

use anyhow::{Context as _, ensure};
use app::Clock;
use domain::time::UnixMs;
use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{FoundPeer, PeerOp, WantedPeer, diff};
use gateway::Device;
use ipnet::IpNet;

/// The secret key of peer `n`, the same each time.
pub(crate) fn secret(n: u32) -> PrivateKey {
    let mut bytes = [7; 32];
    // Not the first byte: a key has no use for its lowest bits.
    bytes[4..8].copy_from_slice(&n.to_le_bytes());
    PrivateKey::from_random(bytes)
}

/// Peer `n`.
pub(crate) fn peer(n: u32) -> WantedPeer {
    let mut shared = [9; 32];
    shared[..4].copy_from_slice(&n.to_le_bytes());
    let v4 = Ipv4Addr::from_bits(Ipv4Addr::new(10, 64, 0, 2).to_bits() + n);
    let v6 = Ipv6Addr::from_bits(Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, 2).to_bits() + u128::from(n));
    let preshared_key = PresharedKey::from_bytes(shared);
    WantedPeer { key: secret(n).public(), preshared_key, address: (v4, v6), is_resting: false }
}

/// The step that makes a device have this peer.
pub(crate) fn upsert(peer: &WantedPeer, allowed_ips: Vec<IpNet>) -> PeerOp<'_> {
    PeerOp::Upsert { key: peer.key, preshared_key: &peer.preshared_key, allowed_ips }
}

/// All that a device has.
pub(crate) async fn found(device: &Device) -> anyhow::Result<Vec<FoundPeer>> {
    Ok(device.dump(now()).await?)
}

/// One of these.
pub(crate) fn of<'a>(wanted: &WantedPeer, found: &'a [FoundPeer]) -> anyhow::Result<&'a FoundPeer> {
    found.iter().find(|peer| peer.key == wanted.key.bytes()).context("the peer is not there")
}

/// Takes steps, none of which may fail.
pub(crate) async fn take(device: &Device, ops: &[PeerOp<'_>]) -> anyhow::Result<()> {
    let failed = device.apply(ops).await?;
    ensure!(failed.is_empty(), "refused: {failed:?}");
    Ok(())
}

/// Brings the device from what it has to what it should have, and looks whether it has.
pub(crate) async fn bring(device: &Device, wanted: &[WantedPeer]) -> anyhow::Result<()> {
    take(device, &diff(wanted, &found(device).await?)).await?;
    let found = found(device).await?;
    let left = diff(wanted, &found);
    ensure!(found.len() == wanted.len() && left.is_empty(), "{} are there; still to do: {left:?}", found.len());
    Ok(())
}

pub(crate) fn now() -> UnixMs {
    Clock::System.now()
}

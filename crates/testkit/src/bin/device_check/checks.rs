//! What every device has to do.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{Activity, FoundPeer, PeerOp, diff};
use gateway::{Device, Kernel};
use ipnet::IpNet;

use crate::client::shake_hands;
use crate::peers::{bring, found, now, of, peer, secret, take, upsert};
use crate::{PORT, say};

/// Peers in a large load: a dump of them comes in many parts on every kind of device.
const MANY: u32 = 2_000;

/// The device begins with no peer and ends with none.
pub(crate) async fn all(device: &Device, interface: &str) -> anyhow::Result<()> {
    let key = PrivateKey::from_random([3; 32]);
    device.set_up(&key, PORT).await?;
    ensure!(found(device).await?.is_empty(), "the device has peers already");
    a_peer_comes_as_it_should_be(device).await.context("a peer comes")?;
    a_peer_is_changed_in_place(device, &key).await.context("a peer is changed")?;
    another_agent_finds_all_as_it_is(device, &key, interface).await.context("an agent starts again")?;
    a_silenced_peer_keeps_its_session(device).await.context("a peer is silenced")?;
    who_comes_back_is_new(device).await.context("a peer goes and comes back")?;
    who_is_not_there_is_neither_silenced_nor_removed(device).await.context("nobody is silenced")?;
    two_swap_their_addresses(device).await.context("two swap")?;
    one_with_many_networks_is_one(device).await.context("one has many networks")?;
    what_is_refused_holds_up_nobody(device).await.context("one is refused")?;
    thousands_come_and_go(device).await.context("thousands come")
}

async fn a_peer_comes_as_it_should_be(device: &Device) -> anyhow::Result<()> {
    let wanted = [peer(0), peer(1)];
    bring(device, &wanted).await?;
    let found = found(device).await?;
    let one = of(&wanted[0], &found)?;
    ensure!(one.preshared_key.bytes() == wanted[0].preshared_key.bytes(), "its secret is another");
    ensure!(sorted(one) == to_sorted(wanted[0].allowed_ips()), "its networks are {:?}", one.allowed_ips);
    ensure!(one.activity == Activity::default(), "it has done something: {:?}", one.activity);
    said("a peer comes with its secret and addresses, and has done nothing")
}

async fn a_peer_is_changed_in_place(device: &Device, key: &PrivateKey) -> anyhow::Result<()> {
    let (mut one, other) = (peer(0), peer(1));
    let client = shake_hands(&secret(0), *one.preshared_key.bytes(), key.public())?;
    let began = Instant::now();
    let before = loop {
        let activity = of(&one, &found(device).await?)?.activity;
        if activity.handshake_at.is_some() && activity.rx > 0 {
            break activity;
        }
        ensure!(began.elapsed() < Duration::from_secs(20), "the handshake is not told: {activity:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    ensure!(before.has_endpoint && before.tx > 0, "{before:?}");
    let ago = now() - before.handshake_at.unwrap_or_default();
    ensure!((-2_000..30_000).contains(&ago), "it shook hands {ago} ms ago");

    one.preshared_key = PresharedKey::from_bytes([11; 32]);
    one.address = peer(500).address;
    bring(device, &[one, other]).await?;
    ensure!(is_same(of(&peer(0), &found(device).await?)?.activity, before), "its session is another");
    drop(client);
    said("a peer that is changed keeps its session, counters and place")
}

async fn another_agent_finds_all_as_it_is(device: &Device, key: &PrivateKey, interface: &str) -> anyhow::Result<()> {
    let again = match device {
        Device::Kernel(_) => Device::Kernel(Kernel::open(interface).await?),
        Device::Uapi(uapi) => Device::Uapi(uapi.clone()),
        // These go with their process.
        Device::Embedded(_) | Device::Fake(_) => return Ok(()),
    };
    let before = found(device).await?;
    again.set_up(key, PORT).await?;
    let after = found(&again).await?;
    ensure!(after.len() == before.len(), "{} peers of {}", after.len(), before.len());
    ensure!(is_same(of(&peer(0), &after)?.activity, of(&peer(0), &before)?.activity), "its session is another");
    said("an agent that starts again finds all peers, with their sessions")
}

async fn a_silenced_peer_keeps_its_session(device: &Device) -> anyhow::Result<()> {
    let one = peer(0);
    let before = of(&one, &found(device).await?)?.activity;
    take(device, &[PeerOp::Silence { key: one.key.bytes() }]).await?;
    let found = found(device).await?;
    let silent = of(&one, &found)?;
    ensure!(silent.allowed_ips.is_empty(), "it still has {:?}", silent.allowed_ips);
    ensure!(is_same(silent.activity, before), "its session is another");
    ensure!(of(&peer(1), &found)?.allowed_ips.len() == 2, "another lost its networks");
    bring(device, &[one, peer(1)]).await?;
    said("a silenced peer gets nothing, keeps its session, and can speak again")
}

async fn who_comes_back_is_new(device: &Device) -> anyhow::Result<()> {
    let wanted = [peer(0), peer(1)];
    let key = wanted[0].key.bytes();
    take(device, &[PeerOp::Remove { key }]).await?;
    ensure!(found(device).await?.len() == 1, "it is still there");
    take(device, &[PeerOp::Remove { key }, upsert(&wanted[0], wanted[0].allowed_ips())]).await?;
    ensure!(of(&wanted[0], &found(device).await?)?.activity == Activity::default(), "it is the old one");
    said("a removed peer is gone with its session")
}

async fn who_is_not_there_is_neither_silenced_nor_removed(device: &Device) -> anyhow::Result<()> {
    let key = peer(77).key.bytes();
    take(device, &[PeerOp::Silence { key }, PeerOp::Remove { key }]).await?;
    take(device, &[PeerOp::Silence { key }]).await?;
    ensure!(found(device).await?.len() == 2, "it was added");
    said("nothing happens to a peer that is not there")
}

async fn two_swap_their_addresses(device: &Device) -> anyhow::Result<()> {
    let (mut one, mut other) = (peer(0), peer(1));
    std::mem::swap(&mut one.address, &mut other.address);
    bring(device, &[one, other]).await?;
    said("two peers swap their addresses")
}

async fn one_with_many_networks_is_one(device: &Device) -> anyhow::Result<()> {
    let one = peer(5);
    let networks = networks(1_500);
    take(device, &[upsert(&one, networks.clone())]).await?;
    let found = found(device).await?;
    ensure!(found.len() == 3, "{} peers of 3", found.len());
    ensure!(sorted(of(&one, &found)?) == to_sorted(networks), "its networks are others");
    take(device, &[PeerOp::Remove { key: one.key.bytes() }]).await?;
    said("a peer with more networks than one part of a dump holds is one")
}

async fn what_is_refused_holds_up_nobody(device: &Device) -> anyhow::Result<()> {
    let (first, large, last) = (peer(6), peer(7), peer(8));
    let networks = networks(4_000);
    let ops = [
        upsert(&first, first.allowed_ips()),
        upsert(&large, networks.clone()),
        upsert(&last, last.allowed_ips()),
        PeerOp::Remove { key: peer(0).key.bytes() },
    ];
    let failed = device.apply(&ops).await?;
    let there = found(device).await?;
    let refused: Vec<_> = failed.iter().map(|(key, _)| *key).collect();
    match of(&large, &there) {
        Ok(found) => ensure!(refused.is_empty() && sorted(found) == to_sorted(networks), "half of it: {refused:?}"),
        Err(_) => ensure!(refused == [large.key.bytes()], "{failed:?}"),
    }
    ensure!(of(&first, &there).is_ok() && of(&last, &there).is_ok(), "the others are not there");
    ensure!(of(&peer(0), &there).is_err(), "who was to go is there");
    said(if refused.is_empty() {
        "this device refuses nothing"
    } else {
        "what is refused is told, and the others are done"
    })
}

async fn thousands_come_and_go(device: &Device) -> anyhow::Result<()> {
    let wanted: Vec<_> = (10..10 + MANY).map(peer).collect();
    bring(device, &wanted).await?;
    ensure!(diff(&wanted, &found(device).await?).is_empty(), "a dump differs from the one before");
    for one in &wanted {
        take(device, &[PeerOp::Remove { key: one.key.bytes() }]).await?;
    }
    ensure!(found(device).await?.is_empty(), "some are left");
    said("thousands of peers come at once, and go one by one")
}

/// Devices that say how long ago something was are off by the time that passes while they say it.
fn is_same(one: Activity, other: Activity) -> bool {
    let between = one.handshake_at.zip(other.handshake_at).map_or(i64::MAX, |(one, other)| (one - other).abs());
    between < 1_000 && one.has_endpoint == other.has_endpoint && one.rx >= other.rx && one.tx >= other.tx
}

fn networks(count: u32) -> Vec<IpNet> {
    (20_000..20_000 + count).map(|n| std::net::IpAddr::from(peer(n).address.0).into()).collect()
}

fn sorted(found: &FoundPeer) -> Vec<IpNet> {
    to_sorted(found.allowed_ips.clone())
}

fn to_sorted(mut networks: Vec<IpNet>) -> Vec<IpNet> {
    networks.sort();
    networks
}

fn said(line: &str) -> anyhow::Result<()> {
    say(&format!("ok: {line}"));
    Ok(())
}

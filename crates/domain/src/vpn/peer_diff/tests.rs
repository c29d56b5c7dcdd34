use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::vpn::key::PrivateKey;

/// Peers in the tests are numbers into this list: making a key is slow without optimisation.
static KEYS: LazyLock<Vec<PublicKey>> =
    LazyLock::new(|| (1..=12).map(|n| PrivateKey::from_random([n; 32]).public()).collect());

fn wanted(peer: usize, secret: u8, address: u8) -> WantedPeer {
    WantedPeer {
        key: KEYS[peer],
        preshared_key: PresharedKey::from_bytes([secret; 32]),
        address: (Ipv4Addr::new(10, 64, 0, address), Ipv6Addr::from_bits((0xfd << 120) + u128::from(address))),
        is_resting: false,
    }
}

fn found(peer: usize, secret: u8, networks: &[&str]) -> FoundPeer {
    FoundPeer {
        key: KEYS[peer].bytes(),
        preshared_key: PresharedKey::from_bytes([secret; 32]),
        allowed_ips: networks.iter().map(|network| network.parse().unwrap()).collect(),
        activity: Activity::default(),
    }
}

/// `-3` for a removal of peer 3, `+3 10.64.0.2/32 …` for an upsert.
fn shown(ops: &[PeerOp<'_>]) -> Vec<String> {
    let number = |key: [u8; 32]| KEYS.iter().position(|known| known.bytes() == key).map_or(99, |n| n);
    let line = |op: &PeerOp<'_>| match op {
        PeerOp::Remove { key } => format!("-{}", number(*key)),
        PeerOp::Silence { key } => format!("/{}", number(*key)),
        PeerOp::Upsert { key, allowed_ips, .. } => {
            let networks: Vec<String> = allowed_ips.iter().map(ToString::to_string).collect();
            format!("+{} {}", number(key.bytes()), networks.join(" ")).trim_end().to_owned()
        }
    };
    ops.iter().map(line).collect()
}

#[track_caller]
fn check(wanted: &[WantedPeer], found: &[FoundPeer], expected: &[&str]) {
    assert_eq!(shown(&diff(wanted, found)), expected);
}

const TWO: [&str; 2] = ["10.64.0.2/32", "fd00::2/128"];
const THREE: [&str; 2] = ["10.64.0.3/32", "fd00::3/128"];

#[test]
fn nothing_differs_nothing_happens() {
    check(&[], &[], &[]);
    check(&[wanted(0, 1, 2)], &[found(0, 1, &TWO)], &[]);
    check(&[wanted(0, 1, 2)], &[found(0, 1, &["fd00::2/128", "10.64.0.2/32"])], &[]);
}

#[test]
fn a_peer_that_rests_keeps_its_place_and_its_addresses_are_nobody_elses() {
    let resting = || WantedPeer { is_resting: true, ..wanted(0, 1, 2) };
    check(&[resting()], &[found(0, 1, &TWO)], &["+0"]);
    check(&[resting()], &[found(0, 1, &[])], &[]);
    check(&[wanted(0, 1, 2)], &[found(0, 1, &[])], &["+0 10.64.0.2/32 fd00::2/128"]);
    check(&[resting(), wanted(1, 1, 2)], &[found(0, 1, &[])], &[]);
}

#[test]
fn what_differs_is_changed_in_place() {
    let step = ["+0 10.64.0.2/32 fd00::2/128"];
    check(&[wanted(0, 1, 2)], &[], &step);
    check(&[wanted(0, 1, 2)], &[found(0, 9, &TWO)], &step);
    check(&[wanted(0, 1, 2)], &[found(0, 1, &[])], &step);
    check(&[wanted(0, 1, 2)], &[found(0, 1, &["10.64.0.2/32"])], &step);
    check(&[wanted(0, 1, 2)], &[found(0, 1, &["10.64.0.0/24", "fd00::2/128"])], &step);
    check(&[wanted(0, 1, 2)], &[found(0, 1, &["10.64.0.2/32", "fd00::2/128", "0.0.0.0/0"])], &step);
}

#[test]
fn who_is_not_wanted_goes_first() {
    check(&[], &[found(0, 1, &TWO), found(1, 1, &[])], &["-0", "-1"]);
    // A new key for the same device: its address is free before the new peer gets it.
    check(&[wanted(1, 1, 2)], &[found(0, 1, &TWO)], &["-0", "+1 10.64.0.2/32 fd00::2/128"]);
    // A peer put there by hand, with a key that belongs to nobody.
    let stranger = FoundPeer { key: [0; 32], ..found(0, 0, &["0.0.0.0/0"]) };
    check(&[wanted(0, 1, 2)], &[found(0, 1, &TWO), stranger], &["-99"]);
}

#[test]
fn an_address_leaves_the_one_before_the_other_gets_it() {
    let swapped = ["+0", "+1", "+0 10.64.0.3/32 fd00::3/128", "+1 10.64.0.2/32 fd00::2/128"];
    check(&[wanted(0, 1, 3), wanted(1, 1, 2)], &[found(0, 1, &TWO), found(1, 1, &THREE)], &swapped);
    let moved = ["+1", "+0 10.64.0.3/32 fd00::3/128", "+1 10.64.0.4/32 fd00::4/128"];
    check(&[wanted(0, 1, 3), wanted(1, 1, 4)], &[found(0, 1, &TWO), found(1, 1, &THREE)], &moved);
    let taken_back = ["+1", "+0 10.64.0.2/32 fd00::2/128", "+1 10.64.0.3/32 fd00::3/128"];
    let both = ["10.64.0.3/32", "fd00::3/128", "fd00::2/128"];
    check(&[wanted(0, 1, 2), wanted(1, 1, 3)], &[found(0, 1, &["10.64.0.2/32"]), found(1, 1, &both)], &taken_back);
}

#[test]
fn the_first_of_two_that_want_the_same_has_it() {
    let twice = [wanted(0, 1, 2), wanted(0, 2, 3), wanted(1, 1, 2)];
    check(&twice, &[found(0, 1, &TWO), found(1, 1, &[])], &["-1"]);
}

/// Key, to secret and networks.
type Device = BTreeMap<[u8; 32], ([u8; 32], BTreeSet<IpNet>)>;

/// Does the steps as a device does, and refuses what the rule promises not to do.
fn apply(device: &mut Device, ops: &[PeerOp<'_>]) -> Result<(), TestCaseError> {
    let (mut removed, mut adding) = (BTreeSet::new(), false);
    for op in ops {
        match op {
            PeerOp::Remove { key } => {
                prop_assert!(!adding, "removals come first");
                prop_assert!(device.remove(key).is_some());
                removed.insert(*key);
            }
            PeerOp::Upsert { key, preshared_key, allowed_ips } => {
                adding = true;
                prop_assert!(!removed.contains(&key.bytes()), "removed and added again");
                for network in allowed_ips {
                    let holder = device.iter().find(|(_, (_, held))| held.contains(network));
                    prop_assert!(holder.is_none_or(|(holder, _)| *holder == key.bytes()), "{} is still held", network);
                }
                device.insert(key.bytes(), (*preshared_key.bytes(), allowed_ips.iter().copied().collect()));
            }
            PeerOp::Silence { .. } => prop_assert!(false, "a peer goes at once when the whole is compared"),
        }
    }
    Ok(())
}

fn dump(device: &Device) -> Vec<FoundPeer> {
    let peer = |(key, (secret, networks)): (&[u8; 32], &([u8; 32], BTreeSet<IpNet>))| FoundPeer {
        key: *key,
        preshared_key: PresharedKey::from_bytes(*secret),
        allowed_ips: networks.iter().copied().collect(),
        activity: Activity::default(),
    };
    device.iter().map(peer).collect()
}

fn any_wanted() -> impl Strategy<Value = Vec<WantedPeer>> {
    let peer = (0..12_usize, 0..2_u8, 2..14_u8, any::<bool>())
        .prop_map(|(peer, secret, address, is_resting)| WantedPeer { is_resting, ..wanted(peer, secret, address) });
    proptest::collection::vec(peer, 0..14)
}

/// Who holds each address, and the secrets; some networks are odd, and each belongs to one peer at most.
fn any_device() -> impl Strategy<Value = Device> {
    let secrets = proptest::collection::vec(proptest::option::of(0..2_u8), 12);
    let holders = proptest::collection::vec((2..14_u8, 0..3_u8, 0..12_usize), 0..30);
    (secrets, holders).prop_map(|(secrets, holders)| {
        let mut device: Device = BTreeMap::new();
        for (peer, secret) in secrets.into_iter().enumerate() {
            if let Some(secret) = secret {
                device.insert(KEYS[peer].bytes(), ([secret; 32], BTreeSet::new()));
            }
        }
        for (address, kind, peer) in holders {
            let [v4, v6] = wanted(0, 0, address).networks();
            let network = [v4, v6, IpNet::new(v4.addr(), 28).unwrap().trunc()][usize::from(kind)];
            if device.values().all(|(_, held)| !held.contains(&network))
                && let Some((_, held)) = device.get_mut(&KEYS[peer].bytes())
            {
                held.insert(network);
            }
        }
        device
    })
}

proptest! {
    #[test]
    fn the_steps_lead_to_what_is_wanted_and_then_there_are_none(wanted in any_wanted(), mut device in any_device()) {
        let before = device.clone();
        let ops = diff(&wanted, &dump(&before));
        apply(&mut device, &ops)?;

        let (mut expected, mut taken) = (Device::new(), BTreeSet::new());
        for peer in &wanted {
            let networks = peer.networks();
            if !expected.contains_key(&peer.key.bytes()) && networks.iter().all(|network| !taken.contains(network)) {
                taken.extend(networks);
                expected.insert(peer.key.bytes(), (*peer.preshared_key.bytes(), peer.allowed_ips().into_iter().collect()));
            }
        }
        prop_assert_eq!(&device, &expected);
        prop_assert!(diff(&wanted, &dump(&device)).is_empty(), "a second look finds nothing");
        for op in &ops {
            let key = match op {
                PeerOp::Remove { key } | PeerOp::Silence { key } => *key,
                PeerOp::Upsert { key, .. } => key.bytes(),
            };
            prop_assert_ne!(before.get(&key), expected.get(&key), "an unchanged peer is left alone");
        }
    }
}

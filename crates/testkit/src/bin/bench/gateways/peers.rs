//! Peers that are made up, and the folder of an agent that has kept them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use domain::vpn::key::{PresharedKey, PrivateKey};
use gateway::{Identity, Kept};

use super::client::Wish;

/// For how long the peers are good, in milliseconds.
const HOUR: i64 = 3_600_000;

/// The key of the gateway.
pub(super) fn own() -> PrivateKey {
    PrivateKey::from_random([3; 32])
}

fn seed(n: u32) -> [u8; 32] {
    let mut bytes = [5; 32];
    // Not the first byte: a key has no use for its lowest bits.
    bytes[4..8].copy_from_slice(&n.to_le_bytes());
    bytes
}

fn address(n: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(10, 64, 0, 2).to_bits() + n)
}

/// The client of peer `n`.
pub(super) fn client(n: u32) -> Wish {
    Wish {
        private_key: PrivateKey::from_random(seed(n)).expose().to_string(),
        address: address(n),
        server: own().public(),
        preshared_key: PresharedKey::from_bytes(seed(n)).expose().to_string(),
    }
}

/// The public key of peer `n`.
pub(super) fn public_key(n: u32) -> String {
    PrivateKey::from_random(seed(n)).public().to_string()
}

/// The folder of an agent that has so many peers, and whose control plane is away.
pub(super) fn keep(folder: &Path, count: u32) -> anyhow::Result<()> {
    let identity = Identity {
        control: "http://127.0.0.1:9".to_owned(),
        server_id: uuid::Uuid::nil(),
        name: "here-1".to_owned(),
        private_key: own().expose().to_string(),
        credential: String::new(),
        address_v4: ([10, 64, 0, 1].into(), 10),
        address_v6: ("fd09::1".parse()?, 64),
        credential_since: 0,
        next_credential: None,
        generation: 0,
    };
    let now = app::Clock::System.now();
    let peer = |n: u32| api::gateway::Peer {
        public_key: public_key(n),
        preshared_key: PresharedKey::from_bytes(seed(n)).expose().to_string(),
        v4: address(n),
        v6: Ipv6Addr::from_bits(Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, 2).to_bits() + u128::from(n)),
        valid_until: now + HOUR,
        grant: None,
        speed_mbit: None,
        is_probe: false,
    };
    let kept = Kept { revision: 1, whole_at: now, peers: (0..count).map(peer).collect() };
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("identity.json"), serde_json::to_vec(&identity)?)?;
    std::fs::write(folder.join("peers.json"), serde_json::to_vec(&kept)?)?;
    Ok(())
}

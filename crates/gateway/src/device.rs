//! The WireGuard device of a gateway, whatever does its work.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{FoundPeer, PeerOp};
use ipnet::IpNet;

use crate::embedded::Embedded;
use crate::uapi::Uapi;

/// Why a device did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// It can't be spoken with.
    #[error("the WireGuard device {0} can't be reached: {1}")]
    Away(String, std::io::Error),
    /// It refuses, by its own number.
    #[error("the WireGuard device refuses: errno {0}")]
    Refused(i64),
    /// The interface can't be made.
    #[error("the interface {0} can't be made: {1} (this needs CAP_NET_ADMIN and /dev/net/tun: `modprobe tun`)")]
    Tun(String, std::io::Error),
    /// The one in this process refuses.
    #[error("the embedded WireGuard device refuses: {0}")]
    Embedded(String),
    /// The one in this process has stopped for good.
    #[error("the embedded WireGuard device {0} has stopped: start the gateway again")]
    Stopped(String),
    /// It says what can't be understood.
    #[error("the WireGuard device says `{0}`")]
    Nonsense(String),
}

/// A step that failed: the peer's key, and why.
pub(crate) type Failed = ([u8; 32], DeviceError);

/// A device.
#[derive(Debug, Clone)]
pub enum Device {
    /// In this process.
    Embedded(Embedded),
    /// Another program's, through its socket.
    Uapi(Uapi),
    /// None: peers are only noted. For `mirai dev` and tests.
    Fake(FakeDevice),
}

impl Device {
    /// Gives the device its own key and port; its peers stay.
    pub async fn set_up(&self, key: &PrivateKey, port: u16) -> Result<(), DeviceError> {
        match self {
            Device::Embedded(embedded) => embedded.set_up(key, port).await,
            Device::Uapi(uapi) => uapi.set_up(key, port).await,
            Device::Fake(_) => Ok(()),
        }
    }

    /// An error once the device has stopped for good.
    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        match self {
            Device::Embedded(embedded) => embedded.check(),
            Device::Uapi(_) | Device::Fake(_) => Ok(()),
        }
    }

    /// All peers.
    pub async fn dump(&self) -> Result<Vec<FoundPeer>, DeviceError> {
        match self {
            Device::Embedded(embedded) => embedded.dump().await,
            Device::Uapi(uapi) => uapi.dump().await,
            Device::Fake(fake) => Ok(fake.dump()),
        }
    }

    /// Takes the steps in their order, and returns those that failed: the others are done.
    pub(crate) async fn apply(&self, ops: &[PeerOp<'_>]) -> Result<Vec<Failed>, DeviceError> {
        match self {
            Device::Embedded(embedded) => embedded.apply(ops).await,
            Device::Uapi(uapi) => uapi.apply(ops).await,
            Device::Fake(fake) => Ok(fake.apply(ops)),
        }
    }
}

/// A device that carries nothing.
#[derive(Debug, Clone, Default)]
pub struct FakeDevice(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    peers: HashMap<[u8; 32], FakePeer>,
    came: u64,
    refused: HashSet<[u8; 32]>,
}

#[derive(Debug)]
struct FakePeer {
    preshared_key: [u8; 32],
    allowed_ips: Vec<IpNet>,
    came_as: u64,
}

impl FakeDevice {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a peer came, counted over all peers that ever came; `None` if it is not there. The same number means that the
    /// peer has never been away since.
    pub fn came_as(&self, key: &[u8; 32]) -> Option<u64> {
        self.noted().peers.get(key).map(|peer| peer.came_as)
    }

    /// How many peers there are.
    pub fn len(&self) -> usize {
        self.noted().peers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses this peer from now on.
    pub fn refuse(&self, key: [u8; 32]) {
        self.noted().refused.insert(key);
    }

    fn dump(&self) -> Vec<FoundPeer> {
        let found = |(key, peer): (&[u8; 32], &FakePeer)| FoundPeer {
            key: *key,
            preshared_key: PresharedKey::from_bytes(peer.preshared_key),
            allowed_ips: peer.allowed_ips.clone(),
        };
        self.noted().peers.iter().map(found).collect()
    }

    fn apply(&self, ops: &[PeerOp<'_>]) -> Vec<Failed> {
        let mut noted = self.noted();
        let mut failed = Vec::new();
        for op in ops {
            match op {
                PeerOp::Remove { key } => drop(noted.peers.remove(key)),
                PeerOp::Upsert { key, .. } if noted.refused.contains(&key.bytes()) => {
                    failed.push((key.bytes(), DeviceError::Refused(-22)));
                }
                PeerOp::Upsert { key, preshared_key, allowed_ips } => {
                    let next = noted.came + 1;
                    let came_as = noted.peers.get(&key.bytes()).map_or(next, |peer| peer.came_as);
                    noted.came = noted.came.max(came_as);
                    let preshared_key = *preshared_key.bytes();
                    let peer = FakePeer { preshared_key, allowed_ips: allowed_ips.clone(), came_as };
                    noted.peers.insert(key.bytes(), peer);
                }
            }
        }
        failed
    }
}

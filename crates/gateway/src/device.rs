//! The WireGuard device of a gateway, whatever does its work.

use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::time::UnixMs;
use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{Activity, FoundPeer, PeerOp};
use ipnet::IpNet;

use crate::embedded::Embedded;
use crate::kernel::Kernel;
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
    /// It has stopped for good: its interface was taken away, or, in this process, its port.
    #[error("the WireGuard device {0} has stopped: start the gateway again")]
    Stopped(String),
    /// There is no WireGuard in this kernel.
    #[error("the kernel has no WireGuard for {0}: type `modprobe wireguard`, or run with `--driver embedded`")]
    NoKernelWireGuard(String),
    /// The right is missing.
    #[error("the interface {0} can't be changed: this needs CAP_NET_ADMIN (run as root, or under the systemd unit)")]
    NotAllowed(String),
    /// The name belongs to something else.
    #[error("the interface {0} is there and is not the kernel's WireGuard: choose another --interface or --driver")]
    Taken(String),
    /// The kernel refuses.
    #[error("the kernel's WireGuard refuses on {0}: {1}")]
    Kernel(String, std::io::Error),
    /// It says what can't be understood.
    #[error("the WireGuard device says `{0}`")]
    Nonsense(String),
}

impl DeviceError {
    /// What the kernel's answer on this interface means.
    pub(crate) fn of_kernel(interface: &str, error: std::io::Error) -> DeviceError {
        // Of interfaces, and of their kinds.
        const ENODEV: i32 = 19;
        const EOPNOTSUPP: i32 = 95;
        let interface = interface.to_owned();
        match (error.raw_os_error(), error.kind()) {
            (Some(EOPNOTSUPP), _) | (_, ErrorKind::NotFound) => DeviceError::NoKernelWireGuard(interface),
            (_, ErrorKind::PermissionDenied) => DeviceError::NotAllowed(interface),
            (Some(ENODEV), _) => DeviceError::Stopped(interface),
            _ => DeviceError::Kernel(interface, error),
        }
    }
}

/// A step that failed: the peer's key, and why.
pub type Failed = ([u8; 32], DeviceError);

/// A device.
#[derive(Debug, Clone)]
pub enum Device {
    /// The kernel's.
    Kernel(Kernel),
    /// In this process.
    Embedded(Embedded),
    /// Another program's, through its socket.
    Uapi(Uapi),
    /// None: peers are only noted. For `mirai dev` and tests.
    Fake(FakeDevice),
}

impl Device {
    /// What carries the traffic, as `--driver` names it.
    pub fn driver(&self) -> &'static str {
        match self {
            Device::Kernel(_) => "kernel",
            Device::Embedded(_) => "embedded",
            Device::Uapi(_) => "uapi",
            Device::Fake(_) => "fake",
        }
    }

    /// Gives the device its own key and port; its peers stay.
    pub async fn set_up(&self, key: &PrivateKey, port: u16) -> Result<(), DeviceError> {
        match self {
            Device::Kernel(kernel) => kernel.set_up(key, port).await,
            Device::Embedded(embedded) => embedded.set_up(key, port).await,
            Device::Uapi(uapi) => uapi.set_up(key, port).await,
            Device::Fake(_) => Ok(()),
        }
    }

    /// An error once the device has stopped for good.
    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        match self {
            Device::Embedded(embedded) => embedded.check(),
            Device::Kernel(_) | Device::Uapi(_) | Device::Fake(_) => Ok(()),
        }
    }

    /// All peers, with what they have carried; `now` is for devices that tell how long ago something was.
    pub async fn dump(&self, now: UnixMs) -> Result<Vec<FoundPeer>, DeviceError> {
        match self {
            Device::Kernel(kernel) => kernel.dump().await,
            Device::Embedded(embedded) => embedded.dump(now).await,
            Device::Uapi(uapi) => uapi.dump().await,
            Device::Fake(fake) => Ok(fake.dump()),
        }
    }

    /// Takes the steps, each peer's in their order, and returns those that failed: the others are done.
    pub async fn apply(&self, ops: &[PeerOp<'_>]) -> Result<Vec<Failed>, DeviceError> {
        match self {
            Device::Kernel(kernel) => kernel.apply(ops).await,
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
    activity: Activity,
}

impl FakeDevice {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a peer came, counted over all peers that ever came; `None` if it is not there, or gets and gives nothing. The
    /// same number means that the peer has never been away since.
    pub fn came_as(&self, key: &[u8; 32]) -> Option<u64> {
        self.noted().peers.get(key).filter(|peer| !peer.allowed_ips.is_empty()).map(|peer| peer.came_as)
    }

    /// What a peer has carried since it came.
    pub fn activity(&self, key: &[u8; 32]) -> Option<Activity> {
        self.noted().peers.get(key).map(|peer| peer.activity)
    }

    /// A peer shakes hands at this time and carries so many bytes from and to its client, if it is there and may; whether
    /// it did.
    pub fn carry(&self, key: &[u8; 32], at: UnixMs, (rx, tx): (u64, u64)) -> bool {
        let mut noted = self.noted();
        let peer = noted.peers.get_mut(key).filter(|peer| !peer.allowed_ips.is_empty());
        peer.map(|peer| {
            let Activity { rx: before, tx: until, .. } = peer.activity;
            peer.activity = Activity { rx: before + rx, tx: until + tx, handshake_at: Some(at), has_endpoint: true };
        })
        .is_some()
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
            activity: peer.activity,
        };
        self.noted().peers.iter().map(found).collect()
    }

    fn apply(&self, ops: &[PeerOp<'_>]) -> Vec<Failed> {
        let mut noted = self.noted();
        let mut failed = Vec::new();
        for op in ops {
            match op {
                PeerOp::Remove { key } => drop(noted.peers.remove(key)),
                PeerOp::Silence { key } => {
                    if let Some(peer) = noted.peers.get_mut(key) {
                        peer.allowed_ips.clear();
                    }
                }
                PeerOp::Upsert { key, .. } if noted.refused.contains(&key.bytes()) => {
                    failed.push((key.bytes(), DeviceError::Refused(-22)));
                }
                PeerOp::Upsert { key, preshared_key, allowed_ips } => {
                    let next = noted.came + 1;
                    let known = noted.peers.get(&key.bytes()).map(|peer| (peer.came_as, peer.activity));
                    let (came_as, activity) = known.unwrap_or((next, Activity::default()));
                    noted.came = noted.came.max(came_as);
                    let preshared_key = *preshared_key.bytes();
                    let peer = FakePeer { preshared_key, allowed_ips: allowed_ips.clone(), came_as, activity };
                    noted.peers.insert(key.bytes(), peer);
                }
            }
        }
        failed
    }
}

//! WireGuard in this process: gotatun's protocol, between a UDP socket and a TUN device that both take and give many
//! packets at a time (segmentation offload), which is where a userspace gateway spends its time.

mod tun;
mod udp;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use domain::time::UnixMs;
use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{Activity, FoundPeer, PeerOp};
use futures_util::FutureExt as _;
use gotatun::device::configure::DeviceWrite;
use gotatun::device::{Device, DeviceBuilder, DeviceTransports, Peer};
use gotatun::x25519::{PublicKey, StaticSecret};
use ipnet::IpNet;
use ipnetwork::IpNetwork;
use tokio::sync::Mutex;
use tun_rs::AsyncDevice;

use self::tun::{TunReader, TunWriter};
use self::udp::Port;
use crate::device::{DeviceError, Failed};

/// What fits through the tunnel on an outer path of 1500 bytes: less the outer IPv6 header (40), UDP (8) and WireGuard (32).
const MTU: u16 = 1420;
/// Steps under one lock of the device: packets wait meanwhile, and a key costs about 0.1 ms.
const BATCH: usize = 32;

type Gotatun = Device<(Port, TunWriter, TunReader)>;

/// A device in this process.
#[derive(Clone)]
pub struct Embedded {
    interface: String,
    tun: Arc<AsyncDevice>,
    /// None before [`Embedded::set_up`].
    device: Arc<Mutex<Option<Gotatun>>>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedded({})", self.interface)
    }
}

impl Embedded {
    /// Makes the interface; it goes with this process. Needs `CAP_NET_ADMIN` and `/dev/net/tun`.
    pub fn open(interface: &str) -> Result<Embedded, DeviceError> {
        let made = tun_rs::DeviceBuilder::new().name(interface).mtu(MTU).offload(true).enable(true).build_async();
        let tun = made.map_err(|error| DeviceError::Tun(interface.to_owned(), error))?;
        Ok(Embedded { interface: interface.to_owned(), tun: Arc::new(tun), device: Arc::default() })
    }

    /// Begins to carry traffic. The interface has to be up: gotatun gives up on one that is not.
    pub(crate) async fn set_up(&self, key: &PrivateKey, port: u16) -> Result<(), DeviceError> {
        self.build(key, port, None).await
    }

    /// Begins to be a client: all IPv4 goes to this gateway. For what measures gateways; they themselves never dial.
    pub async fn dial(
        &self,
        key: &PrivateKey,
        (server, preshared_key): (&domain::vpn::key::PublicKey, &PresharedKey),
        endpoint: SocketAddr,
    ) -> Result<(), DeviceError> {
        let server = Peer::new(PublicKey::from(server.bytes()))
            .with_preshared_key(*preshared_key.bytes())
            .with_endpoint(endpoint)
            .with_allowed_ips(to_ipnetwork(&IpNet::default()));
        self.build(key, 0, Some(server)).await
    }

    async fn build(&self, key: &PrivateKey, port: u16, peer: Option<Peer>) -> Result<(), DeviceError> {
        let mut device = self.device.lock().await;
        let is_empty = peer.is_none();
        let built = DeviceBuilder::new()
            .with_udp(Port)
            .with_ip_pair(TunWriter::new(Arc::clone(&self.tun)), TunReader::new(Arc::clone(&self.tun)))
            .with_private_key(StaticSecret::from(*key.bytes()))
            .with_listen_port(port)
            .with_peers(peer)
            .build()
            .await
            .map_err(embedded)?;
        if is_empty {
            // Built without peers it opens no socket, and does not open one when they come either; this does.
            built.clear_peers().await.map_err(embedded)?;
        }
        *device = Some(built);
        Ok(())
    }

    /// An error once the device has stopped for good.
    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        // One that is at work has not stopped.
        let Ok(mut device) = self.device.try_lock() else { return Ok(()) };
        let has_stopped = device.as_mut().is_some_and(|device| device.wait().now_or_never().is_some());
        if has_stopped { Err(DeviceError::Stopped(self.interface.clone())) } else { Ok(()) }
    }

    pub(crate) async fn dump(&self, now: UnixMs) -> Result<Vec<FoundPeer>, DeviceError> {
        let device = self.device.lock().await;
        let device = device.as_ref().ok_or_else(|| DeviceError::Stopped(self.interface.clone()))?;
        let found = |stats: gotatun::device::configure::PeerStats| FoundPeer {
            key: stats.peer.public_key.to_bytes(),
            preshared_key: PresharedKey::from_bytes(stats.peer.preshared_key.unwrap_or_default()),
            allowed_ips: stats.peer.allowed_ips.iter().filter_map(to_ipnet).collect(),
            activity: Activity {
                rx: stats.stats.rx_bytes as u64,
                tx: stats.stats.tx_bytes as u64,
                handshake_at: stats.stats.last_handshake.map(|ago| now - i64::try_from(ago.as_millis()).unwrap_or(0)),
                has_endpoint: stats.peer.endpoint.is_some(),
            },
        };
        Ok(device.peers().await.into_iter().map(found).collect())
    }

    pub(crate) async fn apply(&self, ops: &[PeerOp<'_>]) -> Result<Vec<Failed>, DeviceError> {
        let device = self.device.lock().await;
        let device = device.as_ref().ok_or_else(|| DeviceError::Stopped(self.interface.clone()))?;
        for batch in ops.chunks(BATCH) {
            let step = async |device: &mut DeviceWrite<'_, _>| {
                for op in batch {
                    take(device, op).await;
                }
            };
            device.write(step).await.map_err(embedded)?;
        }
        Ok(Vec::new())
    }
}

/// One step. There is nothing in it that the device could refuse.
async fn take<T: DeviceTransports>(device: &mut DeviceWrite<'_, T>, op: &PeerOp<'_>) {
    match op {
        PeerOp::Remove { key } => {
            device.remove_peer(&PublicKey::from(*key)).await;
        }
        PeerOp::Silence { key } => {
            device.modify_peer(&PublicKey::from(*key), |peer| peer.clear_allowed_ips()).await;
        }
        PeerOp::Upsert { key, preshared_key, allowed_ips } => {
            let key = PublicKey::from(key.bytes());
            let networks: Vec<IpNetwork> = allowed_ips.iter().filter_map(to_ipnetwork).collect();
            let is_known = device
                .modify_peer(&key, |peer| {
                    peer.set_preshared_key(Some(*preshared_key.bytes()));
                    peer.clear_allowed_ips();
                    peer.add_allowed_ips(networks.iter().copied());
                })
                .await;
            if !is_known {
                let peer = Peer::new(key).with_preshared_key(*preshared_key.bytes()).with_allowed_ips(networks);
                device.add_peer(peer);
            }
        }
    }
}

fn embedded(error: gotatun::device::Error) -> DeviceError {
    DeviceError::Embedded(error.to_string())
}

fn to_ipnetwork(network: &IpNet) -> Option<IpNetwork> {
    IpNetwork::new(network.addr(), network.prefix_len()).ok()
}

fn to_ipnet(network: &IpNetwork) -> Option<IpNet> {
    IpNet::new(network.ip(), network.prefix()).ok()
}

//! WireGuard in this process: gotatun's protocol, between its UDP socket and a TUN device that takes and gives many packets
//! at a time (segmentation offload), which is where a userspace gateway spends its time.

use std::fmt;
use std::io;
use std::sync::Arc;

use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{FoundPeer, PeerOp};
use futures_util::FutureExt as _;
use gotatun::device::configure::DeviceWrite;
use gotatun::device::{Device, DeviceBuilder, DeviceTransports, Peer};
use gotatun::packet::{Ip, Packet, PacketBufPool};
use gotatun::tun::{IpRecv, IpSend, MtuWatcher};
use gotatun::udp::socket::UdpSocketFactory;
use gotatun::x25519::{PublicKey, StaticSecret};
use ipnet::IpNet;
use ipnetwork::IpNetwork;
use tokio::sync::{Mutex, mpsc};
use tun_rs::{AsyncDevice, GROTable, VIRTIO_NET_HDR_LEN};

use crate::device::{DeviceError, Failed};

/// What fits through the tunnel on an outer path of 1500 bytes: less the outer IPv6 header (40), UDP (8) and WireGuard (32).
const MTU: u16 = 1420;
/// The longest packet that the kernel hands over, or takes, in one piece.
const LARGEST: usize = 65_535;
/// Packets that one read may be cut into: the longest one, in pieces of the smallest MTU that a device may choose.
const PIECES: usize = 64;
/// Packets that one write may join.
const JOINED: usize = 64;
/// Packets that wait to be written.
const WAITING: usize = 512;
/// Steps under one lock of the device: packets wait meanwhile, and a key costs about 0.1 ms.
const BATCH: usize = 32;

type Gotatun = Device<(UdpSocketFactory, TunWriter, TunReader)>;

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
        let mut device = self.device.lock().await;
        let built = DeviceBuilder::new()
            .with_default_udp()
            .with_ip_pair(TunWriter::new(Arc::clone(&self.tun)), TunReader::new(Arc::clone(&self.tun)))
            .with_private_key(StaticSecret::from(*key.bytes()))
            .with_listen_port(port)
            .build()
            .await
            .map_err(embedded)?;
        // Built without peers it opens no socket, and does not open one when they come either; this does.
        built.clear_peers().await.map_err(embedded)?;
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

    pub(crate) async fn dump(&self) -> Result<Vec<FoundPeer>, DeviceError> {
        let device = self.device.lock().await;
        let device = device.as_ref().ok_or_else(|| DeviceError::Stopped(self.interface.clone()))?;
        let found = |stats: gotatun::device::configure::PeerStats| FoundPeer {
            key: stats.peer.public_key.to_bytes(),
            preshared_key: PresharedKey::from_bytes(stats.peer.preshared_key.unwrap_or_default()),
            allowed_ips: stats.peer.allowed_ips.iter().filter_map(to_ipnet).collect(),
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

/// Packets on their way to the kernel: those that wait at the same time are joined where they belong to one flow.
struct TunWriter(mpsc::Sender<Packet<[u8]>>);

impl TunWriter {
    fn new(tun: Arc<AsyncDevice>) -> TunWriter {
        let (send, waiting) = mpsc::channel(WAITING);
        tokio::spawn(write_joined(tun, waiting));
        TunWriter(send)
    }
}

impl IpSend for TunWriter {
    async fn send(&mut self, packet: Packet<Ip>) -> io::Result<()> {
        self.0.send(packet.into_bytes()).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

async fn write_joined(tun: Arc<AsyncDevice>, mut waiting: mpsc::Receiver<Packet<[u8]>>) {
    let mut table = GROTable::default();
    let mut packets = Vec::with_capacity(JOINED);
    // Each may grow to the longest packet: what is joined is appended to its first piece.
    let mut buffers: Vec<Vec<u8>> = (0..JOINED).map(|_| Vec::with_capacity(VIRTIO_NET_HDR_LEN + LARGEST)).collect();
    while waiting.recv_many(&mut packets, JOINED).await > 0 {
        let count = packets.len();
        for (buffer, packet) in buffers.iter_mut().zip(packets.drain(..)) {
            buffer.clear();
            buffer.resize(VIRTIO_NET_HDR_LEN, 0);
            buffer.extend_from_slice(&packet);
        }
        if let Err(error) = tun.send_multiple(&mut table, &mut buffers[..count], VIRTIO_NET_HDR_LEN).await {
            // A packet that the kernel does not take is lost, as on any network.
            tracing::debug!(%error, "packets were not taken");
        }
    }
}

/// Packets from the kernel, cut to the size that fits through the tunnel.
struct TunReader {
    tun: Arc<AsyncDevice>,
    whole: Vec<u8>,
    pieces: Vec<Vec<u8>>,
    sizes: Vec<usize>,
}

impl TunReader {
    fn new(tun: Arc<AsyncDevice>) -> TunReader {
        TunReader {
            tun,
            whole: vec![0; VIRTIO_NET_HDR_LEN + LARGEST],
            pieces: vec![vec![0; usize::from(MTU)]; PIECES],
            sizes: vec![0; PIECES],
        }
    }
}

impl IpRecv for TunReader {
    async fn recv<'a>(
        &'a mut self,
        pool: &mut PacketBufPool,
    ) -> io::Result<impl Iterator<Item = Packet<Ip>> + Send + 'a> {
        let count = self.tun.recv_multiple(&mut self.whole, &mut self.pieces, &mut self.sizes, 0).await?;
        let mut packets = Vec::with_capacity(count);
        for (piece, size) in self.pieces.iter().zip(&self.sizes).take(count) {
            let mut packet = pool.get();
            packet.truncate(*size);
            packet.copy_from_slice(&piece[..*size]);
            // What is no IP packet goes nowhere.
            packets.extend(packet.try_into_ip().ok());
        }
        Ok(packets.into_iter())
    }

    fn mtu(&self) -> MtuWatcher {
        MtuWatcher::new(MTU)
    }
}

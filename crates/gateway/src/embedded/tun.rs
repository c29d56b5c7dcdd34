//! Packets between gotatun and the kernel's TUN device, many at a time (segmentation offload).

use std::io;
use std::sync::Arc;

use gotatun::packet::{Ip, Packet, PacketBufPool};
use gotatun::tun::{IpRecv, IpSend, MtuWatcher};
use tokio::sync::mpsc;
use tun_rs::{AsyncDevice, GROTable, VIRTIO_NET_HDR_LEN};

use super::MTU;

/// The longest packet that the kernel hands over, or takes, in one piece.
const LARGEST: usize = 65_535;
/// Packets that one read may be cut into: the longest one, in pieces of the smallest MTU that a device may choose.
const PIECES: usize = 64;
/// Packets that one write may join.
const JOINED: usize = 64;
/// Packets that wait to be written.
const WAITING: usize = 512;

/// Packets on their way to the kernel: those that wait at the same time are joined where they belong to one flow.
pub(super) struct TunWriter(mpsc::Sender<Packet<[u8]>>);

impl TunWriter {
    pub(super) fn new(tun: Arc<AsyncDevice>) -> TunWriter {
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
pub(super) struct TunReader {
    tun: Arc<AsyncDevice>,
    whole: Vec<u8>,
    pieces: Vec<Vec<u8>>,
    sizes: Vec<usize>,
}

impl TunReader {
    pub(super) fn new(tun: Arc<AsyncDevice>) -> TunReader {
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

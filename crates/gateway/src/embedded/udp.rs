//! gotatun's UDP socket, but that datagrams for one peer that leave together leave with one call, which the kernel cuts
//! where one ends and the next begins (UDP_SEGMENT). The way through the kernel is then paid once for some forty of them.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gotatun::packet::Packet;
use gotatun::udp::socket::{UdpSocket, UdpSocketFactory};
use gotatun::udp::{UdpSend, UdpTransportFactory, UdpTransportFactoryParams};
use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg, setsockopt, sockopt};
use tokio::io::Interest;

/// Datagrams that are looked at together.
const BATCH: usize = 256;
/// Datagrams in one call: no kernel takes fewer than this (UDP_MAX_SEGMENTS).
const SEGMENTS: usize = 64;
/// Bytes in one call: what a packet may hold at most, less the longest headers before it.
const LARGEST: usize = 65_535 - 40 - 8;
/// What may wait on either side of the socket, in bytes. A burst of joined datagrams fills the kernel's default at once,
/// and the rest of it would be lost; wireguard-go sets the same.
const BUFFER: usize = 7 << 20;

/// Opens the port.
pub(super) struct Port;

impl UdpTransportFactory for Port {
    type Send = Sender;
    type Recv = UdpSocket;

    async fn bind(&mut self, params: &UdpTransportFactoryParams) -> io::Result<(Sender, UdpSocket)> {
        let (socket, receiver) = UdpSocketFactory::default().bind(params).await?;
        widen(&socket);
        Ok((Sender { socket, can_join: Arc::new(AtomicBool::new(true)) }, receiver))
    }
}

/// More than the system's bound needs CAP_NET_ADMIN, which whoever has made the interface has.
fn widen(socket: &impl AsFd) {
    let done = setsockopt(socket, sockopt::RcvBufForce, &BUFFER).and(setsockopt(socket, sockopt::SndBufForce, &BUFFER));
    if let Err(error) = done {
        tracing::debug!(%error, "the buffers of the UDP socket stay as small as they are");
    }
}

/// The sending side.
#[derive(Clone)]
pub(super) struct Sender {
    socket: UdpSocket,
    /// Not on every system and interface.
    can_join: Arc<AtomicBool>,
}

impl UdpSend for Sender {
    type SendManyBuf = ();

    async fn send_to(&self, packet: Packet, destination: SocketAddr) -> io::Result<()> {
        self.socket.send_to(packet, destination).await
    }

    fn max_number_of_packets_to_send(&self) -> usize {
        BATCH
    }

    /// Sends all of them, in their order. One that can't be sent is lost, as on any network, and holds up no other.
    async fn send_many_to(&self, (): &mut (), packets: &mut Vec<(Packet, SocketAddr)>) -> io::Result<()> {
        let mut rest = packets.as_slice();
        let mut done = Ok(());
        while let Some((_, to)) = rest.first() {
            let count = joinable(rest.iter().map(|(packet, to)| (packet.len(), *to)));
            let (together, later) = rest.split_at(count);
            done = done.and(self.send_together(together, *to).await);
            rest = later;
        }
        packets.clear();
        done
    }

    fn local_addr(&self) -> io::Result<Option<SocketAddr>> {
        UdpSend::local_addr(&self.socket)
    }

    fn set_fwmark(&self, mark: u32) -> io::Result<()> {
        self.socket.set_fwmark(mark)
    }
}

impl Sender {
    async fn send_together(&self, packets: &[(Packet, SocketAddr)], to: SocketAddr) -> io::Result<()> {
        if let [_, _, ..] = packets
            && self.can_join.load(Ordering::Relaxed)
        {
            match self.send_joined(packets, to).await {
                Ok(()) => return Ok(()),
                // The interface can't compute checksums, or the kernel is too old: so it will be the next time.
                Err(Errno::EIO | Errno::ENOPROTOOPT | Errno::EOPNOTSUPP) => {
                    tracing::info!("datagrams can't be joined here: each is sent by itself");
                    self.can_join.store(false, Ordering::Relaxed);
                }
                // A way that is too narrow for them, for one: by themselves they may be cut to fragments.
                Err(error) => tracing::debug!(%error, "joined datagrams were not taken"),
            }
        }
        let mut done = Ok(());
        for (packet, to) in packets {
            done = done.and(self.socket.socket().send_to(packet, *to).await.map(drop));
        }
        done
    }

    async fn send_joined(&self, packets: &[(Packet, SocketAddr)], to: SocketAddr) -> Result<(), Errno> {
        let size = packets.first().map_or(0, |(packet, _)| packet.len());
        let size = u16::try_from(size).map_err(|_| Errno::EMSGSIZE)?;
        let to = SockaddrStorage::from(to);
        let socket = self.socket.socket();
        let send = || {
            let mut pieces = [IoSlice::new(&[]); SEGMENTS];
            for (piece, (packet, _)) in pieces.iter_mut().zip(packets) {
                *piece = IoSlice::new(packet);
            }
            let pieces = &pieces[..packets.len()];
            let cut = [ControlMessage::UdpGsoSegments(&size)];
            Ok(sendmsg(socket.as_raw_fd(), pieces, &cut, MsgFlags::MSG_DONTWAIT, Some(&to))?)
        };
        let sent = socket.async_io(Interest::WRITABLE, send).await;
        sent.map(drop).map_err(|error| error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw))
    }
}

/// How many of these, from the first, can leave with one call: they go to one place, and all are as long as the first but
/// the last, which may be shorter.
fn joinable(datagrams: impl Iterator<Item = (usize, SocketAddr)>) -> usize {
    let mut datagrams = datagrams.take(SEGMENTS);
    let Some((size, place)) = datagrams.next() else { return 0 };
    let (mut count, mut bytes) = (1, size);
    for (next, to) in datagrams {
        bytes += next;
        if to != place || next > size || bytes > LARGEST {
            break;
        }
        count += 1;
        if next < size {
            break;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_to_one_place_and_is_of_one_length_leaves_together_up_to_a_shorter_last_one() {
        let place = |n: u8| SocketAddr::from(([192, 0, 2, n], 1));
        let check = |datagrams: &[(usize, u8)], expect: usize| {
            let datagrams = datagrams.iter().map(|(size, to)| (*size, place(*to)));
            assert_eq!(joinable(datagrams), expect);
        };
        check(&[], 0);
        check(&[(100, 1)], 1);
        check(&[(100, 1), (100, 1), (100, 1)], 3);
        check(&[(100, 1), (100, 1), (99, 1), (99, 1)], 3);
        check(&[(100, 1), (101, 1)], 1);
        check(&[(100, 1), (100, 2), (100, 1)], 1);
        check(&[(1452, 1); 100], 45);
        check(&[(100, 1); 100], SEGMENTS);
        check(&[(70_000, 1), (1, 1)], 1);
    }

    #[tokio::test]
    async fn all_arrive_each_by_itself_and_in_their_order_joined_or_not() -> io::Result<()> {
        let params = UdpTransportFactoryParams { addr: None, port: 0, fwmark: None };
        let (sender, _receiver) = Port.bind(&params).await?;
        let places = [std::net::UdpSocket::bind("127.0.0.1:0")?, std::net::UdpSocket::bind("127.0.0.1:0")?];
        let to = [places[0].local_addr()?, places[1].local_addr()?];
        for can_join in [true, false] {
            sender.can_join.store(can_join, Ordering::Relaxed);
            // Lengths and places change in the middle of what could have been joined.
            let datagram = |n: u8| {
                let length = if n % 9 == 8 { 77 } else { 1200 };
                (Packet::copy_from(vec![n; length].as_slice()), to[usize::from(n % 25 == 24)])
            };
            let mut packets: Vec<(Packet, SocketAddr)> = (0..60).map(datagram).collect();
            sender.send_many_to(&mut (), &mut packets).await?;
            assert!(packets.is_empty());
            let mut expected: [Vec<(usize, u8)>; 2] = [Vec::new(), Vec::new()];
            for n in 0..60 {
                let (packet, place) = datagram(n);
                expected[usize::from(place == to[1])].push((packet.len(), n));
            }
            for (place, expected) in places.iter().zip(&expected) {
                place.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
                for expect in expected {
                    let mut bytes = [0; 2000];
                    let length = place.recv(&mut bytes)?;
                    assert_eq!((length, bytes[length - 1]), *expect);
                }
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn one_that_can_not_be_sent_holds_up_no_other() -> io::Result<()> {
        let params = UdpTransportFactoryParams { addr: None, port: 0, fwmark: None };
        let (sender, _receiver) = Port.bind(&params).await?;
        let place = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let to = place.local_addr()?;
        let mut packets = vec![
            (Packet::copy_from(vec![1; 70_000].as_slice()), to),
            (Packet::copy_from([2; 1200].as_slice()), to),
            (Packet::copy_from([3; 1200].as_slice()), to),
        ];
        assert!(sender.send_many_to(&mut (), &mut packets).await.is_err(), "the first is longer than any datagram");
        assert!(packets.is_empty());
        place.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
        for n in [2, 3] {
            let mut bytes = [0; 2000];
            assert_eq!((place.recv(&mut bytes)?, bytes[0]), (1200, n));
        }
        Ok(())
    }
}

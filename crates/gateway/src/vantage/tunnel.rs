//! A tunnel that ends in this process: gotatun's protocol on one side, smoltcp's sockets on the other.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant as Clock};

use domain::vpn::key::{PrivateKey, PublicKey};
use gotatun::device::{Device, DeviceBuilder, Peer};
use gotatun::packet::{Ip, Packet, PacketBufPool};
use gotatun::tun::{IpRecv, IpSend, MtuWatcher};
use gotatun::udp::socket::UdpSocketFactory;
use gotatun::x25519;
use ipnetwork::{IpNetwork, Ipv4Network};
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpCidr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;

use super::Trouble;
use crate::enrol::random;

/// As in the files of customers: see `MTU` of the embedded device.
const MTU: u16 = 1420;
/// Packets that wait in either direction; more are lost, as on any network.
const WAITING: usize = 64;
/// Bytes that a socket holds in either direction: a page and a certificate chain are less.
const BUFFER: usize = 16 * 1024;

/// How long a tunnel stays after its connection was ended, so that the other end hears of it.
const LINGER: Duration = Duration::from_millis(100);

type Gotatun = Device<(UdpSocketFactory, Inward, Outward)>;

/// The tunnel, and the network that is reached through it.
pub(super) struct Tunnel {
    /// Carries until it is dropped.
    _device: Gotatun,
    own: Ipv4Addr,
    from_tunnel: mpsc::Receiver<Packet<[u8]>>,
    to_tunnel: mpsc::Sender<Packet<[u8]>>,
}

impl Tunnel {
    /// A client's end with this key and address, to this gateway.
    pub(super) async fn open(
        key: &PrivateKey,
        own: Ipv4Addr,
        server: &PublicKey,
        endpoint: SocketAddrV4,
    ) -> Result<Tunnel, Trouble> {
        let all = IpNetwork::V4(Ipv4Network::new(Ipv4Addr::UNSPECIFIED, 0).map_err(|_| Trouble::Here)?);
        let peer =
            Peer::new(x25519::PublicKey::from(server.bytes())).with_endpoint(endpoint.into()).with_allowed_ips([all]);
        let (inward, from_tunnel) = mpsc::channel(WAITING);
        let (to_tunnel, outward) = mpsc::channel(WAITING);
        let device = DeviceBuilder::new()
            .with_udp(UdpSocketFactory::default())
            .with_ip_pair(Inward(inward), Outward(outward))
            .with_private_key(x25519::StaticSecret::from(*key.bytes()))
            .with_listen_port(0)
            .with_peers(Some(peer))
            .build()
            .await
            .map_err(|_| Trouble::Here)?;
        Ok(Tunnel { _device: device, own, from_tunnel, to_tunnel })
    }

    /// A connection to a host behind the gateway. What goes wrong shows when it is used: it ends. The tunnel goes with it.
    pub(super) fn connect(self, to: SocketAddrV4) -> DuplexStream {
        let (stream, near) = tokio::io::duplex(BUFFER);
        tokio::spawn(carry(self, to, near));
        stream
    }
}

/// Carries bytes between a stream and a socket of the tunnel's network until one of both ends.
async fn carry(mut tunnel: Tunnel, to: SocketAddrV4, near: DuplexStream) {
    let Ok(mut stack) = Stack::new(tunnel.own, to) else { return };
    let (mut from_near, mut to_near) = tokio::io::split(near);
    let mut read = [0; 2048];
    let (mut outward, mut inward) = (VecDeque::new(), VecDeque::new());
    loop {
        stack.step(&mut outward, &mut inward);
        stack.send(&tunnel);
        if stack.has_ended() && inward.is_empty() {
            return;
        }
        let pause = stack.pause();
        tokio::select! {
            packet = tunnel.from_tunnel.recv() => match packet {
                Some(packet) => stack.wire.incoming.push_back(packet.to_vec()),
                None => return,
            },
            count = from_near.read(&mut read), if outward.len() < BUFFER => match count {
                Ok(count) if count > 0 => outward.extend(&read[..count]),
                // Whoever asked has what they wanted, or waits no longer: the other end need not, either.
                _ => {
                    stack.abort();
                    stack.send(&tunnel);
                    return tokio::time::sleep(LINGER).await;
                }
            },
            written = to_near.write(inward.as_slices().0), if !inward.is_empty() => match written {
                Ok(count) => drop(inward.drain(..count)),
                Err(_) => return,
            },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One host with one socket, on a wire whose other end is the tunnel.
struct Stack {
    began: Clock,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    wire: Wire,
}

impl Stack {
    fn new(own: Ipv4Addr, to: SocketAddrV4) -> Result<Stack, Trouble> {
        let mut wire = Wire::default();
        let bytes = random().map_err(|_| Trouble::Here)?;
        let mut config = Config::new(HardwareAddress::Ip);
        // For the numbers that a TCP connection begins with.
        config.random_seed = u64::from_le_bytes(std::array::from_fn(|at| bytes[at]));
        let mut interface = Interface::new(config, &mut wire, Instant::ZERO);
        // There is room for it: it is the first.
        interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(own.into(), 32)).unwrap_or_default());
        // On such a wire nobody is asked for the way.
        interface.routes_mut().add_default_ipv4_route(own).map_err(|_| Trouble::Here)?;
        let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        // Any of those that systems give (RFC 6335, section 6).
        let port = 49_152 + u16::from_le_bytes([bytes[8], bytes[9]]) % 16_384;
        socket.connect(interface.context(), (*to.ip(), to.port()), port).map_err(|_| Trouble::Here)?;
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(socket);
        Ok(Stack { began: Clock::now(), interface, sockets, socket, wire })
    }

    fn now(&self) -> Instant {
        Instant::from_micros(i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX))
    }

    /// Does all that can be done now: `outward` into the socket, what came out of it to `inward`, packets to the wire.
    fn step(&mut self, outward: &mut VecDeque<u8>, inward: &mut VecDeque<u8>) {
        loop {
            let now = self.now();
            let result = self.interface.poll(now, &mut self.wire, &mut self.sockets);
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.socket);
            let mut is_moved = false;
            if socket.can_send() && !outward.is_empty() {
                let count = socket.send_slice(outward.as_slices().0).unwrap_or(0);
                outward.drain(..count);
                is_moved |= count > 0;
            }
            while socket.can_recv() && inward.len() < BUFFER {
                let taken = socket.recv(|bytes| {
                    inward.extend(&*bytes);
                    (bytes.len(), bytes.len())
                });
                is_moved |= taken.unwrap_or(0) > 0;
            }
            if !is_moved && matches!(result, PollResult::None) {
                return;
            }
        }
    }

    /// Puts what is to be sent into the tunnel. What finds no room is lost, and sent again.
    fn send(&mut self, tunnel: &Tunnel) {
        while let Some(packet) = self.wire.outgoing.pop_front() {
            let _ = tunnel.to_tunnel.try_send(Packet::copy_from(packet.as_slice()));
        }
    }

    /// Ends the connection at once.
    fn abort(&mut self) {
        self.sockets.get_mut::<tcp::Socket<'_>>(self.socket).abort();
        let now = self.now();
        self.interface.poll(now, &mut self.wire, &mut self.sockets);
    }

    /// Whether nothing comes any more.
    fn has_ended(&self) -> bool {
        let socket = self.sockets.get::<tcp::Socket<'_>>(self.socket);
        !socket.is_open()
            || !socket.may_recv() && !matches!(socket.state(), tcp::State::SynSent | tcp::State::SynReceived)
    }

    /// How long nothing has to be done, unless something comes.
    fn pause(&mut self) -> Duration {
        let now = self.now();
        let due = self.interface.poll_delay(now, &self.sockets);
        due.map_or(Duration::from_secs(1), |due| Duration::from_micros(due.total_micros()))
    }
}

/// Packets on their way in and out.
#[derive(Default)]
struct Wire {
    incoming: VecDeque<Vec<u8>>,
    outgoing: VecDeque<Vec<u8>>,
}

struct Came(Vec<u8>);
struct Goes<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::RxToken for Came {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl phy::TxToken for Goes<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let done = write(&mut packet);
        self.0.push_back(packet);
        done
    }
}

impl phy::Device for Wire {
    type RxToken<'a> = Came;
    type TxToken<'a> = Goes<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Came, Goes<'_>)> {
        self.incoming.pop_front().map(|packet| (Came(packet), Goes(&mut self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Goes<'_>> {
        Some(Goes(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = usize::from(MTU);
        capabilities
    }
}

/// Packets that have come out of the tunnel.
struct Inward(mpsc::Sender<Packet<[u8]>>);

impl IpSend for Inward {
    async fn send(&mut self, packet: Packet<Ip>) -> io::Result<()> {
        // One that finds no room is lost, and sent again by the other end.
        let _ = self.0.try_send(packet.into_bytes());
        Ok(())
    }
}

/// Packets that are to go into the tunnel.
struct Outward(mpsc::Receiver<Packet<[u8]>>);

impl IpRecv for Outward {
    async fn recv<'a>(&'a mut self, _: &mut PacketBufPool) -> io::Result<impl Iterator<Item = Packet<Ip>> + Send + 'a> {
        match self.0.recv().await {
            // What is no IP packet goes nowhere.
            Some(packet) => Ok(packet.try_into_ip().ok().into_iter()),
            // The device is stopped with the tunnel; until then it waits.
            None => std::future::pending().await,
        }
    }

    fn mtu(&self) -> MtuWatcher {
        MtuWatcher::new(MTU)
    }
}

//! Whether a machine sends an echo back, by a socket that needs no rights of root: Linux opens it to the groups in
//! `net.ipv4.ping_group_range`, and fills in checksum and identifier.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::{Answer, Trouble, addresses};

const HEADER: usize = 8;
/// Type of a request and of a reply (RFC 792, RFC 4443).
const V4: (u8, u8) = (8, 0);
const V6: (u8, u8) = (128, 129);

/// Asks once each `pause`, until an echo comes or the caller is tired of it.
pub(super) async fn look(host: &str, nonce: u64, pause: Duration) -> Result<Answer, Trouble> {
    let endpoint = if host.contains(':') { format!("[{host}]:0") } else { format!("{host}:0") };
    let found = addresses(&endpoint).await?;
    let address = found.iter().find(|address| address.is_ipv4()).or(found.first()).ok_or(Trouble::Resolve)?;
    let (socket, (request, reply)) = (open(*address)?, if address.is_ipv4() { V4 } else { V6 });
    let mut packet = [0; HEADER + 8];
    packet[0] = request;
    packet[HEADER..].copy_from_slice(&nonce.to_be_bytes());
    let mut echo = [0; 64];
    let began = Instant::now();
    loop {
        socket.send(&packet).await?;
        let until = tokio::time::Instant::now() + pause;
        while let Ok(received) = tokio::time::timeout_at(until, socket.recv(&mut echo)).await {
            let received = received?;
            if received == packet.len() && echo[0] == reply && echo[HEADER..received] == packet[HEADER..] {
                return Ok(Answer::after(began, address.ip()));
            }
        }
    }
}

fn open(address: SocketAddr) -> Result<UdpSocket, Trouble> {
    let protocol = if address.is_ipv4() { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(protocol))?;
    socket.set_nonblocking(true)?;
    socket.connect(&address.into())?;
    Ok(UdpSocket::from_std(socket.into())?)
}

//! A peer's client, as far as the device's counters can tell: it shakes hands and says that it is there.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use anyhow::{bail, ensure};
use domain::vpn::key::{PrivateKey, PublicKey};
use gotatun::noise::index_table::IndexTable;
use gotatun::noise::rate_limiter::RateLimiter;
use gotatun::noise::{Tunn, TunnResult};
use gotatun::packet::Packet;
use gotatun::x25519;

use crate::PORT;

/// How long an emulated machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Shakes hands with the device of this machine. The socket is the client's place: the device knows it from then on.
pub(crate) fn shake_hands(own: &PrivateKey, shared: [u8; 32], device: PublicKey) -> anyhow::Result<UdpSocket> {
    let device = x25519::PublicKey::from(device.bytes());
    let own = x25519::StaticSecret::from(*own.bytes());
    let limiter = RateLimiter::new(&x25519::PublicKey::from(&own), 100);
    let mut tunnel = Tunn::new(own, device, Some(shared), None, IndexTable::from_os_rng(), limiter.into());
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect((Ipv4Addr::LOCALHOST, PORT))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let Some(first) = tunnel.format_handshake_initiation(false) else { bail!("no handshake was begun") };
    socket.send(&first.into_bytes())?;
    let mut bytes = [0; 2048];
    let length = socket.recv(&mut bytes)?;
    let answer = Packet::copy_from(&bytes[..length]).try_into_wg();
    let answer = answer.map_err(|error| anyhow::anyhow!("no answer of WireGuard's: {error}"))?;
    match tunnel.handle_incoming_packet(answer) {
        TunnResult::WriteToNetwork(packet) => {
            ensure!(socket.send(&Packet::from(packet))? > 0, "nothing was sent");
            Ok(socket)
        }
        other => bail!("the handshake came to nothing: {other:?}"),
    }
}

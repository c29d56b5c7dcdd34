//! One socket to the kernel's generic netlink, for requests one after the other.

use std::io;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkDeserializable, NetlinkMessage, NetlinkPayload,
    NetlinkSerializable,
};
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::{GenlFamily, GenlMessage};
use netlink_packet_wireguard::WireguardMessage;
use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{AsyncSocket as _, AsyncSocketExt as _, SocketAddr, TokioSocket};
use tokio::sync::Mutex;
use zeroize::{Zeroize as _, Zeroizing};

/// More than the kernel puts into one datagram, which is 32 KiB.
const LARGEST: usize = 65_536;
/// Messages begin at multiples of it.
const ALIGNED_TO: usize = 4;

pub(super) struct Genl {
    line: Mutex<Line>,
    /// The kernel's number for WireGuard.
    family: u16,
}

struct Line {
    socket: TokioSocket,
    /// The number of the last request.
    number: u32,
    /// One buffer for all answers, wiped after each.
    received: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Genl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Genl({})", self.family)
    }
}

impl Genl {
    /// `NotFound` where the kernel has no WireGuard; asking has it load the module.
    pub(super) async fn open() -> io::Result<Genl> {
        let mut socket = TokioSocket::new(NETLINK_GENERIC)?;
        socket.socket_mut().bind_auto()?;
        // Connected to the kernel, it takes nothing from other programs.
        socket.socket_ref().connect(&SocketAddr::new(0, 0))?;
        // A refusal does not come with what was refused, which has secrets in it.
        socket.socket_ref().set_cap_ack(true)?;
        let line = Line { socket, number: 0, received: Zeroizing::new(Vec::with_capacity(LARGEST)) };
        let mut genl = Genl { line: Mutex::new(line), family: 0 };
        let name = GenlCtrlAttrs::FamilyName(WireguardMessage::family_name().to_owned());
        let ask = GenlCtrl { cmd: GenlCtrlCmd::GetFamily, nlas: vec![name] };
        let mut family = None;
        let find = |answer: GenlCtrl| {
            family = answer.nlas.iter().find_map(|attribute| match attribute {
                GenlCtrlAttrs::FamilyId(id) => Some(*id),
                _ => None,
            });
        };
        genl.exchange(ask, NLM_F_ACK, find).await?;
        genl.family = family.ok_or(io::ErrorKind::NotFound)?;
        Ok(genl)
    }

    /// Asks, and hands over each part of the answer until its end. False if what was dumped has changed meanwhile.
    pub(super) async fn exchange<F>(&self, ask: F, flags: u16, part: impl FnMut(F)) -> io::Result<bool>
    where
        F: GenlFamily + std::fmt::Debug,
        GenlMessage<F>: NetlinkSerializable + NetlinkDeserializable,
    {
        let mut line = self.line.lock().await;
        line.number = line.number.wrapping_add(1);
        let mut message = GenlMessage::from_payload(ask);
        message.set_resolved_family_id(self.family);
        let mut message = NetlinkMessage::from(message);
        message.header.flags = NLM_F_REQUEST | flags;
        message.header.sequence_number = line.number;
        message.finalize();
        let mut bytes = Zeroizing::new(vec![0; message.buffer_len()]);
        message.serialize(&mut bytes);
        line.socket.send(&bytes).await?;
        let answered = line.answer(part).await;
        line.received.zeroize();
        answered
    }
}

impl Line {
    async fn answer<F>(&mut self, mut part: impl FnMut(F)) -> io::Result<bool>
    where
        GenlMessage<F>: NetlinkDeserializable,
        F: std::fmt::Debug,
    {
        let mut is_whole = true;
        loop {
            self.received.clear();
            self.socket.recv(&mut *self.received).await?;
            let mut rest = self.received.as_slice();
            while !rest.is_empty() {
                let message = NetlinkMessage::<GenlMessage<F>>::deserialize(rest)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
                let length = (message.header.length as usize).next_multiple_of(ALIGNED_TO);
                rest = rest.get(length..).unwrap_or_default();
                if message.header.sequence_number != self.number {
                    // The end of an answer that nobody waited for.
                    continue;
                }
                is_whole &= message.header.flags & NLM_F_DUMP_INTR == 0;
                match message.payload {
                    NetlinkPayload::InnerMessage(inner) => part(inner.into_parts().1),
                    NetlinkPayload::Done(done) if done.code == 0 => return Ok(is_whole),
                    NetlinkPayload::Done(done) => return Err(io::Error::from_raw_os_error(done.code.abs())),
                    NetlinkPayload::Error(error) if error.code.is_none() => return Ok(is_whole),
                    NetlinkPayload::Error(error) => return Err(error.to_io()),
                    _ => {}
                }
            }
        }
    }
}

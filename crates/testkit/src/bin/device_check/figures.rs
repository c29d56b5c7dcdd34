//! How fast the kernel's device is loaded, against a writer that opens a socket for each peer.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use domain::vpn::key::PrivateKey;
use domain::vpn::peer_diff::{PeerOp, WantedPeer};
use gateway::{Device, Kernel};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_REQUEST, NetlinkDeserializable, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
};
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::{GenlFamily, GenlMessage};
use netlink_packet_wireguard::{
    WireguardAddressFamily, WireguardAllowedIp, WireguardAllowedIpAttr, WireguardAttribute, WireguardCmd,
    WireguardMessage, WireguardPeer, WireguardPeerAttribute, WireguardPeerFlags,
};
use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{Socket, SocketAddr};

use crate::peers::{found, peer, take, upsert};
use crate::{PORT, say};

/// Rounds, one way and the other in turns.
const ROUNDS: u32 = 2;
/// Room for an answer, as that crate gives it.
const ROOM: usize = 12_288;

pub(crate) async fn measure(interface: &str, count: u32) -> anyhow::Result<()> {
    let wanted: Vec<_> = (0..count).map(peer).collect();
    for round in 0..ROUNDS {
        // Only a device with a key multiplies for each peer that comes. Without one, the way there alone is measured.
        for (has_key, name) in [(true, "load"), (false, "way")] {
            let end = format!("{}{round}", &name[..1]);
            let device = fresh(&format!("{interface}b{end}"), has_key).await?;
            let ops: Vec<_> = wanted.iter().map(|peer| upsert(peer, peer.allowed_ips())).collect();
            let began = Instant::now();
            take(&device, &ops).await?;
            figure(&format!("kernel_{name}_batched"), began);
            let began = Instant::now();
            let there = found(&device).await?;
            figure("kernel_dump", began);
            ensure!(there.len() == wanted.len(), "{} peers", there.len());
            let began = Instant::now();
            take(&device, &[PeerOp::Remove { key: wanted[0].key.bytes() }]).await?;
            figure("kernel_remove_one", began);

            let interface = format!("{interface}s{end}");
            let device = fresh(&interface, has_key).await?;
            let began = Instant::now();
            for peer in &wanted {
                one_by_itself(&interface, peer)?;
            }
            figure(&format!("kernel_{name}_one_by_one"), began);
            ensure!(found(&device).await?.len() == wanted.len(), "peers are missing");
        }
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    say(&format!("figure device_check_vmhwm {}", most.trim()));
    Ok(())
}

async fn fresh(interface: &str, has_key: bool) -> anyhow::Result<Device> {
    let device = Device::Kernel(Kernel::open(interface).await?);
    if has_key {
        device.set_up(&PrivateKey::from_random([3; 32]), PORT).await?;
    }
    Ok(device)
}

fn figure(name: &str, began: Instant) {
    say(&format!("figure {name}_ms {:.1}", began.elapsed().as_secs_f64() * 1_000.0));
}

/// As `defguard_wireguard_rs` 0.12.4 does it, whose crate is not used here since it brings a second WireGuard and ring: a
/// socket for the family's number and another for the peer, each with one message and its acknowledgement.
fn one_by_itself(interface: &str, peer: &WantedPeer) -> anyhow::Result<()> {
    let name = GenlCtrlAttrs::FamilyName(WireguardMessage::family_name().to_owned());
    let ask = GenlMessage::from_payload(GenlCtrl { cmd: GenlCtrlCmd::GetFamily, nlas: vec![name] });
    let answer = exchange(ask)?.pop().context("no answer")?;
    let family = answer.into_parts().1.nlas.into_iter().find_map(|attribute| match attribute {
        GenlCtrlAttrs::FamilyId(id) => Some(id),
        _ => None,
    });
    let networks = peer.allowed_ips().into_iter().map(|network| {
        let is_v4 = network.addr().is_ipv4();
        let family = if is_v4 { WireguardAddressFamily::Ipv4 } else { WireguardAddressFamily::Ipv6 };
        WireguardAllowedIp(vec![
            WireguardAllowedIpAttr::Family(family),
            WireguardAllowedIpAttr::IpAddr(network.addr()),
            WireguardAllowedIpAttr::Cidr(network.prefix_len()),
        ])
    });
    let one = WireguardPeer(vec![
        WireguardPeerAttribute::PublicKey(peer.key.bytes()),
        WireguardPeerAttribute::Flags(WireguardPeerFlags::ReplaceAllowedIps),
        WireguardPeerAttribute::PresharedKey(*peer.preshared_key.bytes()),
        WireguardPeerAttribute::AllowedIps(networks.collect()),
    ]);
    let attributes = vec![WireguardAttribute::IfName(interface.to_owned()), WireguardAttribute::Peers(vec![one])];
    let mut message = GenlMessage::from_payload(WireguardMessage { cmd: WireguardCmd::SetDevice, attributes });
    message.set_resolved_family_id(family.context("no family")?);
    exchange(message).map(drop)
}

/// What is answered before the acknowledgement.
fn exchange<F>(ask: GenlMessage<F>) -> anyhow::Result<Vec<GenlMessage<F>>>
where
    GenlMessage<F>: NetlinkSerializable + NetlinkDeserializable,
{
    let socket = Socket::new(NETLINK_GENERIC)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut message = NetlinkMessage::new(Default::default(), NetlinkPayload::InnerMessage(ask));
    message.header.flags = NLM_F_REQUEST | NLM_F_ACK;
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0)?;
    let mut answers = Vec::new();
    loop {
        let mut bytes = [0; ROOM];
        socket.recv(&mut &mut bytes[..], 0)?;
        match NetlinkMessage::<GenlMessage<F>>::deserialize(&bytes)?.payload {
            NetlinkPayload::InnerMessage(answer) => answers.push(answer),
            NetlinkPayload::Error(error) if error.code.is_none() => return Ok(answers),
            other => anyhow::bail!("refused: {}", matches!(other, NetlinkPayload::Error(_))),
        }
    }
}

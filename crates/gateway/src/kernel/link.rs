//! The interface: made if it is not there, and marked, so that only what was made here is ever taken away.

use std::io;

use futures_util::TryStreamExt as _;
use rtnetlink::packet_route::link::{InfoKind, LinkAttribute, LinkInfo, LinkMessage};
use rtnetlink::{Error, Handle, LinkUnspec, LinkWireguard};

use crate::device::DeviceError;

/// What fits through the tunnel on an outer path of 1500 bytes: less the outer IPv6 header (40), UDP (8) and WireGuard (32).
const MTU: u32 = 1420;
/// The alias of an interface that was made here; `ip link` shows it.
const MARK: &str = "made by mirai gateway";

/// The interface's index.
pub(super) async fn make(interface: &str) -> Result<u32, DeviceError> {
    let refused = |error| DeviceError::of_kernel(interface, error);
    let (connection, netlink, _) = rtnetlink::new_connection().map_err(refused)?;
    tokio::spawn(connection);
    let made = netlink.link().add(LinkWireguard::new(interface).mtu(MTU).build()).execute().await.map_err(to_io);
    let is_new = match made {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(refused(error)),
    };
    let found = find(&netlink, interface).await.map_err(|error| refused(to_io(error)))?;
    let link = found.filter(is_wireguard).ok_or_else(|| DeviceError::Taken(interface.to_owned()))?;
    let index = link.header.index;
    if is_new {
        let marked = LinkUnspec::new_with_index(index).alias(MARK).build();
        netlink.link().set(marked).execute().await.map_err(|error| refused(to_io(error)))?;
    }
    Ok(index)
}

/// Takes the interface away if it was made here; whether it was. With thousands of peers this takes many seconds.
pub(crate) async fn take_away(netlink: &Handle, interface: &str) -> Result<bool, Error> {
    let is_ours = |link: &LinkMessage| {
        is_wireguard(link) && link.attributes.iter().any(|one| *one == LinkAttribute::IfAlias(MARK.to_owned()))
    };
    let Some(link) = find(netlink, interface).await?.filter(is_ours) else { return Ok(false) };
    netlink.link().del(link.header.index).execute().await?;
    Ok(true)
}

async fn find(netlink: &Handle, interface: &str) -> Result<Option<LinkMessage>, Error> {
    netlink.link().get().match_name(interface.to_owned()).execute().try_next().await
}

fn is_wireguard(link: &LinkMessage) -> bool {
    link.attributes.iter().any(|attribute| match attribute {
        LinkAttribute::LinkInfo(infos) => infos.contains(&LinkInfo::Kind(InfoKind::Wireguard)),
        _ => false,
    })
}

fn to_io(error: Error) -> io::Error {
    match error {
        Error::NetlinkError(message) => message.to_io(),
        other => io::Error::other(other.to_string()),
    }
}

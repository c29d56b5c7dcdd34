//! The host around the device: its addresses, forwarding, and one nftables table for address translation, DNS and what
//! clients must not reach. What was there before is noted, so that it can be put back.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Stdio;

use futures_util::TryStreamExt as _;
use ipnet::{Ipv4Net, Ipv6Net};
use rtnetlink::{Handle, LinkUnspec};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::kernel::link;

/// What makes a host forward packets. Once it does, IPv6 hosts no longer take a default route from router
/// advertisements unless `accept_ra` is 2: that is the host's own affair, and docs/gateway.md says so.
const FORWARDING: [&str; 2] = ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"];
/// How many connections the address translation remembers, and the least of it: a thousand clients with a few hundred each.
/// Where it is less, packets of new connections are dropped while all seems well.
const CONNECTIONS: (&str, u64) = ("net.netfilter.nf_conntrack_max", 262_144);
/// The rules, with places for names and addresses.
const RULES: &str = include_str!("rules.nft");

/// Why the host can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// There is no such interface.
    #[error("there is no interface {0}: start the WireGuard program for it first, such as `wireguard-go {0}`")]
    NoInterface(String),
    /// No way out.
    #[error("there is no default route to find the outer interface by: name it with --egress")]
    NoEgress,
    /// No resolver.
    #[error("no resolver in /etc/resolv.conf can be reached from the tunnel: name one with --resolver")]
    NoResolver,
    /// The kernel's routing socket.
    #[error("the interface {0} can't be set up: {1} (this needs CAP_NET_ADMIN)")]
    Netlink(String, rtnetlink::Error),
    /// A kernel setting.
    #[error("the kernel setting {0} can't be changed: {1}; run `sysctl -w {0}=1` as root")]
    Sysctl(&'static str, std::io::Error),
    /// The program is missing.
    #[error("nft can't be run: {0}; install nftables (Debian: `apt install nftables`)")]
    NoNft(std::io::Error),
    /// It refuses.
    #[error("nft refuses the rules: {0}")]
    Nft(String),
    /// Anything else of the system's.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The host around a device.
#[derive(Debug, Clone)]
pub struct Network {
    /// The WireGuard interface.
    pub interface: String,
    /// The interface that leads out.
    pub egress: String,
    /// Where DNS at the tunnel address is answered, one for each family at most.
    pub resolvers: Vec<IpAddr>,
    /// The gateway's own address in the tunnel, and the length of the network's prefix.
    pub v4: (Ipv4Addr, u8),
    /// The same for IPv6.
    pub v6: (Ipv6Addr, u8),
}

/// What was found before anything was changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Before {
    pub(crate) interface: String,
    addresses: Vec<(IpAddr, u8)>,
    settings: Vec<(String, String)>,
}

impl Network {
    /// The rules, as they are given to nft.
    pub fn rules(&self) -> String {
        let net_v4 = Ipv4Net::new(self.v4.0, self.v4.1).map_or_else(|_| self.v4.0.into(), |net| net.trunc());
        let net_v6 = Ipv6Net::new(self.v6.0, self.v6.1).map_or_else(|_| self.v6.0.into(), |net| net.trunc());
        let mut dns = String::new();
        for resolver in &self.resolvers {
            let (family, at) = match resolver {
                IpAddr::V4(_) => ("ip", IpAddr::V4(self.v4.0)),
                IpAddr::V6(_) => ("ip6", IpAddr::V6(self.v6.0)),
            };
            for protocol in ["udp", "tcp"] {
                // Writing to a String does not fail.
                let _ = writeln!(
                    dns,
                    "        iifname \"{}\" {family} daddr {at} {protocol} dport 53 dnat {family} to {resolver}",
                    self.interface
                );
            }
        }
        RULES
            .replace("{table}", &table(&self.interface))
            .replace("{interface}", &self.interface)
            .replace("{egress}", &self.egress)
            .replace("{v4}", &net_v4.to_string())
            .replace("{v6}", &net_v6.to_string())
            .replace("{dns}", dns.trim())
    }

    /// How it is before [`Network::set_up`]: to be kept until [`tear_down`].
    pub async fn before(&self) -> Result<Before, NetworkError> {
        let mut settings = Vec::new();
        for name in FORWARDING {
            settings.push((name.to_owned(), std::fs::read_to_string(path_of(name))?.trim().to_owned()));
        }
        // Not there before the first rule that needs it is loaded.
        if let Ok(value) = std::fs::read_to_string(path_of(CONNECTIONS.0)) {
            settings.push((CONNECTIONS.0.to_owned(), value.trim().to_owned()));
        }
        Ok(Before { interface: self.interface.clone(), addresses: self.addresses().to_vec(), settings })
    }

    /// Gives the interface its addresses and brings it up, turns on forwarding, and loads the rules.
    pub async fn set_up(&self) -> Result<(), NetworkError> {
        let netlink = netlink()?;
        let index = index_of(&netlink, &self.interface).await?;
        let failed = |error| NetworkError::Netlink(self.interface.clone(), error);
        for (address, prefix) in self.addresses() {
            netlink.address().add(index, address, prefix).replace().execute().await.map_err(failed)?;
        }
        let up = LinkUnspec::new_with_index(index).up().build();
        netlink.link().set(up).execute().await.map_err(failed)?;
        nft(&self.rules()).await?;
        // Last: a host that forwards without the rules would let clients into its own networks.
        for name in FORWARDING {
            set(name, "1").map_err(|error| NetworkError::Sysctl(name, error))?;
        }
        make_room();
        Ok(())
    }

    fn addresses(&self) -> [(IpAddr, u8); 2] {
        [(self.v4.0.into(), self.v4.1), (self.v6.0.into(), self.v6.1)]
    }
}

/// Sees to it that enough connections are remembered. A gateway works without, until it is busy: so it says what to type.
fn make_room() {
    let (name, least) = CONNECTIONS;
    let now = std::fs::read_to_string(path_of(name)).ok().and_then(|text| text.trim().parse::<u64>().ok());
    if now.is_some_and(|now| now < least)
        && let Err(error) = set(name, &least.to_string())
    {
        tracing::warn!(%error, "few connections are remembered at once; run `sysctl -w {name}={least}` as root");
    }
}

/// Takes away what [`Network::set_up`] has added, and puts the settings back.
pub async fn tear_down(before: &Before) -> Result<(), NetworkError> {
    let table = table(&before.interface);
    nft(&format!("add table inet {table}\ndelete table inet {table}\n")).await?;
    for name in FORWARDING.into_iter().chain([CONNECTIONS.0]) {
        if let Some((_, value)) = before.settings.iter().find(|(known, _)| known == name) {
            set(name, value).map_err(|error| NetworkError::Sysctl(name, error))?;
        }
    }
    let netlink = netlink()?;
    let index = match index_of(&netlink, &before.interface).await {
        // Its addresses went with it.
        Err(NetworkError::NoInterface(_)) => return Ok(()),
        found => found?,
    };
    let failed = |error| NetworkError::Netlink(before.interface.clone(), error);
    if link::take_away(&netlink, &before.interface).await.map_err(failed)? {
        return Ok(());
    }
    let mut found = netlink.address().get().set_link_index_filter(index).execute();
    while let Some(message) = found.try_next().await.map_err(failed)? {
        let is_ours = |(address, prefix): &(IpAddr, u8)| {
            message.header.prefix_len == *prefix
                && message.attributes.iter().any(|one| {
                    matches!(one, rtnetlink::packet_route::address::AddressAttribute::Address(known) if known == address)
                })
        };
        if before.addresses.iter().any(is_ours) {
            netlink.address().del(message).execute().await.map_err(failed)?;
        }
    }
    Ok(())
}

/// The interface of the IPv4 default route.
pub fn default_egress() -> Result<String, NetworkError> {
    let routes = std::fs::read_to_string("/proc/net/route")?;
    egress_in(&routes).ok_or(NetworkError::NoEgress)
}

/// The columns of `/proc/net/route` are: interface, destination, gateway, flags, …, mask as the eighth.
fn egress_in(routes: &str) -> Option<String> {
    routes.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace();
        let (interface, destination, mask) = (columns.next()?, columns.next()?, columns.nth(5)?);
        (destination == "00000000" && mask == "00000000").then(|| interface.to_owned())
    })
}

/// The host's own resolvers that a packet from the tunnel can be sent on to, one for each family.
pub fn default_resolvers() -> Result<Vec<IpAddr>, NetworkError> {
    let found = resolvers_in(&std::fs::read_to_string("/etc/resolv.conf")?);
    if found.is_empty() { Err(NetworkError::NoResolver) } else { Ok(found) }
}

fn resolvers_in(text: &str) -> Vec<IpAddr> {
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok());
    let mut found: Vec<IpAddr> = Vec::new();
    for address in named.filter(|address| !address.is_loopback()) {
        if !found.iter().any(|known| known.is_ipv4() == address.is_ipv4()) {
            found.push(address);
        }
    }
    found
}

/// The table of the rules around an interface.
pub(crate) fn table(interface: &str) -> String {
    format!("mirai_{}", interface.replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
}

fn path_of(setting: &str) -> String {
    format!("/proc/sys/{}", setting.replace('.', "/"))
}

/// One that is so already is not written: in a container it may be read-only.
fn set(setting: &str, value: &str) -> std::io::Result<()> {
    let path = path_of(setting);
    if std::fs::read_to_string(&path)?.trim() == value { Ok(()) } else { std::fs::write(path, value) }
}

fn netlink() -> Result<Handle, NetworkError> {
    let (connection, handle, _) = rtnetlink::new_connection()?;
    tokio::spawn(connection);
    Ok(handle)
}

async fn index_of(netlink: &Handle, interface: &str) -> Result<u32, NetworkError> {
    let found = netlink.link().get().match_name(interface.to_owned()).execute().try_next().await;
    match found {
        Ok(Some(link)) => Ok(link.header.index),
        _ => Err(NetworkError::NoInterface(interface.to_owned())),
    }
}

pub(crate) async fn nft(rules: &str) -> Result<(), NetworkError> {
    let mut command = Command::new("nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().map_err(NetworkError::NoNft)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(rules.as_bytes()).await?;
    }
    let done = child.wait_with_output().await?;
    if done.status.success() { Ok(()) } else { Err(NetworkError::Nft(String::from_utf8_lossy(&done.stderr).into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_interface_is_that_of_the_default_route() {
        let head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
        let local = "eth1\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let default = "eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        assert_eq!(egress_in(&format!("{head}{local}{default}")).as_deref(), Some("eth0"));
        assert_eq!(egress_in(&format!("{head}{local}")), None);
    }

    #[test]
    fn a_resolver_on_the_loopback_is_of_no_use_to_the_tunnel() {
        let text = "# made by hand\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n\
                    nameserver 2001:db8::53\noptions edns0\n";
        let expected: [IpAddr; 2] = ["192.0.2.53".parse().unwrap(), "2001:db8::53".parse().unwrap()];
        assert_eq!(resolvers_in(text), expected);
    }

    #[test]
    fn the_rules_name_everything() {
        let network = Network {
            interface: "mirai0".into(),
            egress: "eth0".into(),
            resolvers: vec![[192, 0, 2, 53].into()],
            v4: (Ipv4Addr::new(10, 64, 0, 1), 10),
            v6: ("fd00::1".parse().unwrap(), 64),
        };
        let rules = network.rules();
        assert!(rules.contains("ip daddr 10.64.0.1 udp dport 53 dnat ip to 192.0.2.53"), "{rules}");
        assert!(rules.contains("oifname \"eth0\" ip saddr 10.64.0.0/10 masquerade"), "{rules}");
        assert!(rules.contains("ip6 saddr fd00::/64 masquerade"), "{rules}");
        assert!(!["{table}", "{interface}", "{egress}", "{dns}"].iter().any(|place| rules.contains(place)), "{rules}");
    }
}

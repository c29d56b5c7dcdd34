//! Which networks a device sends through its tunnel.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What stays outside the tunnel with [`Routes::AllButLocal`].
///
/// IPv4: private networks (RFC 1918), link-local, multicast and what follows it up to the broadcast address, which
/// nobody routes. IPv6: unique local, link-local, multicast. All else goes through the tunnel, also what is reserved
/// today: a translated address (`64:ff9b::/96`) that went outside would show the customer's own line.
const LOCAL: [IpNet; 8] = [
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([169, 254, 0, 0], 16),
    v4([224, 0, 0, 0], 3),
    v6(0xfc00, 7),
    v6(0xfe80, 10),
    v6(0xff00, 8),
];

const fn v4(a: [u8; 4], prefix: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::new(a[0], a[1], a[2], a[3]), prefix))
}

const fn v6(first: u16, prefix: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(std::net::Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0), prefix))
}

/// What goes through the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Routes {
    /// Everything.
    #[default]
    All,
    /// Everything except the networks around the device: printers, routers, shared folders stay in reach.
    AllButLocal,
}

impl Routes {
    /// The networks, IPv4 first, each in order. `always` are addresses that are to be reached through the tunnel in any
    /// case: the resolver at the tunnel's other end has a private address itself.
    pub(super) fn networks(self, always: &[IpAddr]) -> Vec<IpNet> {
        let everything = [v4([0, 0, 0, 0], 0), v6(0, 0)];
        match self {
            Routes::All => everything.to_vec(),
            Routes::AllButLocal => {
                let mut list = Vec::new();
                for net in everything {
                    subtract(net, &LOCAL, &mut list);
                }
                for address in always {
                    if !list.iter().any(|net| net.contains(address)) {
                        list.push(IpNet::from(*address));
                    }
                }
                list.sort_unstable();
                list
            }
        }
    }
}

/// Adds to `list` the fewest networks that make up `net` without `holes`: halves are halved again until each is wholly in
/// or out.
fn subtract(net: IpNet, holes: &[IpNet], list: &mut Vec<IpNet>) {
    if holes.iter().any(|hole| hole.contains(&net)) {
        return;
    }
    if !holes.iter().any(|hole| net.contains(hole)) {
        list.push(net);
        return;
    }
    // It holds a smaller network, so it has halves.
    for half in net.subnets(net.prefix_len() + 1).into_iter().flatten() {
        subtract(half, holes, list);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn text(list: &[IpNet]) -> String {
        list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn everything_is_two_networks() {
        assert_eq!(text(&Routes::All.networks(&["10.64.0.1".parse().unwrap()])), "0.0.0.0/0 ::/0");
    }

    #[test]
    fn all_but_local_is_exactly_this() {
        let dns = ["10.64.0.1".parse().unwrap(), "fd4d:6972:6169::1".parse().unwrap(), "9.9.9.9".parse().unwrap()];
        assert_eq!(
            text(&Routes::AllButLocal.networks(&dns)),
            "0.0.0.0/5 8.0.0.0/7 10.64.0.1/32 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/3 \
             160.0.0.0/5 168.0.0.0/8 169.0.0.0/9 169.128.0.0/10 169.192.0.0/11 169.224.0.0/12 169.240.0.0/13 \
             169.248.0.0/14 169.252.0.0/15 169.255.0.0/16 170.0.0.0/7 172.0.0.0/12 172.32.0.0/11 172.64.0.0/10 \
             172.128.0.0/9 173.0.0.0/8 174.0.0.0/7 176.0.0.0/4 192.0.0.0/9 192.128.0.0/11 192.160.0.0/13 \
             192.169.0.0/16 192.170.0.0/15 192.172.0.0/14 192.176.0.0/12 192.192.0.0/10 193.0.0.0/8 194.0.0.0/7 \
             196.0.0.0/6 200.0.0.0/5 208.0.0.0/4 \
             ::/1 8000::/2 c000::/3 e000::/4 f000::/5 f800::/6 fd4d:6972:6169::1/128 fe00::/9 fec0::/10"
        );
    }

    fn holes() -> impl Strategy<Value = Vec<IpNet>> {
        proptest::collection::vec((any::<u32>(), 0_u8..=32), 0..6).prop_map(|list| {
            list.into_iter()
                .map(|(bits, prefix)| IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_bits(bits), prefix).trunc()))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn an_address_is_in_the_rest_exactly_when_it_is_in_no_hole(
            holes in holes(),
            addresses in proptest::collection::vec(any::<u32>(), 50),
        ) {
            let mut rest = Vec::new();
            subtract(v4([0, 0, 0, 0], 0), &holes, &mut rest);
            // The edges of the holes are where an error would be.
            let edges = holes.iter().flat_map(|hole| match hole {
                IpNet::V4(net) => {
                    let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
                    [first, last, first.wrapping_sub(1), last.wrapping_add(1)]
                }
                IpNet::V6(_) => [0; 4],
            });
            for bits in addresses.iter().copied().chain(edges) {
                let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
                let found = rest.iter().filter(|net| net.contains(&address)).count();
                let in_hole = holes.iter().any(|hole| hole.contains(&address));
                prop_assert_eq!(found, usize::from(!in_hole), "{}", address);
            }
            prop_assert_eq!(IpNet::aggregate(&rest).len(), rest.len(), "it could be said with fewer");
        }

        #[test]
        fn local_ipv6_stays_outside(bits: u128, dns: u128) {
            let (address, dns) = (IpAddr::V6(Ipv6Addr::from_bits(bits)), IpAddr::V6(Ipv6Addr::from_bits(dns)));
            let list = Routes::AllButLocal.networks(&[dns]);
            let local = LOCAL.iter().any(|net| net.contains(&address));
            prop_assert_eq!(list.iter().any(|net| net.contains(&address)), !local || address == dns);
            prop_assert!(list.iter().any(|net| net.contains(&dns)));
        }
    }
}

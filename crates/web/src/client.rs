//! Who is on the other end: the client's address, for limits only, and the family of its browser.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use ipnet::IpNet;

/// How a connection came in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peer {
    /// Over TCP, from here.
    Tcp(SocketAddr),
    /// Over a unix socket: only a proxy on this machine can.
    Unix,
}

/// The client's address. It is used as a key of the limiter and goes nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddr(pub(crate) IpAddr);

/// Finds the client's address, and notes it with the request.
pub(crate) fn find(trusted_proxies: &[IpNet], request: &mut Request) {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| *peer);
    let address = address(peer, request.headers(), trusted_proxies);
    request.extensions_mut().insert(ClientAddr(address));
}

/// The right-most hop of `X-Forwarded-For` that is not a trusted proxy; without a trusted peer, the peer itself.
fn address(peer: Option<Peer>, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let peer = match peer {
        Some(Peer::Tcp(address)) => {
            let address = address.ip().to_canonical();
            if !is_trusted(&address) {
                return address;
            }
            address
        }
        Some(Peer::Unix) | None => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let mut client = peer;
    let lines = headers.get_all("x-forwarded-for");
    let hops: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
    for hop in hops.into_iter().rev() {
        // A hop that is no address was not written by a proxy of ours: nothing left of it can be believed.
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    client
}

/// Browser family and system, such as `Firefox on Linux`: enough to recognise one's own session, not a person.
pub(crate) fn family(headers: &HeaderMap) -> String {
    let agent = headers.get("user-agent").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let find =
        |table: &[(&str, &'static str)]| table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    // Order matters: Edge and Opera also say Chrome, and Chrome also says Safari.
    let browser = find(&[
        ("Edg", "Edge"),
        ("OPR", "Opera"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
        ("curl", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_from(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().expect("a network"), "127.0.0.1/32".parse().expect("a network")];
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().expect("a header"));
        }
        let peer = Peer::Tcp(SocketAddr::new(peer.parse().expect("an address"), 1));
        address(Some(peer), &headers, &trusted).to_string()
    }

    #[test]
    fn s31_forwarded_headers_count_only_from_trusted_proxies() {
        for (peer, forwarded, client) in [
            ("192.0.2.9", &["198.51.100.1"][..], "192.0.2.9"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            ("127.0.0.1", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["198.51.100.1, nonsense"], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("::ffff:192.0.2.9", &["198.51.100.1"], "192.0.2.9"),
        ] {
            assert_eq!(seen_from(peer, forwarded), client, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_browser_is_known_by_family_only() {
        let mut headers = HeaderMap::new();
        let agent =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        headers.insert("user-agent", agent.parse().expect("a header"));
        assert_eq!(family(&headers), "Chrome on Linux");
        assert_eq!(family(&HeaderMap::new()), "unknown");
    }
}

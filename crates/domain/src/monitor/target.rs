//! What a check looks at, and what it wants to see there.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::names::Endpoint;

/// Text that is looked for in a page has this many bytes at most.
const MAX_TEXT: usize = 200;
/// The longest target that is kept, in bytes.
const MAX_TARGET: usize = 400;
const DNS_PORT: u16 = 53;

/// A way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A page is fetched.
    Http,
    /// A connection is made.
    Tcp,
    /// A name is asked for.
    Dns,
    /// An echo is asked for.
    Ping,
}

/// What no check can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Not a word of [`Kind`].
    #[error("http, tcp, dns or ping")]
    Kind,
    /// Not a target of this kind.
    #[error("http: https://host/path; tcp: host:port; dns: name@resolver; ping: host")]
    Target,
    /// What only a page can have was wanted of something else, or can't be had.
    #[error("a status from 100 to 599, a text of 1 to 200 bytes, and days of a certificate go with http only")]
    Wants,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Http, Kind::Tcp, Kind::Dns, Kind::Ping];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Http => "http",
            Kind::Tcp => "tcp",
            Kind::Dns => "dns",
            Kind::Ping => "ping",
        }
    }
}

impl FromStr for Kind {
    type Err = BadTarget;

    fn from_str(word: &str) -> Result<Kind, BadTarget> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(BadTarget::Kind)
    }
}

/// What a page must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Its status; any from 200 to 399 if left out.
    pub status: Option<u16>,
    /// What must stand in it.
    pub text: Option<String>,
    /// For how many days its certificate must be good.
    pub certificate_days: Option<u16>,
}

/// Where to look, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A page.
    Http {
        /// Its address, `https://` or `http://`.
        url: String,
        /// What it must be like.
        wants: Wants,
    },
    /// Something that takes connections.
    Tcp {
        /// Host and port.
        endpoint: Endpoint,
    },
    /// A name that has an IPv4 address.
    Dns {
        /// The name.
        name: String,
        /// Who is asked.
        resolver: SocketAddr,
    },
    /// A machine that sends echoes back.
    Ping {
        /// Its name or address.
        host: String,
    },
}

impl Target {
    /// Reads one: `https://host/path`, `host:port`, `name@resolver`, `host`.
    ///
    /// # Errors
    /// [`BadTarget`] says what can't be.
    pub fn new(kind: Kind, text: &str, wants: Wants) -> Result<Target, BadTarget> {
        if text.len() > MAX_TARGET || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(BadTarget::Target);
        }
        if kind != Kind::Http && wants != Wants::default() {
            return Err(BadTarget::Wants);
        }
        match kind {
            Kind::Http => http(text, wants),
            Kind::Tcp => Endpoint::parse(text).map(|endpoint| Target::Tcp { endpoint }).map_err(|_| BadTarget::Target),
            Kind::Dns => dns(text),
            Kind::Ping => Ok(Target::Ping { host: host(text)? }),
        }
    }
}

fn http(text: &str, wants: Wants) -> Result<Target, BadTarget> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(BadTarget::Target)?;
    // A password there would be seen by whoever lists the checks.
    if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) || rest.split('/').next().unwrap_or("").contains('@') {
        return Err(BadTarget::Target);
    }
    let is_status = wants.status.is_none_or(|status| (100..=599).contains(&status));
    let is_text = wants.text.as_ref().is_none_or(|text| (1..=MAX_TEXT).contains(&text.len()));
    let has_certificate = wants.certificate_days.is_none() || text.starts_with("https://");
    if is_status && is_text && has_certificate {
        Ok(Target::Http { url: text.to_owned(), wants })
    } else {
        Err(BadTarget::Wants)
    }
}

/// A name or an address without a port.
fn host(text: &str) -> Result<String, BadTarget> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let endpoint = Endpoint::parse(&format!("{text}:1")).map_err(|_| BadTarget::Target)?;
    Ok(endpoint.as_str().trim_end_matches(":1").to_owned())
}

fn dns(text: &str) -> Result<Target, BadTarget> {
    let (name, resolver) = text.split_once('@').ok_or(BadTarget::Target)?;
    let resolver = match resolver.parse::<IpAddr>() {
        Ok(address) => SocketAddr::new(address, DNS_PORT),
        Err(_) => resolver.parse().map_err(|_| BadTarget::Target)?,
    };
    let name = host(name)?;
    let is_name = name.parse::<IpAddr>().is_err();
    if is_name && resolver.port() != 0 { Ok(Target::Dns { name, resolver }) } else { Err(BadTarget::Target) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_target_and_what_is_none() {
        for (kind, text, good) in [
            (Kind::Http, "https://vpn.example.net/health?full=1", true),
            (Kind::Http, "http://127.0.0.1:8080", true),
            (Kind::Http, "http://[::1]:8080/", true),
            (Kind::Http, "ftp://vpn.example.net", false),
            (Kind::Http, "https://", false),
            (Kind::Http, "https:///path", false),
            (Kind::Http, "https://user:secret@vpn.example.net/", false),
            (Kind::Http, "https://vpn.example.net/a b", false),
            (Kind::Tcp, "vpn.example.net:443", true),
            (Kind::Tcp, "[2001:db8::1]:443", true),
            (Kind::Tcp, "vpn.example.net", false),
            (Kind::Tcp, "vpn.example.net:0", false),
            (Kind::Dns, "vpn.example.net@9.9.9.9", true),
            (Kind::Dns, "vpn.example.net@[2620:fe::fe]:5353", true),
            (Kind::Dns, "vpn.example.net@resolver.example.net", false),
            (Kind::Dns, "9.9.9.9@9.9.9.9", false),
            (Kind::Dns, "@9.9.9.9", false),
            (Kind::Dns, "vpn.example.net@9.9.9.9:0", false),
            (Kind::Ping, "vpn.example.net", true),
            (Kind::Ping, "2001:db8::1", true),
            (Kind::Ping, "vpn.example.net:1", false),
            (Kind::Ping, "-c1", false),
        ] {
            assert_eq!(Target::new(kind, text, Wants::default()).is_ok(), good, "{kind:?} {text}");
        }
    }

    #[test]
    fn only_a_page_has_a_status_a_text_and_a_certificate() {
        let status = |status| Wants { status: Some(status), ..Wants::default() };
        let text = |text: &str| Wants { text: Some(text.to_owned()), ..Wants::default() };
        let days = Wants { certificate_days: Some(14), ..Wants::default() };
        for (kind, target, wants, good) in [
            (Kind::Http, "https://a.test/", status(204), true),
            (Kind::Http, "https://a.test/", status(99), false),
            (Kind::Http, "https://a.test/", text("well"), true),
            (Kind::Http, "https://a.test/", text(""), false),
            (Kind::Http, "https://a.test/", text(&"x".repeat(201)), false),
            (Kind::Http, "https://a.test/", days.clone(), true),
            (Kind::Http, "http://a.test/", days.clone(), false),
            (Kind::Tcp, "a.test:1", status(200), false),
            (Kind::Ping, "a.test", days, false),
        ] {
            let expect = if good { Ok(()) } else { Err(BadTarget::Wants) };
            assert_eq!(Target::new(kind, target, wants).map(drop), expect, "{kind:?} {target}");
        }
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("heartbeat".parse::<Kind>(), Err(BadTarget::Kind));
    }
}

//! Names that people and operators give: devices, servers, regions, endpoints.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use unicode_normalization::UnicodeNormalization;

use crate::text::is_invisible;

/// Most characters of a device's or a server's name.
const MAX_CHARS: usize = 40;

/// What a customer calls a device: 1 to 40 characters that can be seen, in Unicode's composed form (NFC).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceName(String);

impl DeviceName {
    /// Reads a name; white space around it is dropped.
    pub fn parse(text: &str) -> Result<DeviceName, NameError> {
        // Composing never makes a text more than three times shorter.
        if text.len() > MAX_CHARS * 4 * 3 {
            return Err(NameError::Device);
        }
        let name: String = text.trim().nfc().collect();
        let fits = (1..=MAX_CHARS).contains(&name.chars().count());
        if fits && !name.chars().any(is_invisible) { Ok(DeviceName(name)) } else { Err(NameError::Device) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What operators call a server: 1 to 40 of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerName(String);

impl ServerName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<ServerName, NameError> {
        let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let fits = (1..=MAX_CHARS).contains(&text.len());
        if fits && letters { Ok(ServerName(text.to_owned())) } else { Err(NameError::Server) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A region that customers choose from: 2 to 8 lower-case letters, `jp`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Region(String);

impl Region {
    /// Reads a region.
    pub fn parse(text: &str) -> Result<Region, NameError> {
        let fits = (2..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase());
        if fits { Ok(Region(text.to_owned())) } else { Err(NameError::Region) }
    }

    /// The region.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a server is reached: `vpn1.example.net:51820`, `192.0.2.1:51820`, `[2001:db8::1]:51820`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(String);

impl Endpoint {
    /// Reads host and port. The host becomes lower case, an IPv6 address its shortest form.
    pub fn parse(text: &str) -> Result<Endpoint, NameError> {
        let (host, port) = text.rsplit_once(':').ok_or(NameError::Endpoint)?;
        if port.is_empty() || port.len() > 5 || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NameError::Endpoint);
        }
        let port: u16 = port.parse().map_err(|_| NameError::Endpoint)?;
        if port == 0 {
            return Err(NameError::Endpoint);
        }
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let v6 = rest.strip_suffix(']').and_then(|text| text.parse::<Ipv6Addr>().ok());
                format!("[{}]", v6.ok_or(NameError::Endpoint)?)
            }
            None => host_name(host)?,
        };
        Ok(Endpoint(format!("{host}:{port}")))
    }

    /// `host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An IPv4 address, or a DNS name of letters, digits and inner hyphens.
fn host_name(host: &str) -> Result<String, NameError> {
    if let Ok(v4) = host.parse::<Ipv4Addr>() {
        return Ok(v4.to_string());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name that ends in a number would be read as a broken IPv4 address.
    let numeric = host.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()));
    if host.len() <= 253 && host.split('.').all(label) && !numeric {
        Ok(host.to_ascii_lowercase())
    } else {
        Err(NameError::Endpoint)
    }
}

macro_rules! display {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
display!(DeviceName, ServerName, Region, Endpoint);

/// Why a text is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a device's name.
    #[error("a device's name has 1 to 40 characters, without line breaks or invisible ones")]
    Device,
    /// Not a server's name.
    #[error("a server's name has 1 to 40 of: a to z, 0 to 9, hyphen")]
    Server,
    /// Not a region.
    #[error("a region is 2 to 8 lower-case letters, for example jp")]
    Region,
    /// Not an endpoint.
    #[error("an endpoint is host:port, for example vpn1.example.net:51820 or [2001:db8::1]:51820")]
    Endpoint,
}

impl NameError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            NameError::Device => "device_name_invalid",
            NameError::Server => "server_name_invalid",
            NameError::Region => "region_invalid",
            NameError::Endpoint => "endpoint_invalid",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn device_names() {
        let forty = "x".repeat(40);
        let table = [
            ("phone", Some("phone")),
            ("  Mika's laptop ", Some("Mika's laptop")),
            ("未来の電話", Some("未来の電話")),
            ("caf\u{65}\u{301}", Some("caf\u{e9}")),
            (forty.as_str(), Some(forty.as_str())),
            ("", None),
            ("   ", None),
            (&format!("{forty}x"), None),
            ("a\nb", None),
            ("a\u{202e}b", None),
            ("\u{200b}", None),
            (&"x".repeat(1_000_000), None),
        ];
        for (text, expected) in table {
            assert_eq!(DeviceName::parse(text).ok().as_ref().map(DeviceName::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn server_names_and_regions() {
        for good in ["osaka-1", "a", "0"] {
            assert_eq!(ServerName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Osaka", "osaka_1", "osaka 1", "ö", &"a".repeat(41)] {
            assert_eq!(ServerName::parse(bad), Err(NameError::Server), "{bad:?}");
        }
        for good in ["jp", "europe"] {
            assert_eq!(Region::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "j", "JP", "jp1", "jp-1", "abcdefghi"] {
            assert_eq!(Region::parse(bad), Err(NameError::Region), "{bad:?}");
        }
    }

    #[test]
    fn endpoints() {
        let table = [
            ("vpn1.example.net:51820", Some("vpn1.example.net:51820")),
            ("VPN1.Example.net:443", Some("vpn1.example.net:443")),
            ("localhost:1", Some("localhost:1")),
            ("192.0.2.1:65535", Some("192.0.2.1:65535")),
            ("[2001:DB8:0::1]:51820", Some("[2001:db8::1]:51820")),
            ("vpn1.example.net", None),
            ("vpn1.example.net:", None),
            ("vpn1.example.net:0", None),
            ("vpn1.example.net:65536", None),
            ("vpn1.example.net:+80", None),
            (":51820", None),
            ("2001:db8::1:51820", None),
            ("[2001:db8::1]", None),
            ("[192.0.2.1]:1", None),
            ("300.0.2.1:1", None),
            ("-a.example:1", None),
            ("a..example:1", None),
            ("a b:1", None),
            ("a\nPostUp = x:1", None),
            ("未来.jp:1", None),
        ];
        for (text, expected) in table {
            assert_eq!(Endpoint::parse(text).ok().as_ref().map(Endpoint::as_str), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,60}") {
            if let Ok(name) = DeviceName::parse(&text) {
                prop_assert_eq!(DeviceName::parse(name.as_str()), Ok(name.clone()));
            }
            if let Ok(endpoint) = Endpoint::parse(&text) {
                prop_assert_eq!(Endpoint::parse(endpoint.as_str()), Ok(endpoint.clone()));
            }
        }
    }
}

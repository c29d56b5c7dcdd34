//! Networks as people write them in settings.

use std::net::IpAddr;

use ipnet::IpNet;

/// Not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network, for example 192.0.2.1 or 10.0.0.0/8")]
pub struct NetworkError;

impl NetworkError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        "network_invalid"
    }
}

/// Reads `10.0.0.0/8`, or `192.0.2.1`, which is the network of that address alone.
pub fn network(text: &str) -> Result<IpNet, NetworkError> {
    text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| NetworkError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_one() {
        for (text, expected) in [
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("10.0.0.7/8", Some("10.0.0.7/8")),
            ("192.0.2.1", Some("192.0.2.1/32")),
            ("fd00::/8", Some("fd00::/8")),
            ("::1", Some("::1/128")),
            ("10.0.0.0/33", None),
            ("10.0.0.0/", None),
            ("10.0.0", None),
            ("nginx", None),
            ("", None),
        ] {
            assert_eq!(network(text).map(|net| net.to_string()).ok().as_deref(), expected, "{text}");
        }
    }
}

//! Where webhooks may lead, and when one is given up.

use std::net::IpAddr;

use crate::time::{DAY_MS, UnixMs};

/// How long it is tried to get one message through.
pub const TRY_MS: i64 = DAY_MS;
/// How long nothing may get through.
pub const PATIENCE_MS: i64 = 3 * DAY_MS;

/// Whether an address is one of the public internet: no other machine of ours, no neighbour's, and none that tells
/// secrets to whoever asks (such as a cloud's metadata at 169.254.169.254).
///
/// By IANA's registries of special addresses; IPv6 only what is handed out today, without what carries an IPv4 address in it.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let is_special = match (a, b, c) {
                // This network, private, loopback.
                (0 | 10 | 127, ..) => true,
                // Shared by a carrier's customers, link-local, private.
                (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) => true,
                // Protocols, relays from IPv6, benchmarks, documentation.
                (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
                // Multicast, and what is reserved.
                (224.., ..) => true,
                _ => false,
            };
            !is_special
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            let is_special = match (a, b) {
                // Protocols and tunnels, documentation, IPv4 in IPv6.
                (0x2001, 0..0x200 | 0xdb8) | (0x2002, _) => true,
                (0x3fff, 0..0x1000) => true,
                (0x2000..0x4000, _) => false,
                _ => true,
            };
            !is_special
        }
    }
}

/// Whether a webhook is given up with a failure.
pub fn is_given_up(failing_since: UnixMs, now: UnixMs) -> bool {
    now - failing_since >= PATIENCE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_public_internet_is_public() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "4000::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn three_days_of_silence_are_the_end() {
        assert!(!is_given_up(0, PATIENCE_MS - 1));
        assert!(is_given_up(0, PATIENCE_MS));
    }
}

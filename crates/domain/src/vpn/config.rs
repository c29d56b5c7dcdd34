//! The file that a device gets: wg-quick's format, as every WireGuard app reads it.

mod routes;

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::text::is_invisible;
use crate::vpn::key::{PresharedKey, PrivateKey, PublicKey};

pub use routes::Routes;

/// What stands where the private key belongs in a file for a key that only its owner holds.
pub const PRIVATE_KEY_BLANK: &str = "<your private key>";

/// Seconds between the packets that keep a NAT's door open (WireGuard's own advice).
const KEEPALIVE_S: u32 = 25;
/// Most characters of the comment line.
const MAX_TITLE: usize = 120;

/// Largest packet inside the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mtu {
    /// 1420 bytes: right for nearly every line, and WireGuard's own default.
    #[default]
    M1420,
    /// 1380 bytes: for lines with PPPoE or another tunnel around.
    M1380,
    /// 1280 bytes: fits every line that carries IPv6.
    M1280,
}

impl Mtu {
    /// Bytes.
    pub fn bytes(self) -> u16 {
        match self {
            Mtu::M1420 => 1420,
            Mtu::M1380 => 1380,
            Mtu::M1280 => 1280,
        }
    }
}

/// All that stands in a device's file.
#[derive(Debug)]
pub struct ConfigFile<'a> {
    /// The device's private key, where it is at hand; [`PRIVATE_KEY_BLANK`] is written otherwise.
    pub private_key: Option<&'a PrivateKey>,
    /// The device's address in the tunnel.
    pub address_v4: Ipv4Addr,
    /// The device's address in the tunnel.
    pub address_v6: Ipv6Addr,
    /// Who is asked for names; they stay reachable whatever `routes` leaves out.
    pub dns: Vec<IpAddr>,
    /// Largest packet.
    pub mtu: Mtu,
    /// The server's key.
    pub server_key: PublicKey,
    /// The secret shared with the server.
    pub preshared_key: &'a PresharedKey,
    /// `host:port`, an IPv6 address in brackets.
    pub endpoint: String,
    /// What goes through the tunnel.
    pub routes: Routes,
    /// First line of the file, a comment: which device, which server. Any text: what can't stand in one line is left out.
    pub title: String,
}

impl ConfigFile<'_> {
    /// The file.
    pub fn render(&self) -> String {
        let list = |items: Vec<String>| items.join(", ");
        let mut file = String::with_capacity(768);
        let mut line = |text: std::fmt::Arguments<'_>| {
            // Writing to a String can't fail.
            let _ = writeln!(file, "{text}");
        };
        line(format_args!("# {}", one_line(&self.title)));
        line(format_args!("[Interface]"));
        match self.private_key {
            Some(key) => line(format_args!("PrivateKey = {}", key.expose().as_str())),
            None => line(format_args!("PrivateKey = {PRIVATE_KEY_BLANK}")),
        }
        line(format_args!("Address = {}/32, {}/128", self.address_v4, self.address_v6));
        if !self.dns.is_empty() {
            line(format_args!("DNS = {}", list(self.dns.iter().map(IpAddr::to_string).collect())));
        }
        line(format_args!("MTU = {}", self.mtu.bytes()));
        line(format_args!(""));
        line(format_args!("[Peer]"));
        line(format_args!("PublicKey = {}", self.server_key));
        line(format_args!("PresharedKey = {}", self.preshared_key.expose().as_str()));
        line(format_args!("Endpoint = {}", self.endpoint));
        let routes = self.routes.networks(&self.dns);
        line(format_args!("AllowedIPs = {}", list(routes.iter().map(ToString::to_string).collect())));
        line(format_args!("PersistentKeepalive = {KEEPALIVE_S}"));
        file
    }
}

/// A text as one line that can't end the comment it stands in.
fn one_line(text: &str) -> String {
    let seen: String = text.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    words.join(" ").chars().take(MAX_TITLE).collect()
}

#[cfg(test)]
mod tests;

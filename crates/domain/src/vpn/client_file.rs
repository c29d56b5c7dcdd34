//! Reading a client's wg-quick file that another program wrote, to take its device over.

use std::fmt;
use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::names::Endpoint;
use crate::vpn::key::{PrivateKey, PublicKey};

/// What a device is known by. Its private key was looked at for its public half and is not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientFile {
    /// The device's own key.
    pub public_key: PublicKey,
    /// Its IPv4 address in the tunnel.
    pub address: Ipv4Addr,
    /// The server's key.
    pub server_key: PublicKey,
    /// Pre-shared key; all zero, which is the same as none, if the file has none.
    pub preshared_key: [u8; 32],
    /// The server's endpoint, if the file names one that we take.
    pub endpoint: Option<Endpoint>,
}

/// Without the secret.
impl fmt::Debug for ClientFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFile").field("public_key", &self.public_key).finish_non_exhaustive()
    }
}

/// Why a file can't be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientFileError {
    /// No `[Interface]` with a `PrivateKey`.
    #[error("it has no PrivateKey that is 32 bytes in base64")]
    PrivateKey,
    /// No `[Interface]` with an IPv4 `Address`.
    #[error("it has no IPv4 Address")]
    Address,
    /// No `[Peer]` with a `PublicKey`, or several peers.
    #[error("it has no single [Peer] with a PublicKey")]
    Peer,
    /// A `PresharedKey` that is none.
    #[error("its PresharedKey is not 32 bytes in base64")]
    PresharedKey,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Interface,
    Peer,
}

impl ClientFile {
    /// Reads a file: sections and keys in any case, comments after `#`, lists by comma. What is not needed is passed over.
    pub fn parse(text: &str) -> Result<ClientFile, ClientFileError> {
        let (mut section, mut peers) = (Section::None, 0);
        let (mut private, mut address, mut server, mut preshared, mut endpoint) = (None, None, None, None, None);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.eq_ignore_ascii_case("[interface]") {
                section = Section::Interface;
            } else if line.eq_ignore_ascii_case("[peer]") {
                section = Section::Peer;
                peers += 1;
            }
            let Some((name, value)) = line.split_once('=') else { continue };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            match (section, name.as_str()) {
                (Section::Interface, "privatekey") => private = Some(key(value).ok_or(ClientFileError::PrivateKey)?),
                (Section::Interface, "address") => address = address.or_else(|| ipv4(value)),
                (Section::Peer, "publickey") => server = PublicKey::parse(value).ok(),
                (Section::Peer, "presharedkey") => {
                    preshared = Some(key(value).ok_or(ClientFileError::PresharedKey)?);
                }
                (Section::Peer, "endpoint") => endpoint = Endpoint::parse(value).ok(),
                _ => {}
            }
        }
        let private = private.ok_or(ClientFileError::PrivateKey)?;
        Ok(ClientFile {
            public_key: PrivateKey::from_random(*private).public(),
            address: address.ok_or(ClientFileError::Address)?,
            server_key: server.filter(|_| peers == 1).ok_or(ClientFileError::Peer)?,
            preshared_key: preshared.map_or([0; 32], |key| *key),
            endpoint,
        })
    }
}

fn key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

/// The first IPv4 address of a list, without its prefix length.
fn ipv4(list: &str) -> Option<Ipv4Addr> {
    list.split(',').find_map(|one| one.trim().split('/').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# made by an old panel\n[Interface]\nPrivateKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\
        Address = fd00::2/128, 10.8.0.2/24\nDNS = 1.1.1.1\n\n[peer]\npublickey=HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=\n\
        PresharedKey = AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI= # ours\nEndpoint = vpn1.example.net:51820\nAllowedIPs = 0.0.0.0/0\n";

    #[test]
    fn a_file_gives_public_keys_address_and_endpoint() {
        let file = ClientFile::parse(FILE).unwrap();
        assert_eq!(file.public_key, PrivateKey::from_random([1; 32]).public());
        assert_eq!(file.address, Ipv4Addr::new(10, 8, 0, 2));
        assert_eq!(file.preshared_key, [2; 32]);
        assert_eq!(file.endpoint.unwrap().as_str(), "vpn1.example.net:51820");
        let without = FILE.replace("PresharedKey", "X");
        assert_eq!(ClientFile::parse(&without).unwrap().preshared_key, [0; 32]);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (from, to, error) in [
            ("PrivateKey = AQEB", "PrivateKey = ", ClientFileError::PrivateKey),
            ("PrivateKey", "Key", ClientFileError::PrivateKey),
            ("10.8.0.2/24", "fd00::3/128", ClientFileError::Address),
            ("publickey", "key", ClientFileError::Peer),
            ("Endpoint", "[Peer]\nEndpoint", ClientFileError::Peer),
            ("PresharedKey = AgIC", "PresharedKey = ", ClientFileError::PresharedKey),
        ] {
            assert_eq!(ClientFile::parse(&FILE.replace(from, to)), Err(error), "{to}");
        }
        assert!(ClientFile::parse("").is_err());
        let shown = format!("{:?}", ClientFile::parse(FILE));
        assert!(!shown.contains("AQEBAQ") && !shown.contains("2, 2"), "{shown}");
    }
}

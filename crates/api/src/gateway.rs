//! What gateways and the control plane say to each other.
//!
//! Releases are mixed during a deploy: unknown fields are ignored, and [`VERSION`] changes only with a meaning that an
//! older program would get wrong. Nothing here can carry the address of a client.
//!
//! Down comes one stream of frames: four bytes of length (big end first), then that many bytes of JSON, a [`Frame`]. Up go
//! small POSTs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Version of this protocol.
pub const VERSION: u32 = 1;
/// Longest frame, in bytes: a snapshot comes in parts that are far shorter.
pub const MAX_FRAME: usize = 1024 * 1024;

/// `POST /gateway/v1/enrol`: a gateway's agent takes a server's place, with the one-time token of that server.
#[derive(Debug, Serialize, Deserialize)]
pub struct Enrol {
    /// [`VERSION`].
    pub protocol: u32,
    /// The one-time token.
    pub token: String,
    /// The WireGuard key (base64) whose private half is on the server and stays there.
    pub public_key: String,
    /// SHA-256 (hex) of the credential that the agent has made: so the credential is not in this request, which proxies
    /// may log.
    pub credential_hash: String,
    /// `kernel`, `embedded`, `uapi` or `fake`.
    pub driver: String,
    /// Version of the agent's program.
    pub version: String,
}

/// The answer to [`Enrol`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The server.
    pub server_id: Uuid,
    /// Its name.
    pub name: String,
    /// The gateway's own address in the tunnel, and the length of the network that all devices are in.
    pub address_v4: (Ipv4Addr, u8),
    /// The same for IPv6.
    pub address_v6: (Ipv6Addr, u8),
}

/// Which start of which agent speaks. Goes with every request after the enrolment, in the query or the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Counts the starts of the agent.
    pub generation: i64,
    /// Random, of this start.
    pub instance: String,
}

/// The query of `GET /gateway/v1/stream`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Follow {
    /// See [`Start`].
    pub generation: i64,
    /// See [`Start`].
    pub instance: String,
    /// The revision that the agent has; without one it gets a snapshot.
    pub after: Option<i64>,
}

/// A peer that the gateway should have.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// WireGuard key (base64).
    pub public_key: String,
    /// Pre-shared key (base64).
    pub preshared_key: String,
    /// Its address in the tunnel.
    pub v4: Ipv4Addr,
    /// Its address in the tunnel.
    pub v6: Ipv6Addr,
    /// Unix milliseconds from which on it must not be served any more, unless something else was said by then.
    pub valid_until: i64,
    /// What it may carry until the gateway has asked again; none for as much as it likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// How fast it may be, in Mbit/s each way; none for as fast as it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mbit: Option<u32>,
    /// Whether it is no customer's, but another gateway that looks whether this one works; see [`Looks`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_probe: bool,
}

/// What is counted of a peer, and what it may carry beyond that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The stay that is counted last; see [`Counter`].
    pub generation: i64,
    /// Bytes of that stay that are counted, both ways together.
    pub counted: i64,
    /// Bytes that it may carry beyond these, also in later stays; none for as much as it likes.
    pub left: Option<i64>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({}, {}, until {})", self.public_key, self.v4, self.valid_until)
    }
}

/// A step from one revision to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// The peer goes.
    Remove {
        /// Its key.
        public_key: String,
    },
    /// The peer is served, as it is said here.
    Upsert(Peer),
}

/// What the control plane says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum Frame {
    /// All peers, in parts: those that are in none of the parts go when the last one has come.
    Snapshot {
        /// The revision at which the reading began. What changed since comes again in deltas.
        revision: i64,
        /// Counts the parts, from 0.
        part: u32,
        /// Whether it is the last one.
        is_last: bool,
        /// The peers.
        peers: Vec<Peer>,
    },
    /// What changed since a revision. Removals come first.
    Delta {
        /// The revision that these steps begin at.
        from: i64,
        /// The revision that they lead to.
        revision: i64,
        /// The steps.
        ops: Vec<Op>,
    },
    /// Nothing has changed; said every few seconds, so that a dead connection is seen.
    Heartbeat {
        /// The revision.
        revision: i64,
        /// The control plane's clock in Unix milliseconds.
        now: i64,
    },
    /// One that this release does not know: nothing that it must know, or [`VERSION`] would be another.
    #[serde(other)]
    Unknown,
}

impl Frame {
    /// The frame as it goes over the wire.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = vec![0; 4];
        serde_json::to_writer(&mut bytes, self)?;
        let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        Ok(bytes)
    }
}

/// Puts frames together from bytes as they come.
#[derive(Debug, Default)]
pub struct Decoder(Vec<u8>);

/// Bytes that are no frame.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It says that it is longer than any frame.
    #[error("a frame of {0} bytes: longer than any")]
    TooLong(usize),
    /// It is not what this program knows as a frame.
    #[error("a frame that can't be read: {0}")]
    Content(#[from] serde_json::Error),
}

impl Decoder {
    /// Takes bytes from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next frame, once all of it has come.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, DecodeError> {
        let Some((head, rest)) = self.0.split_first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_FRAME {
            return Err(DecodeError::TooLong(length));
        }
        let Some(content) = rest.get(..length) else { return Ok(None) };
        let frame = serde_json::from_slice(content)?;
        self.0.drain(..4 + length);
        Ok(Some(frame))
    }
}

/// `POST /gateway/v1/ack`: what the agent has applied.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ack {
    /// Who speaks.
    #[serde(flatten)]
    pub start: Start,
    /// The revision that the device is at.
    pub revision: i64,
    /// Peers that could not be applied.
    #[serde(default)]
    pub failures: Vec<Failure>,
}

/// A peer that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its key, as it came.
    pub public_key: String,
    /// Why, in a few words.
    pub reason: String,
}

/// `POST /gateway/v1/report`: how the gateway is, every few seconds, and what its peers have carried since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Who speaks.
    #[serde(flatten)]
    pub start: Start,
    /// The gateway's clock in Unix milliseconds.
    pub now: i64,
    /// The revision that the device is at; none before the first list is whole.
    pub revision: Option<i64>,
    /// How it is.
    pub health: Health,
    /// Peers whose bytes are not all counted yet, or that wait for a new grant; [`MAX_COUNTERS`] at most, the rest comes
    /// with the next report.
    #[serde(default)]
    pub counters: Vec<Counter>,
}

/// Counters in one report at most.
pub const MAX_COUNTERS: usize = 2_000;

/// How a gateway is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Health {
    /// Peers that have shaken hands within three minutes.
    pub active_peers: u32,
    /// Bytes a second from clients.
    pub rx_rate: u64,
    /// Bytes a second to clients.
    pub tx_rate: u64,
    /// Packets a second that its outer interface or its tunnel has dropped.
    pub drops: u64,
    /// Processors in use, 0..1.
    pub cpu: f64,
    /// Memory in use, 0..1.
    pub memory: f64,
    /// What is wrong, in a few words.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// What a peer has carried in one stay at the gateway's device. Always from the beginning of the stay, so that a report
/// that is lost, or comes twice, changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// The peer's key.
    pub public_key: String,
    /// Numbers the stays: one that comes later has a higher number, over restarts of the agent too.
    pub generation: i64,
    /// Bytes from the client.
    pub rx: u64,
    /// Bytes to the client.
    pub tx: u64,
}

/// `POST /gateway/v1/rotate`: the gateway has made another credential. The one that it shows is good until it shows the new
/// one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rotate {
    /// SHA-256 (hex) of the new credential.
    pub credential_hash: String,
}

/// The answer to [`Report`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reported {
    /// What is counted now of the peers in the report, and what they may carry from there.
    #[serde(default)]
    pub grants: std::collections::BTreeMap<String, Grant>,
}

/// `POST /gateway/v1/look`: what the gateway has seen of others through their tunnels since it last said so, and the
/// question what to look at next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    /// Who speaks.
    #[serde(flatten)]
    pub start: Start,
    /// The WireGuard key (base64) with which it looks, made anew with each start.
    pub public_key: String,
    /// What it has seen; [`MAX_SIGHTS`] at most.
    #[serde(default)]
    pub sights: Vec<Sight>,
}

/// Sights in one request at most.
pub const MAX_SIGHTS: usize = 100;

/// What a gateway has seen of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// The server that it looked at.
    pub server_id: Uuid,
    /// `ok`, `fail`, or `unknown` where it had no way to look.
    pub verdict: String,
    /// How long the page took through the tunnel, in microseconds; none if it did not come.
    #[serde(default)]
    pub latency_us: Option<u64>,
    /// What was wrong, as a word.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// The answer to [`Looks`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToLook {
    /// The address in the tunnel that it looks with.
    pub v4: Ipv4Addr,
    /// The page that tells whoever fetches it from which address they came: `GET /gateway/v1/address`.
    pub page: String,
    /// Where to look.
    pub at: Vec<LookAt>,
}

/// A gateway to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookAt {
    /// The server.
    pub server_id: Uuid,
    /// `host:port`.
    pub endpoint: String,
    /// Its WireGuard key (base64).
    pub public_key: String,
    /// The address that it comes to us from itself, where what comes through it comes from too.
    #[serde(default)]
    pub egress: Option<IpAddr>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Frame> {
        let peer = Peer {
            public_key: "k".repeat(44),
            preshared_key: "p".repeat(44),
            v4: Ipv4Addr::new(10, 7, 0, 2),
            v6: "fd00::2".parse().expect("an address"),
            valid_until: 5,
            grant: Some(Grant { generation: 2, counted: 3, left: Some(4) }),
            speed_mbit: Some(20),
            is_probe: true,
        };
        vec![
            Frame::Snapshot { revision: 1, part: 0, is_last: true, peers: vec![peer.clone()] },
            Frame::Delta {
                from: 1,
                revision: 3,
                ops: vec![Op::Remove { public_key: "gone".into() }, Op::Upsert(peer)],
            },
            Frame::Heartbeat { revision: 3, now: 7 },
        ]
    }

    #[test]
    fn frames_come_out_as_they_went_in_however_the_bytes_are_cut() {
        let bytes: Vec<u8> = frames().iter().flat_map(|frame| frame.encode().expect("encodes")).collect();
        for size in [1, 3, 7, bytes.len()] {
            let (mut decoder, mut found) = (Decoder::default(), Vec::new());
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                while let Some(frame) = decoder.next_frame().expect("reads") {
                    found.push(frame);
                }
            }
            assert_eq!(found, frames(), "in pieces of {size}");
        }
    }

    #[test]
    fn another_releases_fields_are_ignored_and_nonsense_is_an_error() {
        let text = br#"{"frame":"heartbeat","revision":1,"now":2,"mood":"good"}"#;
        let mut decoder = Decoder::default();
        decoder.push(&u32::try_from(text.len()).expect("short").to_be_bytes());
        decoder.push(text);
        assert_eq!(decoder.next_frame().expect("reads"), Some(Frame::Heartbeat { revision: 1, now: 2 }));
        let text = br#"{"frame":"fanfare","melody":[1,2,3]}"#;
        decoder.push(&u32::try_from(text.len()).expect("short").to_be_bytes());
        decoder.push(text);
        assert_eq!(decoder.next_frame().expect("reads"), Some(Frame::Unknown));
        decoder.push(&[0, 0, 0, 2, b'{', b'}']);
        assert!(matches!(decoder.next_frame(), Err(DecodeError::Content(_))));
        let mut decoder = Decoder::default();
        decoder.push(&u32::MAX.to_be_bytes());
        assert!(matches!(decoder.next_frame(), Err(DecodeError::TooLong(_))));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", frames());
        assert!(!shown.contains("pppp"), "{shown}");
    }
}

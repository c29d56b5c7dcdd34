//! What the two halves say to each other: frames over the standard input and output of one `ssh`.
//!
//! A frame is a byte for its kind, four bytes of length (big-endian), and that many bytes: JSON, or a piece of an archive. Before
//! its first frame the agent writes [`MAGIC`], since a host's shell may greet with something of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::outcome::Ending;
use crate::plan::{Facts, Manner, Plan, Wish};
use crate::provision::Resource;
use crate::role::Role;
use crate::state::State;

/// What the halves have to agree on. Raised with each change that an older half would misread.
pub const PROTOCOL: u32 = 3;
/// The first bytes of an agent.
pub const MAGIC: &[u8] = b"\x01mirai-deploy\n";
/// How much a host may say before that.
const MOST_GREETING: usize = 1 << 16;
/// The longest frame.
const MOST: u32 = 1 << 20;
/// Bytes of an archive in one frame.
pub const PIECE: usize = 1 << 17;

const JSON: u8 = b'J';
const BYTES: u8 = b'B';

/// What the laptop says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// What is on the host, for this wish?
    Look(Wish),
    /// Do this.
    Apply(Apply),
    /// Give the host what it should have.
    Provide(Provide),
    /// Which releases are there?
    Status,
    /// The last lines of what serves.
    Logs {
        /// How many.
        lines: u32,
    },
    /// The switch with this word has been seen over a new connection.
    Confirm {
        /// The word.
        nonce: String,
    },
    /// To a site's host: a token with which this VPN server enrols; it becomes one of the site's servers, if it is not.
    Server(NewServer),
    /// What was wanted with [`Tell::TokenWanted`], or why there is none.
    Token(Result<Secret, String>),
}

/// A VPN server, as the site is to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewServer {
    /// Its name: `osaka-1`.
    pub name: String,
    /// Region, such as `jp`.
    pub region: String,
    /// Country, two letters.
    pub country: String,
    /// City.
    pub city: String,
    /// `host:port` that clients connect to.
    pub endpoint: String,
    /// Devices that it is meant for; as the site has it if left out.
    pub capacity: Option<u32>,
    /// Traffic that it is meant for, in Mbit/s each way; as the site has it if left out.
    pub bandwidth_mbit: Option<u32>,
}

/// Something that nothing prints.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A plan to be applied.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Apply {
    /// What it is for.
    pub wish: Wish,
    /// How.
    pub manner: Manner,
    /// The plan that was shown. The agent makes its own, and does nothing if they differ.
    pub plan: Plan,
    /// Who is asking: `mika@laptop`.
    pub by: String,
    /// How long to wait for somebody else who is deploying, in seconds.
    pub wait_s: u64,
}

/// What a host should have.
#[derive(Debug, Serialize, Deserialize)]
pub struct Provide {
    /// What the host is for.
    pub role: Role,
    /// All of it.
    pub resources: Vec<Resource>,
    /// The operator's own settings.
    pub given: Given,
    /// Only say what is not as it should be.
    pub is_dry: bool,
    /// Who is asking.
    pub by: String,
    /// How long to wait for somebody else who is deploying, in seconds.
    pub wait_s: u64,
}

/// Settings by their names. Values are secrets: nothing prints them.
#[derive(Default, Serialize, Deserialize)]
pub struct Given(pub BTreeMap<String, String>);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What the host says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {
    /// The first frame.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// The agent's version.
        version: String,
    },
    /// What is there.
    Facts(Facts),
    /// A step begins.
    Begin {
        /// Its place in the plan.
        at: usize,
    },
    /// A step has been done.
    Did {
        /// Its place in the plan.
        at: usize,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// What is not as it should be on a host.
    Differences(Vec<String>),
    /// Something worth a line.
    Note(String),
    /// Send the archive from this byte on.
    Send {
        /// The first byte.
        from: u64,
    },
    /// Say this word over a new connection.
    ConfirmBy {
        /// The word.
        nonce: String,
    },
    /// A token is needed for the host to enrol as a VPN server.
    TokenWanted,
    /// The token that was asked for with [`Ask::Server`].
    Token(Secret),
    /// The releases.
    Status(Status),
    /// Lines of a log.
    Logs(Vec<String>),
    /// The end.
    Done(Ending),
}

/// What `mirai deploy status` shows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Status {
    /// What the host is for.
    pub role: Role,
    /// Releases and what is live.
    pub state: State,
    /// Who is deploying just now.
    pub locked_by: Option<String>,
    /// The word that a switch under way waits for.
    pub awaited: Option<String>,
    /// What the release that is live says of itself, or why it says nothing.
    pub health: String,
}

/// A frame.
#[derive(Debug)]
pub enum Frame {
    /// JSON.
    Json(Vec<u8>),
    /// A piece of an archive; an empty one is its end.
    Bytes(Vec<u8>),
}

/// Writes a message.
///
/// # Errors
/// When the other half is gone.
pub fn say<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    write(to, JSON, &serde_json::to_vec(message)?)
}

/// Writes a piece of an archive.
///
/// # Errors
/// When the other half is gone.
pub fn send(to: &mut impl Write, piece: &[u8]) -> io::Result<()> {
    write(to, BYTES, piece)
}

fn write(to: &mut impl Write, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MOST);
    let length = length.ok_or_else(|| io::Error::other("a frame is too long"))?;
    to.write_all(&[kind])?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// The next frame; `None` when the other half has ended.
///
/// # Errors
/// When it ends inside a frame, or says what is none.
pub fn read(from: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut kind = [0];
    if from.read(&mut kind)? == 0 {
        return Ok(None);
    }
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes)?;
    match kind[0] {
        JSON => Ok(Some(Frame::Json(bytes))),
        BYTES => Ok(Some(Frame::Bytes(bytes))),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "what came is no frame")),
    }
}

/// The next message; `None` when the other half has ended.
///
/// # Errors
/// As [`read`], and when it is a piece of an archive or some other message.
pub fn hear<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    match read(from)? {
        None => Ok(None),
        Some(Frame::Json(bytes)) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Some(Frame::Bytes(_)) => Err(io::Error::new(io::ErrorKind::InvalidData, "a piece of an archive came unasked")),
    }
}

/// Passes over what a host says before its agent does. What it was is given back if no agent came.
///
/// # Errors
/// When nothing can be read.
pub fn pass_greeting(from: &mut impl Read) -> io::Result<Result<(), String>> {
    let mut said = Vec::new();
    let mut byte = [0];
    while said.len() < MOST_GREETING && from.read(&mut byte)? == 1 {
        said.push(byte[0]);
        if said.ends_with(MAGIC) {
            return Ok(Ok(()));
        }
    }
    Ok(Err(String::from_utf8_lossy(&said).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_as_they_went_behind_a_hosts_greeting() {
        let mut line = b"Welcome to Debian\nlast login: never\n".to_vec();
        line.extend(MAGIC);
        say(&mut line, &Tell::Hello { protocol: PROTOCOL, version: "0.1.0".to_owned() }).unwrap();
        send(&mut line, b"piece").unwrap();
        let mut from = line.as_slice();
        assert_eq!(pass_greeting(&mut from).unwrap(), Ok(()));
        assert!(matches!(hear(&mut from).unwrap(), Some(Tell::Hello { protocol: PROTOCOL, .. })));
        assert!(matches!(read(&mut from).unwrap(), Some(Frame::Bytes(bytes)) if bytes == b"piece"));
        assert!(read(&mut from).unwrap().is_none());
    }

    #[test]
    fn a_host_without_an_agent_is_quoted_and_nonsense_is_no_frame() {
        let mut from = b"bash: /srv/mirai/agent: No such file".as_slice();
        assert_eq!(pass_greeting(&mut from).unwrap(), Err("bash: /srv/mirai/agent: No such file".to_owned()));
        for bad in [b"J\0\0".as_slice(), b"J\xff\xff\xff\xff", b"X\0\0\0\0", b"J\0\0\0\x05ab"] {
            let mut from = bad;
            assert!(read(&mut from).is_err());
        }
    }
}

//! What outlives the process: who the gateway is, what it was last told to serve, and how the host was before. Files that
//! only their owner can read, each replaced as a whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use api::gateway::Peer;
use domain::time::UnixMs;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::agent::Status;
use crate::meters::KeptMeters;
use crate::network::Before;

const IDENTITY: &str = "identity.json";
const PEERS: &str = "peers.json";
const TRAFFIC: &str = "traffic.json";
const STATUS: &str = "status.json";
const BEFORE: &str = "host-before.json";

/// Why the state can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is no identity in this folder.
    #[error("there is no gateway in {0}: enrol it first, with `mirai gateway enroll`")]
    NotEnrolled(PathBuf),
    /// There is one already.
    #[error("{0} holds the gateway {1} already: use another folder, or remove this one if that server is gone")]
    Enrolled(PathBuf, String),
    /// The host was set up around another interface.
    #[error("this gateway was set up on the interface {0}: run `mirai gateway teardown` first")]
    SetUp(String),
    /// The file system.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// A file that is not what it should be.
    #[error("{0} can't be read: {1}")]
    Content(PathBuf, serde_json::Error),
}

/// Who a gateway is.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// Base URL of the control plane.
    pub control: String,
    /// Its server.
    pub server_id: Uuid,
    /// Its server's name.
    pub name: String,
    /// WireGuard private key (base64).
    pub private_key: String,
    /// What it shows to the control plane.
    pub credential: String,
    /// Since when, in Unix milliseconds; 0 if that is not known.
    #[serde(default)]
    pub credential_since: UnixMs,
    /// The one that is to replace it, kept before the control plane hears of it.
    #[serde(default)]
    pub next_credential: Option<String>,
    /// Its own address in the tunnel, with the length of the network's prefix.
    pub address_v4: (Ipv4Addr, u8),
    /// The same for IPv6.
    pub address_v6: (Ipv6Addr, u8),
    /// How often the agent has started.
    pub generation: i64,
}

/// What it was last told to serve. A reader of many peers names a smaller `P` than what stands in the file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kept<P = Peer> {
    /// The revision of the list.
    pub revision: i64,
    /// When all of it was last heard, in Unix milliseconds; 0 if that is not known.
    #[serde(default)]
    pub whole_at: UnixMs,
    /// The peers.
    pub peers: Vec<P>,
}

impl<P> Default for Kept<P> {
    fn default() -> Kept<P> {
        Kept { revision: 0, whole_at: 0, peers: Vec::new() }
    }
}

/// The folder of a gateway's state.
#[derive(Debug, Clone)]
pub struct Place(PathBuf);

impl Place {
    /// The state in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Place {
        Place(folder.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Who the gateway is.
    pub fn identity(&self) -> Result<Identity, StateError> {
        self.read(IDENTITY)?.ok_or_else(|| StateError::NotEnrolled(self.0.clone()))
    }

    /// Saves a new gateway; one that is there already is not replaced.
    pub(crate) fn begin(&self, identity: &Identity) -> Result<(), StateError> {
        self.vacant()?;
        self.write(IDENTITY, identity)
    }

    /// An error if there is a gateway in the folder, or the folder can't be made.
    pub(crate) fn vacant(&self) -> Result<(), StateError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.map_err(|error| StateError::Io(self.0.clone(), error))?;
        match self.read::<Identity>(IDENTITY)? {
            Some(other) => Err(StateError::Enrolled(self.0.clone(), other.name)),
            None => Ok(()),
        }
    }

    /// The control plane is at another address from now on.
    pub fn move_control(&self, control: &str) -> Result<(), StateError> {
        let identity = self.identity()?;
        if identity.control == control {
            return Ok(());
        }
        self.write(IDENTITY, &Identity { control: control.to_owned(), ..identity })
    }

    pub(crate) fn save(&self, identity: &Identity) -> Result<(), StateError> {
        self.write(IDENTITY, identity)
    }

    /// Counts a start, and returns who starts.
    pub(crate) fn start(&self) -> Result<Identity, StateError> {
        let mut identity = self.identity()?;
        identity.generation += 1;
        self.write(IDENTITY, &identity)?;
        Ok(identity)
    }

    /// What was last kept of the list; `None` before the first.
    pub fn kept(&self) -> Result<Option<Kept>, StateError> {
        self.read(PEERS)
    }

    /// The same, each peer made something else of before the next is read.
    pub(crate) fn kept_as<P: DeserializeOwned>(&self) -> Result<Option<Kept<P>>, StateError> {
        self.read(PEERS)
    }

    pub(crate) fn keep(&self, kept: &Kept) -> Result<(), StateError> {
        self.write(PEERS, kept)
    }

    pub(crate) fn kept_meters(&self) -> Result<Option<KeptMeters>, StateError> {
        self.read(TRAFFIC)
    }

    pub(crate) fn keep_meters(&self, kept: &KeptMeters) -> Result<(), StateError> {
        self.write(TRAFFIC, kept)
    }

    /// What the agent was last doing; one that was killed said so before. `None` if none has run.
    pub fn status(&self) -> Result<Option<Status>, StateError> {
        self.read(STATUS)
    }

    pub(crate) fn show(&self, status: &Status) -> Result<(), StateError> {
        self.write(STATUS, status)
    }

    /// How the host was before the gateway set it up; `None` if it is as it was.
    pub fn before(&self) -> Result<Option<Before>, StateError> {
        self.read(BEFORE)
    }

    /// Notes how the host is before anything is changed. What was noted first stays: a second start finds what the first
    /// one has made.
    pub fn note_before(&self, before: &Before) -> Result<(), StateError> {
        match self.before()? {
            Some(first) if first.interface == before.interface => Ok(()),
            Some(first) => Err(StateError::SetUp(first.interface)),
            None => self.write(BEFORE, before),
        }
    }

    /// The host is as it was.
    pub fn forget_before(&self) -> Result<(), StateError> {
        let path = self.0.join(BEFORE);
        fs::remove_file(&path).map_err(|error| StateError::Io(path, error))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
        let path = self.0.join(name);
        match File::open(&path) {
            Ok(file) => serde_json::from_reader(BufReader::new(file))
                .map(Some)
                .map_err(|error| StateError::Content(path, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StateError::Io(path, error)),
        }
    }

    /// The file is either as it was or as it is to be, whatever happens meanwhile.
    fn write(&self, name: &str, content: &impl Serialize) -> Result<(), StateError> {
        let (path, beside) = (self.0.join(name), self.0.join(format!("{name}.new")));
        let failed = |error| StateError::Io(path.clone(), error);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside);
        let mut file = BufWriter::new(file.map_err(failed)?);
        serde_json::to_writer(&mut file, content).map_err(|error| failed(error.into()))?;
        file.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
        fs::rename(&beside, &path).map_err(failed)?;
        File::open(&self.0).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn identity() -> Identity {
        Identity {
            control: "https://vpn.example.net".into(),
            server_id: Uuid::nil(),
            name: "osaka-1".into(),
            private_key: "secret".into(),
            credential: "secret".into(),
            credential_since: 0,
            next_credential: None,
            address_v4: (Ipv4Addr::new(10, 7, 0, 1), 16),
            address_v6: (Ipv6Addr::LOCALHOST, 64),
            generation: 0,
        }
    }

    #[test]
    fn files_are_their_owners_alone_and_a_gateway_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::new(folder.path().join("state"));
        assert!(matches!(place.identity(), Err(StateError::NotEnrolled(_))));
        place.begin(&identity()).expect("saves");
        place.keep(&Kept::default()).expect("saves");
        for name in [IDENTITY, PEERS] {
            let mode = fs::metadata(place.path().join(name)).expect("is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let again = place.begin(&identity()).expect_err("is there already");
        assert!(again.to_string().contains("osaka-1"), "{again}");
        assert_eq!(place.start().expect("starts").generation, 1);
        assert_eq!(place.start().expect("starts").generation, 2);
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(PEERS), "{").expect("writes");
        let error = Place::new(folder.path()).kept().expect_err("is broken");
        assert!(error.to_string().contains(PEERS), "{error}");
    }
}

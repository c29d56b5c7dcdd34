//! Where things lie on a host.

use std::path::{Path, PathBuf};

use crate::id::ReleaseId;
use crate::manifest;
use crate::state::Slot;

/// The places below the root.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Below this root.
    pub fn new(root: impl Into<PathBuf>) -> Layout {
        Layout { root: root.into() }
    }

    /// The root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Releases that are whole, a folder each.
    pub fn releases(&self) -> PathBuf {
        self.root.join("releases")
    }

    /// A release's folder.
    pub fn release(&self, id: &ReleaseId) -> PathBuf {
        self.releases().join(id.as_str())
    }

    /// A release's program.
    pub fn program(&self, id: &ReleaseId) -> PathBuf {
        self.release(id).join(manifest::PROGRAM)
    }

    /// The link from which a slot's unit starts its release.
    pub fn slot(&self, slot: Slot) -> PathBuf {
        self.root.join("slots").join(slot.as_str())
    }

    /// The link from which a release is started to be looked at.
    pub fn candidate(&self) -> PathBuf {
        self.root.join("slots/candidate")
    }

    /// The link to the release that is live: what people and timers call.
    pub fn current(&self) -> PathBuf {
        self.root.join("current")
    }

    /// The program that is the agent and the guard: of the newest good release, or the one that the first connection brought.
    pub fn agent(&self) -> PathBuf {
        self.root.join("agent")
    }

    /// What the program keeps; its working folder, and its user's own.
    pub fn shared(&self) -> PathBuf {
        self.root.join("shared")
    }

    /// Archives that arrive, and folders that are being filled.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// An archive that arrives, by its SHA-256.
    pub fn arriving(&self, sha256: &str) -> PathBuf {
        self.tmp().join(format!("{sha256}.tar.zst"))
    }

    /// The word that a switch under way waits for, for a laptop that has lost its first connection.
    pub fn awaited(&self) -> PathBuf {
        self.tmp().join("awaited")
    }

    /// A confirmation: there once a second connection has said that the host can be reached.
    pub fn confirmation(&self, nonce: &str) -> PathBuf {
        self.tmp().join(format!("confirmed-{nonce}"))
    }

    /// The release that a switch could not be taken back to. It goes with the next command.
    pub fn no_way_back(&self) -> PathBuf {
        self.tmp().join("no-way-back")
    }

    /// Which releases there are and what is live.
    pub fn state(&self) -> PathBuf {
        self.root.join("state.json")
    }

    /// Room that is given up when the disk is full.
    pub fn reserve(&self) -> PathBuf {
        self.root.join("reserve")
    }

    /// Held by whoever changes something.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// There on a VPN server; a root without it is a site's.
    pub fn role(&self) -> PathBuf {
        self.root.join("role")
    }

    /// The settings. Not in the program's own folder: what root writes there the program's user could lead elsewhere.
    pub fn settings(&self) -> PathBuf {
        self.root.join("host.env")
    }

    /// The settings with which what is live has proved itself.
    pub fn proved_settings(&self) -> PathBuf {
        self.root.join("host.env.proved")
    }

    /// Settings that did not prove themselves, in whose place the ones from before were put back.
    pub fn refused_settings(&self) -> PathBuf {
        self.root.join("host.env.refused")
    }

    /// What was done, a file for each time.
    pub fn logs(&self) -> PathBuf {
        self.root.join("deploy-logs")
    }

    /// The sockets' folder, which systemd makes.
    pub fn run(&self) -> &'static Path {
        Path::new("/run/mirai")
    }

    /// The socket that nginx speaks to; systemd holds it, whatever is deployed.
    pub fn public_socket(&self) -> PathBuf {
        self.run().join("http.sock")
    }

    /// The socket of a release that is being looked at.
    pub fn candidate_socket(&self) -> PathBuf {
        self.run().join("candidate/http.sock")
    }
}

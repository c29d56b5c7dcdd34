//! What an archive says of itself.

use serde::{Deserialize, Serialize};

use crate::id::ReleaseId;
use crate::role::Role;

/// The version of the archive's form that this program writes, and the only one that it reads.
pub const FORMAT: u32 = 1;
/// The manifest's place in an archive and in a release's folder.
pub const NAME: &str = "manifest.json";
/// The program's place in a release's folder.
pub const PROGRAM: &str = "bin/mirai";

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The release.
    pub id: ReleaseId,
    /// The commit, whole.
    pub revision: String,
    /// The program's version.
    pub version: String,
    /// What it runs on: `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// What it is for; left out for a site.
    #[serde(default, skip_serializing_if = "Role::is_site")]
    pub role: Role,
    /// Every file beside the manifest, by the order of their paths.
    pub files: Vec<File>,
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path in the release's folder, with `/` between its parts.
    pub path: String,
    /// Whether it can be executed.
    pub is_program: bool,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

impl File {
    /// Its permissions in the release's folder.
    pub fn mode(&self) -> u32 {
        if self.is_program { 0o755 } else { 0o644 }
    }
}

/// Whether a path leads to a place below a folder, in every system's reading of it.
pub fn is_inside(path: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    path.len() <= 200 && path.split('/').all(is_part)
}

//! Backups: one encrypted file each, made while the program serves, looked through, put back into an empty place, and tried
//! out before they are needed.
//!
//! A backup is sealed for public keys ([`key`]); the secret that opens it is not on the machine that makes it. What is
//! in the file is in [`parcel`], how it is called and which ones are kept in [`name`]. While one is made, all that is not yet
//! whole lies in a folder of its own ([`work`]), which the next run clears away if this one was killed.

mod create;
mod drill;
pub mod key;
pub mod name;
pub mod parcel;
mod restore;
mod sections;
mod settle;
mod verify;
mod work;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::StoreError;
use store::backup::Tools;

use crate::{Clock, Dice};

pub use create::{Created, create};
pub use drill::{Drilled, drill};
pub use restore::{Restored, restore};
pub use settle::settle;
pub use verify::{Verified, verify};

/// Result of a backup's use case.
pub type Result<T> = std::result::Result<T, BackupError>;

/// Why a backup was not made, not opened or not put back. Every one is a line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It does not fit the state of things, or the settings.
    #[error("{0}")]
    Refused(String),
    /// The file is not what was written.
    #[error("{0}")]
    Damaged(String),
    /// A file can't be read or written.
    #[error("{what}")]
    Io {
        /// Which one.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database, or its own program, did not do what was asked.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> BackupError {
        match error {
            StoreError::Unusable(words) => BackupError::Refused(words),
            other => BackupError::Store(other),
        }
    }
}

impl BackupError {
    /// A file that can't be read or written.
    pub(super) fn io(what: impl Into<String>, source: io::Error) -> BackupError {
        let what = what.into();
        if source.kind() == io::ErrorKind::StorageFull {
            return BackupError::Refused(format!("the disk is full: {what}; nothing of it was kept"));
        }
        BackupError::Io { what, source }
    }
}

fn refused(words: impl Into<String>) -> BackupError {
    BackupError::Refused(words.into())
}

/// What all of the commands need.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The database that is backed up, or drilled beside.
    pub database: store::Settings,
    /// The folder of the backups.
    pub dir: PathBuf,
    /// Where the database's programs are.
    pub tools: Tools,
    /// When it is.
    pub clock: Clock,
    /// Names of folders and throw-away databases.
    pub dice: Arc<Dice>,
    /// Turns true when the operator does not want to wait any longer.
    pub stop: Stop,
}

/// Whether a run is to end before it is done.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends the run at its next step.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> Result<()> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(refused("stopped: nothing of it was kept")),
            false => Ok(()),
        }
    }
}

/// The newest backup in a folder.
///
/// # Errors
/// When there is none, or the folder can't be read.
pub fn latest(dir: &Path) -> Result<PathBuf> {
    let newest = names_in(dir)?.pop();
    let newest = newest.ok_or_else(|| refused(format!("there is no backup in {}", dir.display())))?;
    Ok(dir.join(newest))
}

/// Names of the backups in a folder, oldest first.
fn names_in(dir: &Path) -> Result<Vec<String>> {
    let unreadable = |error| BackupError::io(format!("{} can't be read", dir.display()), error);
    let mut names = Vec::new();
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        entries => entries.map_err(unreadable)?,
    };
    for entry in entries {
        let Ok(name) = entry.map_err(unreadable)?.file_name().into_string() else { continue };
        if name::parse(&name).is_some() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Runs what waits for disks and programs on a thread that may wait.
async fn wait_for<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(BackupError::Io { what: "a thread was lost".into(), source: io::Error::other(error) }),
    }
}

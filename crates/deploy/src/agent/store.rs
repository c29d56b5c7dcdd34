//! The state and the links on the disk, each changed in one step that a crash can't halve.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{AgentError, Host};
use crate::id::ReleaseId;
use crate::state::State;

/// Several times the state of a host with all its releases.
const RESERVE: usize = 1 << 16;

pub(super) fn file_error(path: &Path) -> impl FnOnce(io::Error) -> AgentError + '_ {
    move |error| AgentError::File(path.display().to_string(), error)
}

impl Host {
    /// Which releases there are; none on a host that never had one.
    pub(super) fn state(&self) -> Result<State, AgentError> {
        let path = self.layout.state();
        match fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|error| AgentError::State(path.display().to_string(), error))
            }
            // What is there would be taken for leftovers, and what serves for nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.layout.current().is_symlink() => {
                let gone =
                    "it is gone, but `current` leads to a release: put it back, or remove `current` to begin anew";
                Err(file_error(&path)(io::Error::other(gone)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
            Err(error) => Err(file_error(&path)(error)),
        }
    }

    /// Writes it down, durably.
    pub(super) fn save(&self, state: &State) -> Result<(), AgentError> {
        let path = self.layout.state();
        let next = path.with_extension("next");
        let text = serde_json::to_vec_pretty(state).map_err(io::Error::from).map_err(file_error(&path))?;
        let write = || {
            let mut file = File::create(&next)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&next, &path)?;
            sync(self.layout.root())
        };
        let written = write().or_else(|error| {
            // A full disk must not keep a switch from being taken back.
            fs::remove_file(self.layout.reserve()).and_then(|()| write()).map_err(|_| error)
        });
        written.map_err(file_error(&path))
    }

    /// Takes away what others have left that were cut off: archives that nobody waits for, half-filled folders, and releases that were
    /// never written down. Held under the lock.
    pub(super) fn sweep(&self, wanted: Option<&str>) -> Result<(), AgentError> {
        let state = self.state()?;
        let arriving = wanted.map(|sha256| self.layout.arriving(sha256));
        for path in listed(&self.layout.tmp())? {
            if Some(&path) != arriving.as_ref() {
                remove(&path)?;
            }
        }
        for path in listed(&self.layout.releases())? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if ReleaseId::parse(&name).is_ok_and(|id| state.find(&id).is_none()) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Keeps a little room on the disk, for the state to be written when there is none. Where there is none already it goes
    /// without: a rollback may be what makes room.
    pub(super) fn keep_reserve(&self) {
        let path = self.layout.reserve();
        if path.metadata().is_ok_and(|file| file.len() == RESERVE as u64) {
            return;
        }
        // Bytes that are there, not a hole: a hole takes no room.
        if fs::write(&path, vec![b'.'; RESERVE]).is_err() {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> Result<[u8; N], AgentError> {
    let (mut bytes, place) = ([0; N], Path::new("/dev/urandom"));
    File::open(place).and_then(|mut file| file.read_exact(&mut bytes)).map_err(file_error(place))?;
    Ok(bytes)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, AgentError> {
    let entries = fs::read_dir(folder).and_then(|all| all.map(|entry| Ok(entry?.path())).collect());
    entries.map_err(file_error(folder))
}

/// Writes a file in one step, with these permissions and for this user and group: at no moment does anybody else read it.
pub(super) fn replace(path: &Path, content: &[u8], mode: u32, (user, group): (u32, u32)) -> Result<(), AgentError> {
    let next = path.with_extension("next");
    let write = || {
        remove(&next).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
        std::os::unix::fs::fchown(&file, Some(user), Some(group))?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&next, path)
    };
    write().map_err(file_error(path))
}

/// Makes what was renamed in a folder last.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Lets a link lead somewhere else, in one step.
pub(super) fn link(at: &Path, to: &Path) -> Result<(), AgentError> {
    if fs::read_link(at).is_ok_and(|now| now == to) {
        return Ok(());
    }
    let next = at.with_extension("next");
    let changed = || {
        if let Some(folder) = at.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::os::unix::fs::symlink(to, &next)?;
        fs::rename(&next, at)?;
        at.parent().map_or(Ok(()), sync)
    };
    changed().map_err(file_error(at))
}

/// Takes a folder or a file away, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), AgentError> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error(path)(error)),
        _ => Ok(()),
    }
}

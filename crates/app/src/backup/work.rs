//! Where a run keeps what is not whole yet: a folder of its own beside the backups, which only this user can look into.
//! A run that was killed leaves its folder, and the next one clears it away.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{BackupError, Result};
use crate::Dice;

/// With what the names of such folders begin.
const BEGINS: &str = ".work-";
/// In each: held by whoever made it, for as long as it lives. The system lets go of it when a process ends, however it does.
const HELD: &str = "held";
/// Held while folders are made, cleared away, and backups get their names.
const DOOR: &str = ".lock";

/// The folder; dropped, it goes with all that is in it.
#[derive(Debug)]
pub(super) struct Work {
    dir: PathBuf,
    _held: File,
}

impl Work {
    /// Makes one in the folder of the backups, which is made too if it is not there, and clears away those whose run was killed.
    pub(super) fn new(backups: &Path, dice: &Dice) -> Result<Work> {
        let wrong = |error| BackupError::io(format!("{} can't be written to", backups.display()), error);
        private().recursive(true).create(backups).map_err(wrong)?;
        let _door = door(backups)?;
        sweep(backups).map_err(wrong)?;
        let dir = backups.join(format!("{BEGINS}{:016x}", dice.number()));
        private().create(&dir).map_err(wrong)?;
        let held = new_file(&dir.join(HELD)).and_then(|file| file.lock().map(|()| file));
        let held = held.map_err(|error| {
            let _ = std::fs::remove_dir_all(&dir);
            wrong(error)
        })?;
        Ok(Work { dir, _held: held })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.dir
    }

    /// A new file in it.
    pub(super) fn file(&self, name: &str) -> Result<(PathBuf, File)> {
        let path = self.dir.join(name);
        let file = new_file(&path).map_err(|error| BackupError::io(format!("{} can't be made", path.display()), error));
        Ok((path, file?))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Waits until nobody else makes or clears away folders here.
pub(super) fn door(backups: &Path) -> Result<File> {
    let path = backups.join(DOOR);
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let locked = opened.and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| BackupError::io(format!("{} can't be locked", path.display()), error))
}

/// Makes what was written to a folder last.
pub(super) fn sync(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| BackupError::io(format!("{} can't be written to", folder.display()), error))
}

/// A new file that only this user can read. It also reads: what was written is looked at again.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

fn private() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

fn sweep(backups: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(backups)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(BEGINS) || !entry.file_type()?.is_dir() {
            continue;
        }
        // Without the file inside, its run ended before it had one: nobody else is behind this door.
        let held = File::open(entry.path().join(HELD)).is_ok_and(|held| held.try_lock().is_err());
        if !held {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let dir = std::env::temp_dir().join(format!("mirai-work-{:016x}", Dice::System.number()));
        private().create(&dir).unwrap();
        dir
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_away_and_what_another_run_holds_is_not() {
        let backups = folder();
        let dead = backups.join(format!("{BEGINS}dead"));
        std::fs::create_dir(&dead).unwrap();
        std::fs::write(dead.join("half"), "half a backup").unwrap();
        std::fs::write(backups.join("notes.txt"), "mine").unwrap();
        let one = Work::new(&backups, &Dice::System).unwrap();
        let other = Work::new(&backups, &Dice::System).unwrap();
        assert!(!dead.exists() && one.path().exists() && other.path().exists());
        let (file, _) = one.file("half").unwrap();
        drop(one);
        assert!(!file.exists() && other.path().exists() && backups.join("notes.txt").exists());
        drop(other);
        std::fs::remove_dir_all(&backups).unwrap();
    }
}

//! A folder of the test's own, readable by its owner alone and gone when dropped.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The longest base path that leaves room for a unix socket inside (the system's limit is 107 bytes, `unix(7)`).
const LONGEST_BASE: usize = 60;

/// A new empty folder with mode 0700, removed with all that is in it when the value is dropped.
#[derive(Debug)]
pub struct PrivateDir {
    dir: tempfile::TempDir,
}

impl PrivateDir {
    /// Makes the folder in the system's place for temporary files; `label` becomes part of its name.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(label: &str) -> std::io::Result<Self> {
        let mut base = std::env::temp_dir();
        if base.as_os_str().len() > LONGEST_BASE {
            base = PathBuf::from("/tmp");
        }
        let owner_only = std::fs::Permissions::from_mode(0o700);
        let dir =
            tempfile::Builder::new().prefix(&format!("mirai-{label}-")).permissions(owner_only).tempdir_in(base)?;
        Ok(Self { dir })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A path inside the folder.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_look_inside_and_nothing_stays() {
        let dir = PrivateDir::new("self-test").unwrap();
        let path = dir.path().to_owned();
        std::fs::write(dir.join("note"), "x").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(dir);
        assert!(!path.exists());
    }
}

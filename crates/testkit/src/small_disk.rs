//! A disk that is soon full: a `tmpfs` of a few megabytes.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use tokio::process::Command;

use crate::missing::say_skipped;
use crate::private_dir::PrivateDir;
use crate::setting::skip_missing;

/// A small disk, mounted on a folder of the test's own until it is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    dir: PrivateDir,
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let done = std::process::Command::new("umount").arg("--lazy").arg(self.dir.path()).status();
        assert!(done.is_ok_and(|status| status.success()) || std::thread::panicking(), "the small disk stays mounted");
    }
}

impl SmallDisk {
    /// An empty disk of `megabytes`; `Ok(None)` where this user may mount none and the run was told to skip.
    ///
    /// # Errors
    /// When it can't be mounted, and skipping was not asked for.
    pub async fn new(megabytes: u32) -> anyhow::Result<Option<SmallDisk>> {
        if std::fs::metadata("/proc/self")?.uid() != 0 {
            if !skip_missing() {
                bail!("this test mounts a small disk: run it as root, or run `cargo xtask test --skip-missing`");
            }
            say_skipped("only root may mount a small disk")?;
            return Ok(None);
        }
        let dir = PrivateDir::new("disk")?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(dir.path());
        anyhow::ensure!(mount.status().await?.success(), "the small disk can't be mounted");
        Ok(Some(SmallDisk { dir }))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Fills what is left of it. The returned file makes room again when it is removed.
    ///
    /// # Errors
    /// When a file can't be made.
    pub fn fill(&self) -> anyhow::Result<PathBuf> {
        let path = self.dir.join("ballast");
        let mut file = std::fs::File::create(&path)?;
        while file.write_all(&[0; 4096]).is_ok() {}
        Ok(path)
    }
}

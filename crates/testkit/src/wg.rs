//! The real `wg-quick`, which has the last word on a configuration file.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::process::Bin;

/// Has `wg-quick strip` read a file; returns the private key in it.
///
/// # Errors
/// When the file is refused or has no key of its own.
pub async fn strip(file: &Path) -> anyhow::Result<String> {
    let launch = Bin::at("/usr/bin/wg-quick")?.launch().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let done = launch.arg("strip").arg(file).run(Duration::from_secs(20)).await?;
    ensure!(done.code == Some(0), "{}", done.stderr);
    ensure!(done.stdout.contains("PresharedKey = "), "{}", done.stdout);
    let key = done.stdout.lines().find_map(|line| line.strip_prefix("PrivateKey = ")).context("no key")?;
    ensure!(!key.contains('<'), "the key is a blank: {key}");
    Ok(key.to_owned())
}

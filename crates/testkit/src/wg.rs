//! The real `wg-quick`, which has the last word on a configuration file.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::missing::need;
use crate::process::Bin;

/// Has `wg-quick strip` read a file; returns the private key in it. Where the tool is missing and may be skipped, the
/// key is taken from the file itself.
///
/// # Errors
/// When the file is refused or has no key of its own.
pub async fn strip(file: &Path) -> anyhow::Result<String> {
    let text = match need("wg-quick", "wireguard-tools")? {
        Some(tool) => {
            let launch = Bin::at(tool)?.launch().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            let done = launch.arg("strip").arg(file).run(Duration::from_secs(20)).await?;
            ensure!(done.code == Some(0), "{}", done.stderr);
            done.stdout
        }
        None => std::fs::read_to_string(file)?,
    };
    ensure!(text.contains("PresharedKey = "), "{text}");
    let key = text.lines().find_map(|line| line.strip_prefix("PrivateKey = ")).context("no key")?;
    ensure!(!key.contains('<'), "the key is a blank: {key}");
    Ok(key.to_owned())
}

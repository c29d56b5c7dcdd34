//! What is on this host.

use std::path::Path;

use super::systemd::{self, CANDIDATE};
use super::{AgentError, Host};
use crate::layout::Layout;
use crate::plan::{Facts, Trouble, Wish};
use crate::state::Slot;

/// The units that a deployment needs.
const UNITS: [&str; 5] = ["mirai.socket", "mirai@a.service", "mirai@b.service", CANDIDATE, "mirai-guard.timer"];

impl Host {
    /// Reads them. Nothing is changed.
    pub(super) fn facts(&self, wish: Option<&Wish>) -> Result<Facts, AgentError> {
        let state = self.state()?;
        let arrived = match wish {
            Some(Wish::Push(wanted) | Wish::Release(wanted)) => {
                std::fs::metadata(self.layout.arriving(&wanted.sha256)).map_or(0, |file| file.len())
            }
            _ => 0,
        };
        let is_serving = state.live.as_ref().is_none_or(|live| systemd::is_active(live.slot.unit()));
        Ok(Facts { arrived, free: free(self.layout.root()), is_serving, troubles: troubles(&self.layout), state })
    }
}

fn free(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |disk| disk.f_bavail * disk.f_frsize)
}

fn troubles(layout: &Layout) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut found = |what: String, remedy: &str| troubles.push(Trouble { what, remedy: remedy.to_owned() });
    if !rustix::process::geteuid().is_root() {
        found(
            "the user of this connection is not root".to_owned(),
            "set `user = \"root\"` or `sudo = true` in deploy.toml",
        );
        return troubles;
    }
    if !Path::new("/run/systemd/system").is_dir() {
        found("this host has no systemd".to_owned(), "deploy to Debian 12 or newer");
        return troubles;
    }
    let missing: Vec<&str> = UNITS.into_iter().filter(|unit| !systemd::is_installed(unit)).collect();
    if !missing.is_empty() {
        found(format!("{} not there", missing.join(", ")), "mirai deploy provision");
    } else if !systemd::is_active("mirai.socket") {
        found("mirai.socket is not active: nobody listens".to_owned(), "mirai deploy provision");
    }
    if !layout.settings().is_file() {
        found(format!("{} is missing", layout.settings().display()), "mirai deploy provision");
    }
    troubles
}

/// The port of a slot's metrics, as its unit sets it.
pub(super) fn metrics_port(slot: Slot) -> u16 {
    match slot {
        Slot::A => 9464,
        Slot::B => 9466,
    }
}

//! What is on this host.

use std::path::{Path, PathBuf};

use super::systemd::{self, CANDIDATE};
use super::{AgentError, Host};
use crate::layout::Layout;
use crate::plan::{Facts, Trouble, Wish};
use crate::provision::gateway;
use crate::role::Role;
use crate::state::{Live, Slot};

/// The units that a deployment needs.
const SITE_UNITS: [&str; 5] = ["mirai.socket", "mirai@a.service", "mirai@b.service", CANDIDATE, "mirai-guard.timer"];
const GATEWAY_UNITS: [&str; 3] = ["mirai-gateway@a.service", "mirai-gateway@b.service", "mirai-gateway-guard.timer"];
/// An agent of a VPN server that somebody has installed by hand.
const BY_HAND: &str = "mirai-gateway.service";

impl Host {
    /// What this host is for.
    pub(super) fn role(&self) -> Role {
        if self.layout.role().exists() { Role::Gateway } else { Role::Site }
    }

    /// The unit of a slot.
    pub(super) fn unit(&self, slot: Slot) -> &'static str {
        self.role().unit(slot)
    }

    /// Whether what is live runs.
    pub(super) fn runs(&self, live: &Live) -> bool {
        systemd::is_active(self.unit(live.slot))
    }

    /// What the program keeps: its working folder, and its user's own.
    pub(super) fn home(&self) -> PathBuf {
        match self.role() {
            Role::Site => self.layout.shared(),
            Role::Gateway => PathBuf::from(gateway::STATE),
        }
    }

    /// Reads them. Nothing is changed.
    pub(super) fn facts(&self, wish: Option<&Wish>) -> Result<Facts, AgentError> {
        let state = self.state()?;
        let arrived = match wish {
            Some(Wish::Push(wanted) | Wish::Release(wanted)) => {
                std::fs::metadata(self.layout.arriving(&wanted.sha256)).map_or(0, |file| file.len())
            }
            _ => 0,
        };
        let is_serving = state.live.as_ref().is_none_or(|live| self.runs(live));
        let has_new_settings = state.live.as_ref().is_some_and(|live| self.has_new_settings(live));
        let (role, free) = (self.role(), free(self.layout.root()));
        Ok(Facts { role, arrived, free, is_serving, has_new_settings, troubles: troubles(role, &self.layout), state })
    }
}

fn free(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |disk| disk.f_bavail * disk.f_frsize)
}

fn troubles(role: Role, layout: &Layout) -> Vec<Trouble> {
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
    let units = if role.is_site() { &SITE_UNITS[..] } else { &GATEWAY_UNITS };
    let missing: Vec<&str> = units.iter().copied().filter(|unit| !systemd::is_installed(unit)).collect();
    if !missing.is_empty() {
        found(format!("{} not there", missing.join(", ")), "mirai deploy provision");
    } else if role.is_site() && !systemd::is_active("mirai.socket") {
        found("mirai.socket is not active: nobody listens".to_owned(), "mirai deploy provision");
    }
    if !role.is_site() && (systemd::is_active(BY_HAND) || systemd::is_enabled(BY_HAND)) {
        found(
            format!("{BY_HAND} is there, which was installed by hand"),
            "on the host: `systemctl disable --now mirai-gateway`; who it is stays",
        );
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

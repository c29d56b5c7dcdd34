//! The settings that what is live has proved itself with: a way back from a change of them alone.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::store::file_error;
use super::{AgentError, Host, systemd};
use crate::state::Live;

impl Host {
    /// Whether the settings were changed after what is live began. By the time that the system notes of each change: the one
    /// that a file carries along may be of another machine.
    pub(super) fn has_new_settings(&self, live: &Live) -> bool {
        let changed = fs::metadata(self.layout.settings()).map(|file| file.ctime());
        let began = systemd::began(self.unit(live.slot));
        changed.ok().zip(began).is_some_and(|(changed, began)| changed > began)
    }

    /// Keeps a copy of the settings with which what is live has proved itself.
    pub(super) fn keep_settings(&self, live: &Live) -> Result<(), AgentError> {
        // Changed since: those are not what it runs with.
        if self.has_new_settings(live) {
            return Ok(());
        }
        let place = self.layout.settings();
        let text = fs::read(&place).map_err(file_error(&place))?;
        replace(&self.layout.proved_settings(), &text, None)
    }

    /// Puts those settings back, if there are any; what is there now lies beside them then.
    pub(super) fn put_settings_back(&self) -> Result<(), AgentError> {
        let (place, proved) = (self.layout.settings(), self.layout.proved_settings());
        let (Ok(now), Ok(before)) = (fs::read(&place), fs::read(&proved)) else { return Ok(()) };
        if now == before {
            return Ok(());
        }
        replace(&self.layout.refused_settings(), &now, None)?;
        replace(&place, &before, Some(&place))
    }
}

/// Writes a file in one step: for root alone, or for whom another file is for.
fn replace(path: &Path, content: &[u8], like: Option<&Path>) -> Result<(), AgentError> {
    let next = path.with_extension("next");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        file.write_all(content)?;
        if let Some(like) = like.map(fs::metadata).transpose()? {
            std::os::unix::fs::fchown(&file, Some(like.uid()), Some(like.gid()))?;
            file.set_permissions(Permissions::from_mode(like.mode() & 0o7777))?;
        }
        file.sync_all()?;
        fs::rename(&next, path)
    };
    write().map_err(file_error(path))
}

//! The settings that what is live has proved itself with: a way back from a change of them alone.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::store::{file_error, replace};
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
        replace(&self.layout.proved_settings(), &text, 0o600, (0, 0))
    }

    /// Puts those settings back, if there are any; what is there now lies beside them then.
    pub(super) fn put_settings_back(&self) -> Result<(), AgentError> {
        let (place, proved) = (self.layout.settings(), self.layout.proved_settings());
        let (Ok(now), Ok(before)) = (fs::read(&place), fs::read(&proved)) else { return Ok(()) };
        if now == before {
            return Ok(());
        }
        replace(&self.layout.refused_settings(), &now, 0o600, (0, 0))?;
        let held = fs::metadata(&place).map_err(file_error(&place))?;
        replace(&place, &before, held.mode() & 0o7777, (held.uid(), held.gid()))
    }
}

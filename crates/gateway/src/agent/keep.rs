//! What outlives the agent, and what it says of itself.

use tokio::time::Instant;

use super::{Agent, AgentError, At, SOON, Status};
use crate::control::ControlError;
use crate::state::StateError;

impl Agent {
    /// For `mirai gateway status`.
    pub(super) fn write_down(&self, status: &Status) {
        if let Err(error) = self.place.show(status) {
            tracing::debug!(%error, "the status could not be written down");
        }
    }

    pub(super) fn show(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            status.revision = self.wanted.revision();
            status.peers = self.wanted.len();
            let troubles: Vec<&str> = self.troubles.values().map(String::as_str).collect();
            status.trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
            *status != before
        });
    }

    /// A step that was not taken may be a revocation: all is compared again soon.
    pub(super) fn note(&mut self, done: Result<(), AgentError>) {
        let Err(error) = done else { return };
        self.look_at = Instant::now() + SOON;
        if self.trouble(At::Device, error.to_string()) {
            tracing::error!(%error, "the device is not as it should be; it is compared again each second");
        }
    }

    pub(super) fn lost(&mut self, error: &ControlError) {
        let is_new = self.trouble(At::Control, error.to_string());
        if is_new {
            tracing::warn!(%error, "serving on without the control plane, each peer until its lease ends");
        }
        self.show(|status| status.is_connected = false);
    }

    /// Something is wrong; true if that was not known.
    pub(super) fn trouble(&mut self, at: At, words: String) -> bool {
        if self.troubles.get(&at) == Some(&words) {
            return false;
        }
        self.troubles.insert(at, words);
        self.show(|_| {});
        true
    }

    pub(super) fn mend(&mut self, at: At) {
        if self.troubles.remove(&at).is_some() {
            self.show(|_| {});
        }
    }

    pub(super) fn save(&mut self) {
        // Before the first list is whole, what was kept before is better.
        if self.wanted.revision().is_none() {
            return;
        }
        let saved = self.place.keep(&self.wanted.to_keep());
        self.is_saved = saved.is_ok();
        self.note_saved(saved);
    }

    pub(super) fn save_meters(&mut self) {
        if !self.are_meters_saved {
            let saved = self.place.keep_meters(&self.meters.to_keep());
            self.are_meters_saved = saved.is_ok();
            self.note_saved(saved);
        }
    }

    fn note_saved(&mut self, saved: Result<(), StateError>) {
        match saved {
            Ok(()) => self.mend(At::Disk),
            Err(error) => {
                if self.trouble(At::Disk, error.to_string()) {
                    tracing::error!(%error, "what is served could not be saved: a restart now would begin from an older list");
                }
            }
        }
    }
}

//! What the commits of this process have changed about servers, so that nobody in it has to ask the database whether
//! something has. Other processes' commits are not in it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::prelude::Uuid;
use tokio::sync::watch;

/// Those who wait for news, server by server.
#[derive(Debug, Default)]
pub(crate) struct ServerNews {
    commits: AtomicU64,
    waiting: Mutex<HashMap<Uuid, watch::Sender<()>>>,
}

impl ServerNews {
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    pub(crate) fn follow(&self, server: Uuid) -> watch::Receiver<()> {
        self.waiting().entry(server).or_default().subscribe()
    }

    pub(crate) fn tell(&self, changed: &Changed) {
        if changed.any {
            self.commits.fetch_add(1, Ordering::AcqRel);
        }
        let mut waiting = self.waiting();
        for server in &changed.peers_of {
            if waiting.get(server).is_some_and(|teller| teller.send(()).is_err()) {
                waiting.remove(server);
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a transaction has changed about servers.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Anything at all.
    pub(crate) any: bool,
    /// The servers whose peer lists changed.
    pub(crate) peers_of: Vec<Uuid>,
}

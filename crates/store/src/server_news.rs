//! What the commits of this process have changed about servers, so that nobody in it has to ask the database whether
//! something has. Other processes' commits are not in it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::prelude::Uuid;
use tokio::sync::{broadcast, watch};

/// Changed servers that wait to be told on.
const TOLD: usize = 256;

/// Those who wait for news, server by server, and those who want all of it.
#[derive(Debug)]
pub(crate) struct ServerNews {
    commits: AtomicU64,
    waiting: Mutex<HashMap<Uuid, watch::Sender<()>>>,
    all: broadcast::Sender<Uuid>,
}

impl Default for ServerNews {
    fn default() -> ServerNews {
        ServerNews { commits: AtomicU64::default(), waiting: Mutex::default(), all: broadcast::Sender::new(TOLD) }
    }
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
        for server in &changed.peers_of {
            self.wake(*server);
            // An error is that nobody wants all of it.
            let _ = self.all.send(*server);
        }
    }

    pub(crate) fn all(&self) -> broadcast::Receiver<Uuid> {
        self.all.subscribe()
    }

    pub(crate) fn wake(&self, server: Uuid) {
        let mut waiting = self.waiting();
        if waiting.get(&server).is_some_and(|teller| teller.send(()).is_err()) {
            waiting.remove(&server);
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

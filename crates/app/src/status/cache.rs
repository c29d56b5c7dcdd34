//! What was read for the status page, kept for all who ask meanwhile.

use std::sync::{Arc, Mutex, PoisonError};

use domain::time::{DAY_MS, UnixMs};
use tokio::sync::Mutex as Turn;

use super::past::{self, History, Past};
use super::{Overview, read};
use crate::{App, Result};

/// How long a page is shown before it is read anew.
const FRESH_MS: i64 = 5_000;
/// How long what is known of days that are over is kept. A row of yesterday is written soon after midnight.
const PAST_MS: i64 = 15 * 60_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    shown: Mutex<Option<Shown>>,
    past: Mutex<Option<(UnixMs, Arc<Past>)>>,
    /// What is kept in the database, as far as this process knows.
    kept: Mutex<Option<Arc<Past>>>,
    /// Whoever reads; the others are given what was read before.
    reading: Turn<()>,
}

#[derive(Debug, Clone)]
struct Shown {
    changes: u64,
    overview: Arc<Overview>,
}

impl Cache {
    /// Something of it has changed.
    pub(crate) fn forget(&self) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) async fn overview(&self, app: &App) -> Result<Arc<Overview>> {
        let (now, changes) = (app.clock.now(), app.store.server_changes());
        let known = self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let turn = self.reading.try_lock();
        if let Some(known) = known {
            let is_fresh = known.changes == changes && (0..FRESH_MS).contains(&(now - known.overview.at));
            if is_fresh || turn.is_err() {
                return Ok(known.overview);
            }
        }
        let overview = Arc::new(read(app, now).await?);
        let shown = Shown { changes, overview: Arc::clone(&overview) };
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Ok(overview)
    }

    /// What the rollups say, with those of days that are over from memory.
    pub(super) async fn history(&self, app: &App, now: UnixMs) -> Result<History> {
        let today = now - now.rem_euclid(DAY_MS);
        let known = self.past.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_fresh = |(at, past): &(UnixMs, Arc<Past>)| past.today == today && (0..PAST_MS).contains(&(now - at));
        let past = match known.filter(is_fresh) {
            Some((_, past)) => past,
            None => match Past::kept(app, today).await? {
                Some(past) => Arc::new(past),
                None => self.read_past(app, now).await?,
            },
        };
        past::with_today(app, past, now).await
    }

    /// Reads the days that are over anew, and keeps what they come to if it is something else.
    pub(super) async fn make_ready(&self, app: &App, now: UnixMs) -> Result<()> {
        let past = self.read_past(app, now).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if kept.is_none() {
            kept = Past::kept(app, past.today).await?.map(Arc::new);
        }
        if kept.as_deref() != Some(&*past) {
            past.keep(app).await?;
        }
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(past);
        Ok(())
    }

    /// Reads the days that are over anew.
    async fn read_past(&self, app: &App, now: UnixMs) -> Result<Arc<Past>> {
        let past = Arc::new(past::read(app, now - now.rem_euclid(DAY_MS)).await?);
        *self.past.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&past)));
        Ok(past)
    }
}

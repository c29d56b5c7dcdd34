//! The bot's session at Discord's gateway, kept for the process that comes next.

use domain::time::UnixMs;
use store::discord::sessions;
use store::leases;
use uuid::Uuid;

use crate::{App, Result};

const NAME: &str = "bot";
/// Discord forgets a session that nobody resumes within a few minutes.
const LIFE_MS: i64 = 5 * 60_000;

/// A session that can be resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What Discord calls it.
    pub id: String,
    /// Where it is resumed.
    pub resume_url: String,
    /// The last event that was taken.
    pub sequence: u64,
}

/// The last session, unless it is too old.
pub async fn kept(app: &App) -> Result<Option<Kept>> {
    let now: UnixMs = app.clock.now();
    let row = sessions::get(&app.store, NAME).await?.filter(|row| now - row.saved_at < LIFE_MS);
    Ok(row.map(|row| Kept {
        id: row.session_id,
        resume_url: row.resume_url,
        sequence: u64::try_from(row.sequence).unwrap_or_default(),
    }))
}

/// Keeps it.
pub async fn keep(app: &App, session: &Kept) -> Result<()> {
    let row = sessions::Model {
        name: NAME.to_owned(),
        session_id: session.id.clone(),
        resume_url: session.resume_url.clone(),
        sequence: i64::try_from(session.sequence).unwrap_or(i64::MAX),
        saved_at: app.clock.now(),
    };
    Ok(sessions::put(&app.store, row).await?)
}

/// Discord has ended it.
pub async fn forget(app: &App) -> Result<()> {
    Ok(sessions::delete(&app.store, NAME).await?)
}

const LEASE: &str = "bot";
/// A bot that is silent this long is replaced.
const LEASE_MS: i64 = 9_000;

/// Takes or renews the lease of the one process that is the bot; false while another has it.
pub async fn hold(app: &App, me: Uuid) -> Result<bool> {
    let now = app.clock.now();
    Ok(leases::acquire(&app.store, LEASE, me, now, now + LEASE_MS).await?)
}

/// Gives it back.
pub async fn release(app: &App, me: Uuid) -> Result<()> {
    Ok(leases::release(&app.store, LEASE, me).await?)
}

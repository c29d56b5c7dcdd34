//! What happens by the clock, in one process of all: the one that holds the lease.

use std::time::Duration;

use store::{email_changes, known_devices, leases, outbox, password_resets, sessions, verification_tokens};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{App, Result};

const LEASE: &str = "scheduler";
/// A scheduler that is silent this long is replaced.
const LEASE_MS: i64 = 10_000;
/// How often the lease is renewed or tried for.
const TICK: Duration = Duration::from_secs(3);
/// Expired tokens and ended sessions stay this long, so that a second use can be told from nonsense.
const KEEP_MS: i64 = 24 * 3_600_000;
/// Mails are kept (without their content) for a month, for the question "was it sent?".
const KEEP_MAIL_MS: i64 = 30 * 24 * 3_600_000;
const HOUR_MS: i64 = 3_600_000;

/// Runs until `stop` turns true.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let me = app.dice.id(app.clock.now());
    let mut cleaned_at = None;
    while !*stop.borrow() {
        if let Err(error) = tick(&app, me, &mut cleaned_at).await {
            tracing::warn!(error = error.chain(), "the scheduler can't get at the database");
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = stop.changed() => {}
        }
    }
    if let Err(error) = leases::release(&app.store, LEASE, me).await {
        tracing::warn!(%error, "the scheduler's lease could not be given back; it runs out by itself");
    }
}

async fn tick(app: &App, me: Uuid, cleaned_at: &mut Option<i64>) -> Result<()> {
    let now = app.clock.now();
    if !leases::acquire(&app.store, LEASE, me, now, now + LEASE_MS).await? {
        return Ok(());
    }
    if cleaned_at.is_none_or(|at| now - at >= HOUR_MS) {
        clean_up(app).await?;
        *cleaned_at = Some(now);
    }
    Ok(())
}

/// Removes what has expired.
pub async fn clean_up(app: &App) -> Result<()> {
    let now = app.clock.now();
    verification_tokens::prune(&app.store, now - KEEP_MS).await?;
    password_resets::prune(&app.store, now - KEEP_MS).await?;
    email_changes::prune(&app.store, now - KEEP_MS).await?;
    known_devices::prune(&app.store, now).await?;
    sessions::prune(&app.store, now - KEEP_MS).await?;
    outbox::prune(&app.store, now - KEEP_MAIL_MS).await?;
    Ok(())
}

//! Whom the bot answers, and how often.

use domain::limit::Gcra;
use domain::time::UnixMs;
use store::discord::{blocks, buckets, codes};

use super::Snowflake;
use crate::{App, Error, Result};

/// One who is not answered.
pub use store::discord::blocks::Model as BlockRow;

/// What is counted, beside everything that one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Costly {
    /// A try of a code.
    Link,
    /// A ticket that is opened.
    Open,
    /// Something that is written in a ticket by a form.
    Write,
}

/// Whether one is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Open,
    /// Not at all.
    Blocked,
    /// Not before so many milliseconds.
    Wait(i64),
}

/// What one person may do, all in all: a quick clicker walks the help without meeting it.
const OF_A_PERSON: Gcra = Gcra { limit: 20, period_ms: 20_000 };
/// What all of a guild may do: so many that a crowd after an outage is answered, and a raid is not.
const OF_A_GUILD: Gcra = Gcra { limit: 300, period_ms: 10_000 };

/// What one person may write into tickets.
const WRITTEN: Gcra = Gcra { limit: 20, period_ms: 60_000 };
/// How often one is told that something could not be taken in.
const NUDGES: Gcra = Gcra { limit: 1, period_ms: 10 * 60_000 };

fn rule(costly: Costly) -> Gcra {
    match costly {
        Costly::Link => Gcra { limit: 5, period_ms: 10 * 60_000 },
        Costly::Open => Gcra { limit: 3, period_ms: 3_600_000 },
        Costly::Write => WRITTEN,
    }
}

/// Counts something that one wants to do.
pub async fn pass(app: &App, discord: Snowflake, guild: Snowflake, costly: Option<Costly>) -> Result<Gate> {
    if blocks::has(&app.store, discord).await? {
        return Ok(Gate::Blocked);
    }
    let now = app.clock.now();
    let mut rules = vec![(format!("person:{discord}"), OF_A_PERSON), (format!("guild:{guild}"), OF_A_GUILD)];
    if let Some(costly) = costly {
        rules.push((format!("{costly:?}:{discord}"), rule(costly)));
    }
    for (name, rule) in rules {
        let decision = buckets::hit(&app.store, &name, rule, now).await?;
        if !decision.allowed {
            return Ok(Gate::Wait(decision.retry_after_ms));
        }
    }
    Ok(Gate::Open)
}

/// Counts a message that somebody wrote in a thread, at the moment at which it was written: what waited to be read is no
/// flood, and what one clicks meanwhile has nothing to do with it.
pub async fn pass_message(app: &App, discord: Snowflake, at: UnixMs) -> Result<Gate> {
    if blocks::has(&app.store, discord).await? {
        return Ok(Gate::Blocked);
    }
    let decision = buckets::hit(&app.store, &format!("Message:{discord}"), WRITTEN, at).await?;
    Ok(if decision.allowed { Gate::Open } else { Gate::Wait(decision.retry_after_ms) })
}

/// Whether somebody is told that something could not be taken in: now and then, not of every line.
pub async fn may_be_told(app: &App, discord: Snowflake) -> Result<bool> {
    let decision = buckets::hit(&app.store, &format!("Nudge:{discord}"), NUDGES, app.clock.now()).await?;
    Ok(decision.allowed)
}

/// The bot does not answer somebody any more.
pub async fn block(app: &App, discord: Snowflake, reason: &str) -> Result<()> {
    if reason.chars().count() > 200 {
        return Err(Error::invalid("reason", "reason_too_long", "a reason has at most 200 characters"));
    }
    let row = BlockRow { discord_id: discord, reason: reason.to_owned(), blocked_at: app.clock.now() };
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        blocks::put(&tx, row.clone()).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// It does again.
pub async fn unblock(app: &App, discord: Snowflake) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        if !blocks::delete(&tx, discord).await? {
            return Err(Error::NotFound);
        }
        Ok(tx.commit().await?)
    })
    .await
}

/// All who are not answered, newest first.
pub async fn blocked(app: &App) -> Result<Vec<BlockRow>> {
    Ok(blocks::all(&app.store).await?)
}

/// Forgets what is over.
pub(crate) async fn clean_up(app: &App, now: UnixMs) -> Result<()> {
    codes::prune(&app.store, now).await?;
    buckets::prune(&app.store, now).await?;
    Ok(())
}

//! The role of subscribers on Discord: who should have it, and from whom it is to be taken.

use std::collections::HashSet;

use store::discord::links::Model as LinkRow;
use store::discord::{links, threads, undo};
use store::subscriptions;
use uuid::Uuid;

use super::Snowflake;
use crate::{App, Result};

/// Links that are read at a time.
const PAGE: u64 = 500;
/// How long something that can't be taken back is left alone.
const AGAIN_MS: i64 = 3_600_000;
/// Things that are taken back at a time.
const AT_ONCE: u64 = 50;

/// A role that is to be given or taken.
#[derive(Debug, Clone)]
pub struct Change {
    /// Whose.
    pub link: LinkRow,
    /// Whether they should have it.
    pub should_have: bool,
}

/// What differs from how it was last set.
pub async fn changes(app: &App) -> Result<Vec<Change>> {
    let now = app.clock.now();
    let (mut changes, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let page = links::page(&app.store, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(changes) };
        after = last.user_id;
        let users: Vec<Uuid> = page.iter().map(|link| link.user_id).collect();
        let mut paid = HashSet::new();
        for row in subscriptions::all_of_users(&app.store, &users).await? {
            if row.state()?.is_entitled(now) {
                paid.insert(row.user_id);
            }
        }
        let change = |link: LinkRow| {
            let should_have = paid.contains(&link.user_id);
            // Who never had it need not lose it.
            (link.has_role.unwrap_or(false) != should_have).then_some(Change { link, should_have })
        };
        changes.extend(page.into_iter().filter_map(change));
    }
}

/// It is as it should be now.
pub async fn settled(app: &App, change: &Change) -> Result<()> {
    let is_linked = links::set_role(&app.store, &change.link, change.should_have).await?;
    if is_linked || !change.should_have {
        return Ok(());
    }
    // Unlinked while it was given.
    let row = undo::Model { kind: "role".to_owned(), target: change.link.discord_id, due_at: app.clock.now() };
    Ok(undo::put(&app.store, row).await?)
}

/// Something that is to be taken back on Discord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// The role of one who is not linked any more.
    Role(Snowflake),
    /// The thread of one who is not here any more.
    Thread(Snowflake),
    /// The place in this thread of one whose account is linked with another.
    Member {
        /// The thread.
        thread: Snowflake,
        /// Who is in it.
        whom: Snowflake,
    },
    /// A message of the team's log, with a conversation that is not to be kept.
    Log(Snowflake),
}

impl Undo {
    fn key(self) -> (&'static str, Snowflake) {
        match self {
            Undo::Role(target) => ("role", target),
            Undo::Thread(target) => ("thread", target),
            Undo::Member { thread, .. } => ("member", thread),
            Undo::Log(target) => ("log", target),
        }
    }
}

/// What is to be taken back now.
pub async fn to_undo(app: &App) -> Result<Vec<Undo>> {
    let mut due = Vec::new();
    for row in undo::due(&app.store, app.clock.now(), AT_ONCE).await? {
        match row.kind.as_str() {
            "thread" => due.push(Undo::Thread(row.target)),
            "log" => due.push(Undo::Log(row.target)),
            "member" => match threads::of_channel(&app.store, row.target).await? {
                Some(thread) => due.push(Undo::Member { thread: row.target, whom: thread.discord_id }),
                None => undo::done(&app.store, &row.kind, row.target).await?,
            },
            _ => due.push(Undo::Role(row.target)),
        }
    }
    Ok(due)
}

/// It is taken back. Whoever is linked anew meanwhile, and has paid, gets the role again.
pub async fn undone(app: &App, undo: Undo) -> Result<()> {
    let (kind, target) = undo.key();
    if let Undo::Role(whom) = undo {
        links::forget_role(&app.store, whom).await?;
    }
    Ok(undo::done(&app.store, kind, target).await?)
}

/// It could not be taken back, and is tried again in an hour.
pub async fn put_off(app: &App, undo: Undo) -> Result<()> {
    let (kind, target) = undo.key();
    let due_at = app.clock.now() + AGAIN_MS;
    Ok(undo::put_off(&app.store, kind, target, due_at).await?)
}

//! Where a ticket is on Discord. Its row is written with the ticket, before anything is done there; the bot then brings the
//! thread to where it should be, one step after the other, and notes each. Whoever starts after a crash goes on.

use domain::account::Language;
use domain::ticket::{Entry, State};
use domain::time::UnixMs;
use store::discord::{posts, threads, undo};
use store::{Tx, tickets};
use uuid::Uuid;

use super::Snowflake;
use crate::ticket::{self, Line, TicketRow};
use crate::{App, Result, failpoint};

/// Where a ticket is.
pub use store::discord::threads::Model as ThreadRow;

/// Tickets that are worked on at a time.
const AT_ONCE: u64 = 50;
/// The pause after a first failure; it doubles.
const PAUSE_MS: i64 = 2_000;
/// The longest pause.
const LONGEST_MS: i64 = 15 * 60_000;
/// After so many failures a ticket is open without a thread, so that the team sees it elsewhere.
const PATIENCE: i64 = 3;

/// Who asks for a ticket on Discord.
#[derive(Debug, Clone)]
pub struct Place {
    /// The guild.
    pub guild: Snowflake,
    /// Who asks.
    pub discord: Snowflake,
    /// The language that they have there.
    pub locale: Language,
    /// With this they can be answered.
    pub reply_token: String,
}

/// Writes down that a ticket is to have a thread.
pub(crate) async fn intend(tx: &Tx, ticket: Uuid, place: &Place, now: UnixMs) -> Result<()> {
    let row = ThreadRow {
        ticket_id: ticket,
        guild_id: place.guild,
        discord_id: place.discord,
        locale: place.locale.as_str().to_owned(),
        channel_id: None,
        intro_id: None,
        log_id: None,
        reply_token: Some(place.reply_token.clone()),
        told: false,
        shut: false,
        read_to: 0,
        tries: 0,
        due_at: Some(now),
        created_at: now,
    };
    Ok(threads::insert(tx, row).await?)
}

/// Writes down that an entry is to be posted.
pub(crate) async fn announce(app: &App, tx: &Tx, ticket: &TicketRow, entry: Uuid, made_at: UnixMs) -> Result<()> {
    let row = posts::Model { entry_id: entry, ticket_id: ticket.id, made_at, tries: 0, due_at: app.clock.now() };
    Ok(posts::insert(tx, row).await?)
}

/// Tickets whose threads are not as they should be.
pub async fn due(app: &App) -> Result<Vec<Uuid>> {
    let now = app.clock.now();
    let mut due: Vec<Uuid> =
        threads::due(&app.store, now, AT_ONCE).await?.into_iter().map(|thread| thread.ticket_id).collect();
    due.extend(posts::due_tickets(&app.store, now, AT_ONCE).await?);
    due.sort_unstable();
    due.dedup();
    Ok(due)
}

/// An entry that is still to be posted.
#[derive(Debug, Clone)]
pub struct Post {
    /// The entry.
    pub line: Line,
    /// Whether it was begun before: then it may be there.
    pub was_begun: bool,
}

/// What there is to do about a ticket's thread.
#[derive(Debug)]
pub struct Work {
    /// The thread.
    pub thread: ThreadRow,
    /// The ticket.
    pub ticket: TicketRow,
    /// What is to be posted, in its order.
    pub posts: Vec<Post>,
}

/// What there is to do about a ticket's thread; nothing if the ticket is gone.
pub async fn work(app: &App, id: Uuid) -> Result<Option<Work>> {
    // These first: what is announced after them is still due when the rest is done, whatever the ticket is by then.
    let waiting = posts::of_ticket(&app.store, id).await?;
    let thread = threads::of_ticket(&app.store, id).await?;
    let ticket = tickets::by_id(&app.store, id).await?;
    let Some((thread, ticket)) = thread.zip(ticket) else { return Ok(None) };
    let mut posts = Vec::with_capacity(waiting.len());
    if !waiting.is_empty() {
        let mut lines = ticket::whole(app, id).await?.lines;
        for post in waiting {
            if let Some(at) = lines.iter().position(|line| line.id == post.entry_id) {
                posts.push(Post { line: lines.swap_remove(at), was_begun: post.tries > 0 });
            }
        }
    }
    Ok(Some(Work { thread, ticket, posts }))
}

/// Notes a step; false if the ticket is gone.
async fn change(app: &App, id: Uuid, change: impl Fn(&mut ThreadRow)) -> Result<bool> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let Some(mut row) = threads::lock(&tx, id).await? else { return Ok(false) };
        change(&mut row);
        threads::save(&tx, row).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// The thread is there; false if its ticket is not any more.
pub async fn placed(app: &App, id: Uuid, channel: Snowflake) -> Result<bool> {
    failpoint::pass("thread.made");
    let is_there = change(app, id, |row| row.channel_id = Some(channel)).await?;
    failpoint::pass("thread.placed");
    Ok(is_there)
}

/// The first message is in it: the ticket waits for an answer.
pub async fn introduced(app: &App, id: Uuid, message: Snowflake) -> Result<()> {
    failpoint::pass("thread.posted");
    change(app, id, |row| {
        row.intro_id = Some(message);
        row.read_to = row.read_to.max(message);
    })
    .await?;
    open(app, id).await?;
    failpoint::pass("thread.introduced");
    Ok(())
}

/// A ticket that was written down is open.
async fn open(app: &App, id: Uuid) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let Some(mut ticket) = tickets::lock(&tx, id).await? else { return Ok(()) };
        let mut life = ticket.life()?;
        life.placed();
        ticket.set_life(&life);
        tickets::save(&tx, ticket).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Who asked knows where the thread is.
pub async fn told(app: &App, id: Uuid) -> Result<()> {
    failpoint::pass("thread.told");
    change(app, id, |row| (row.told, row.reply_token) = (true, None)).await.map(drop)
}

/// The thread is shut, or open again.
pub async fn set_shut(app: &App, id: Uuid, shut: bool) -> Result<()> {
    change(app, id, |row| row.shut = shut).await.map(drop)
}

/// The conversation is in a message of the team's log. One that was there before goes, since all of it is in the new one;
/// so does this one if its account was deleted meanwhile.
pub async fn logged(app: &App, id: Uuid, message: Snowflake) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let gone = match threads::lock(&tx, id).await? {
            Some(mut row) => {
                let before = row.log_id.replace(message).filter(|before| *before != message);
                threads::save(&tx, row).await?;
                before
            }
            None => Some(message),
        };
        if let Some(target) = gone {
            undo::put(&tx, undo::Model { kind: "log".to_owned(), target, due_at: app.clock.now() }).await?;
        }
        Ok(tx.commit().await?)
    })
    .await
}

/// The channel of a closed ticket is deleted soon. A ticket that is opened again gets another.
pub async fn left(app: &App, id: Uuid) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let Some(mut row) = threads::lock(&tx, id).await? else { return Ok(()) };
        let Some(channel) = row.channel_id.take() else { return Ok(()) };
        (row.intro_id, row.shut) = (None, true);
        threads::save(&tx, row).await?;
        let due_at = app.clock.now();
        undo::put(&tx, undo::Model { kind: "thread".to_owned(), target: channel, due_at }).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Threads and channels that are to be deleted. Read before those that are there: what is neither in the one nor in the other
/// is gone.
pub async fn leaving(app: &App) -> Result<Vec<Snowflake>> {
    Ok(undo::targets(&app.store, "thread").await?)
}

/// The thread is as it should be.
pub async fn settled(app: &App, id: Uuid) -> Result<()> {
    change(app, id, |row| (row.due_at, row.tries) = (None, 0)).await.map(drop)
}

/// A step came to nothing; it is tried again. A ticket that waits for its thread too long is open without one.
pub async fn failed(app: &App, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let Some(row) = threads::of_ticket(&app.store, id).await? else { return Ok(()) };
    let doublings = u32::try_from(row.tries.clamp(0, 20)).unwrap_or(20);
    let due_at = now + PAUSE_MS.saturating_mul(1 << doublings).min(LONGEST_MS);
    change(app, id, |row| (row.tries, row.due_at) = (row.tries + 1, Some(due_at))).await?;
    for post in posts::of_ticket(&app.store, id).await?.into_iter().filter(|post| post.due_at < due_at) {
        posts::begin(&app.store, post.entry_id, post.tries, due_at).await?;
    }
    if row.tries + 1 >= PATIENCE { open(app, id).await } else { Ok(()) }
}

/// An entry is about to be posted: from now on it may be there.
pub async fn posting(app: &App, entry: Uuid) -> Result<()> {
    posts::begin(&app.store, entry, 1, app.clock.now() + PAUSE_MS).await?;
    failpoint::pass("post.begun");
    Ok(())
}

/// An entry is posted, or need not be.
pub async fn posted(app: &App, entry: Uuid) -> Result<()> {
    failpoint::pass("post.sent");
    Ok(posts::done(&app.store, entry).await?)
}

/// Somebody deleted the thread: its ticket is closed. One that is opened again gets another thread.
pub async fn gone(app: &App, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let Some(mut row) = threads::lock(&tx, id).await? else { return Ok(()) };
        (row.channel_id, row.intro_id, row.shut, row.due_at, row.tries) = (None, None, true, None, 0);
        threads::save(&tx, row).await?;
        // What waited for it has no place any more; what comes after the ticket is opened again has a new one.
        posts::forget(&tx, id).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    ticket::thread_deleted(app, id, now).await?;
    app.wake_worker();
    Ok(())
}

/// The ticket of a thread.
pub async fn of_channel(app: &App, channel: Snowflake) -> Result<Option<(ThreadRow, TicketRow)>> {
    let Some(thread) = threads::of_channel(&app.store, channel).await? else { return Ok(None) };
    let ticket = tickets::by_id(&app.store, thread.ticket_id).await?;
    Ok(ticket.map(|ticket| (thread, ticket)))
}

/// Threads in which somebody may write.
pub async fn live(app: &App) -> Result<Vec<ThreadRow>> {
    Ok(threads::live(&app.store).await?)
}

/// Messages of a thread were read up to this one.
pub async fn read(app: &App, ticket: Uuid, message: Snowflake) -> Result<()> {
    Ok(threads::read(&app.store, ticket, message).await?)
}

/// Whether what is written in a ticket is to be posted.
pub(crate) fn is_posted(ticket: &TicketRow, entry: Entry) -> bool {
    ticket.source == ticket::ON_DISCORD && entry != Entry::Note
}

/// Where a ticket on Discord begins.
pub(crate) fn first_state(place: Option<&Place>) -> State {
    if place.is_some() { State::Opening } else { State::Open }
}

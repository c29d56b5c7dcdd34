//! Support tickets: what customers and the team read of them, and what both write.

mod close;
mod context;
mod due;
mod entry;
mod flood;
mod open;
mod replies;
mod work;

use domain::page::{Ask, Page, Place};
use domain::ticket::{Category, Deed, Entry, Note, Priority, Side, Subject, TicketError};
use domain::time::UnixMs;
use store::{Db, ticket_files, ticket_messages, tickets, users};
use uuid::Uuid;

use crate::session::Who;
use crate::{App, Error, Result};

pub(crate) use close::thread_deleted;
pub use close::{close_own, rate};
pub use context::{Beside, BesideDevice, beside};
pub use due::end_quiet;
pub use entry::{Attachment, Source, Written};
pub(crate) use entry::{ON_DISCORD, file_place, place};
pub use open::{NewTicket, open, write};
pub use replies::{add_reply, delete_reply, replies};
pub use work::{Change, change, helper, helpers, note, reply, staff_file};

/// An attached file, without its content.
pub use store::ticket_files::Info as FileInfo;
/// An answer that is kept ready.
pub use store::ticket_replies::Model as ReplyRow;
/// A ticket, as `store` keeps it.
pub use store::tickets::Model as TicketRow;
/// Which tickets the team wants to see.
pub use store::tickets::{Filter, Whose};

/// Something in a ticket, with its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: Uuid,
    /// Who wrote or did it.
    pub side: Side,
    /// The account, unless it is gone or it was the clock.
    pub author: Option<Uuid>,
    /// What it is.
    pub entry: Entry,
    /// The text; of an event, what [`Line::deed`] reads, and more words.
    pub body: String,
    /// When.
    pub at: UnixMs,
    /// What is attached.
    pub files: Vec<FileInfo>,
}

impl Line {
    /// What was done, and to what end: `transferred` and to whom, `closed` and why.
    pub fn deed(&self) -> Option<(Deed, &str)> {
        if self.entry != Entry::Event {
            return None;
        }
        let (word, more) = self.body.split_once(' ').unwrap_or((&self.body, ""));
        Some((word.parse().ok()?, more))
    }
}

/// A ticket with all that one reader may see of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The ticket.
    pub ticket: TicketRow,
    /// Oldest first.
    pub lines: Vec<Line>,
}

/// What a file is when it is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A word for a field of a ticket.
pub fn category(word: &str) -> Result<Category> {
    word.parse().map_err(|error: TicketError| {
        Error::invalid("category", error.code(), "one of: connection, setup, payment, account, other")
    })
}

/// A word for how soon a ticket is to be answered.
pub fn priority(word: &str) -> Result<Priority> {
    word.parse()
        .map_err(|error: TicketError| Error::invalid("priority", error.code(), "one of: low, normal, high, urgent"))
}

/// A subject.
pub fn subject(text: &str) -> Result<Subject> {
    Subject::parse(text).map_err(|error| Error::invalid("subject", error.code(), error.to_string()))
}

/// A few words beside an act.
pub fn words(field: &'static str, text: &str) -> Result<Note> {
    Note::parse(text).map_err(|error| Error::invalid(field, error.code(), error.to_string()))
}

fn refused(error: TicketError) -> Error {
    Error::conflict(error.code(), error.to_string())
}

/// A page of the caller's tickets, newest first.
pub async fn list(app: &App, who: &Who, ask: Ask) -> Result<Page<TicketRow>> {
    let rows = tickets::of_user(&app.store, who.user.id, ask.after, u64::from(ask.limit) + 1).await?;
    Ok(ask.page(rows, |row| Place { at: row.created_at, id: row.id }))
}

/// One of the caller's tickets, without the team's notes.
pub async fn get(app: &App, who: &Who, id: Uuid) -> Result<Thread> {
    let ticket = own(&app.store, who, id).await?;
    let mut lines = lines(app, id).await?;
    lines.retain(is_for_customer);
    Ok(Thread { ticket, lines })
}

/// Who claimed a ticket, or sorted it, is the team's own affair.
fn is_for_customer(line: &Line) -> bool {
    match line.entry {
        Entry::Message => true,
        Entry::Note => false,
        Entry::Event => {
            matches!(line.deed(), Some((Deed::Closed | Deed::Reopened | Deed::Warned | Deed::Rated, _)))
        }
    }
}

/// A file of one of the caller's tickets.
pub async fn file(app: &App, who: &Who, ticket: Uuid, id: Uuid) -> Result<Content> {
    own(&app.store, who, ticket).await?;
    let row = ticket_files::by_id(&app.store, ticket, id).await?.ok_or(Error::NotFound)?;
    let message = ticket_messages::by_id(&app.store, row.message_id).await?;
    let is_theirs = message.is_some_and(|message| message.entry == Entry::Message.as_str());
    if is_theirs { content(app, row) } else { Err(Error::NotFound) }
}

fn content(app: &App, row: ticket_files::Model) -> Result<Content> {
    let bytes = app.sealer.open(&row.content_sealed, &file_place(row.id));
    let bytes = bytes.map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(Content { name: row.name, media_type: row.media_type, bytes })
}

async fn own(db: &impl Db, who: &Who, id: Uuid) -> Result<TicketRow> {
    tickets::by_id(db, id).await?.filter(|row| row.user_id == who.user.id).ok_or(Error::NotFound)
}

/// A page for the team.
pub async fn queue(app: &App, filter: Filter, ask: Ask) -> Result<Page<TicketRow>> {
    let rows = tickets::page(&app.store, filter, ask.after, u64::from(ask.limit) + 1).await?;
    Ok(ask.page(rows, |row| filter.place(row)))
}

/// How many tickets wait for an answer.
pub async fn count_open(app: &App) -> Result<u64> {
    Ok(tickets::count(&app.store, Filter::QUEUE).await?)
}

/// A ticket by its number, `12` or `#12`.
pub async fn by_number(app: &App, text: &str) -> Result<TicketRow> {
    let number = text.trim().trim_start_matches('#').parse().map_err(|_| Error::NotFound)?;
    tickets::by_number(&app.store, number).await?.ok_or(Error::NotFound)
}

/// A ticket with everything in it, for the team.
pub async fn whole(app: &App, id: Uuid) -> Result<Thread> {
    let ticket = tickets::by_id(&app.store, id).await?.ok_or(Error::NotFound)?;
    Ok(Thread { ticket, lines: lines(app, id).await? })
}

/// All tickets of an account as its owner sees them, for one who wants to have everything that is held.
pub(crate) async fn export(app: &App, who: &Who) -> Result<Vec<Thread>> {
    let mut threads = Vec::new();
    for row in tickets::of_user(&app.store, who.user.id, None, MANY).await? {
        threads.push(get(app, who, row.id).await?);
    }
    Ok(threads)
}

/// More tickets than anybody has.
const MANY: u64 = 10_000;

async fn lines(app: &App, ticket: Uuid) -> Result<Vec<Line>> {
    let mut files = ticket_files::of_ticket(&app.store, ticket).await?;
    let rows = ticket_messages::of_ticket(&app.store, ticket).await?;
    let line = |row: ticket_messages::Model| {
        let body = app.sealer.open(&row.body_sealed, &place(row.id));
        let body = body.map_err(|error| Error::Internal(Box::new(error)))?;
        let known = || Error::internal("a message of a ticket holds an unknown word");
        Ok(Line {
            id: row.id,
            side: row.side.parse().map_err(|_| known())?,
            author: row.author_id,
            entry: row.entry.parse().map_err(|_| known())?,
            body: String::from_utf8(body).map_err(|error| Error::Internal(Box::new(error)))?,
            at: row.created_at,
            files: files.extract_if(.., |file| file.message_id == row.id).collect(),
        })
    };
    rows.into_iter().map(line).collect()
}

/// What was said at its end is not true of a ticket that is open again; its entries keep it.
fn forget_end(ticket: &mut TicketRow) {
    (ticket.close_reason, ticket.rating, ticket.rating_note) = (None, None, None);
}

/// Locks a ticket, and first its owner's row: whatever opens tickets counts them under it.
async fn lock(tx: &store::Tx, id: Uuid) -> Result<(TicketRow, users::Model)> {
    let found = tickets::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    let user = users::lock(tx, found.user_id).await?.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound)?;
    let ticket = tickets::lock(tx, id).await?.ok_or(Error::NotFound)?;
    Ok((ticket, user))
}

/// The same for its owner alone.
async fn lock_own(tx: &store::Tx, who: &Who, id: Uuid) -> Result<(TicketRow, users::Model)> {
    let (ticket, user) = lock(tx, id).await?;
    if user.id == who.user.id { Ok((ticket, user)) } else { Err(Error::NotFound) }
}

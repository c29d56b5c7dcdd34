//! What is written into tickets: messages with their files, notes, events.

use domain::ticket::{
    Body, Deed, Entry, FileError, FileName, FileType, MOST_BYTES_TOGETHER, MOST_FILES, Side, TicketError,
};
use domain::time::{DAY_MS, UnixMs};
use store::{Tx, ticket_files, ticket_messages};
use uuid::Uuid;

use super::{TicketRow, refused};
use crate::discord::thread;
use crate::{App, Error, Result};

/// Most entries of a ticket: a conversation that is longer is better had anew, and a flood ends here.
const MOST_ENTRIES: u64 = 500;
/// Most bytes of all files in a customer's tickets: who signs up for nothing must not fill the disk.
const MOST_BYTES: i64 = 100_000_000;

/// For so long a message under an id that is known is the same message.
const AGAIN_MS: i64 = DAY_MS;

/// Where something was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A page of ours.
    Site,
    /// The API.
    Api,
    /// A form on Discord: nobody there has seen it.
    Form,
    /// A thread on Discord, where everybody in it has seen it.
    Thread,
}

/// The word for all that comes from Discord.
pub(crate) const ON_DISCORD: &str = "discord";

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Source::Site => "site",
            Source::Api => "api",
            Source::Form | Source::Thread => ON_DISCORD,
        }
    }

    pub(super) fn stored(self) -> String {
        self.as_str().to_owned()
    }
}

/// A file that somebody attaches: a name that fits, a kind that is taken, a content without keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    name: FileName,
    kind: FileType,
    content: Vec<u8>,
}

impl Attachment {
    /// Reads what was sent.
    pub fn parse(name: &str, content: Vec<u8>) -> Result<Attachment> {
        let (kind, content) = FileType::check(content).map_err(bad_file)?;
        Ok(Attachment { name: FileName::of(name, kind), kind, content })
    }
}

fn bad_file(error: FileError) -> Error {
    Error::invalid("files", error.code(), error.to_string())
}

/// A message that somebody writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub(super) body: Body,
    pub(super) files: Vec<Attachment>,
    pub(super) source: Source,
    id: Option<Uuid>,
}

impl Written {
    /// Reads what was sent.
    pub fn parse(body: &str, files: Vec<Attachment>, source: Source) -> Result<Written> {
        if files.len() > MOST_FILES {
            return Err(bad_file(FileError::TooMany));
        }
        if files.iter().map(|file| file.content.len()).sum::<usize>() > MOST_BYTES_TOGETHER {
            return Err(bad_file(FileError::TooLargeTogether));
        }
        let body = Body::parse(body).map_err(|error| Error::invalid("body", error.code(), error.to_string()))?;
        Ok(Written { body, files, source, id: None })
    }

    /// The same under an id: what is sent twice with one id is written once.
    #[must_use]
    pub fn once(mut self, id: Option<Uuid>) -> Written {
        self.id = id;
        self
    }
}

/// Who does something in a ticket.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Customer(Uuid),
    Staff(Uuid),
    Clock,
}

impl By {
    pub(super) fn side(self) -> Side {
        match self {
            By::Customer(_) => Side::Customer,
            By::Staff(_) => Side::Staff,
            By::Clock => Side::System,
        }
    }

    fn author(self) -> Option<Uuid> {
        match self {
            By::Customer(id) | By::Staff(id) => Some(id),
            By::Clock => None,
        }
    }
}

/// Where the text of an entry is sealed.
pub(crate) fn place(id: Uuid) -> String {
    format!("ticket-message:{id}")
}

/// Where the content of a file is sealed.
pub(crate) fn file_place(id: Uuid) -> String {
    format!("ticket-file:{id}")
}

/// The ticket in which a message was written a while ago, under the same id by the same author.
pub(super) async fn known(tx: &Tx, by: By, written: &Written, now: UnixMs) -> Result<Option<Uuid>> {
    let Some(id) = written.id else { return Ok(None) };
    match ticket_messages::by_id(tx, id).await? {
        Some(row) if row.author_id != by.author() => Err(Error::NotFound),
        Some(row) if now - row.created_at < AGAIN_MS => Ok(Some(row.ticket_id)),
        Some(_) | None => Ok(None),
    }
}

/// Adds a message or a note, with its files.
pub(super) async fn add(
    app: &App,
    tx: &Tx,
    ticket: &TicketRow,
    by: By,
    entry: Entry,
    written: &Written,
    now: UnixMs,
) -> Result<()> {
    if ticket_messages::count(tx, ticket.id).await? >= MOST_ENTRIES {
        return Err(refused(TicketError::Full));
    }
    let new: i64 = written.files.iter().map(|file| bytes(&file.content)).sum();
    if new > 0 && ticket_files::bytes_of_user(tx, ticket.user_id).await? + new > MOST_BYTES {
        return Err(refused(TicketError::FilesFull));
    }
    let message = match written.id {
        Some(id) if ticket_messages::by_id(tx, id).await?.is_none() => id,
        // Somebody uses an id for good: it is another message, a day later.
        _ => app.dice.id(now),
    };
    let (body, source) = (written.body.as_str(), written.source.as_str());
    insert(app, tx, message, ticket, by, entry, body, source, now).await?;
    if written.source != Source::Thread && thread::is_posted(ticket, entry) {
        thread::announce(app, tx, ticket, message, now).await?;
    }
    for file in &written.files {
        let id = app.dice.id(now);
        let row = ticket_files::Model {
            id,
            ticket_id: ticket.id,
            message_id: message,
            name: file.name.as_str().to_owned(),
            media_type: file.kind.media_type().to_owned(),
            bytes: bytes(&file.content),
            content_sealed: app.sealer.seal(&file.content, &file_place(id), &app.dice),
        };
        ticket_files::insert(tx, row).await?;
    }
    Ok(())
}

fn bytes(content: &[u8]) -> i64 {
    i64::try_from(content.len()).unwrap_or(i64::MAX)
}

/// Notes what was done, and more words about it.
pub(super) async fn note_deed(
    app: &App,
    tx: &Tx,
    ticket: &TicketRow,
    by: By,
    deed: Deed,
    more: &str,
    now: UnixMs,
) -> Result<()> {
    let body = format!("{} {more}", deed.as_str());
    let id = app.dice.id(now);
    insert(app, tx, id, ticket, by, Entry::Event, body.trim_end(), "", now).await?;
    if thread::is_posted(ticket, Entry::Event) { thread::announce(app, tx, ticket, id, now).await } else { Ok(()) }
}

#[expect(clippy::too_many_arguments, reason = "a row's columns, each of another kind")]
async fn insert(
    app: &App,
    tx: &Tx,
    id: Uuid,
    ticket: &TicketRow,
    by: By,
    entry: Entry,
    body: &str,
    source: &str,
    now: UnixMs,
) -> Result<()> {
    let row = ticket_messages::Model {
        id,
        ticket_id: ticket.id,
        author_id: by.author(),
        side: by.side().as_str().to_owned(),
        entry: entry.as_str().to_owned(),
        source: source.to_owned(),
        body_sealed: app.sealer.seal(body.as_bytes(), &place(id), &app.dice),
        created_at: now,
    };
    Ok(ticket_messages::insert(tx, row).await?)
}

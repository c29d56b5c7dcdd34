//! The end of a ticket, and what the customer thought of it.

use domain::ticket::{Deed, Entry, Note, Side, Stars, TicketError};
use domain::time::UnixMs;
use store::{Tx, ticket_messages, tickets, users};
use uuid::Uuid;

use super::entry::{self, By};
use super::{Thread, TicketRow, get, lock, lock_own, place, refused};
use crate::letter::{Letter, News, TicketLetter};
use crate::session::Who;
use crate::{App, Error, Result, failpoint, mail};

/// Most of a conversation that a mail holds, in bytes; the ticket's page has all of it.
const MOST_TRANSCRIPT: usize = 60_000;

/// Closes one of the caller's tickets. One that is closed stays as it is.
pub async fn close_own(app: &App, who: &Who, id: Uuid) -> Result<Thread> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let (ticket, user) = lock_own(&tx, who, id).await?;
        close(app, &tx, ticket, &user, By::Customer(user.id), Note::default(), app.clock.now()).await?;
        failpoint::pass("ticket.saved");
        tx.commit().await?;
        failpoint::pass("ticket.committed");
        Ok(())
    })
    .await?;
    get(app, who, id).await
}

/// Somebody deleted a ticket's thread on Discord.
pub(crate) async fn thread_deleted(app: &App, id: Uuid, now: UnixMs) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let (ticket, user) = lock(&tx, id).await?;
        let reason = Note::parse("its thread on Discord was deleted").map_err(refused)?;
        close(app, &tx, ticket, &user, By::Clock, reason, now).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Closes a ticket that is locked; a customer who did not do it is told, with all that was written.
pub(super) async fn close(
    app: &App,
    tx: &Tx,
    mut ticket: TicketRow,
    user: &users::Model,
    by: By,
    reason: Note,
    now: UnixMs,
) -> Result<()> {
    let mut life = ticket.life()?;
    if !life.close(by.side(), now) {
        return Ok(());
    }
    ticket.set_life(&life);
    ticket.updated_at = now;
    ticket.close_reason = reason.into_option();
    let reason = ticket.close_reason.clone();
    entry::note_deed(app, tx, &ticket, by, Deed::Closed, reason.as_deref().unwrap_or_default(), now).await?;
    if by.side() != Side::Customer {
        let news = News::Closed { reason, transcript: transcript(app, tx, &ticket).await? };
        tell_customer(app, tx, &ticket, user, news, now).await?;
    }
    Ok(tickets::save(tx, ticket).await?)
}

/// Tells the customer of a ticket something by mail.
pub(super) async fn tell_customer(
    app: &App,
    tx: &Tx,
    ticket: &TicketRow,
    user: &users::Model,
    news: News,
    now: UnixMs,
) -> Result<()> {
    let letter = TicketLetter::of(ticket, news, app.config.link(&format!("/dashboard/tickets/{}", ticket.id)));
    mail::write(app, tx, &user.email, user.language(), &Letter::Ticket(letter), now).await
}

/// All messages as text, the last ones if they are too many for a mail.
async fn transcript(app: &App, tx: &Tx, ticket: &TicketRow) -> Result<String> {
    let mut parts = Vec::new();
    let mut length = 0;
    for row in ticket_messages::of_ticket(tx, ticket.id).await?.into_iter().rev() {
        if row.entry != Entry::Message.as_str() {
            continue;
        }
        let body = app.sealer.open(&row.body_sealed, &place(row.id)).map_err(|e| Error::Internal(Box::new(e)))?;
        let body = String::from_utf8(body).map_err(|e| Error::Internal(Box::new(e)))?;
        let who = if row.side == Side::Customer.as_str() { "→" } else { "←" };
        let part = format!("{who} {} UTC\n{body}", domain::time::minute(row.created_at));
        length += part.len();
        if length > MOST_TRANSCRIPT {
            parts.push("…".to_owned());
            break;
        }
        parts.push(part);
    }
    parts.reverse();
    Ok(parts.join("\n\n"))
}

/// What the caller thought of one of their tickets, once it is closed. Another verdict takes the place of the first.
pub async fn rate(app: &App, who: &Who, id: Uuid, stars: Stars, note: Note) -> Result<Thread> {
    let note = note.into_option();
    app.retrying(|| async {
        let now = app.clock.now();
        let tx = app.store.write_txn().await?;
        let (mut ticket, user) = lock_own(&tx, who, id).await?;
        if ticket.closed_at.is_none() {
            return Err(refused(TicketError::NotClosed));
        }
        let more = format!("{} {}", stars.get(), note.as_deref().unwrap_or_default());
        if (ticket.rating, &ticket.rating_note) != (Some(stars.get()), &note) {
            (ticket.rating, ticket.rating_note) = (Some(stars.get()), note.clone());
            entry::note_deed(app, &tx, &ticket, By::Customer(user.id), Deed::Rated, &more, now).await?;
            tickets::save(&tx, ticket).await?;
        }
        Ok(tx.commit().await?)
    })
    .await?;
    get(app, who, id).await
}

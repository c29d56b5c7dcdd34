//! What the team does with tickets.

use domain::account::Role;
use domain::operator::{self, Act};
use domain::ticket::{Category, Deed, Entry, Helper, Life, Note, Priority};
use domain::time::UnixMs;
use store::{Tx, ticket_files, tickets, users};
use uuid::Uuid;

use super::close::{close, tell_customer};
use super::entry::{self, By, Written};
use super::{Content, Thread, TicketRow, content, forget_end, lock, refused, whole};
use crate::letter::{Letter, News, TicketLetter};
use crate::session::Who;
use crate::{App, Error, Result, failpoint, mail};

/// Something that one of the team does to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Takes it.
    Claim,
    /// Gives it back to all.
    Release,
    /// Hands it to another of the team.
    Transfer(Uuid),
    /// Sorts it anew.
    Sort(Category, Priority),
    /// Closes it, for this reason.
    Close(Note),
    /// Opens it again.
    Reopen,
}

/// One who is signed in, as one of the team.
pub fn helper(who: &Who) -> Helper {
    Helper { id: who.user.id, is_lead: operator::may(who.user.role(), Act::Run) }
}

/// Everybody of the team, by address.
pub async fn helpers(app: &App) -> Result<Vec<users::Model>> {
    let mut all = Vec::new();
    for role in [Role::Support, Role::Admin] {
        all.extend(users::of_role(&app.store, role).await?.into_iter().filter(users::Model::may_sign_in));
    }
    all.sort_by(|a, b| a.email.cmp(&b.email));
    Ok(all)
}

/// Writes to the customer, who gets a mail with it.
pub async fn reply(app: &App, by: Helper, id: Uuid, written: &Written) -> Result<Thread> {
    app.retrying(|| reply_once(app, by, id, written)).await?;
    app.wake_worker();
    whole(app, id).await
}

async fn reply_once(app: &App, by: Helper, id: Uuid, written: &Written) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let (ticket, user) = lock(&tx, id).await?;
    if entry::known(&tx, By::Staff(by.id), written, now).await?.is_some() {
        return Ok(());
    }
    let mut life = ticket.life()?;
    let nobody_had_it = life.claimed_by.is_none();
    life.staff_writes(by, app.config.ticket_quiet, now).map_err(refused)?;
    if nobody_had_it {
        entry::note_deed(app, &tx, &ticket, By::Staff(by.id), Deed::Claimed, "", now).await?;
    }
    // What is read in the order of time comes after it.
    entry::add(app, &tx, &ticket, By::Staff(by.id), Entry::Message, written, now + 1).await?;
    let news = News::Answered { text: written.body.as_str().to_owned() };
    tell_customer(app, &tx, &ticket, &user, news, now).await?;
    save(&tx, ticket, &life, now).await?;
    failpoint::pass("ticket.saved");
    tx.commit().await?;
    failpoint::pass("ticket.committed");
    Ok(())
}

async fn save(tx: &Tx, mut ticket: TicketRow, life: &Life, now: UnixMs) -> Result<()> {
    ticket.set_life(life);
    ticket.updated_at = now;
    Ok(tickets::save(tx, ticket).await?)
}

/// Writes something that only the team reads.
pub async fn note(app: &App, by: Helper, id: Uuid, written: &Written) -> Result<Thread> {
    app.retrying(|| async {
        let now = app.clock.now();
        let tx = app.store.write_txn().await?;
        let (ticket, _) = lock(&tx, id).await?;
        if entry::known(&tx, By::Staff(by.id), written, now).await?.is_some() {
            return Ok(());
        }
        entry::add(app, &tx, &ticket, By::Staff(by.id), Entry::Note, written, now).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    whole(app, id).await
}

/// Does something to a ticket. What is so already stays so.
pub async fn change(app: &App, by: Helper, id: Uuid, change: &Change) -> Result<Thread> {
    app.retrying(|| change_once(app, by, id, change)).await?;
    app.wake_worker();
    whole(app, id).await
}

async fn change_once(app: &App, by: Helper, id: Uuid, change: &Change) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let (mut ticket, user) = lock(&tx, id).await?;
    let mut life = ticket.life()?;
    let deed = match change {
        Change::Claim => life.claim(by).map_err(refused)?.then_some((Deed::Claimed, String::new())),
        Change::Release => life.release(by).map(|()| Some((Deed::Released, String::new()))).map_err(refused)?,
        Change::Transfer(to) => {
            let to = colleague(&tx, *to).await?;
            let is_new = life.transfer(by, to.id).map_err(refused)?;
            if is_new && to.id != by.id {
                let link = app.config.link(&format!("/admin/tickets/{id}"));
                let letter = Letter::Ticket(TicketLetter::of(&ticket, News::Transferred, link));
                mail::write(app, &tx, &to.email, to.language(), &letter, now).await?;
            }
            is_new.then(|| (Deed::Transferred, to.id.to_string()))
        }
        Change::Sort(category, priority) => {
            let is_new = ticket.category != category.as_str() || life.priority != *priority;
            category.as_str().clone_into(&mut ticket.category);
            life.priority = *priority;
            is_new.then(|| (Deed::Sorted, format!("{} {}", category.as_str(), priority.as_str())))
        }
        Change::Close(reason) => {
            close(app, &tx, ticket, &user, By::Staff(by.id), reason.clone(), now).await?;
            failpoint::pass("ticket.saved");
            return Ok(tx.commit().await?);
        }
        Change::Reopen => {
            life.reopen(now).map_err(refused)?;
            forget_end(&mut ticket);
            Some((Deed::Reopened, String::new()))
        }
    };
    let Some((deed, more)) = deed else { return Ok(()) };
    entry::note_deed(app, &tx, &ticket, By::Staff(by.id), deed, &more, now).await?;
    save(&tx, ticket, &life, now).await?;
    failpoint::pass("ticket.saved");
    tx.commit().await?;
    failpoint::pass("ticket.committed");
    Ok(())
}

/// One of the team, to whom a ticket can be handed.
async fn colleague(tx: &Tx, id: Uuid) -> Result<users::Model> {
    let found = users::by_id(tx, id).await?;
    found
        .filter(|user| user.may_sign_in() && operator::may(user.role(), Act::SeeCustomers))
        .ok_or_else(|| Error::invalid("to", "ticket_helper_unknown", "a ticket is handed to one of the team"))
}

/// A file of any ticket.
pub async fn staff_file(app: &App, ticket: Uuid, id: Uuid) -> Result<Content> {
    content(app, ticket_files::by_id(&app.store, ticket, id).await?.ok_or(Error::NotFound)?)
}

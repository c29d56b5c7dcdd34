//! A customer opens a ticket, and writes in one.

use domain::account::Language;
use domain::faq::Way;
use domain::ticket::{After, Caps, Category, Deed, Entry, Life, Priority, State, Subject, cap};
use domain::time::{DAY_MS, UnixMs};
use store::{Tx, tickets, users};
use uuid::Uuid;

use super::entry::{self, By, Written};
use super::{Thread, TicketRow, flood, forget_end, get, lock_own, refused};
use crate::discord::thread::{self, Place};
use crate::letter::{Letter, News, TicketLetter};
use crate::session::Who;
use crate::{App, Error, Result, failpoint, mail};

/// A ticket to be opened.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// What it is about, in one line.
    pub subject: Subject,
    /// And by kind.
    pub category: Category,
    /// The way through the help that led to it.
    pub way: Option<Way>,
    /// The first message.
    pub first: Written,
    /// Who asks for it on Discord, where it then has a thread.
    pub place: Option<Place>,
}

/// Opens a ticket.
pub async fn open(app: &App, who: &Who, new: &NewTicket) -> Result<Thread> {
    let id = app.retrying(|| open_once(app, who, new)).await?;
    app.wake_worker();
    get(app, who, id).await
}

async fn open_once(app: &App, who: &Who, new: &NewTicket) -> Result<Uuid> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let user = users::lock(&tx, who.user.id).await?.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound)?;
    if let Some(known) = entry::known(&tx, By::Customer(user.id), &new.first, now).await? {
        return Ok(known);
    }
    flood::check(app, &tx, user.id, &new.first, now).await?;
    let (open, today) = (tickets::count_open(&tx, user.id), tickets::count_since(&tx, user.id, now - DAY_MS));
    cap(Caps::USUAL, open.await?, today.await?).map_err(refused)?;
    let life = Life::new(thread::first_state(new.place.as_ref()), Priority::Normal, now);
    let mut row = TicketRow {
        subject: new.subject.as_str().to_owned(),
        category: new.category.as_str().to_owned(),
        source: new.first.source.stored(),
        way: new.way.as_ref().map(|way| way.as_str().to_owned()),
        ..TicketRow::begun(app.dice.id(now), user.id, now)
    };
    row.set_life(&life);
    row.number = tickets::insert(&tx, row.clone()).await?;
    if let Some(place) = &new.place {
        thread::intend(&tx, row.id, place, now).await?;
    }
    entry::add(app, &tx, &row, By::Customer(user.id), Entry::Message, &new.first, now).await?;
    tell_team(app, &tx, &row, News::Opened, now).await?;
    failpoint::pass("ticket.saved");
    tx.commit().await?;
    failpoint::pass("ticket.committed");
    Ok(row.id)
}

/// Writes in one of the caller's tickets; one that was closed a short while ago is opened again.
pub async fn write(app: &App, who: &Who, id: Uuid, written: &Written) -> Result<Thread> {
    app.retrying(|| write_once(app, who, id, written)).await?;
    app.wake_worker();
    get(app, who, id).await
}

async fn write_once(app: &App, who: &Who, id: Uuid, written: &Written) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let (mut ticket, user) = lock_own(&tx, who, id).await?;
    if entry::known(&tx, By::Customer(user.id), written, now).await?.is_some() {
        return Ok(());
    }
    flood::check(app, &tx, user.id, written, now).await?;
    let mut life = ticket.life()?;
    let was = life.state;
    let after = life.customer_writes(now).map_err(refused)?;
    if after == After::Reopened {
        let open = tickets::count_open(&tx, user.id).await?;
        cap(Caps::USUAL, open, 0).map_err(refused)?;
    }
    ticket.set_life(&life);
    ticket.updated_at = now;
    if after == After::Reopened {
        forget_end(&mut ticket);
        entry::note_deed(app, &tx, &ticket, By::Customer(user.id), Deed::Reopened, "", now).await?;
    }
    // What is read in the order of time comes after it.
    entry::add(app, &tx, &ticket, By::Customer(user.id), Entry::Message, written, now + 1).await?;
    match (after, was) {
        (After::Reopened, _) => tell_team(app, &tx, &ticket, News::Reopened, now).await?,
        // Whoever answered is told once that it goes on, not of every line.
        (After::Same, State::Waiting) => tell_team(app, &tx, &ticket, News::Continued, now).await?,
        (After::Same, _) => {}
    }
    tickets::save(&tx, ticket).await?;
    failpoint::pass("ticket.saved");
    tx.commit().await?;
    failpoint::pass("ticket.committed");
    Ok(())
}

/// Tells whoever has a ticket, or the address of the support, that there is something to do.
async fn tell_team(app: &App, tx: &Tx, ticket: &TicketRow, news: News, now: UnixMs) -> Result<()> {
    let owner = match ticket.claimed_by {
        Some(id) => users::by_id(tx, id).await?,
        None => None,
    };
    let language = owner.as_ref().map_or(Language::En, users::Model::language);
    let to = owner.map_or_else(|| app.config.brand.support.clone(), |owner| owner.email);
    let letter = TicketLetter::of(ticket, news, app.config.link(&format!("/admin/tickets/{}", ticket.id)));
    mail::write(app, tx, &to, language, &Letter::Ticket(letter), now).await
}

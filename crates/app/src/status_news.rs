//! News for who subscribes to the status page: written down in the transaction that gives rise to them, then told page by
//! page. A row for each piece of news and who is told is what makes it once.

use std::collections::HashMap;

use domain::monitor::incident::Stage;
use domain::monitor::news::{Step, What, what};
use domain::monitor::rollup::Span;
use domain::time::{DAY_MS, UnixMs};
use serde::{Deserialize, Serialize};
use store::status_news::{self as rows, tellings};
use store::{Db, Tx, checks, incidents, maintenances, status_subscribers, status_webhooks, vps_servers};
use uuid::Uuid;

use crate::jobs::{self, Job};
use crate::letter::Letter;
use crate::{App, Error, Result, failpoint, mail, notice};

/// Subscribers that are told in one transaction.
const PAGE: usize = 50;
/// The pause before the next page: other mails, such as a new password's, come in between.
const PAUSE_MS: i64 = 5_000;
/// News are known longer than any incident lasts; whom they were told, longer than any job that tells them.
const KEEP_NEWS_MS: i64 = 400 * DAY_MS;
const KEEP_TELLINGS_MS: i64 = 30 * DAY_MS;

/// What is told, as it was when it happened: it says the same to all, and at each try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The incident or maintenance.
    pub id: Uuid,
    /// What an operator calls it.
    pub title: Option<String>,
    /// The servers and parts that it touches, by name; none means everything.
    pub components: Vec<String>,
    /// When it happened.
    pub at: UnixMs,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An incident began, goes on, or is over.
    Incident {
        /// See [`What`].
        what: String,
        /// See [`Stage`].
        stage: String,
        /// See [`domain::monitor::incident::Impact`].
        impact: String,
        /// When it began.
        started_at: UnixMs,
        /// When it was over.
        resolved_at: Option<UnixMs>,
        /// What an operator says.
        words: Option<String>,
    },
    /// Work was announced.
    Maintenance {
        /// The first time.
        from: UnixMs,
        /// Its end.
        to: UnixMs,
        /// See [`domain::monitor::maintenance::Repeat`].
        repeat: String,
    },
    /// Work that was announced does not take place.
    MaintenanceCanceled {
        /// When it would have been done next.
        from: UnixMs,
        /// Its end.
        to: UnixMs,
    },
}

/// An incident has come to where `row` says it is, from `before`; it begins without that.
pub(crate) async fn of_incident(
    app: &App,
    tx: &Tx,
    row: &incidents::Model,
    before: Option<Stage>,
    words: Option<&str>,
    now: UnixMs,
) -> Result<()> {
    let step = Step { before, stage: row.stage(), has_words: words.is_some() };
    let Some(what) = what(step) else { return Ok(()) };
    // Who was not told of its beginning, since it touched only what is not shown, hears nothing of it later.
    if what != What::Opened && !rows::is_told(tx, row.id).await? {
        return Ok(());
    }
    let touched: Vec<Uuid> =
        incidents::touched_by(tx, &[row.id]).await?.into_iter().map(|touched| touched.component_id).collect();
    let (components, is_shown) = names(tx, &touched).await?;
    if what == What::Opened && !row.everything && !is_shown {
        return Ok(());
    }
    let event = Event::Incident {
        what: what.as_str().to_owned(),
        stage: row.stage.clone(),
        impact: row.impact.clone(),
        started_at: row.started_at,
        resolved_at: row.resolved_at,
        words: words.map(str::to_owned),
    };
    let components = if row.everything { Vec::new() } else { components };
    announce(app, tx, News { id: row.id, title: row.title.clone(), components, at: now, event }).await
}

/// Work was announced, for the first time in `first`.
pub(crate) async fn of_maintenance(
    app: &App,
    tx: &Tx,
    row: &maintenances::Model,
    touched: &[Uuid],
    first: Span,
    now: UnixMs,
) -> Result<()> {
    let (components, is_shown) = names(tx, touched).await?;
    if !row.everything && !is_shown {
        return Ok(());
    }
    let event = Event::Maintenance { from: first.from, to: first.to, repeat: row.repeats.clone() };
    announce(app, tx, News { id: row.id, title: Some(row.title.clone()), components, at: now, event }).await
}

/// Work that would have been done in `next` does not take place. Who was not told of it hears nothing.
pub(crate) async fn of_maintenance_canceled(
    app: &App,
    tx: &Tx,
    row: &maintenances::Model,
    touched: &[Uuid],
    next: Span,
    now: UnixMs,
) -> Result<()> {
    if !rows::is_told(tx, row.id).await? {
        return Ok(());
    }
    let (components, _) = names(tx, touched).await?;
    let event = Event::MaintenanceCanceled { from: next.from, to: next.to };
    announce(app, tx, News { id: row.id, title: Some(row.title.clone()), components, at: now, event }).await
}

async fn announce(app: &App, tx: &Tx, news: News) -> Result<()> {
    let content = serde_json::to_string(&news).map_err(|error| Error::Internal(Box::new(error)))?;
    let (id, now) = (app.dice.id(news.at), news.at);
    rows::insert(tx, rows::Model { id, about: news.id, content, created_at: now }).await?;
    jobs::enqueue(app, tx, &Job::StatusTell { news: id, after: None }, now).await
}

/// The names of what is touched, in their order, and whether any of it is shown on the page. What is not shown is not
/// named, unless nothing else is: an operator may have taken it out meanwhile.
async fn names(db: &impl Db, touched: &[Uuid]) -> Result<(Vec<String>, bool)> {
    let servers: HashMap<Uuid, vps_servers::Model> =
        vps_servers::all(db).await?.into_iter().map(|server| (server.id, server)).collect();
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    for component in checks::list_components(db).await?.into_iter().filter(|one| touched.contains(&one.id)) {
        match component.server_id.and_then(|id| servers.get(&id)) {
            Some(server) if server.status().is_shown() => shown.push(server.name.clone()),
            Some(server) => hidden.push(server.name.clone()),
            None => shown.extend(component.name),
        }
    }
    let is_shown = !shown.is_empty();
    let mut names = if is_shown { shown } else { hidden };
    names.sort_unstable();
    Ok((names, is_shown))
}

/// Reads a piece of news; `None` for one that is gone.
pub(crate) async fn read(db: &impl Db, id: Uuid) -> Result<Option<News>> {
    let Some(row) = rows::by_id(db, id).await? else { return Ok(None) };
    serde_json::from_str(&row.content).map(Some).map_err(|error| Error::Internal(Box::new(error)))
}

/// The job: tells the next subscribers, and announces the page after them. Run again it tells nobody twice.
pub(crate) async fn tell(app: &App, news: Uuid, after: Option<Uuid>) -> Result<()> {
    app.retrying(|| tell_page(app, news, after)).await?;
    app.wake_worker();
    Ok(())
}

async fn tell_page(app: &App, id: Uuid, after: Option<Uuid>) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let Some(news) = read(&tx, id).await? else { return Ok(()) };
    let telling = |whom: Uuid| tellings::Model { news_id: id, whom, told_at: now };
    if after.is_none() {
        for hook in status_webhooks::all(&tx).await?.into_iter().filter(|hook| hook.disabled_at.is_none()) {
            // One that was added later begins with what comes.
            if hook.created_at <= news.at && rows::tell(&tx, telling(hook.id)).await? {
                jobs::enqueue(app, &tx, &Job::StatusPost { news: id, webhook: hook.id }, now).await?;
            }
        }
    }
    let subscribers = status_subscribers::lock_page(&tx, news.at, after.unwrap_or(Uuid::nil()), PAGE as u64).await?;
    for subscriber in &subscribers {
        if rows::tell(&tx, telling(subscriber.id)).await? {
            let letter = Letter::Status {
                news: news.clone(),
                link: app.config.link("/status"),
                unsubscribe: notice::status_link(app, subscriber.id),
            };
            mail::write(app, &tx, &subscriber.email, subscriber.language(), &letter, now).await?;
        }
    }
    if let Some(last) = subscribers.last().filter(|_| subscribers.len() == PAGE) {
        let next = Job::StatusTell { news: id, after: Some(last.id) };
        jobs::enqueue_for(app, &tx, &next, now + PAUSE_MS, now).await?;
    }
    failpoint::pass("tell.saved");
    tx.commit().await?;
    failpoint::pass("tell.committed");
    Ok(())
}

/// Forgets what is old.
pub(crate) async fn clean_up(app: &App, now: UnixMs) -> Result<()> {
    rows::prune_tellings(&app.store, now - KEEP_TELLINGS_MS).await?;
    rows::prune(&app.store, now - KEEP_NEWS_MS).await?;
    Ok(())
}

//! Lists of what happens inside: mails, events of Stripe's, the audit log, in pages.

use domain::page::{Ask, Page, Place};
use store::{audit_log, jobs, outbox, stripe_events};

use crate::account_export::AuditRow;
use crate::admin::customers::MailRow;
use crate::{App, Result};

/// Which entries of the audit log are wanted, as `store` reads it.
pub use store::audit_log::Filter;
/// An event of Stripe's, as `store` keeps it.
pub use store::stripe_events::Model as EventRow;

/// Events on a page.
const EVENTS: usize = 50;

/// Mails, newest first, without what they say.
pub async fn mails(app: &App, ask: &Ask) -> Result<Page<MailRow>> {
    let after = ask.after.map(|place| place.id);
    let rows = outbox::page(&app.store, after, u64::from(ask.limit) + 1).await?;
    Ok(ask.page(rows, |row| Place::of_id(row.id)))
}

/// Entries of the audit log, newest first.
pub async fn audit(app: &App, filter: Filter<'_>, ask: &Ask) -> Result<Page<AuditRow>> {
    let after = ask.after.map(|place| place.id);
    let rows = audit_log::page(&app.store, filter, after, u64::from(ask.limit) + 1).await?;
    Ok(ask.page(rows, |row| Place::of_id(row.id)))
}

/// Events that Stripe sent, those that came last first, after the one with this id; the next page begins after the last of
/// a full page.
pub async fn events(app: &App, after: Option<&str>) -> Result<Page<EventRow>> {
    let after = match after {
        Some(id) => stripe_events::by_id(&app.store, id).await?,
        None => None,
    };
    let mut rows = stripe_events::page(&app.store, after.as_ref(), EVENTS as u64 + 1).await?;
    let has_more = rows.len() > EVENTS;
    rows.truncate(EVENTS);
    let next = rows.last().filter(|_| has_more).map(|row| row.id.clone());
    Ok(Page { rows, next })
}

/// What waits for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Jobs that were given up.
    pub dead_jobs: u64,
    /// Jobs that wait.
    pub queued_jobs: u64,
    /// Events of Stripe's that were not applied yet.
    pub events: u64,
}

/// Counts what waits.
pub async fn waiting(app: &App) -> Result<Waiting> {
    Ok(Waiting {
        dead_jobs: jobs::count(&app.store, "dead").await?,
        queued_jobs: jobs::count(&app.store, "queued").await?,
        events: stripe_events::count_waiting(&app.store).await?,
    })
}

//! What Stripe knows and we may have missed: events that never came, subscriptions that nobody read for long, and, each
//! night, all of Stripe's list against all of ours.

use std::collections::{HashMap, HashSet};

use clients::stripe::{EventsQuery, Subscription};
use domain::subscription::{Decision, EventKind, decide};
use domain::time::UnixMs;
use store::{integrity, marks, stripe_events, subscriptions};
use uuid::Uuid;

use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, alarm, stripe_event};

const MARK: &str = "stripe_events";
const HOUR_MS: i64 = 3_600_000;
/// Stripe keeps events for thirty days.
const KEPT_MS: i64 = 30 * 24 * HOUR_MS;
/// An event can be listed later than its time says: each reading begins so long before the end of the last.
const OVERLAP_MS: i64 = HOUR_MS;
/// An event that is younger may still come by itself.
const ON_ITS_WAY_MS: i64 = 60_000;
/// A subscription is read at least so often, whatever events say.
const UNREAD_MS: i64 = 24 * HOUR_MS;
/// Events and subscriptions a page.
const PAGE: u32 = 100;

/// The reading of every few minutes. What has just happened is left alone: its webhook is on its way, and where much
/// happens it would wait behind all the rest of it.
pub(crate) async fn missed(app: &App) -> Result<usize> {
    events(app, app.clock.now() - ON_ITS_WAY_MS).await
}

/// Takes in every event from the last reading until `until` that did not come by itself; returns how many. Reading the
/// same again changes nothing.
pub async fn events(app: &App, until: UnixMs) -> Result<usize> {
    let started = app.clock.now();
    let since = marks::get(&app.store, MARK).await?.map_or(started - KEPT_MS, |at| at - OVERLAP_MS);
    let types: Vec<&str> = EventKind::OF_STRIPE.iter().map(|(name, _)| *name).collect();
    let (mut taken, mut after) = (0, None::<String>);
    loop {
        let query = EventsQuery {
            created_gte: Some(since / 1000),
            types: &types,
            starting_after: after.as_deref(),
            ending_before: None,
            limit: PAGE,
        };
        let page = app.stripe.list_events(&query).await?;
        let ids: Vec<&str> = page.data.iter().map(|event| event.id.as_str()).collect();
        let known = stripe_events::known(&app.store, &ids).await?;
        for event in &page.data {
            let is_ours = event.livemode == app.config.stripe.livemode && event.created * 1000 <= until;
            if is_ours && !known.contains(&event.id) {
                stripe_event::take_in(app, event).await?;
                taken += 1;
            }
        }
        after = page.data.last().map(|event| event.id.clone());
        if !page.has_more || after.is_none() {
            break;
        }
    }
    finish(app, started).await?;
    if taken > 0 {
        tracing::warn!(events = taken, "events of Stripe had not come by themselves");
        metrics::counter!("mirai_stripe_events_reconciled_total").increment(u64::try_from(taken).unwrap_or(0));
    }
    Ok(taken)
}

/// Only a reading that came to its end counts.
async fn finish(app: &App, started: UnixMs) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        marks::advance(&tx, MARK, started).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Reads the subscriptions that were not read for a day, or not since their period ended; returns how many. Ends with
/// the first that Stripe does not answer for.
pub async fn subscriptions(app: &App) -> Result<usize> {
    let now = app.clock.now();
    let (mut read, mut last) = (0, Uuid::nil());
    loop {
        let rows = subscriptions::unread(&app.store, now - UNREAD_MS, now, last, u64::from(PAGE)).await?;
        let Some(row) = rows.last() else { return Ok(read) };
        last = row.id;
        for row in &rows {
            match subscription_sync::sync(app, &row.stripe_subscription_id, Cause::asked()).await {
                Err(error @ Error::Busy { .. }) => return Err(error),
                // One that can't be read must not keep the others from being read.
                Err(error) => {
                    tracing::error!(subscription = %row.id, error = error.chain(), "a subscription can't be read")
                }
                Ok(_) => read += 1,
            }
        }
    }
}

/// Something that was not the same at Stripe and here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `sub_…`.
    pub subject: String,
    /// What it was.
    pub what: String,
    /// Whether it is the same now. What is not must be looked at.
    pub is_mended: bool,
}

/// Compares every subscription of Stripe's with every one of ours, mends what can be mended by reading it afresh, and says
/// what differed. Also what is served without having been paid.
pub async fn compare(app: &App) -> Result<Vec<Difference>> {
    compare_until(app, app.clock.now()).await
}

/// The same of what had happened by then.
async fn compare_until(app: &App, until: UnixMs) -> Result<Vec<Difference>> {
    events(app, until).await?;
    let (mut differences, mut at_stripe, mut after) = (Vec::new(), HashSet::new(), None::<String>);
    loop {
        let page = app.stripe.list_open_subscriptions(after.as_deref()).await?;
        let ids: Vec<&str> = page.data.iter().map(|object| object.id.as_str()).collect();
        let rows = subscriptions::by_stripe_ids(&app.store, &ids).await?;
        let known: HashMap<&str, &subscriptions::Model> =
            rows.iter().map(|row| (row.stripe_subscription_id.as_str(), row)).collect();
        for object in page.data.iter().filter(|object| object.created * 1000 <= until) {
            differences.extend(compare_one(app, object, known.get(object.id.as_str()).copied()).await?);
        }
        at_stripe.extend(page.data.iter().map(|object| object.id.clone()));
        after = page.data.last().map(|object| object.id.clone());
        if !page.has_more || after.is_none() {
            break;
        }
    }
    let mut last = Uuid::nil();
    loop {
        let rows = subscriptions::open(&app.store, last, u64::from(PAGE)).await?;
        let Some(row) = rows.last() else { break };
        last = row.id;
        for row in rows.iter().filter(|row| !at_stripe.contains(&row.stripe_subscription_id)) {
            differences.extend(mend(app, &row.stripe_subscription_id, Some(row)).await?);
        }
    }
    let unpaid = integrity::unpaid(&app.store).await?;
    for id in &unpaid {
        match find_payments(app, id).await {
            Err(error @ Error::Busy { .. }) => return Err(error),
            // One that Stripe knows nothing of must not keep the others from being told.
            Err(error) => tracing::error!(subscription = id, error = error.chain(), "its payments can't be read"),
            Ok(()) => {}
        }
    }
    let still = if unpaid.is_empty() { Vec::new() } else { integrity::unpaid(&app.store).await? };
    differences.extend(unpaid.into_iter().map(|id| Difference {
        is_mended: !still.contains(&id),
        subject: id,
        what: "was served without a payment in the books".into(),
    }));
    Ok(differences)
}

/// Takes in the paid invoices of a subscription that never came.
async fn find_payments(app: &App, id: &str) -> Result<()> {
    let row = subscriptions::by_stripe_id(&app.store, id).await?.filter(|row| !row.is_paid_with_credit());
    let Some(row) = row else { return Ok(()) };
    let invoices = app.stripe.list_invoices(&row.stripe_customer_id, PAGE).await?.data;
    for invoice in
        invoices.into_iter().filter(|one| one.subscription() == Some(id) && one.status.as_deref() == Some("paid"))
    {
        subscription_sync::sync(app, id, Cause::asked().with_invoice(invoice)).await?;
    }
    Ok(())
}

async fn compare_one(
    app: &App,
    object: &Subscription,
    row: Option<&subscriptions::Model>,
) -> Result<Option<Difference>> {
    let known = row.map(subscriptions::Model::state).transpose()?;
    match decide(known.as_ref(), &subscription_sync::seen(object, app.clock.now())) {
        Decision::Unchanged(_) | Decision::Stale => Ok(None),
        Decision::Save(..) | Decision::Over => mend(app, &object.id, row).await,
    }
}

/// Reads one afresh, and says what was not as it should be.
async fn mend(app: &App, id: &str, before: Option<&subscriptions::Model>) -> Result<Option<Difference>> {
    let outcome = subscription_sync::sync(app, id, Cause::asked()).await;
    let difference = |what: String, is_mended| Some(Difference { subject: id.to_owned(), what, is_mended });
    let after = subscriptions::by_stripe_id(&app.store, id).await?;
    let word = |row: Option<&subscriptions::Model>| row.map_or("unknown", |row| row.status.as_str()).to_owned();
    Ok(match outcome {
        Err(error @ Error::Busy { .. }) => return Err(error),
        Err(error) => difference(error.chain(), false),
        // Another product on the same account at Stripe, if we never had it.
        Ok(outcome) if outcome.word == "foreign" && before.is_none() => None,
        Ok(outcome) if outcome.word == "foreign" => difference("is not at Stripe".to_owned(), false),
        Ok(outcome) if outcome.word == "over" => difference("has ended here and runs at Stripe".to_owned(), false),
        Ok(outcome) if outcome.word == "unchanged" => None,
        Ok(_) => difference(format!("was {}, is {}", word(before), word(after.as_ref())), true),
    })
}

/// The comparison of each night: what was mended is in the log, and what was not is told to the admins.
pub async fn watch(app: &App) -> Result<()> {
    let mut open = Vec::new();
    for Difference { subject, what, is_mended } in compare_until(app, app.clock.now() - ON_ITS_WAY_MS).await? {
        if is_mended {
            tracing::warn!(subject, what, "was not as at Stripe, and is mended");
        } else {
            tracing::error!(subject, what, "is not as at Stripe; see `mirai admin stripe compare`");
            open.push(format!("{subject}: {what}"));
        }
    }
    if open.is_empty() { Ok(()) } else { alarm::raise(app, "stripe", &open).await }
}

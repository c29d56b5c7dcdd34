//! What Stripe knows and we may have missed: events that never came, and subscriptions that nobody read for long.

use clients::stripe::EventsQuery;
use domain::subscription::EventKind;
use domain::time::UnixMs;
use store::{marks, stripe_events, subscriptions};
use uuid::Uuid;

use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, stripe_event};

const MARK: &str = "stripe_events";
const HOUR_MS: i64 = 3_600_000;
/// Stripe keeps events for thirty days.
const KEPT_MS: i64 = 30 * 24 * HOUR_MS;
/// An event can be listed later than its time says: each reading begins so long before the end of the last.
const OVERLAP_MS: i64 = HOUR_MS;
/// A subscription is read at least so often, whatever events say.
const UNREAD_MS: i64 = 24 * HOUR_MS;
/// Events and subscriptions a page.
const PAGE: u32 = 100;

/// Takes in every event since the last time that did not come by itself; returns how many. Reading the same again
/// changes nothing.
pub async fn events(app: &App) -> Result<usize> {
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
            if event.livemode == app.config.stripe.livemode && !known.contains(&event.id) {
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

//! Stripe's webhook: verified, stored, answered; applied by a job.

use clients::stripe::Event;
use clients::stripe::webhook;
use domain::subscription::EventKind;
use domain::tax::Taxed;
use serde_json::{Value, json};
use store::{invoices, stripe_events};

use crate::jobs::{self, Failure, Job};
use crate::subscription_sync::{self, Cause, Closed, Outcome};
use crate::{App, Error, Result, failpoint, money_back};

/// Takes an event. Once this returns, the event is stored and will be applied, however often it comes.
pub async fn receive(app: &App, body: &[u8], signature: &str) -> Result<()> {
    let now = app.clock.now();
    let event = webhook::verify(body, signature, &app.config.stripe.webhook_secrets, now / 1000).map_err(|error| {
        tracing::warn!(%error, "a webhook was refused");
        Error::invalid("Stripe-Signature", "signature_invalid", error.to_string())
    })?;
    if event.livemode != app.config.stripe.livemode {
        tracing::warn!(event = event.id, livemode = event.livemode, "an event of the other mode was refused");
        return Err(Error::invalid("livemode", "livemode_mismatch", "this endpoint takes events of the other mode"));
    }
    take_in(app, &event).await
}

/// Stores an event with the job that applies it, once, whichever way it came.
pub(crate) async fn take_in(app: &App, event: &Event) -> Result<()> {
    app.retrying(|| store_once(app, event, app.clock.now())).await?;
    app.wake_worker();
    Ok(())
}

async fn store_once(app: &App, event: &Event, now: i64) -> Result<()> {
    let is_customer = event.object.get("object").and_then(Value::as_str) == Some("customer");
    let customer = event.object.get(if is_customer { "id" } else { "customer" }).and_then(id_of).map(str::to_owned);
    let row = stripe_events::Model {
        id: event.id.clone(),
        kind: event.type_.clone(),
        customer: customer.clone(),
        // No more than its id: what it is about is read afresh, and what Stripe knows of a customer is not kept here.
        object: json!({ "id": event.object.get("id") }).to_string(),
        created_at: event.created * 1000,
        received_at: now,
        applied_at: None,
        outcome: None,
    };
    let tx = app.store.write_txn().await?;
    if stripe_events::insert_new(&tx, &row).await? {
        match EventKind::of_stripe(&event.type_) {
            Some(_) => {
                let job = Job::StripeEventApply { event: event.id.clone(), customer };
                jobs::enqueue(app, &tx, &job, now).await?;
            }
            None => stripe_events::settle(&tx, &event.id, "ignored", now).await?,
        }
    }
    failpoint::pass("event.stored");
    tx.commit().await?;
    failpoint::pass("event.committed");
    Ok(())
}

/// The id in a field that Stripe fills with an id or with the expanded object.
fn id_of(field: &Value) -> Option<&str> {
    field.as_str().or_else(|| field.get("id").and_then(Value::as_str))
}

/// The job: applies one event, by reading what it is about afresh.
pub(crate) async fn apply(app: &App, id: &str) -> std::result::Result<(), Failure> {
    let Some(event) = stripe_events::by_id(&app.store, id).await? else { return Ok(()) };
    if event.applied_at.is_some() {
        return Ok(());
    }
    let object: Value = serde_json::from_str(&event.object).map_err(|e| Failure::Permanent(e.to_string()))?;
    let object_id = object.get("id").and_then(Value::as_str).unwrap_or_default();
    let mut cause = Cause::event(id);
    let mut closed = None;
    let subscription = match EventKind::of_stripe(&event.kind) {
        Some(EventKind::Subscription) => Some(object_id.to_owned()),
        Some(EventKind::Checkout) => {
            let session = app.stripe.retrieve_checkout_session(object_id).await.map_err(Error::from)?;
            let subscription = session.subscription.clone();
            closed = Closed::of(&session);
            cause = cause.with_checkout(&session);
            subscription
        }
        Some(EventKind::Invoice) => {
            let invoice = app.stripe.retrieve_invoice(object_id).await.map_err(Error::from)?;
            let subscription = invoice.subscription().map(str::to_owned);
            cause = cause.with_invoice(invoice);
            subscription
        }
        Some(EventKind::Charge) => return done(id, &event.kind, money_back::apply(app, object_id, Some(id)).await?),
        Some(EventKind::Dispute) => {
            let dispute = app.stripe.retrieve_dispute(object_id).await.map_err(Error::from)?;
            let charge = dispute.charge.unwrap_or_default();
            return done(id, &event.kind, money_back::apply(app, &charge, Some(id)).await?);
        }
        Some(EventKind::Customer) => {
            return done(id, &event.kind, subscription_sync::customer_gone(app, object_id, id).await?);
        }
        Some(EventKind::Schedule) => {
            let schedule = app.stripe.retrieve_schedule(object_id).await.map_err(Error::from)?;
            schedule.subscription.or(schedule.released_subscription)
        }
        None => None,
    };
    let Some(subscription) = subscription else {
        return settle_without_subscription(app, id, closed).await;
    };
    let Outcome { word, .. } = subscription_sync::sync(app, &subscription, cause).await?;
    done(id, &event.kind, word)
}

fn done(event: &str, kind: &str, outcome: &'static str) -> std::result::Result<(), Failure> {
    tracing::info!(event, kind, outcome, "event applied");
    metrics::counter!("mirai_stripe_events_total", "outcome" => outcome).increment(1);
    Ok(())
}

/// An invoice or a checkout that belongs to no subscription is not our business, but for a purchase that came to nothing.
async fn settle_without_subscription(app: &App, id: &str, closed: Option<Closed>) -> std::result::Result<(), Failure> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let outcome = match closed {
        Some(closed) => {
            closed.save(&tx, now).await?;
            "applied"
        }
        None => "ignored",
    };
    stripe_events::settle(&tx, id, outcome, now).await?;
    tx.commit().await?;
    Ok(())
}

/// A row of `invoices` from Stripe's object.
pub(crate) fn invoice_row(
    app: &App,
    invoice: &clients::stripe::Invoice,
    subscription: &store::subscriptions::Model,
    now: i64,
) -> invoices::Model {
    // Money for another time, or credit notes, may make a difference between what it says and what was paid with it.
    let is_paid = invoice.status.as_deref() == Some("paid");
    let sold = if is_paid { invoice.amount_paid.saturating_add(invoice.credit_used()) } else { invoice.total };
    let sold = Taxed::new(sold, invoice.tax());
    invoices::Model {
        id: app.dice.id(now),
        user_id: subscription.user_id,
        subscription_id: subscription.id,
        stripe_invoice_id: invoice.id.clone(),
        number: invoice.number.clone(),
        status: invoice.status.clone().unwrap_or_default(),
        amount_due: invoice.amount_due,
        amount_paid: invoice.amount_paid,
        currency: invoice.currency.clone(),
        hosted_url: invoice.hosted_invoice_url.clone(),
        issued_at: invoice.created * 1000,
        updated_at: now,
        amount_refunded: 0,
        dispute: None,
        charge_read_at: None,
        amount_disputed: 0,
        amount_total: sold.total(),
        amount_tax: sold.tax(),
        pdf_url: invoice.invoice_pdf.clone(),
    }
}

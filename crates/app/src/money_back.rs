//! Money that went back: refunds and disputes, read afresh from Stripe as everything else.

use clients::stripe::{Charge, Invoice};
use domain::subscription::{self, Announcement, Dispute, Payment};
use domain::time::UnixMs;
use store::{Tx, invoices, stripe_events, subscriptions, users, wireguard_peers};

use crate::jobs::{self, Job};
use crate::letter::Letter;
use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, ledger, mail};

/// Readings of a charge before it counts as ahead of our clock.
const READINGS: usize = 3;
/// Stripe makes the invoice of a period a moment before the period begins.
const BEFORE_PERIOD_MS: i64 = 3_600_000;

/// What was read of a payment.
struct Read {
    charge: Charge,
    dispute: Option<Dispute>,
    /// In minor units.
    disputed: i64,
    invoice: Invoice,
    subscription: String,
    /// Before the questions were asked.
    at: UnixMs,
}

/// Applies what is known of a charge, and settles the event that led here, if one did.
pub(crate) async fn apply(app: &App, charge: &str, event: Option<&str>) -> Result<&'static str> {
    for _ in 0..READINGS {
        let Some(read) = read(app, charge).await? else { return settle_alone(app, event, "ignored").await };
        // The rows of subscription and invoice are brought up to date first, or made.
        let cause = Cause::asked().with_invoice(read.invoice.clone());
        let outcome = subscription_sync::sync(app, &read.subscription, cause).await?;
        if matches!(outcome.word, "foreign" | "deleted") {
            return settle_alone(app, event, outcome.word).await;
        }
        if app.retrying(|| save(app, &read, event)).await? {
            app.wake_worker();
            return Ok("applied");
        }
    }
    Err(Error::Busy { what: "the state of the payment", source: None })
}

async fn settle_alone(app: &App, event: Option<&str>, word: &'static str) -> Result<&'static str> {
    let tx = app.store.write_txn().await?;
    settle(&tx, event, word, app.clock.now()).await?;
    tx.commit().await?;
    Ok(word)
}

async fn settle(tx: &Tx, event: Option<&str>, word: &str, now: UnixMs) -> Result<()> {
    match event {
        Some(event) => Ok(stripe_events::settle(tx, event, word, now).await?),
        None => Ok(()),
    }
}

/// The charge with its dispute and the invoice that it paid; `None` if it is none of ours.
async fn read(app: &App, charge: &str) -> Result<Option<Read>> {
    let at = app.clock.now();
    let charge = app.stripe.retrieve_charge(charge).await?;
    let Some(intent) = charge.payment_intent.as_deref().filter(|_| charge.livemode == app.config.stripe.livemode)
    else {
        return Ok(None);
    };
    let found =
        if charge.disputed { app.stripe.list_disputes(&charge.id).await?.data.into_iter().next() } else { None };
    let dispute = found.as_ref().and_then(|found| Dispute::of_stripe(&found.status));
    let disputed = found.map_or(0, |found| found.amount);
    let Some(invoice) = app.stripe.invoice_of_payment(intent).await? else { return Ok(None) };
    let invoice = app.stripe.retrieve_invoice(&invoice).await?;
    let Some(subscription) = invoice.subscription().map(str::to_owned) else { return Ok(None) };
    Ok(Some(Read { charge, dispute, disputed, invoice, subscription, at }))
}

/// False if the rows know something newer.
async fn save(app: &App, read: &Read, event: Option<&str>) -> Result<bool> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let missing = || Error::internal("the subscription of a payment is gone");
    let owner = subscriptions::by_stripe_id(&tx, &read.subscription).await?.ok_or_else(missing)?.user_id;
    let user = users::lock(&tx, owner).await?.ok_or_else(missing)?;
    let mut row = subscriptions::lock_by_stripe_id(&tx, &read.subscription).await?.ok_or_else(missing)?;
    let mut invoice = invoices::lock_by_stripe_id(&tx, &read.invoice.id).await?.ok_or_else(missing)?;
    if invoice.charge_read_at.is_some_and(|known| known > read.at) {
        return Ok(false);
    }
    let before = invoice.clone();
    invoice.amount_refunded = read.charge.amount_refunded;
    invoice.dispute = read.dispute.map(|dispute| dispute.as_str().to_owned());
    invoice.amount_disputed = read.disputed;
    invoice.charge_read_at = Some(read.at);
    invoice.updated_at = now;
    // The difference paid at an upgrade is not what the period was bought with.
    let is_difference = read.invoice.billing_reason.as_deref() == Some("subscription_update");
    let payment = Payment {
        is_refunded: read.charge.refunded,
        pays_for_now: !is_difference && invoice.issued_at >= row.period_start - BEFORE_PERIOD_MS,
        dispute: read.dispute,
    };
    ledger::money_back(app, &tx, &before, &invoice, now).await?;
    let others = invoices::others_disputed(&tx, row.id, invoice.id).await?;
    invoices::save(&tx, invoice).await?;
    let back = subscription::money_back(&row.state()?, payment, others);
    row.set_state(&back.row, now);
    subscriptions::save(&tx, row.clone()).await?;
    if back.end {
        let job =
            Job::StripeClose { customer: None, subscriptions: vec![read.subscription.clone()], checkouts: Vec::new() };
        jobs::enqueue(app, &tx, &job, now).await?;
    }
    for announcement in back.announcements {
        announce(app, &tx, announcement, &user, &row, now).await?;
    }
    settle(&tx, event, "applied", now).await?;
    tx.commit().await?;
    Ok(true)
}

async fn announce(
    app: &App,
    tx: &Tx,
    announcement: Announcement,
    user: &users::Model,
    row: &subscriptions::Model,
    now: UnixMs,
) -> Result<()> {
    if announcement == Announcement::Held {
        let letter = Letter::PaymentDisputed { support: app.config.brand.support.clone() };
        return mail::write(app, tx, &user.email, user.language(), &letter, now).await;
    }
    Ok(wireguard_peers::announce_all_of(tx, row.id, now).await?)
}

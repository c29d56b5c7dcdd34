//! Money given back through Stripe: by an operator, in part or whole; by a customer, the first purchase within its time.
//!
//! The key of the request to Stripe says how much had gone back before, so that asking again after an answer was lost is
//! the same refund, and asking for another amount is refused. Whoever asks for a part says that too, so that asking again
//! once we know of it is refused as well.

use clients::stripe::StripeError;
use domain::time::{DAY_MS, UnixMs};
use store::invoices;
use uuid::Uuid;

use crate::admin;
use crate::session::Who;
use crate::subscription::{self, View};
use crate::{App, Error, Result, ledger, money_back};

/// Longest reason, in characters.
const MOST_REASON: usize = 200;

/// A part of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// In minor units.
    pub amount: i64,
    /// What had gone back when the operator looked, in minor units. It tells a second part from the same one asked for again,
    /// after an answer that was lost.
    pub gone_back: i64,
}

/// Gives a payment back, a part of it or all that is left, with a reason for the audit log. Our rows follow from what Stripe
/// then says. Refused where more has gone back meanwhile than whoever asks for a part knows of.
pub async fn by_operator(
    app: &App,
    actor: &str,
    invoice: &str,
    part: Option<Part>,
    reason: &str,
) -> Result<invoices::Model> {
    if reason.trim().is_empty() || reason.chars().count() > MOST_REASON || reason.chars().any(char::is_control) {
        return Err(Error::invalid("reason", "reason_invalid", "say why, in 1 to 200 characters"));
    }
    let row = invoices::by_stripe_id(&app.store, invoice).await?.ok_or(Error::NotFound)?;
    let left = left(&row);
    if left == 0 {
        return Err(Error::conflict("nothing_to_refund", "nothing of this invoice is left with us"));
    }
    if part.is_some_and(|part| part.gone_back != row.amount_refunded) {
        let detail =
            format!("{} minor units of it have gone back already: see whether that was this", row.amount_refunded);
        return Err(Error::conflict("refund_changed", detail));
    }
    if part.is_some_and(|part| !(1..=left).contains(&part.amount)) {
        let detail = format!("an amount is 1 to {left} minor units, which are left of it");
        return Err(Error::invalid("amount", "amount_invalid", detail));
    }
    give_back(app, actor, &row, part.map_or(left, |part| part.amount), reason.trim()).await?;
    invoices::by_stripe_id(&app.store, invoice).await?.ok_or(Error::NotFound)
}

/// What of an invoice's payment is left with us, in minor units.
pub fn left(row: &invoices::Model) -> i64 {
    ledger::kept(row)
}

/// Gives the first purchase back to the customer who changes their mind within [`crate::Config::money_back_days`]; the
/// subscription ends with it.
pub async fn by_owner(app: &App, who: &Who, id: Uuid) -> Result<View> {
    let view = subscription::one(app, who, id).await?;
    let Some(paid) = first_purchase(app, who, id).await? else {
        let words = "only the first purchase can be given back, and only for a time; write to support";
        return Err(Error::conflict("no_money_back", words));
    };
    give_back(app, &who.user.id.to_string(), &paid, left(&paid), "money back").await?;
    subscription::one(app, who, view.row.id).await
}

/// Until when the owner can have the money of a subscription back; `None` if not, or not any more.
pub async fn possible_until(app: &App, who: &Who, id: Uuid) -> Result<Option<UnixMs>> {
    Ok(first_purchase(app, who, id).await?.map(|paid| ends(app, &paid)))
}

fn ends(app: &App, paid: &invoices::Model) -> UnixMs {
    paid.issued_at + i64::from(app.config.money_back_days) * DAY_MS
}

/// The user's one payment, if it is for this subscription, untouched, and young enough.
async fn first_purchase(app: &App, who: &Who, id: Uuid) -> Result<Option<invoices::Model>> {
    let mut paid = invoices::first_paid(&app.store, who.user.id, 2).await?;
    // Whoever has paid twice has stayed.
    let Some(only) = paid.pop().filter(|_| paid.is_empty()) else { return Ok(None) };
    let is_untouched = only.amount_refunded == 0 && only.dispute.is_none();
    let is_of_it = only.subscription_id == id && app.clock.now() < ends(app, &only);
    Ok((is_untouched && is_of_it).then_some(only))
}

/// Gives so much back. The audit log has it before Stripe is asked, so that no crash leaves money gone and nobody named.
async fn give_back(app: &App, actor: &str, row: &invoices::Model, amount: i64, reason: &str) -> Result<()> {
    let missing = || Error::conflict("nothing_to_refund", "no card has paid this invoice");
    let charge = app.stripe.charge_of_invoice(&row.stripe_invoice_id).await?.ok_or_else(missing)?;
    let detail = format!("{amount} {} of {}: {reason}", row.currency, row.stripe_invoice_id);
    note(app, actor, row, "invoice.refund", &detail).await?;
    let key = format!("refund-{}-{}", row.stripe_invoice_id, row.amount_refunded);
    match app.stripe.refund(&charge.id, amount, &key).await {
        Err(StripeError::Refused { code: Some(code), .. }) if code == "charge_already_refunded" => {}
        Err(StripeError::Refused { kind, .. }) if kind == "idempotency_error" => {
            note(app, actor, row, "invoice.refund_refused", &detail).await?;
            let words = "another amount of it was asked for just before: see first whether that has gone back";
            return Err(Error::conflict("refund_changed", words));
        }
        Err(error @ StripeError::Refused { .. }) => {
            note(app, actor, row, "invoice.refund_refused", &detail).await?;
            return Err(error.into());
        }
        done => done?,
    }
    crate::failpoint::pass("refund.asked");
    money_back::apply(app, &charge.id, None).await?;
    Ok(())
}

async fn note(app: &App, actor: &str, row: &invoices::Model, action: &str, detail: &str) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        admin::audit(app, &tx, actor, action, &row.user_id.to_string(), detail, app.clock.now()).await?;
        Ok(tx.commit().await?)
    })
    .await
}

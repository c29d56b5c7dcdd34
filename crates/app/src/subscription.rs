//! Subscriptions as their owner sees them, and what an owner can do with one.

use clients::stripe::StripeError;
use domain::subscription::{Wish, WishRefused, check_wish};
use store::{plans, subscriptions};
use uuid::Uuid;

use crate::price_move::{self, PriceMove};
use crate::session::Who;
use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, credit_period, failpoint, plan_change};

/// A subscription, as `store` keeps it.
pub use store::subscriptions::Model as SubscriptionRow;

/// A subscription with its plan.
#[derive(Debug, Clone)]
pub struct View {
    /// The row.
    pub row: subscriptions::Model,
    /// The plan's name.
    pub plan_name: String,
    /// Whether its devices are on the network now.
    pub entitled: bool,
    /// The price that it will have from a later renewal on.
    pub price_move: Option<PriceMove>,
}

/// The user's subscriptions, newest first.
pub async fn list(app: &App, who: &Who) -> Result<Vec<View>> {
    of_user(app, who.user.id).await
}

/// An account's subscriptions, newest first.
pub(crate) async fn of_user(app: &App, user: Uuid) -> Result<Vec<View>> {
    let now = app.clock.now();
    let plans = plans::all(&app.store).await?;
    let rows = subscriptions::all_of_user(&app.store, user).await?;
    let mut moves = price_move::of_all(app, &rows).await?;
    let mut view = |row: subscriptions::Model| {
        let plan = plans.iter().find(|plan| plan.code == row.plan);
        Ok(View {
            plan_name: plan.map_or_else(|| row.plan.clone(), |plan| plan.name.clone()),
            entitled: row.state()?.is_entitled(now),
            price_move: moves.iter().position(|planned| planned.subscription_id == row.id).map(|at| moves.remove(at)),
            row,
        })
    };
    rows.into_iter().map(&mut view).collect()
}

/// Does what the owner wishes, at Stripe first; our row follows from what Stripe then says.
pub async fn change(app: &App, who: &Who, id: Uuid, wish: Wish) -> Result<View> {
    let row = subscriptions::of_user(&app.store, who.user.id, id).await?.ok_or(Error::NotFound)?;
    check_wish(&row.state()?, wish).map_err(refused)?;
    if row.is_paid_with_credit() {
        return end_of_credit(app, who, id, wish).await;
    }
    // The key changes with the row: a repeated request is one change, a later one is another.
    let key = format!("{}-{id}-{}", name(wish), row.read_at);
    let stripe_id = row.stripe_subscription_id.as_str();
    plan_change::release(app, &app.stripe.retrieve_subscription(stripe_id).await?).await?;
    let done = match wish {
        Wish::CancelAtPeriodEnd => app.stripe.set_cancel_at_period_end(stripe_id, true, &key).await,
        Wish::Resume => app.stripe.set_cancel_at_period_end(stripe_id, false, &key).await,
        Wish::CancelNow => app.stripe.cancel_subscription_now(stripe_id, &key).await,
    };
    if let Err(StripeError::Refused { .. }) = &done
        && app.stripe.retrieve_subscription(stripe_id).await?.followed().is_some()
    {
        return Err(plan_change::changing());
    }
    done?;
    failpoint::pass("cancel.asked");
    subscription_sync::sync(app, stripe_id, Cause::asked()).await?;
    failpoint::pass("cancel.synced");
    one(app, who, id).await
}

/// One of the user's subscriptions.
pub(crate) async fn one(app: &App, who: &Who, id: Uuid) -> Result<View> {
    list(app, who).await?.into_iter().find(|view| view.row.id == id).ok_or(Error::NotFound)
}

/// One that is paid with credit always ends with its period, and can only end earlier.
async fn end_of_credit(app: &App, who: &Who, id: Uuid, wish: Wish) -> Result<View> {
    match wish {
        Wish::CancelNow => credit_period::end_now(app, who, id).await?,
        Wish::CancelAtPeriodEnd | Wish::Resume => {
            let words = "this period was paid with credit and ends by itself; pay for another one to go on";
            return Err(Error::conflict("paid_with_credit", words));
        }
    }
    one(app, who, id).await
}

fn name(wish: Wish) -> &'static str {
    match wish {
        Wish::CancelAtPeriodEnd => "cancel",
        Wish::CancelNow => "cancel-now",
        Wish::Resume => "resume",
    }
}

fn refused(error: WishRefused) -> Error {
    let code = match error {
        WishRefused::Ended => "subscription_ended",
        WishRefused::EndsAlready => "subscription_ends_already",
        WishRefused::NotEnding => "subscription_not_ending",
    };
    Error::conflict(code, error.to_string())
}

/// Opens Stripe's billing portal (cards, invoices).
pub async fn portal(app: &App, who: &Who) -> Result<String> {
    let Some(customer) = &who.user.stripe_customer_id else {
        return Err(Error::conflict("no_customer", "there is nothing to manage yet: choose a plan first"));
    };
    let back = app.config.link("/dashboard");
    let session = app.stripe.create_portal_session(customer, &back, Some(who.user.language().as_str())).await?;
    Ok(session.url)
}

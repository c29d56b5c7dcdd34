//! Subscriptions as their owner sees them, and what an owner can do with one.

use clients::stripe::{Proration, StripeError};
use domain::period::Every;
use domain::subscription::{Status, Wish, WishRefused, check_wish};
use store::{leases, plans, subscriptions};
use uuid::Uuid;

use crate::plan::{self, Choice, Sold};
use crate::price_move::{self, PriceMove};
use crate::session::Who;
use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, credit_period, failpoint};

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
    match wish {
        Wish::CancelAtPeriodEnd => app.stripe.set_cancel_at_period_end(stripe_id, true, &key).await?,
        Wish::Resume => app.stripe.set_cancel_at_period_end(stripe_id, false, &key).await?,
        Wish::CancelNow => app.stripe.cancel_subscription_now(stripe_id, &key).await?,
    };
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

/// Puts a subscription on another plan, or on another period of one, at Stripe first. A larger plan counts at once and the
/// difference is paid at once; a smaller one counts from the next period on, and until then the choice can be taken back.
/// A longer period begins at once, and what is left of the shorter one is counted towards it.
pub async fn change_plan(app: &App, who: &Who, id: Uuid, plan_code: &str, every: Option<Every>) -> Result<View> {
    one_at_a_time(app, id, change_plan_alone(app, who, id, plan_code, every)).await
}

/// Has one at a time ask Stripe for another price of a subscription: of two side by side the earlier could have the last
/// word. A program that dies meanwhile holds the others up for twenty seconds.
pub(crate) async fn one_at_a_time<T>(app: &App, id: Uuid, work: impl Future<Output = Result<T>>) -> Result<T> {
    let (name, now) = (format!("price:{id}"), app.clock.now());
    let me = app.dice.id(now);
    if !leases::acquire(&app.store, &name, me, now, now + 20_000).await? {
        return Err(Error::Busy { what: "the price of the subscription", source: None });
    }
    let done = work.await;
    leases::release(&app.store, &name, me).await?;
    done
}

async fn change_plan_alone(app: &App, who: &Who, id: Uuid, plan_code: &str, every: Option<Every>) -> Result<View> {
    let row = subscriptions::of_user(&app.store, who.user.id, id).await?.ok_or(Error::NotFound)?;
    let runs = row.period.as_deref().map(plan::every).transpose()?;
    let choice = Choice { every: every.or(runs), currency: row.currency.as_deref() };
    let (Sold { plan, price }, at_stripe) = plan::for_sale(app, plan_code, choice).await?;
    if row.is_paid_with_credit() {
        let words = "this period was paid with credit: end it, and what is left of it pays for another plan";
        return Err(Error::conflict("paid_with_credit", words));
    }
    if row.held {
        let words = "a payment is disputed: until that is decided nothing more is charged";
        return Err(Error::conflict("subscription_held", words));
    }
    if !matches!(row.state()?.status, Status::Active | Status::Trialing) {
        let words = "only a paid subscription can change its plan: mend the payment first, or choose a plan anew";
        return Err(Error::conflict("subscription_not_active", words));
    }
    let runs = runs.unwrap_or(price.every);
    if plan.code == *row.next_plan.as_ref().unwrap_or(&row.plan) && price.every == runs {
        return Err(Error::conflict("plan_same", "the subscription has this plan already"));
    }
    if price.every < runs {
        let words = "a shorter period can begin only when this one ends: cancel for its end, and choose anew then";
        return Err(Error::conflict("period_shorter", words));
    }
    let current = plans::by_code(&app.store, &row.plan).await?;
    let is_larger = price.every > runs || current.is_none_or(|current| plan.price_cents > current.price_cents);
    let stripe_id = row.stripe_subscription_id.as_str();
    let object = app.stripe.retrieve_subscription(stripe_id).await?;
    let item = object.items.first().ok_or_else(|| Error::internal("a subscription without an item"))?;
    // A key of this request alone: Stripe would repeat a declined card's answer for a day. Asking twice changes nothing,
    // since a price that is there already makes no difference to be paid.
    let key = format!("plan-{}", app.dice.id(app.clock.now()));
    let proration = if is_larger { Proration::Now } else { Proration::None };
    match app.stripe.change_price(stripe_id, &item.id, &at_stripe, proration, &key).await {
        Err(StripeError::Refused { kind, .. }) if kind == "card_error" => {
            return Err(Error::PaymentRequired {
                code: "card_declined",
                detail: "the card was declined and nothing was changed; use another card, then try again",
            });
        }
        changed => changed?,
    };
    failpoint::pass("plan.asked");
    subscription_sync::sync(app, stripe_id, Cause::asked()).await?;
    failpoint::pass("plan.synced");
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

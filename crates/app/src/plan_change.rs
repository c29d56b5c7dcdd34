//! A subscription gets another plan or period: at once, or once the present period ends.

use std::time::{Duration, Instant};

use clients::stripe::{self, Discounts, Item, NextPhase, Proration, Schedule, StripeError};
use domain::change::{Begins, Terms, begins};
use domain::period::Every;
use domain::subscription::{Decision, Status, decide};
use store::{leases, plans, subscriptions};
use uuid::Uuid;

use crate::plan::{self, Choice, Sold};
use crate::session::Who;
use crate::subscription::{View, one};
use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, coupon, failpoint};

/// How long one holds the others up that was never ended, because its program died.
const HELD_MS: i64 = 3_000;
/// How often one that goes on says so.
const RENEWED: Duration = Duration::from_secs(1);
/// How long one waits for another: a wish that is repeated after a crash is done, and not refused.
const PATIENCE: Duration = Duration::from_secs(4);

/// Puts a subscription on another plan, or on another period of one, at Stripe first. A larger plan counts at once and the
/// difference is paid at once; a smaller one counts from the next period on. A longer period begins at once, and what is
/// left of the shorter one is counted towards it; a shorter one begins when the present one ends. What waits can be taken
/// back: by the wish for the plan and period that there are.
pub async fn plan_change(app: &App, who: &Who, id: Uuid, plan_code: &str, every: Option<Every>) -> Result<View> {
    one_at_a_time(app, id, Box::pin(change_alone(app, who, id, plan_code, every))).await
}

/// Has one at a time ask Stripe for another price of a subscription: of two side by side the earlier could have the last
/// word. However long Stripe takes, the others wait or are refused; a program that dies meanwhile holds them up for some seconds.
pub(crate) async fn one_at_a_time<T>(app: &App, id: Uuid, work: impl Future<Output = Result<T>>) -> Result<T> {
    let name = format!("price:{id}");
    let me = app.dice.id(app.clock.now());
    let began = Instant::now();
    loop {
        let now = app.clock.now();
        if leases::acquire(&app.store, &name, me, now, now + HELD_MS).await? {
            break;
        }
        if began.elapsed() > PATIENCE {
            return Err(changing());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut work = std::pin::pin!(work);
    let done = loop {
        match tokio::time::timeout(RENEWED, &mut work).await {
            Ok(done) => break done,
            Err(_) => {
                let now = app.clock.now();
                if let Err(error) = leases::acquire(&app.store, &name, me, now, now + HELD_MS).await {
                    tracing::warn!(%error, "a change of plan can't say that it goes on");
                }
            }
        }
    };
    if let Err(error) = leases::release(&app.store, &name, me).await {
        tracing::warn!(%error, "a change of plan holds the next one up until its lease runs out");
    }
    done
}

async fn change_alone(app: &App, who: &Who, id: Uuid, plan_code: &str, every: Option<Every>) -> Result<View> {
    let (row, mut object) = as_it_is(app, who, id).await?;
    let runs = row.period.as_deref().map(plan::every).transpose()?;
    let is_present = plan_code == row.plan && every.is_none_or(|every| runs == Some(every));
    if is_present && row.next_plan.is_some() {
        if takes_back(app, &row, runs, &object).await? {
            return follow(app, who, &row).await;
        }
        object = app.stripe.retrieve_subscription(&object.id).await?;
    }
    let choice = Choice { every: every.or(runs), currency: row.currency.as_deref() };
    let (wished, at_stripe) = plan::for_sale(app, plan_code, choice).await?;
    let runs = runs.unwrap_or(wished.price.every);
    if waits_for(&row, &wished, runs) {
        return Err(Error::conflict("plan_same", "the subscription has this plan already"));
    }
    let present =
        Terms { every: runs, size: plans::by_code(&app.store, &row.plan).await?.map(|plan| plan.price_cents) };
    let when = begins(present, Terms { every: wished.price.every, size: Some(wished.plan.price_cents) });
    let item = object.items.first().ok_or_else(|| Error::internal("a subscription without an item"))?;
    let next = (at_stripe.as_str(), wished.price.every);
    // A price that waits is the subscription's own already where that takes nothing away: a shorter period would begin now, and
    // a coupon that does not hold for it would end now. Nothing is paid for a trial: what comes after it is another price.
    let keeps_coupon = coupon::goes_along(app, &object, next.0, next.1).await?;
    let waits = wished.price.every < runs || when == Begins::Later && !keeps_coupon;
    if waits && object.status != "trialing" {
        schedule(app, &object, item, next).await?;
    } else {
        let has_released = release(app, &object).await?;
        let proration = if when == Begins::Paid { Proration::Now } else { Proration::None };
        let discounts = if keeps_coupon { Discounts::Stay } else { Discounts::End };
        if let Err(error) = put_on(app, &object.id, item, &at_stripe, (proration, discounts)).await {
            if has_released {
                put_back(app, &object).await?;
                follow(app, who, &row).await?;
            }
            return Err(error);
        }
    }
    failpoint::pass("plan.asked");
    let view = follow(app, who, &row).await?;
    failpoint::pass("plan.synced");
    Ok(view)
}

/// A subscription whose plan may change, in our row and at Stripe. Stripe may have begun a new period that our row does not
/// know of yet: what it was to before is not what is paid now, so the row follows first.
async fn as_it_is(app: &App, who: &Who, id: Uuid) -> Result<(subscriptions::Model, stripe::Subscription)> {
    for _ in 0..2 {
        let row = subscriptions::of_user(&app.store, who.user.id, id).await?.ok_or(Error::NotFound)?;
        may_change(&row)?;
        let read_at = app.clock.now();
        let object = app.stripe.retrieve_subscription(&row.stripe_subscription_id).await?;
        if matches!(decide(Some(&row.state()?), &subscription_sync::seen(&object, read_at)), Decision::Unchanged(_)) {
            let newest = object.latest_invoice.as_ref().map(|invoice| invoice.status.as_deref().unwrap_or_default());
            if matches!(newest, Some("draft" | "open")) {
                let words = "the payment for the present period is on its way: choose again once it is in, in an hour";
                return Err(Error::conflict("subscription_renewing", words));
            }
            return Ok((row, object));
        }
        subscription_sync::sync(app, &row.stripe_subscription_id, Cause::asked()).await?;
    }
    Err(changing())
}

fn may_change(row: &subscriptions::Model) -> Result<()> {
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
    Ok(())
}

/// Whether the subscription has this already, or will have it.
fn waits_for(row: &subscriptions::Model, wished: &Sold, runs: Every) -> bool {
    let plan = row.next_plan.as_ref().unwrap_or(&row.plan);
    let every = row.next_period.as_deref().unwrap_or(runs.as_str());
    wished.plan.code == *plan && wished.price.every.as_str() == every
}

/// Our row follows from what Stripe says now.
async fn follow(app: &App, who: &Who, row: &subscriptions::Model) -> Result<View> {
    subscription_sync::sync(app, &row.stripe_subscription_id, Cause::asked()).await?;
    one(app, who, row.id).await
}

/// Takes back what waits in a schedule. Whether the subscription has its agreed price then; it has another one where a
/// smaller plan waits, which is a change of the price itself.
async fn takes_back(
    app: &App,
    row: &subscriptions::Model,
    runs: Option<Every>,
    object: &stripe::Subscription,
) -> Result<bool> {
    release(app, object).await?;
    let now = subscription_sync::bought(app, object).await?.now;
    Ok(now.plan.code == row.plan && runs.is_none_or(|runs| now.price.every == runs))
}

/// Ends the following of a schedule, if there is one: Stripe would refuse to end the subscription, and what waits would
/// take the place of a newer choice.
pub(crate) async fn release(app: &App, object: &stripe::Subscription) -> Result<bool> {
    let Some(schedule) = object.followed() else { return Ok(false) };
    app.stripe.release_schedule(&schedule.id, &format!("release-{}", schedule.id)).await?;
    failpoint::pass("plan.released");
    Ok(true)
}

/// Nothing was changed: what had waited for the end of the period waits again.
async fn put_back(app: &App, before: &stripe::Subscription) -> Result<()> {
    let object = app.stripe.retrieve_subscription(&before.id).await?;
    let waited = before.next_item().and_then(|next| next.price.as_ref());
    if let Some(waited) = waited
        && let Some(price) = subscription_sync::price_of(waited)
        && let Some(item) = object.items.first()
    {
        schedule(app, &object, item, (&waited.id, price.every)).await?;
    }
    Ok(())
}

/// Another price at once, of the subscription's own.
async fn put_on(
    app: &App,
    id: &str,
    item: &Item,
    price: &str,
    (proration, discounts): (Proration, Discounts),
) -> Result<()> {
    // A key of this request alone: Stripe would repeat a declined card's answer for a day. Asking twice changes nothing,
    // since a price that is there already makes no difference to be paid.
    let key = format!("plan-{}", app.dice.id(app.clock.now()));
    match app.stripe.change_price(id, &item.id, price, proration, discounts, &key).await {
        Err(StripeError::Refused { kind, .. }) if kind == "card_error" => Err(Error::PaymentRequired {
            code: "card_declined",
            detail: "the card was declined and nothing was changed; use another card, then try again",
        }),
        changed => Ok(changed.map(drop)?),
    }
}

/// Another price once the present period ends. Asked again, after an answer was lost or while another request does the
/// same, it goes on with the schedule that is there: the last wish holds.
async fn schedule(app: &App, object: &stripe::Subscription, item: &Item, next: (&str, Every)) -> Result<()> {
    if object.cancel_at_period_end || object.cancel_at.is_some() && object.next_item().is_none() {
        let words = "the subscription ends with its period: let it go on first, then choose the shorter one";
        return Err(Error::conflict("subscription_ending", words));
    }
    let made = match object.followed() {
        Some(schedule) => schedule.clone(),
        None => create(app, &object.id, &format!("schedule-{}", app.dice.id(app.clock.now()))).await?,
    };
    failpoint::pass("plan.scheduled");
    set_next(app, object, item, &made, next, made.card()).await
}

/// Sets what a schedule puts in the place of the item once the present period ends.
async fn set_next(
    app: &App,
    object: &stripe::Subscription,
    item: &Item,
    schedule: &Schedule,
    (price, every): (&str, Every),
    card: Option<&str>,
) -> Result<()> {
    let run = schedule.current_phase.zip(item.current_period_end);
    let (phase, ends) = run.ok_or_else(|| Error::internal("a schedule that has not begun"))?;
    let (interval, interval_count) = every.at_stripe();
    let discounts = &object.discounts[..];
    let next = NextPhase {
        begun: phase.start_date,
        ends,
        present: &item.price.id,
        quantity: item.quantity.unwrap_or(1),
        present_discounts: discounts,
        card,
        price,
        discounts: if coupon::goes_along(app, object, price, every).await? { discounts } else { &[] },
        interval,
        interval_count,
    };
    let key = format!("phase-{}", app.dice.id(app.clock.now()));
    match app.stripe.set_next_phase(&schedule.id, &next, &key).await {
        Err(refused @ StripeError::Refused { .. }) => {
            // Another request has taken it back meanwhile, to do something else.
            let is_followed = app.stripe.retrieve_schedule(&schedule.id).await?.is_followed();
            Err(if is_followed { refused.into() } else { changing() })
        }
        set => Ok(set.map(drop)?),
    }
}

/// A schedule remembers the card of its making: where the customer has changed it since, the next phase gets the new one.
pub(crate) async fn keep_card(app: &App, object: &stripe::Subscription) -> Result<()> {
    let (Some(schedule), Some(next), Some(item)) = (object.followed(), object.next_phase(), object.items.first())
    else {
        return Ok(());
    };
    let card = object.default_payment_method.as_ref().map(|method| method.id.as_str());
    if card.is_none() || next.default_payment_method.is_none() || next.default_payment_method.as_deref() == card {
        return Ok(());
    }
    let coming = next.items.first().and_then(|item| item.price.as_ref());
    match coming.and_then(|coming| Some((coming, subscription_sync::price_of(coming)?))) {
        Some((coming, price)) => set_next(app, object, item, schedule, (&coming.id, price.every), card).await,
        None => Ok(()),
    }
}

/// Another request changes the subscription right now.
pub(crate) fn changing() -> Error {
    Error::Busy { what: "the subscription", source: None }
}

async fn create(app: &App, subscription: &str, key: &str) -> Result<Schedule> {
    match app.stripe.create_schedule(subscription, key).await {
        Err(refused @ StripeError::Refused { .. }) => {
            // Another request was faster.
            let object = app.stripe.retrieve_subscription(subscription).await?;
            object.followed().cloned().ok_or(refused.into())
        }
        made => Ok(made?),
    }
}

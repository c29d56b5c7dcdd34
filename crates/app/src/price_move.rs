//! Present customers come to the price of the list: each is told first, and charged it from a later renewal on.

use clients::stripe::{self, Discounts, Proration};
use domain::money::Money;
use domain::time::DAY_MS;
use store::{price_moves, subscriptions, users};
use uuid::Uuid;

use crate::admin::audit;
use crate::admin::catalogue::Mode;
use crate::letter::Notice;
use crate::plan::{self, Offered, Price};
use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, ledger, notice, plan_change};

/// The price that a subscription will have, as `store` keeps it.
pub use store::price_moves::Model as PriceMove;

/// Days between the notice and the first renewal at a higher price, at least and at most.
pub const DAYS: std::ops::RangeInclusive<i64> = 14..=365;
/// So long before a renewal Stripe hears of the new price: late enough that who changes the plan before is counted by the
/// price that was paid, early enough for a program that was off for a day.
const LEAD_MS: i64 = 2 * DAY_MS;
/// Subscriptions a page.
const PAGE: u64 = 200;

/// How many of a plan's customers it concerns, or would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Pay more than the list says: the price falls with their next renewal.
    pub lowered: i64,
    /// Pay less: the price rises with the first renewal after the notice.
    pub raised: i64,
    /// Were told before.
    pub told_before: i64,
    /// Pay for a period or in a currency that the list has no more, or have chosen another plan or period for when this one
    /// ends: they stay as they are.
    pub left: i64,
}

/// Has all customers of a plan who pay another price than the list's come to it: told now, and charged from the first
/// renewal on that is `days` away at least. May be run again: who was told is not told twice.
pub async fn announce(app: &App, actor: &str, code: &str, days: i64, mode: Mode) -> Result<Moved> {
    if !DAYS.contains(&days) {
        let detail = format!("a whole number from {} to {}", DAYS.start(), DAYS.end());
        return Err(Error::invalid("days", "number_invalid", detail));
    }
    let plans = plan::all_offered(app).await?;
    let plan = plans.into_iter().find(|plan| plan.row.code == code).ok_or(Error::NotFound)?;
    if plan.prices.iter().any(|price| price.at_stripe.is_none()) {
        let words = "Stripe does not have all prices of this plan yet: run mirai admin stripe sync first";
        return Err(Error::conflict("plan_not_synced", words));
    }
    let now = app.clock.now();
    if mode == Mode::Apply {
        let tx = app.store.write_txn().await?;
        audit(app, &tx, actor, "plan.move", code, &format!("after {days} days"), now).await?;
        tx.commit().await?;
    }
    let (mut moved, mut after) = (Moved::default(), Uuid::nil());
    loop {
        let rows = subscriptions::renewing_of_plan(&app.store, code, after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in &rows {
            let fate = app.retrying(|| announce_one(app, &plan, row.id, row.user_id, days, mode)).await?;
            match fate {
                Fate::Same => {}
                Fate::Raised => moved.raised += 1,
                Fate::Lowered => moved.lowered += 1,
                Fate::ToldBefore => moved.told_before += 1,
                Fate::Left => moved.left += 1,
            }
        }
    }
    app.wake_worker();
    Ok(moved)
}

/// What becomes of one subscription.
enum Fate {
    Same,
    Raised,
    Lowered,
    ToldBefore,
    Left,
}

async fn announce_one(app: &App, plan: &Offered, id: Uuid, owner: Uuid, days: i64, mode: Mode) -> Result<Fate> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let user = users::lock(&tx, owner).await?.ok_or(Error::NotFound)?;
    let Some(row) = subscriptions::of_user(&tx, owner, id).await? else { return Ok(Fate::Same) };
    let agreed = row.price_cents.zip(row.currency.as_ref()).zip(row.period.as_ref());
    let Some(((amount, currency), period)) = agreed else { return Ok(Fate::Left) };
    let of_list = plan.prices.iter().find(|one| one.every.as_str() == period && one.currency == *currency);
    let Some(Price { every, currency, amount: next, at_stripe: Some(at_stripe) }) = of_list else {
        return Ok(Fate::Left);
    };
    if row.plan != plan.row.code || row.next_plan.is_some() || row.next_period.is_some() {
        return Ok(Fate::Left);
    }
    let known = price_moves::of(&tx, id).await?;
    if *next == amount {
        // The list went back to what was agreed before the other price was charged.
        if known.is_some() && mode == Mode::Apply {
            price_moves::forget(&tx, id).await?;
            tx.commit().await?;
        }
        return Ok(Fate::Same);
    }
    if known.is_some_and(|known| known.stripe_price_id == *at_stripe) {
        return Ok(Fate::ToldBefore);
    }
    let (fate, due_at) = if *next > amount { (Fate::Raised, now + days * DAY_MS) } else { (Fate::Lowered, now) };
    if mode == Mode::DryRun {
        return Ok(fate);
    }
    let move_row = PriceMove {
        subscription_id: id,
        plan: row.plan.clone(),
        period: every.as_str().to_owned(),
        currency: currency.clone(),
        amount: *next,
        stripe_price_id: at_stripe.clone(),
        due_at,
        announced_at: now,
    };
    price_moves::save(&tx, move_row).await?;
    let money = |minor| Ok::<_, Error>(Money::new(minor, ledger::currency(currency)?));
    let words = Notice::PriceChange {
        plan: plan.row.name.clone(),
        at: due_at,
        old: money(amount)?,
        new: money(*next)?,
        link: app.config.link("/dashboard/subscription"),
    };
    // Who can't be told, a suspended account for one, keeps what was agreed.
    if !notice::tell(app, &tx, &user, &format!("{id}:{now}"), words, now).await? {
        return Ok(Fate::Left);
    }
    tx.commit().await?;
    Ok(fate)
}

/// Tells Stripe the new price of every subscription whose renewal at it is near, and looks at each; returns how many these
/// are. Ends with the first that Stripe does not answer for.
pub async fn carry_out(app: &App) -> Result<usize> {
    let until = app.clock.now() + LEAD_MS;
    let (mut looked_at, mut after) = (0, Uuid::nil());
    loop {
        let rows = price_moves::due(&app.store, until, after, PAGE).await?;
        let Some((last, _)) = rows.last() else { return Ok(looked_at) };
        after = last.subscription_id;
        for (planned, row) in &rows {
            let Some(row) = row else { continue };
            match plan_change::one_at_a_time(app, row.id, Box::pin(carry_out_one(app, planned, row))).await {
                Ok(()) => looked_at += 1,
                Err(error @ Error::Busy { .. }) => return Err(error),
                // One that can't be changed must not keep the others from it.
                Err(error) => {
                    tracing::error!(subscription = %row.id, error = error.chain(), "a price can't be changed");
                }
            }
        }
    }
}

async fn carry_out_one(app: &App, planned: &PriceMove, row: &subscriptions::Model) -> Result<()> {
    let stripe_id = row.stripe_subscription_id.as_str();
    let object = app.stripe.retrieve_subscription(stripe_id).await?;
    let item = object.items.first().ok_or_else(|| Error::internal("a subscription without an item"))?;
    let is_there = item.price.id == planned.stripe_price_id;
    if !is_there && is_wanted(app, planned, &object).await? {
        let renewal = item.current_period_end.unwrap_or_default();
        let key = format!("move-{}-{}-{renewal}", row.id, planned.stripe_price_id);
        app.stripe
            .change_price(stripe_id, &item.id, &planned.stripe_price_id, Proration::None, Discounts::Stay, &key)
            .await?;
    }
    // What the row shows from here on is what Stripe will charge; a move that is done, or is none any more, goes with it.
    subscription_sync::sync(app, stripe_id, Cause::asked()).await.map(drop)
}

/// Whether the next renewal, as Stripe knows it, is one at the new price.
async fn is_wanted(app: &App, planned: &PriceMove, object: &stripe::Subscription) -> Result<bool> {
    let renewal = object.items.first().and_then(|item| item.current_period_end).unwrap_or_default() * 1000;
    let ends = object.cancel_at_period_end || object.cancel_at.is_some() || object.ended_at.is_some();
    let is_near = (planned.due_at..=app.clock.now() + LEAD_MS).contains(&renewal);
    // A schedule has its own price for what comes next, and takes no other.
    let waits = object.followed().is_some();
    Ok(is_near && !ends && !waits && holds(planned, &subscription_sync::bought(app, object).await?.now))
}

/// Whether a subscription still is what the price was announced for.
fn holds(planned: &PriceMove, sold: &plan::Sold) -> bool {
    let price = &sold.price;
    (planned.plan.as_str(), planned.period.as_str(), planned.currency.as_str())
        == (sold.plan.code.as_str(), price.every.as_str(), price.currency.as_str())
}

/// A subscription was read: a move that Stripe knows of now, or that is for what it is no more, is forgotten.
pub(crate) async fn after_reading(tx: &store::Tx, row: &subscriptions::Model, sold: &plan::Sold) -> Result<()> {
    let Some(planned) = price_moves::of(tx, row.id).await? else { return Ok(()) };
    let is_there = sold.price.at_stripe.as_ref() == Some(&planned.stripe_price_id);
    if row.has_ended() || is_there || !holds(&planned, sold) {
        price_moves::forget(tx, row.id).await?;
    }
    Ok(())
}

/// What the next renewal of a subscription costs by what its owner was told, if that is something else than now.
pub(crate) async fn price_of_renewal(app: &App, row: &subscriptions::Model) -> Result<Option<Money>> {
    if row.next_plan.is_some() || row.next_period.is_some() {
        return Ok(None);
    }
    let planned = price_moves::of(&app.store, row.id).await?.filter(|planned| planned.due_at <= row.period_end);
    planned.map(|planned| Ok(Money::new(planned.amount, ledger::currency(&planned.currency)?))).transpose()
}

/// The moves of these subscriptions.
pub(crate) async fn of_all(app: &App, rows: &[subscriptions::Model]) -> Result<Vec<PriceMove>> {
    let ids: Vec<Uuid> = rows.iter().filter(|row| !row.has_ended()).map(|row| row.id).collect();
    if ids.is_empty() { Ok(Vec::new()) } else { Ok(price_moves::of_all(&app.store, &ids).await?) }
}

//! A period that is paid with credit, without a card: bought, prolonged, ended before its time, and over.
//!
//! Such a subscription has a row as any other, which no word of Stripe's changes. It never renews itself.

use domain::ledger::{Account, Kind, Movement};
use domain::money::Money;
use domain::period::Paid;
use domain::subscription::Status;
use domain::time::UnixMs;
use store::{Tx, credit_ledger, plans, subscriptions, users, wireguard_peers};
use uuid::Uuid;

use crate::device_adopt::device_adopt;
use crate::letter::Letter;
use crate::plan::{self, Choice, Price, Sold};
use crate::session::Who;
use crate::subscription::{self, View};
use crate::{App, Error, Result, device_slots, failpoint, ledger, mail};

/// Subscriptions that are ended in one go at most.
const AT_ONCE: u64 = 1_000;

/// A plan of which the customer's credit pays a period now.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The plan, which is for sale.
    pub plan: plans::Model,
    /// What a period of it costs.
    pub price: Price,
    /// Until when it is paid then.
    pub until: UnixMs,
    /// Whether a period that runs gets longer by it; otherwise a new subscription begins.
    pub is_longer: bool,
}

/// What the customer's credit is enough for, in the order of the price list.
pub async fn offers(app: &App, who: &Who) -> Result<Vec<Offer>> {
    let now = app.clock.now();
    let balances = credit_ledger::balances(&app.store, who.user.id, Account::CustomerCredit).await?;
    let rows = subscriptions::all_of_user(&app.store, who.user.id).await?;
    let has = |price: &Price| {
        price.at_stripe.is_some()
            && balances.iter().any(|(currency, balance)| *currency == price.currency && *balance >= price.amount)
    };
    let mut offers = Vec::new();
    for plan in plan::price_list(app).await? {
        let running = rows.iter().find(|row| runs_on(row, &plan.row.code, now));
        let begins = running.map_or(now, |row| row.period_end);
        offers.extend(plan.prices.into_iter().filter(has).map(|price| Offer {
            plan: plan.row.clone(),
            until: price.every.end(begins),
            is_longer: running.is_some(),
            price,
        }));
    }
    Ok(offers)
}

/// Whether a subscription is paid with credit and runs on this plan: one more period makes it longer.
fn runs_on(row: &subscriptions::Model, plan: &str, now: UnixMs) -> bool {
    row.is_paid_with_credit() && row.plan == plan && now < row.paid_until
}

/// Pays one period of a plan with the customer's credit: a new subscription, or more time and volume for the one that
/// runs on this plan. Under one name (`once`) it happens once.
pub async fn buy(
    app: &App,
    who: &Who,
    plan_code: &str,
    choice: Choice<'_>,
    region: Option<&str>,
    once: &str,
) -> Result<View> {
    let wanted = plan::known(app, plan_code, choice).await?;
    let name = format!("period:{}:{once}", who.user.id.simple());
    let id = app.retrying(|| buy_once(app, who, &wanted, region, &name)).await?;
    app.wake_worker();
    subscription::one(app, who, id).await
}

async fn buy_once(app: &App, who: &Who, wanted: &Sold, region: Option<&str>, name: &str) -> Result<Uuid> {
    let Sold { plan, price } = wanted;
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
    if let Some(done) = credit_ledger::about(&tx, name, Account::Revenue).await? {
        let row = subscriptions::by_stripe_id(&tx, &done).await?.ok_or(Error::NotFound)?;
        return Ok(row.id);
    }
    let open = subscriptions::lock_open_of_user(&tx, user.id).await?;
    let running = open.into_iter().find(|row| runs_on(row, &plan.code, now));
    let is_new = running.is_none();
    let row = match running {
        Some(mut row) => {
            row.period_end = price.every.end(row.period_end);
            row.paid_until = row.period_end;
            let more = plan::quota(plan, price.every)?;
            row.quota_bytes = row.quota_bytes.zip(more).map(|(had, more)| had.saturating_add(more));
            plan::agree_price(&mut row, price);
            row.updated_at = now;
            subscriptions::save(&tx, row.clone()).await?;
            row
        }
        None => {
            let row = new_row(app, user.id, wanted, region, now)?;
            subscriptions::insert(&tx, &row).await?;
            row
        }
    };
    let currency = ledger::currency(&price.currency)?;
    let paid = Movement::new(Kind::Period, name, currency)
        .with(Account::CustomerCredit, Account::Revenue, price.amount)
        .map_err(ledger::beyond)?;
    ledger::post(app, &tx, user.id, &paid, Some(&row.stripe_subscription_id), now).await?;
    if is_new {
        device_adopt(&tx, user.id, &row, now).await?;
        let link = app.config.link("/dashboard/devices/new");
        let letter = Letter::SubscriptionStarted { plan: plan.name.clone(), link };
        mail::write(app, &tx, &user.email, user.language(), &letter, now).await?;
    }
    device_slots::settle(&tx, &row, now).await?;
    wireguard_peers::announce_all_of(&tx, row.id, now).await?;
    failpoint::pass("period.saved");
    tx.commit().await?;
    failpoint::pass("period.committed");
    Ok(row.id)
}

fn new_row(app: &App, user: Uuid, wanted: &Sold, region: Option<&str>, now: UnixMs) -> Result<subscriptions::Model> {
    let id = app.dice.id(now);
    let end = wanted.price.every.end(now);
    let mut row = subscriptions::Model {
        region: region.map(str::to_owned),
        status: Status::Active.as_str().to_owned(),
        stripe_subscription_id: subscriptions::credit_id(id),
        period_end: end,
        paid_until: end,
        cancel_at_period_end: true,
        read_at: now,
        ..subscriptions::Model::begun(id, user, now)
    };
    plan::agree(&mut row, wanted)?;
    Ok(row)
}

/// Ends one at once. What is left of it, by time or by volume, comes back as credit.
pub(crate) async fn end_now(app: &App, who: &Who, id: Uuid) -> Result<()> {
    app.retrying(|| async {
        let now = app.clock.now();
        let tx = app.store.write_txn().await?;
        let user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        let open = subscriptions::lock_open_of_user(&tx, user.id).await?;
        let Some(row) = open.into_iter().find(|row| row.id == id && row.is_paid_with_credit()) else {
            return Err(Error::conflict(
                "subscription_ended",
                "this subscription has ended; choose a plan to start a new one",
            ));
        };
        give_back(app, &tx, &row, now).await?;
        end(app, &tx, &user, row, now, now).await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    app.wake_worker();
    Ok(())
}

async fn give_back(app: &App, tx: &Tx, row: &subscriptions::Model, now: UnixMs) -> Result<()> {
    let about = row.stripe_subscription_id.as_str();
    let (start, end) = (row.period_start, row.paid_until);
    let paid = Paid { start, end, bytes: row.quota_bytes, used: row.used_bytes };
    for (currency, amount) in credit_ledger::sum_about(tx, about, Account::Revenue).await? {
        let left = Money::new(paid.unused(amount, now), ledger::currency(&currency)?);
        let name = format!("period-returned:{about}:{currency}");
        let back = Movement::new(Kind::PeriodReturned, name, left.currency)
            .with(Account::Revenue, Account::CustomerCredit, left.minor)
            .map_err(ledger::beyond)?;
        ledger::post(app, tx, row.user_id, &back, Some(about), now).await?;
    }
    Ok(())
}

async fn end(
    app: &App,
    tx: &Tx,
    user: &users::Model,
    mut row: subscriptions::Model,
    at: UnixMs,
    now: UnixMs,
) -> Result<()> {
    row.status = Status::Ended.as_str().to_owned();
    row.ended_at = Some(at);
    row.paid_until = row.paid_until.min(at);
    row.updated_at = now;
    wireguard_peers::announce_all_of(tx, row.id, now).await?;
    subscriptions::save(tx, row).await?;
    let letter = Letter::SubscriptionEnded { link: app.config.link("/pricing") };
    mail::write(app, tx, &user.email, user.language(), &letter, now).await
}

/// Ends those whose time is over; returns how many. Their devices were off already, by the time that is in their grants.
pub async fn end_due(app: &App) -> Result<usize> {
    let due = subscriptions::credit_over(&app.store, app.clock.now(), AT_ONCE).await?;
    for found in &due {
        app.retrying(|| async {
            let now = app.clock.now();
            let tx = app.store.write_txn().await?;
            let Some(user) = users::lock(&tx, found.user_id).await? else { return Ok(()) };
            let open = subscriptions::lock_open_of_user(&tx, user.id).await?;
            // It may have been prolonged at this moment.
            if let Some(row) = open.into_iter().find(|row| row.id == found.id && row.paid_until <= now) {
                let at = row.paid_until;
                end(app, &tx, &user, row, at, now).await?;
                tx.commit().await?;
            }
            Ok(())
        })
        .await?;
    }
    app.wake_worker();
    Ok(due.len())
}

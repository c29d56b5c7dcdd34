//! Notices by the clock: of ends, renewals and cards, each when it is due, also after the program was off for days.

use clients::stripe::Price;
use domain::money::Money;
use domain::notice::{self as rules, Due, Kind};
use domain::page::Place;
use domain::subscription::Subscription;
use domain::time::{DAY_MS, UnixMs};
use store::{Tx, marks, notices, plans, subscription_cards, subscriptions, users};
use uuid::Uuid;

use crate::letter::{GoOn, Notice};
use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, ledger, notice, price_move};

const MARK: &str = "notices";
/// What came due longer ago than this helps nobody any more.
const LATE_MS: i64 = 7 * DAY_MS;
/// What a program that has never looked looks back at.
const FIRST_MS: i64 = DAY_MS;
/// Rows a page.
const PAGE: u64 = 500;

/// The time that is looked at: what came due after `since`, up to `now`.
#[derive(Debug, Clone, Copy)]
struct Span {
    since: UnixMs,
    now: UnixMs,
}

impl Span {
    /// Before the first row of those that end `ahead_ms` after the span.
    fn begin(self, ahead_ms: i64) -> Place {
        Place { at: self.since + ahead_ms, id: Uuid::max() }
    }
}

/// What has come of a look.
#[derive(Default)]
struct Tally {
    told: usize,
    has_failed: bool,
}

impl Tally {
    /// One that can't be told must not keep the others from it. A service that is away would fail them all.
    fn count(&mut self, subscription: Uuid, told: Result<bool>) -> Result<()> {
        match told {
            Ok(told) => self.told += usize::from(told),
            Err(error @ Error::Busy { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(%subscription, error = error.chain(), "a notice can't be told");
                self.has_failed = true;
            }
        }
        Ok(())
    }
}

/// Tells everything that came due since the last time; returns how much. A look that failed in part is taken again.
pub async fn tell_due(app: &App) -> Result<usize> {
    let now = app.clock.now();
    let last = marks::get(&app.store, MARK).await?.unwrap_or(now - FIRST_MS);
    let span = Span { since: last.max(now - LATE_MS), now };
    let mut tally = Tally::default();
    for ahead in rules::AHEAD_MS {
        let mut after = span.begin(ahead);
        loop {
            let rows = subscriptions::paid_until(&app.store, after, now + ahead, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Place { at: last.paid_until, id: last.id };
            for row in &rows {
                tally.count(row.id, of_end(app, row, span).await)?;
            }
        }
    }
    for ahead in rules::CARD_AHEAD_MS {
        let mut after = span.begin(ahead);
        loop {
            let cards = subscription_cards::good_until(&app.store, after, now + ahead, PAGE).await?;
            let Some(last) = cards.last() else { break };
            after = Place { at: last.expires_at, id: last.subscription_id };
            for card in &cards {
                tally.count(card.subscription_id, of_card(app, card, span).await)?;
            }
        }
    }
    if !tally.has_failed {
        app.retrying(|| finish(app, now)).await?;
    }
    app.wake_worker();
    Ok(tally.told)
}

async fn finish(app: &App, now: UnixMs) -> Result<()> {
    let tx = app.store.write_txn().await?;
    marks::advance(&tx, MARK, now).await?;
    Ok(tx.commit().await?)
}

/// Brings our row up to date first: what Stripe has not told us yet, such as a renewal, must not be told wrong.
async fn read_afresh(app: &App, row: &subscriptions::Model) -> Result<()> {
    if !row.is_paid_with_credit() && !row.has_ended() {
        subscription_sync::sync(app, &row.stripe_subscription_id, Cause::asked()).await?;
    }
    Ok(())
}

fn end_cause(row: &subscriptions::Model, due: Due) -> String {
    format!("{}:{}:{}", row.id, row.paid_until, due.ahead_ms / 3_600_000)
}

async fn of_end(app: &App, found: &subscriptions::Model, span: Span) -> Result<bool> {
    if found.paid_until <= span.now && !found.has_ended() {
        // After days of silence we may not know yet that it is over. Its owner is told so now, and how to come back.
        read_afresh(app, found).await?;
        return Ok(false);
    }
    let Some(due) = rules::due(&found.state()?, span.since, span.now) else { return Ok(false) };
    if notices::is_told(&app.store, found.user_id, due.kind, &end_cause(found, due)).await? {
        return Ok(false);
    }
    read_afresh(app, found).await?;
    let price = match due.kind {
        Kind::TrialEnding | Kind::RenewalAhead => Some(price(app, found).await?),
        _ => None,
    };
    app.retrying(|| of_end_once(app, found, price, span)).await
}

/// What Stripe will charge, before discounts.
async fn price(app: &App, found: &subscriptions::Model) -> Result<Money> {
    if let Some(price) = price_move::price_of_renewal(app, found).await? {
        return Ok(price);
    }
    let object = app.stripe.retrieve_subscription(&found.stripe_subscription_id).await?;
    let whole = |price: &Price, quantity: Option<i64>| {
        Some((price.unit_amount?.checked_mul(quantity.unwrap_or(1))?, price.currency.clone()))
    };
    let price = match object.next_item() {
        Some(next) => next.price.as_ref().and_then(|price| whole(price, next.quantity)),
        None => object.items.first().and_then(|item| whole(&item.price, item.quantity)),
    };
    let (amount, currency) = price.ok_or_else(|| Error::internal("a subscription has no price in whole units"))?;
    Ok(Money::new(amount, ledger::currency(&currency)?))
}

async fn of_end_once(app: &App, found: &subscriptions::Model, price: Option<Money>, span: Span) -> Result<bool> {
    let tx = app.store.write_txn().await?;
    let Some(user) = users::lock(&tx, found.user_id).await? else { return Ok(false) };
    // Whatever changes a subscription holds its owner's row.
    let rows = subscriptions::all_of_user(&tx, user.id).await?;
    let Some(row) = rows.iter().find(|row| row.id == found.id) else { return Ok(false) };
    let Some(due) = rules::due(&row.state()?, span.since, span.now) else { return Ok(false) };
    let Some(notice) = words(app, &tx, row, due.kind, price).await? else { return Ok(false) };
    if matches!(due.kind, Kind::Ending | Kind::ComeBack) && goes_on(&rows, row, span.now)? {
        return Ok(false);
    }
    let told = notice::tell(app, &tx, &user, &end_cause(row, due), notice, span.now).await?;
    tx.commit().await?;
    Ok(told)
}

/// Whether another subscription of the same customer lasts longer than one that does not renew.
fn goes_on(rows: &[subscriptions::Model], ending: &subscriptions::Model, now: UnixMs) -> Result<bool> {
    let others: Vec<Subscription> =
        rows.iter().filter(|row| row.id != ending.id).map(subscriptions::Model::state).collect::<store::Result<_>>()?;
    Ok(others.iter().any(|other| other.access_until() > ending.paid_until.max(now)))
}

/// What is said; nothing where the price that it needs was not asked for, since it was something else a moment ago.
async fn words(
    app: &App,
    tx: &Tx,
    row: &subscriptions::Model,
    kind: Kind,
    price: Option<Money>,
) -> Result<Option<Notice>> {
    // The plan that is paid for then, which may be another one.
    let is_charged = matches!(kind, Kind::RenewalAhead | Kind::TrialEnding);
    let code = row.next_plan.as_ref().filter(|_| is_charged).unwrap_or(&row.plan);
    let plan = plans::by_code(tx, code).await?.map_or_else(|| code.clone(), |plan| plan.name);
    let (at, link) = (row.paid_until, app.config.link("/dashboard/subscription"));
    Ok(match (kind, price) {
        (Kind::TrialEnding, Some(price)) => Some(Notice::TrialEnding { plan, at, price, link }),
        (Kind::RenewalAhead, Some(price)) => Some(Notice::RenewalAhead { plan, at, price, link }),
        (Kind::Ending, _) if row.is_paid_with_credit() => {
            Some(Notice::Ending { plan, at, way: GoOn::PayLonger(app.config.link("/dashboard/billing")) })
        }
        (Kind::Ending, _) => Some(Notice::Ending { plan, at, way: GoOn::Resume(link) }),
        (Kind::ComeBack, _) => Some(Notice::ComeBack { plan, at, link: app.config.link("/pricing") }),
        _ => None,
    })
}

async fn of_card(app: &App, found: &subscription_cards::Model, span: Span) -> Result<bool> {
    let Some(ahead_ms) = rules::card_due(found.expires_at, span.since, span.now) else { return Ok(false) };
    let rows = subscriptions::by_ids(&app.store, &[found.subscription_id]).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let cause = card_cause(found, ahead_ms);
    if notices::is_told(&app.store, row.user_id, Kind::CardExpiring, &cause).await? {
        return Ok(false);
    }
    read_afresh(app, row).await?;
    app.retrying(|| of_card_once(app, row, span)).await
}

async fn of_card_once(app: &App, found: &subscriptions::Model, span: Span) -> Result<bool> {
    let tx = app.store.write_txn().await?;
    let Some(user) = users::lock(&tx, found.user_id).await? else { return Ok(false) };
    let Some(row) = subscriptions::of_user(&tx, user.id, found.id).await? else { return Ok(false) };
    let Some(card) = subscription_cards::of(&tx, row.id).await? else { return Ok(false) };
    let Some(ahead_ms) = rules::card_due(card.expires_at, span.since, span.now) else { return Ok(false) };
    if !rules::needs_card(&row.state()?) {
        return Ok(false);
    }
    let notice = Notice::CardExpiring { until: card.expires_at - 1, link: app.config.link("/dashboard/billing") };
    let told = notice::tell(app, &tx, &user, &card_cause(&card, ahead_ms), notice, span.now).await?;
    tx.commit().await?;
    Ok(told)
}

/// The card with its month, whichever subscriptions it pays for.
fn card_cause(card: &subscription_cards::Model, ahead_ms: i64) -> String {
    let name: String = card.card_hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}:{}:{}", card.expires_at, ahead_ms / 3_600_000)
}

//! Coupons at a purchase: checked and reserved together with the intent, used once it is paid, free again if it is not.

use clients::stripe::{CheckoutSession, Subscription};
use domain::coupon::{CouponCode, CouponError, Lasts, Off, Purchase, Terms};
use domain::money::Money;
use domain::period::Every;
use domain::time::UnixMs;
use store::coupon_uses::{self, RESERVED};
use store::{Tx, checkouts, coupons, plans, subscriptions, users};
use uuid::Uuid;

use crate::jobs::{self, Job};
use crate::plan::Price;
use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, ledger};

/// A coupon, as `store` keeps it.
pub use store::coupons::Model as CouponRow;

/// Under this name the intent goes along to Stripe, and comes back with the session.
pub(crate) const INTENT: &str = "checkout";
/// A page of Stripe's is open for a day at most, and is asked for within half an hour.
const OPEN_MS: i64 = 25 * 3_600_000;
/// Purchases that are looked at in one go.
const AT_ONCE: u64 = 500;

/// Reads a code that a customer has typed.
pub fn parse(text: &str) -> Result<CouponCode> {
    CouponCode::parse(text).map_err(|_| refused(CouponError::Unknown))
}

pub(crate) fn refused(error: CouponError) -> Error {
    Error::invalid("coupon", error.code(), error.to_string())
}

/// What a coupon is.
pub(crate) fn terms(row: &coupons::Model) -> Result<Terms> {
    let off = match (row.percent, row.amount, &row.currency) {
        (Some(percent), None, None) => Off::Percent(percent),
        (None, Some(amount), Some(currency)) => Off::Amount(Money::new(amount, ledger::currency(currency)?)),
        _ => return Err(Error::internal(format!("coupon {} takes nothing off", row.code))),
    };
    let words = |list: &str| list.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    Ok(Terms {
        off,
        lasts: Lasts::of_word(&row.duration, row.months).map_err(|error| Error::Internal(Box::new(error)))?,
        plans: words(&row.plans),
        periods: words(&row.periods),
        most_uses: row.most_uses,
        most_per_customer: row.most_per_customer,
        expires_at: row.expires_at,
        first_only: row.first_only,
    })
}

/// A coupon that can be used, if there is one of this code; whether it holds for a purchase is seen at the purchase.
pub async fn usable(app: &App, code: &CouponCode) -> Result<(CouponRow, Terms)> {
    let row = coupons::by_code(&app.store, code.as_str()).await?;
    let row = check_usable(row, app.clock.now())?;
    let terms = terms(&row)?;
    Ok((row, terms))
}

fn check_usable(row: Option<coupons::Model>, now: UnixMs) -> Result<coupons::Model> {
    match row.filter(|row| row.stripe_promotion.is_some()) {
        None => Err(refused(CouponError::Unknown)),
        Some(row) if !row.active || row.expires_at.is_some_and(|at| at <= now) => Err(refused(CouponError::Expired)),
        Some(row) => Ok(row),
    }
}

/// Saves an intent to buy a period (`month`, `quarter`, `year`) of a plan with a coupon, and reserves the use. One that the
/// customer has begun after `since` for the same thing is taken instead; any other that is under way with a coupon is given
/// up, so that nobody has two pages open on one coupon or on a first purchase.
pub(crate) async fn intend(
    app: &App,
    price: &Price,
    intent: &checkouts::Model,
    since: UnixMs,
) -> Result<checkouts::Model> {
    let (now, code) = (intent.created_at, intent.coupon.as_deref().unwrap_or_default());
    let tx = app.store.write_txn().await?;
    let user = users::lock(&tx, intent.user_id).await?.ok_or(Error::NotFound)?;
    let coupon = check_usable(coupons::lock_by_code(&tx, code).await?, now)?;
    let reserved = coupon_uses::reserved_of(&tx, user.id).await?;
    if let Some(known) = checkouts::reusable(&tx, intent, since).await?
        && reserved.iter().any(|one| one.checkout_id == known.id)
    {
        return Ok(known);
    }
    give_up(app, &tx, &reserved, now).await?;
    let (uses, own_uses) = coupon_uses::taken(&tx, coupon.id, user.id).await?;
    let bought = subscriptions::all_of_user(&tx, user.id).await?;
    let purchase = Purchase {
        plan: &intent.plan,
        period: price.every.as_str(),
        currency: ledger::currency(&price.currency)?,
        has_bought: bought.iter().any(|row| !row.is_paid_with_credit()),
        uses: i64::try_from(uses).unwrap_or(i64::MAX),
        own_uses: i64::try_from(own_uses).unwrap_or(i64::MAX),
        now,
    };
    terms(&coupon)?.holds(&purchase).map_err(refused)?;
    checkouts::insert(&tx, intent).await?;
    let reservation = coupon_uses::Model {
        checkout_id: intent.id,
        coupon_id: coupon.id,
        user_id: user.id,
        state: RESERVED.to_owned(),
        created_at: now,
        updated_at: now,
    };
    coupon_uses::insert(&tx, &reservation).await?;
    tx.commit().await?;
    app.wake_worker();
    Ok(intent.clone())
}

/// Ends purchases that are under way; their pages at Stripe are closed by a job.
async fn give_up(app: &App, tx: &Tx, reserved: &[coupon_uses::Model], now: UnixMs) -> Result<()> {
    let mut open = Vec::new();
    for one in reserved {
        // Given up first: a page that opens meanwhile is seen then, or learns that it comes too late.
        checkouts::give_up(tx, one.checkout_id, now).await?;
        let intent = checkouts::by_id(tx, one.checkout_id).await?;
        open.extend(intent.and_then(|intent| intent.stripe_session_id));
        coupon_uses::mark_released(tx, one.checkout_id, now).await?;
    }
    if open.is_empty() { Ok(()) } else { close_pages(app, tx, open, now).await }
}

async fn close_pages(app: &App, tx: &Tx, open: Vec<String>, now: UnixMs) -> Result<()> {
    let job = Job::StripeClose { customer: None, subscriptions: Vec::new(), checkouts: open };
    jobs::enqueue(app, tx, &job, now).await
}

/// `promo_…` of an intent's coupon, if it has one.
pub(crate) async fn promotion(app: &App, intent: &checkouts::Model) -> Result<Option<String>> {
    let Some(code) = &intent.coupon else { return Ok(None) };
    Ok(coupons::by_code(&app.store, code).await?.and_then(|coupon| coupon.stripe_promotion))
}

/// Stripe has opened a page whose purchase was given up meanwhile, for another one: it is closed, and leads nobody there.
pub(crate) async fn close_late(app: &App, session: &str) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        close_pages(app, &tx, vec![session.to_owned()], app.clock.now()).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    app.wake_worker();
    Ok(())
}

/// Stripe did not open the page, and will not.
pub(crate) async fn release(app: &App, checkout: Uuid) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        coupon_uses::mark_released(&tx, checkout, app.clock.now()).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Whether what a subscription's coupon takes off goes along to another price: it does not where the coupon holds for other
/// plans or periods only.
pub(crate) async fn goes_along(app: &App, object: &Subscription, price: &str, every: Every) -> Result<bool> {
    let intent = object.metadata.get(INTENT).and_then(|text| Uuid::parse_str(text).ok());
    let Some(intent) = intent.filter(|_| !object.discounts.is_empty()) else { return Ok(true) };
    let code = checkouts::by_id(&app.store, intent).await?.and_then(|intent| intent.coupon);
    let Some(code) = code else { return Ok(true) };
    let Some(row) = coupons::by_code(&app.store, &code).await? else { return Ok(true) };
    // A price that is none of ours was made at Stripe by somebody who knows why.
    let Some(plan) = plans::by_stripe_price(&app.store, price).await? else { return Ok(true) };
    Ok(terms(&row)?.holds_for(&plan.code, every.as_str()).is_ok())
}

/// A session's intent, as it went along to Stripe with the coupon.
pub(crate) fn intent_of(session: &CheckoutSession) -> Option<Uuid> {
    session.metadata.get(INTENT).and_then(|text| Uuid::parse_str(text).ok())
}

/// What becomes of the use with its purchase: `complete` or `expired`.
pub(crate) async fn settle(tx: &Tx, intent: Option<Uuid>, status: &str, now: UnixMs) -> Result<()> {
    let Some(intent) = intent else { return Ok(()) };
    match status {
        "complete" => coupon_uses::mark_used(tx, intent, now).await?,
        _ => coupon_uses::mark_released(tx, intent, now).await?,
    }
    Ok(())
}

/// Looks at purchases whose pages can be open no more, in case Stripe's word of them was lost; returns how many uses are
/// reserved no longer.
pub async fn settle_due(app: &App) -> Result<usize> {
    let due = coupon_uses::reserved_before(&app.store, app.clock.now() - OPEN_MS, AT_ONCE).await?;
    let mut settled = 0;
    for one in &due {
        match settle_one(app, one.checkout_id).await {
            Ok(is_settled) => settled += usize::from(is_settled),
            Err(error @ Error::Busy { .. }) => return Err(error),
            // One that can't be settled must not keep the others from being settled.
            Err(error) => {
                tracing::error!(checkout = %one.checkout_id, error = error.chain(), "a coupon's use can't be settled");
            }
        }
    }
    Ok(settled)
}

async fn settle_one(app: &App, checkout: Uuid) -> Result<bool> {
    let session = match checkouts::by_id(&app.store, checkout).await?.and_then(|row| row.stripe_session_id) {
        None => None,
        Some(id) => match app.stripe.retrieve_checkout_session(&id).await {
            Ok(session) => Some(session),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        },
    };
    let status = session.as_ref().and_then(|session| session.status.as_deref());
    let paid = session.as_ref().filter(|_| status == Some("complete"));
    if let Some((session, subscription)) = paid.and_then(|session| Some((session, session.subscription.as_ref()?))) {
        subscription_sync::sync(app, subscription, Cause::checkout(session)).await?;
        return Ok(true);
    }
    if status == Some("open") {
        return Ok(false);
    }
    release(app, checkout).await?;
    Ok(true)
}

//! Coupons, by an operator's hand: ours, and the promotion code at Stripe that takes the money off.

use std::collections::HashMap;

use clients::stripe::{Discount, NewCoupon, NewPromotionCode, StripeError};
use domain::coupon::{CouponCode, Off, Terms, TermsError};
use domain::time::UnixMs;
use store::{coupon_uses, coupons};

use super::audit;
use crate::coupon::CouponRow;
use crate::{App, Error, Result, coupon, plan};

/// Most coupons in the list.
const MANY: u64 = 1_000;

/// A coupon with how often it was used.
#[derive(Debug, Clone)]
pub struct Counted {
    /// The coupon.
    pub row: CouponRow,
    /// What it is.
    pub terms: Terms,
    /// Purchases with it that were paid.
    pub used: i64,
    /// Purchases with it that are under way.
    pub reserved: i64,
}

fn invalid(error: TermsError) -> Error {
    Error::invalid(error.field(), error.code(), error.to_string())
}

/// Makes a coupon. The row comes first, then what Stripe needs, then Stripe's id: whoever is interrupted asks again with the
/// same terms, and it is the same coupon.
pub async fn add(app: &App, actor: &str, code: &str, terms: &Terms) -> Result<CouponRow> {
    let code = CouponCode::parse(code).map_err(invalid)?;
    terms.check(app.clock.now()).map_err(invalid)?;
    for known in &terms.plans {
        plan::known(app, known, plan::Choice::default())
            .await
            .map_err(|_| Error::invalid("plans", "plan_unknown", known.clone()))?;
    }
    let row = app.retrying(|| begin(app, &code, terms)).await?;
    match at_stripe(app, &row, terms).await {
        Ok(promotion) => app.retrying(|| finish(app, actor, &code, &promotion)).await,
        Err(StripeError::Refused { message, .. }) => {
            let tx = app.store.write_txn().await?;
            coupons::delete_unmade(&tx, row.id).await?;
            tx.commit().await?;
            Err(Error::conflict("coupon_refused", format!("Stripe refused the coupon: {message}")))
        }
        Err(error) => Err(error.into()),
    }
}

async fn begin(app: &App, code: &CouponCode, terms: &Terms) -> Result<CouponRow> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    if let Some(known) = coupons::lock_by_code(&tx, code.as_str()).await? {
        let is_same = coupon::terms(&known)? == *terms;
        return match known.stripe_promotion {
            None if is_same => Ok(known),
            _ => Err(Error::invalid("code", "coupon_code_in_use", "there is, or was, a coupon of this code")),
        };
    }
    let row = new_row(app, code, terms, now);
    coupons::insert(&tx, &row).await?;
    tx.commit().await?;
    Ok(row)
}

fn new_row(app: &App, code: &CouponCode, terms: &Terms, now: UnixMs) -> CouponRow {
    let (percent, amount) = match terms.off {
        Off::Percent(percent) => (Some(percent), None),
        Off::Amount(amount) => (None, Some(amount)),
    };
    CouponRow {
        id: app.dice.id(now),
        code: code.as_str().to_owned(),
        percent,
        amount: amount.map(|amount| amount.minor),
        currency: amount.map(|amount| amount.currency.as_str().to_owned()),
        duration: terms.lasts.as_str().to_owned(),
        months: terms.lasts.months(),
        plans: terms.plans.join(","),
        periods: terms.periods.join(","),
        most_uses: terms.most_uses,
        most_per_customer: terms.most_per_customer,
        expires_at: terms.expires_at,
        first_only: terms.first_only,
        active: true,
        stripe_promotion: None,
        created_at: now,
        updated_at: now,
    }
}

/// Makes coupon and promotion code at Stripe, which keep the bounds that Stripe knows as well; returns `promo_…`.
async fn at_stripe(app: &App, row: &CouponRow, terms: &Terms) -> std::result::Result<String, StripeError> {
    let (id, once) = (format!("mirai_{}", row.id.simple()), row.id);
    let discount = match &terms.off {
        Off::Percent(percent) => Discount::Percent(*percent),
        Off::Amount(amount) => Discount::Amount(amount.minor, amount.currency.as_str()),
    };
    let (duration, months) = (terms.lasts.as_str(), terms.lasts.months());
    let new = NewCoupon { id: &id, name: &row.code, discount, duration, months };
    app.stripe.ensure_coupon(&new, &format!("coupon-{once}")).await?;
    let new = NewPromotionCode {
        code: &row.code,
        coupon: &id,
        most: terms.most_uses,
        expires_at: terms.expires_at.map(|at| at / 1000),
        first_only: terms.first_only,
    };
    app.stripe.ensure_promotion_code(&new, &format!("promotion-{once}")).await
}

async fn finish(app: &App, actor: &str, code: &CouponCode, promotion: &str) -> Result<CouponRow> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut row = coupons::lock_by_code(&tx, code.as_str()).await?.ok_or(Error::NotFound)?;
    row.stripe_promotion = Some(promotion.to_owned());
    row.updated_at = now;
    coupons::save(&tx, row.clone()).await?;
    audit(app, &tx, actor, "coupon.add", code.as_str(), &words(&coupon::terms(&row)?), now).await?;
    tx.commit().await?;
    Ok(row)
}

/// What a coupon takes off and for whom it holds, in words for the audit log.
fn words(terms: &Terms) -> String {
    let list = |words: &[String]| if words.is_empty() { "all".to_owned() } else { words.join(", ") };
    let limit = |most: Option<i64>| most.map_or_else(|| "no limit".to_owned(), |most| most.to_string());
    let end = terms.expires_at.map_or_else(|| "withdrawn".to_owned(), domain::time::day);
    let (off, lasts) = (off(terms), lasts(terms));
    format!(
        "{off} {lasts}; plans {}; periods {}; uses {}, of a customer {}; until {end}{}",
        list(&terms.plans),
        list(&terms.periods),
        limit(terms.most_uses),
        limit(terms.most_per_customer),
        if terms.first_only { "; first purchase only" } else { "" }
    )
}

/// What it takes off: `20 %` or `5.00 usd`.
pub fn off(terms: &Terms) -> String {
    match terms.off {
        Off::Percent(percent) => format!("{percent} %"),
        Off::Amount(amount) => format!("{} {}", amount.decimal(), amount.currency),
    }
}

/// For how long: `once`, `forever` or `3 months`.
pub fn lasts(terms: &Terms) -> String {
    terms.lasts.months().map_or_else(|| terms.lasts.as_str().to_owned(), |months| format!("{months} months"))
}

/// All coupons with how often they were used, newest first.
pub async fn list(app: &App) -> Result<Vec<Counted>> {
    let mut uses: HashMap<_, HashMap<String, i64>> = HashMap::new();
    for (coupon, state, count) in coupon_uses::totals(&app.store).await? {
        uses.entry(coupon).or_default().insert(state, count);
    }
    let count = |row: &CouponRow, state| uses.get(&row.id).and_then(|of| of.get(state)).copied().unwrap_or(0);
    let rows = coupons::all(&app.store, MANY).await?.into_iter();
    rows.map(|row| {
        let (used, reserved) = (count(&row, coupon_uses::USED), count(&row, coupon_uses::RESERVED));
        Ok(Counted { terms: coupon::terms(&row)?, used, reserved, row })
    })
    .collect()
}

/// Withdraws a coupon: nobody can begin a purchase with it. What was sold with it keeps its price; a page that is open may
/// still be paid. Done again, it is told to Stripe again.
pub async fn disable(app: &App, actor: &str, code: &str) -> Result<CouponRow> {
    let code = CouponCode::parse(code).map_err(|_| Error::NotFound)?;
    let row = app.retrying(|| withdraw(app, actor, &code)).await?;
    if let Some(promotion) = &row.stripe_promotion {
        app.stripe.end_promotion_code(promotion, &format!("promotion-end-{}", row.id)).await?;
    }
    Ok(row)
}

async fn withdraw(app: &App, actor: &str, code: &CouponCode) -> Result<CouponRow> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut row = coupons::lock_by_code(&tx, code.as_str()).await?.ok_or(Error::NotFound)?;
    if !row.active {
        return Ok(row);
    }
    row.active = false;
    row.updated_at = now;
    coupons::save(&tx, row.clone()).await?;
    audit(app, &tx, actor, "coupon.disable", code.as_str(), "", now).await?;
    tx.commit().await?;
    Ok(row)
}

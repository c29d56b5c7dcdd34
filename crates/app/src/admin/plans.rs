//! The price list, by an operator's hand.

use std::collections::BTreeSet;

use domain::money::Currency;
use domain::names::Region;
use domain::period::Every;
pub use store::plan_prices::Model as PriceRow;
use store::{StoreError, plan_offers, plan_prices, plans};

use super::audit;
use crate::{App, Error, FieldError, Result};

/// A limit to be set.
#[derive(Debug, Clone, Copy, Default)]
pub enum Limit {
    /// Left as it is.
    #[default]
    Keep,
    /// None.
    Unlimited,
    /// This many.
    Of(i64),
}

impl Limit {
    fn apply(self, field: &mut Option<i64>) {
        match self {
            Limit::Keep => {}
            Limit::Unlimited => *field = None,
            Limit::Of(n) => *field = Some(n),
        }
    }
}

/// What to change of a plan; by default nothing. Whoever has bought keeps what was agreed until the plan of the subscription changes.
#[derive(Debug, Default)]
pub struct Change {
    /// Price in minor units.
    pub price_cents: Option<i64>,
    /// `price_…`.
    pub stripe_price: Option<String>,
    /// Devices.
    pub devices: Limit,
    /// Bytes an interval.
    pub quota_bytes: Limit,
    /// Mbit/s of each device.
    pub speed_mbit: Limit,
    /// Mbit/s of each device once the quota is used up; without a limit they are cut off.
    pub slow_mbit: Limit,
    /// Days that a customer's first subscription costs nothing.
    pub trial_days: Option<i64>,
    /// Whether it is on the price list.
    pub is_listed: Option<bool>,
    /// Regions that its devices can be in; an empty list is all.
    pub regions: Option<Vec<Region>>,
}

/// Highest price, in minor units: a typo stays small.
const MOST_PRICE: i64 = 100_000_000;

/// Names every field that is out of its range.
fn check(change: &Change) -> Result<()> {
    let limit = |limit: Limit| match limit {
        Limit::Of(n) => n,
        Limit::Keep | Limit::Unlimited => 1,
    };
    let ranges = [
        ("price", change.price_cents.unwrap_or(0), 0..=MOST_PRICE),
        ("devices", limit(change.devices), 1..=50),
        ("quota_bytes", limit(change.quota_bytes), 1..=1_000_000_000_000_000_000),
        ("speed_mbit", limit(change.speed_mbit), 1..=100_000),
        ("slow_mbit", limit(change.slow_mbit), 1..=100_000),
        // Stripe's longest: https://docs.stripe.com/api/checkout/sessions/create
        ("trial_days", change.trial_days.unwrap_or(0), 0..=730),
    ];
    let refused = ranges.into_iter().filter(|(_, number, range)| !range.contains(number)).map(|(field, _, range)| {
        let detail = format!("a whole number from {} to {}", range.start(), range.end());
        FieldError { field, code: "number_invalid", detail }
    });
    let refused: Vec<FieldError> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(Error::Invalid(refused)) }
}

/// Changes a plan.
pub async fn set(app: &App, actor: &str, code: &str, change: &Change) -> Result<plans::Model> {
    let now = app.clock.now();
    check(change)?;
    let tx = app.store.write_txn().await?;
    let mut row = plans::lock(&tx, code).await?.ok_or(Error::NotFound)?;
    if let Some(price) = change.price_cents.filter(|price| *price != row.price_cents) {
        row.price_cents = price;
        // What Stripe has charges the amount of before.
        row.stripe_price_id = None;
    }
    if let Some(price) = &change.stripe_price {
        row.stripe_price_id = Some(price.clone());
    }
    change.devices.apply(&mut row.devices);
    change.quota_bytes.apply(&mut row.quota_bytes);
    change.speed_mbit.apply(&mut row.speed_mbit);
    change.slow_mbit.apply(&mut row.slow_mbit);
    row.trial_days = change.trial_days.unwrap_or(row.trial_days);
    row.is_listed = change.is_listed.unwrap_or(row.is_listed);
    if let Some(regions) = &change.regions {
        row.regions = joined(regions)?;
    }
    row.updated_at = now;
    plans::save(&tx, row.clone()).await.map_err(price_in_use)?;
    audit(app, &tx, actor, "plan.set", code, &terms(&row), now).await?;
    tx.commit().await?;
    Ok(row)
}

/// Regions as a plan keeps them.
fn joined(regions: &[Region]) -> Result<Option<String>> {
    let words: BTreeSet<&str> = regions.iter().map(Region::as_str).collect();
    let text = words.into_iter().collect::<Vec<_>>().join(",");
    if text.len() > 255 {
        return Err(Error::invalid("regions", "regions_too_many", "at most 255 characters in all"));
    }
    Ok((!text.is_empty()).then_some(text))
}

fn price_in_use(error: StoreError) -> Error {
    if error.is_duplicate_of("stripe_price_id") {
        Error::invalid("stripe_price", "price_in_use", "another plan has, or had, this Stripe price")
    } else {
        error.into()
    }
}

/// Sets what a period of a plan costs in a currency, or takes that price off the list. Another amount can be paid once
/// `mirai admin stripe sync` has made it at Stripe; whoever has bought keeps what was agreed.
pub async fn set_price(
    app: &App,
    actor: &str,
    code: &str,
    every: Every,
    currency: Currency,
    amount: Option<i64>,
) -> Result<()> {
    let now = app.clock.now();
    if amount.is_some_and(|amount| !(1..=MOST_PRICE).contains(&amount)) {
        let detail = format!("a whole number from 1 to {MOST_PRICE}");
        return Err(Error::invalid("amount", "number_invalid", detail));
    }
    let (period, currency) = (every.as_str(), currency.as_str());
    let tx = app.store.write_txn().await?;
    let mut plan = plans::lock(&tx, code).await?.ok_or(Error::NotFound)?;
    let is_own = plan.period == period && plan.currency == currency;
    match amount {
        Some(amount) if is_own => {
            if plan.price_cents != amount {
                plan.stripe_price_id = None;
            }
            plan.price_cents = amount;
            plan.updated_at = now;
            plans::save(&tx, plan).await?;
        }
        Some(amount) => {
            let known = plan_offers::lock(&tx, code, period, currency).await?;
            let stripe_price_id = known.filter(|known| known.amount == amount).and_then(|known| known.stripe_price_id);
            let row = plan_offers::Model {
                plan: code.to_owned(),
                period: period.to_owned(),
                currency: currency.to_owned(),
                amount,
                stripe_price_id,
                updated_at: now,
            };
            plan_offers::save(&tx, row).await.map_err(price_in_use)?;
        }
        None if is_own => {
            let words = "this is the plan's own price; take the plan off the list instead";
            return Err(Error::conflict("price_is_own", words));
        }
        None if plan_offers::delete(&tx, code, period, currency).await? => {}
        None => return Err(Error::NotFound),
    }
    let words = amount.map_or_else(|| "not sold any more".to_owned(), |amount| amount.to_string());
    audit(app, &tx, actor, "plan.price", code, &format!("a {period} in {currency}: {words}"), now).await?;
    Ok(tx.commit().await?)
}

/// Every price at Stripe that a plan is or was sold at, the newest first.
pub async fn price_history(app: &App, code: &str) -> Result<Vec<PriceRow>> {
    Ok(plan_prices::of_plan(&app.store, code).await?)
}

/// What a plan offers now, in words for the audit log.
fn terms(row: &plans::Model) -> String {
    let or_none = |limit: Option<i64>| limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    format!(
        "price {} {} as {}; devices {}; bytes {}; Mbit/s {}, afterwards {}; trial {} days; listed {}; regions {}",
        row.price_cents,
        row.currency,
        row.stripe_price_id.as_deref().unwrap_or("no price at Stripe"),
        or_none(row.devices),
        or_none(row.quota_bytes),
        or_none(row.speed_mbit),
        row.slow_mbit.map_or_else(|| "off".to_owned(), |mbit| mbit.to_string()),
        row.trial_days,
        row.is_listed,
        row.regions.as_deref().unwrap_or("all")
    )
}

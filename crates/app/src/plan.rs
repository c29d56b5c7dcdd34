//! What is sold, and at which prices.

use domain::period::Every;
use store::{plan_offers, plans, subscriptions};

use crate::{App, Error, Result};

/// A plan, as `store` keeps it.
pub use store::plans::Model as PlanRow;

/// A price of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// How often it is paid.
    pub every: Every,
    /// ISO 4217, lower case.
    pub currency: String,
    /// In minor units.
    pub amount: i64,
    /// `price_…`; without one it can't be bought with a card.
    pub at_stripe: Option<String>,
}

/// A plan with all its prices, its own first.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The plan.
    pub row: plans::Model,
    /// What it costs; never empty.
    pub prices: Vec<Price>,
}

/// A plan at one of its prices.
#[derive(Debug, Clone)]
pub(crate) struct Sold {
    pub(crate) plan: plans::Model,
    pub(crate) price: Price,
}

/// Which of a plan's prices is wished. What is left out is as in the plan's own price.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// How often to pay.
    pub every: Option<Every>,
    /// ISO 4217, lower case.
    pub currency: Option<&'a str>,
}

/// All plans, in the order of the price list, also those that are not on it.
pub async fn list(app: &App) -> Result<Vec<plans::Model>> {
    Ok(plans::all(&app.store).await?)
}

/// All plans with their prices, in the order of the price list.
pub async fn all_offered(app: &App) -> Result<Vec<Offered>> {
    let offers = plan_offers::all(&app.store).await?;
    let offered = |row: plans::Model| {
        let mut prices = vec![own_price(&row)?];
        for offer in offers.iter().filter(|offer| offer.plan == row.code) {
            prices.push(Price {
                every: every(&offer.period)?,
                currency: offer.currency.clone(),
                amount: offer.amount,
                at_stripe: offer.stripe_price_id.clone(),
            });
        }
        prices[1..].sort_by(|one, other| (&one.currency, one.every).cmp(&(&other.currency, other.every)));
        Ok(Offered { row, prices })
    };
    list(app).await?.into_iter().map(offered).collect()
}

/// What is on the price list.
pub async fn price_list(app: &App) -> Result<Vec<Offered>> {
    Ok(all_offered(app).await?.into_iter().filter(|plan| plan.row.is_listed).collect())
}

pub(crate) fn own_price(row: &plans::Model) -> Result<Price> {
    Ok(Price {
        every: every(&row.period)?,
        currency: row.currency.clone(),
        amount: row.price_cents,
        at_stripe: row.stripe_price_id.clone(),
    })
}

pub(crate) fn every(word: &str) -> Result<Every> {
    word.parse().map_err(|error| Error::Internal(Box::new(error)))
}

/// A plan on the price list and one of its prices; the refusal names those that there are.
pub(crate) async fn known(app: &App, code: &str, choice: Choice<'_>) -> Result<Sold> {
    let listed = price_list(app).await?;
    let Some(plan) = listed.iter().find(|plan| plan.row.code == code) else {
        let known: Vec<&str> = listed.iter().map(|plan| plan.row.code.as_str()).collect();
        return Err(Error::invalid("plan", "plan_unknown", format!("choose one of: {}", known.join(", "))));
    };
    let own = &plan.prices[0];
    let (every, currency) = (choice.every.unwrap_or(own.every), choice.currency.unwrap_or(&own.currency));
    let mut prices = plan.prices.iter();
    if let Some(price) = prices.find(|price| price.every == every && price.currency == currency) {
        return Ok(Sold { plan: plan.row.clone(), price: price.clone() });
    }
    let there = plan.prices.iter().map(|price| format!("{} in {}", price.every.as_str(), price.currency));
    let there = there.collect::<Vec<_>>().join(", ");
    Err(Error::invalid("interval", "price_unknown", format!("this plan is sold by: {there}")))
}

/// A plan that can be bought at Stripe, with its price there.
pub(crate) async fn for_sale(app: &App, code: &str, choice: Choice<'_>) -> Result<(Sold, String)> {
    let sold = known(app, code, choice).await?;
    match sold.price.at_stripe.clone() {
        Some(id) => Ok((sold, id)),
        None => Err(Error::conflict("plan_not_for_sale", "this plan can't be bought at the moment")),
    }
}

/// What a period of a plan may carry; the plan's own quota is for one of its own periods.
pub fn quota(plan: &plans::Model, paid: Every) -> Result<Option<i64>> {
    let own = every(&plan.period)?;
    Ok(plan.quota_bytes.map(|bytes| bytes.saturating_mul(paid.months()) / own.months()))
}

/// A subscription is to this plan from now on, with all that belongs to it.
pub(crate) fn agree(row: &mut subscriptions::Model, Sold { plan, price }: &Sold) -> Result<()> {
    row.plan.clone_from(&plan.code);
    row.devices = plan.devices;
    row.quota_bytes = quota(plan, price.every)?;
    row.speed_mbit = plan.speed_mbit;
    row.slow_mbit = plan.slow_mbit;
    row.regions.clone_from(&plan.regions);
    agree_price(row, price);
    Ok(())
}

/// A subscription costs this from now on.
pub(crate) fn agree_price(row: &mut subscriptions::Model, price: &Price) {
    row.price_cents = Some(price.amount);
    row.currency = Some(price.currency.clone());
    row.period = Some(price.every.as_str().to_owned());
}

/// What a subscription changes to when its period ends; the same once more is no change.
pub(crate) fn agree_next(row: &mut subscriptions::Model, next: Option<&Sold>) {
    let is_change = |Sold { plan, price }: &&Sold| {
        let is_same = row.price_cents == Some(price.amount) && row.period.as_deref() == Some(price.every.as_str());
        plan.code != row.plan || !is_same
    };
    let next = next.filter(is_change);
    row.next_plan = next.map(|next| next.plan.code.clone());
    row.next_period = next.map(|next| next.price.every.as_str().to_owned());
    row.next_price_cents = next.map(|next| next.price.amount);
}

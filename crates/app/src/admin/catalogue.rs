//! The price list at Stripe: for each plan a product and a price, made where they are missing and checked where they are.

use clients::stripe::{NewPrice, Price, StripeError};
use domain::plan::{FoundPrice, PriceStep, Terms, price_step};
use store::plans;

use super::{COMMAND_LINE, audit};
use crate::{App, Error, Result};

/// What became of a plan, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// Its code.
    pub plan: String,
    /// The price at Stripe that it named before.
    pub was: Option<String>,
    /// What is to be done.
    pub step: PriceStep,
    /// The price that it names now; none where nothing was done yet.
    pub price: Option<String>,
}

/// Whether to do it, or only to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Do it.
    Apply,
    /// Tell.
    DryRun,
}

/// Sees to it that every plan is sold at its price. Whoever has bought keeps the price of then. May be run at will: a
/// second run finds nothing to do, and one that died on the way is finished by the next.
pub async fn sync(app: &App, mode: Mode) -> Result<Vec<Synced>> {
    let mut done = Vec::new();
    for plan in plans::all(&app.store).await? {
        done.push(sync_plan(app, &plan, mode).await?);
    }
    Ok(done)
}

async fn sync_plan(app: &App, plan: &plans::Model, mode: Mode) -> Result<Synced> {
    let wanted = Terms { amount: plan.price_cents, currency: plan.currency.clone(), interval: plan.period.clone() };
    let key = format!("mirai_{}", plan.code);
    let current = match &plan.stripe_price_id {
        Some(id) => absent(app.stripe.retrieve_price(id).await)?.map(found),
        None => None,
    };
    let named = app.stripe.price_by_lookup_key(&key).await?.map(found);
    let step = price_step(&wanted, current.as_ref(), named.as_ref());
    let price = match (&step, mode) {
        (PriceStep::Keep, _) => plan.stripe_price_id.clone(),
        (_, Mode::DryRun) => None,
        (PriceStep::Adopt(id), Mode::Apply) => Some(name_price(app, plan, id).await?),
        (PriceStep::Make, Mode::Apply) => {
            let made = make(app, plan, &wanted, &key, named.map(|price| price.id)).await?;
            Some(name_price(app, plan, &made).await?)
        }
    };
    Ok(Synced { plan: plan.code.clone(), was: plan.stripe_price_id.clone(), step, price })
}

/// Makes the price. Its idempotency key names what it follows: a run that died before the plan was saved gets the same
/// price again, and a price that is needed a second time, after another, is a new one.
async fn make(app: &App, plan: &plans::Model, wanted: &Terms, key: &str, after: Option<String>) -> Result<String> {
    app.stripe.ensure_product(key, &plan.name, &format!("product-{key}")).await?;
    let new = NewPrice {
        product: key,
        amount: wanted.amount,
        currency: &wanted.currency,
        interval: &wanted.interval,
        lookup_key: key,
    };
    let after = after.as_deref().or(plan.stripe_price_id.as_deref()).unwrap_or("none");
    let once = format!("price-{key}-{}-{}-{}-{after}", wanted.amount, wanted.currency, wanted.interval);
    Ok(app.stripe.create_price(&new, &once).await?.id)
}

/// The plan names a price from now on, unless somebody has changed the plan meanwhile.
async fn name_price(app: &App, plan: &plans::Model, price: &str) -> Result<String> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut row = plans::lock(&tx, &plan.code).await?.ok_or(Error::NotFound)?;
    if row != *plan {
        return Err(Error::conflict("plan_changed", "the plan was just changed by somebody else; run it again"));
    }
    row.stripe_price_id = Some(price.to_owned());
    row.updated_at = now;
    plans::save(&tx, row).await?;
    let was = plan.stripe_price_id.as_deref().unwrap_or("no price");
    audit(app, &tx, COMMAND_LINE, "plan.stripe_sync", &plan.code, &format!("{price} instead of {was}"), now).await?;
    tx.commit().await?;
    Ok(price.to_owned())
}

fn found(price: Price) -> FoundPrice {
    let every = price.recurring.filter(|recurring| recurring.interval_count == 1);
    let terms = price.unit_amount.zip(every);
    let currency = price.currency;
    let terms = terms.map(|(amount, every)| Terms { amount, currency, interval: every.interval });
    FoundPrice { id: price.id, is_active: price.active, terms }
}

fn absent(price: std::result::Result<Price, StripeError>) -> Result<Option<Price>> {
    match price {
        Err(error) if error.is_not_found() => Ok(None),
        found => Ok(Some(found?)),
    }
}

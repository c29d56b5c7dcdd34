//! The price list at Stripe: for each plan a product and its prices, made where they are missing and checked where they are.

use clients::stripe::{NewPrice, Price, StripeError};
use domain::period::Every;
use domain::plan::{FoundPrice, PriceStep, TaxPlace, Terms, price_step};
use store::{plan_offers, plans};

use super::audit;
use crate::config::Taxes;
use crate::plan::every;
use crate::{App, Error, Result};

/// What became of a plan's price, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The plan's code.
    pub plan: String,
    /// How often it is paid.
    pub every: Every,
    /// ISO 4217, lower case.
    pub currency: String,
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

/// A price on our list, and what it is called at Stripe.
struct Listed {
    plan: plans::Model,
    offer: Option<plan_offers::Model>,
    wanted: Terms,
    key: String,
}

impl Listed {
    fn of_plan(plan: plans::Model) -> Result<Listed> {
        let every = every(&plan.period)?;
        let wanted = Terms { amount: plan.price_cents, currency: plan.currency.clone(), every };
        Ok(Listed { key: product(&plan.code), wanted, plan, offer: None })
    }

    fn of_offer(plan: &plans::Model, offer: plan_offers::Model) -> Result<Listed> {
        let every = every(&offer.period)?;
        let wanted = Terms { amount: offer.amount, currency: offer.currency.clone(), every };
        let key = format!("{}_{}_{}", product(&plan.code), offer.period, offer.currency);
        Ok(Listed { key, wanted, plan: plan.clone(), offer: Some(offer) })
    }

    fn at_stripe(&self) -> Option<&String> {
        match &self.offer {
            Some(offer) => offer.stripe_price_id.as_ref(),
            None => self.plan.stripe_price_id.as_ref(),
        }
    }
}

fn product(plan: &str) -> String {
    format!("mirai_{plan}")
}

/// Sees to it that every plan is sold at its prices. Whoever has bought keeps the price of then. May be run at will: a
/// second run finds nothing to do, and one that died on the way is finished by the next.
pub async fn sync(app: &App, actor: &str, mode: Mode) -> Result<Vec<Synced>> {
    let offers = plan_offers::all(&app.store).await?;
    let mut done = Vec::new();
    for plan in plans::all(&app.store).await? {
        let further = offers.iter().filter(|offer| offer.plan == plan.code);
        let mut listed = further.map(|offer| Listed::of_offer(&plan, offer.clone())).collect::<Result<Vec<_>>>()?;
        listed.insert(0, Listed::of_plan(plan)?);
        for one in &listed {
            done.push(sync_one(app, actor, one, mode).await?);
        }
    }
    Ok(done)
}

async fn sync_one(app: &App, actor: &str, listed: &Listed, mode: Mode) -> Result<Synced> {
    let current = match listed.at_stripe() {
        Some(id) => absent(app.stripe.retrieve_price(id).await)?.map(|price| found(app, price)),
        None => None,
    };
    let named = app.stripe.price_by_lookup_key(&listed.key).await?.map(|price| found(app, price));
    let step = price_step(&listed.wanted, current.as_ref(), named.as_ref());
    let price = match (&step, mode) {
        (PriceStep::Keep, _) => listed.at_stripe().cloned(),
        (_, Mode::DryRun) => None,
        (PriceStep::Adopt(id), Mode::Apply) => Some(name_price(app, actor, listed, id).await?),
        (PriceStep::Say(id), Mode::Apply) => {
            app.stripe.say_tax_is_inside(id).await?;
            let is_named = listed.at_stripe() == Some(id);
            Some(if is_named { id.clone() } else { name_price(app, actor, listed, id).await? })
        }
        (PriceStep::Make, Mode::Apply) => {
            let made = make(app, listed, named.map(|price| price.id)).await?;
            Some(name_price(app, actor, listed, &made).await?)
        }
    };
    let Terms { currency, every, .. } = listed.wanted.clone();
    Ok(Synced { plan: listed.plan.code.clone(), every, currency, was: listed.at_stripe().cloned(), step, price })
}

/// Makes the price. Its idempotency key names what it follows: a run that died before the price was saved gets the same
/// price again, and a price that is needed a second time, after another, is a new one.
async fn make(app: &App, listed: &Listed, after: Option<String>) -> Result<String> {
    let (product, key, wanted) = (product(&listed.plan.code), &listed.key, &listed.wanted);
    app.stripe.ensure_product(&product, &listed.plan.name, &format!("product-{product}")).await?;
    let (interval, interval_count) = wanted.every.at_stripe();
    let new = NewPrice {
        product: &product,
        amount: wanted.amount,
        currency: &wanted.currency,
        interval,
        interval_count,
        lookup_key: key,
    };
    let after = after.as_ref().or(listed.at_stripe()).map_or("none", String::as_str);
    let once = format!("price-{key}-{}-{}-{}-inclusive-{after}", wanted.amount, wanted.currency, wanted.every.as_str());
    Ok(app.stripe.create_price(&new, &once).await?.id)
}

/// The list names a price from now on, unless somebody has changed it meanwhile.
async fn name_price(app: &App, actor: &str, listed: &Listed, price: &str) -> Result<String> {
    let now = app.clock.now();
    let changed = || Error::conflict("plan_changed", "the plan was just changed by somebody else; run it again");
    let tx = app.store.write_txn().await?;
    match &listed.offer {
        Some(known) => {
            let row = plan_offers::lock(&tx, &known.plan, &known.period, &known.currency).await?;
            let row = row.filter(|row| row == known).ok_or_else(changed)?;
            let row = plan_offers::Model { stripe_price_id: Some(price.to_owned()), updated_at: now, ..row };
            plan_offers::save(&tx, row).await?;
        }
        None => {
            let row = plans::lock(&tx, &listed.plan.code).await?;
            let row = row.filter(|row| *row == listed.plan).ok_or_else(changed)?;
            let row = plans::Model { stripe_price_id: Some(price.to_owned()), updated_at: now, ..row };
            plans::save(&tx, row).await?;
        }
    }
    let was = listed.at_stripe().map_or("no price", String::as_str);
    let detail = format!("{}: {price} instead of {was}", listed.key);
    audit(app, &tx, actor, "plan.stripe_sync", &listed.plan.code, &detail, now).await?;
    tx.commit().await?;
    Ok(price.to_owned())
}

fn found(app: &App, price: Price) -> FoundPrice {
    let tax = match (app.config.taxes, price.tax_behavior.as_str()) {
        (Taxes::Unknown, _) | (Taxes::Stripe, "inclusive") => TaxPlace::Inside,
        (Taxes::Stripe, "exclusive") => TaxPlace::OnTop,
        (Taxes::Stripe, _) => TaxPlace::Unsaid,
    };
    let every = price.recurring.and_then(|every| Every::of_stripe(&every.interval, every.interval_count));
    let currency = price.currency;
    let terms = price.unit_amount.zip(every).map(|(amount, every)| Terms { amount, currency, every });
    FoundPrice { id: price.id, is_active: price.active, terms, tax }
}

fn absent(price: std::result::Result<Price, StripeError>) -> Result<Option<Price>> {
    match price {
        Err(error) if error.is_not_found() => Ok(None),
        found => Ok(Some(found?)),
    }
}

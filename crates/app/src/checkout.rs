//! Pay: from the price list to Stripe's page, and back.

use clients::stripe::{CheckoutSession, NewCheckout, StripeError};
use domain::names::Region;
use domain::time::UnixMs;
use store::{checkouts, plans, users};

use crate::session::Who;
use crate::subscription_sync::{self, Outcome};
use crate::{App, Error, Result, failpoint, plan};

/// A second click within this time leads to the page of the first.
const REUSE_MS: i64 = 30 * 60_000;

/// Where the customer pays.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Stripe's hosted page.
    pub url: String,
    /// `cs_…`.
    pub session_id: String,
}

/// Opens Stripe's page for a plan. The intent is saved first, then Stripe is asked with the intent's id as
/// idempotency key, then its answer is saved: an answer that got lost is got again by asking again.
pub async fn start(
    app: &App,
    who: &Who,
    plan_code: &str,
    region: Option<&Region>,
    coupon: Option<&str>,
) -> Result<Opened> {
    let now = app.clock.now();
    let (plan, price) = plan::for_sale(app, plan_code).await?;
    let region = region.map(Region::as_str);
    let known = match coupon {
        None => checkouts::reusable(&app.store, who.user.id, &plan.code, region, now - REUSE_MS).await?,
        Some(_) => None,
    };
    if let Some(checkouts::Model { url: Some(url), stripe_session_id: Some(session_id), .. }) = known {
        return Ok(Opened { url, session_id });
    }
    let intent = match known {
        Some(intent) => intent,
        None => save_intent(app, who, &plan, region, coupon, now).await?,
    };
    match ask(app, &who.user, &intent, &price).await {
        // The parameters changed since the intent was saved (a new price, a new address): this is a new purchase.
        Err(StripeError::Refused { kind, .. }) if kind == "idempotency_error" => {
            let intent = save_intent(app, who, &plan, region, coupon, now).await?;
            let answer = ask(app, &who.user, &intent, &price).await;
            finish(app, &intent, answer).await
        }
        answer => finish(app, &intent, answer).await,
    }
}

async fn save_intent(
    app: &App,
    who: &Who,
    plan: &plans::Model,
    region: Option<&str>,
    coupon: Option<&str>,
    now: UnixMs,
) -> Result<checkouts::Model> {
    let intent = checkouts::Model {
        id: app.dice.id(now),
        user_id: who.user.id,
        plan: plan.code.clone(),
        region: region.map(str::to_owned),
        coupon: coupon.map(str::to_owned),
        stripe_session_id: None,
        url: None,
        status: "intent".to_owned(),
        created_at: now,
        updated_at: now,
    };
    checkouts::insert(&app.store, &intent).await?;
    failpoint::pass("checkout.intended");
    Ok(intent)
}

async fn ask(
    app: &App,
    user: &users::Model,
    intent: &checkouts::Model,
    price: &str,
) -> std::result::Result<CheckoutSession, StripeError> {
    let mut metadata = vec![("user_id".to_owned(), user.id.to_string()), ("plan".to_owned(), intent.plan.clone())];
    metadata.extend(intent.region.iter().map(|region| ("region".to_owned(), region.clone())));
    let new = NewCheckout {
        customer_email: user.stripe_customer_id.is_none().then(|| user.email.clone()),
        customer: user.stripe_customer_id.clone(),
        price: price.to_owned(),
        client_reference_id: user.id.to_string(),
        success_url: app.config.link("/thanks?session_id={CHECKOUT_SESSION_ID}"),
        cancel_url: app.config.link("/pricing"),
        metadata,
        coupon: intent.coupon.clone(),
        locale: None,
    };
    app.stripe.create_checkout_session(&new, &format!("checkout-{}", intent.id)).await
}

async fn finish(
    app: &App,
    intent: &checkouts::Model,
    answer: std::result::Result<CheckoutSession, StripeError>,
) -> Result<Opened> {
    let session = match answer {
        Ok(session) => session,
        Err(StripeError::Refused { param, .. }) if intent.coupon.is_some() && is_coupon(param.as_deref()) => {
            return Err(Error::invalid("coupon", "coupon_unknown", "this coupon is unknown or has expired"));
        }
        Err(error) => return Err(error.into()),
    };
    let Some(url) = session.url else { return Err(Error::internal("Stripe gave a checkout session without a page")) };
    failpoint::pass("checkout.asked");
    checkouts::opened(&app.store, intent.id, &session.id, &url, app.clock.now()).await?;
    failpoint::pass("checkout.opened");
    Ok(Opened { url, session_id: session.id })
}

fn is_coupon(param: Option<&str>) -> bool {
    param.is_some_and(|param| param.contains("coupon") || param.contains("discounts"))
}

/// How a purchase stands when its buyer comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Paid, and the service is on.
    Active,
    /// Paid or being paid, not confirmed yet.
    Processing,
    /// Not paid.
    NotPaid,
}

/// The buyer is back from Stripe: asks how the purchase stands and ends in the same function as the webhook. Another's
/// purchase is not found.
pub async fn standing(app: &App, who: &Who, session_id: &str) -> Result<Standing> {
    let checkout = checkouts::by_session(&app.store, session_id).await?.ok_or(Error::NotFound)?;
    if checkout.user_id != who.user.id {
        return Err(Error::NotFound);
    }
    let session = app.stripe.retrieve_checkout_session(session_id).await?;
    if session.client_reference_id.as_deref() != Some(who.user.id.to_string().as_str()) {
        return Err(Error::NotFound);
    }
    let Some(subscription) = &session.subscription else {
        return Ok(if session.status.as_deref() == Some("complete") {
            Standing::Processing
        } else {
            Standing::NotPaid
        });
    };
    match subscription_sync::sync(app, subscription, subscription_sync::Cause::checkout(&session)).await {
        Ok(Outcome { entitled: true, .. }) => Ok(Standing::Active),
        Ok(_) => Ok(Standing::Processing),
        // The page must not depend on this: the webhook's job will get it done.
        Err(error) => {
            tracing::warn!(error = error.chain(), "the thanks page could not settle a purchase; the webhook will");
            Ok(Standing::Processing)
        }
    }
}

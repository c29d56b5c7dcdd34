//! Pay: from the price list to Stripe's page, and back.

use clients::stripe::{CheckoutSession, NewCheckout, StripeError};
use domain::coupon::{CouponCode, CouponError};
use domain::names::Region;
use domain::time::UnixMs;
use store::{checkouts, plans, subscriptions, users};

use crate::config::Taxes;
use crate::plan::{self, Choice, Sold};
use crate::session::Who;
use crate::subscription_sync::{self, Outcome};
use crate::{App, Error, Result, coupon, failpoint};

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

/// What is bought.
struct Order<'a> {
    sold: Sold,
    /// `price_…`.
    at_stripe: String,
    region: Option<&'a str>,
    coupon: Option<&'a CouponCode>,
    /// Days that are free.
    trial_days: Option<i64>,
}

/// Opens Stripe's page for a plan. The intent is saved first, then Stripe is asked with the intent's id as
/// idempotency key, then its answer is saved: an answer that got lost is got again by asking again.
pub async fn start(
    app: &App,
    who: &Who,
    plan_code: &str,
    choice: Choice<'_>,
    region: Option<&Region>,
    coupon: Option<&CouponCode>,
) -> Result<Opened> {
    let now = app.clock.now();
    let (sold, at_stripe) = plan::for_sale(app, plan_code, choice).await?;
    let trial_days = trial_days(app, who, &sold.plan).await?;
    let order = Order { sold, at_stripe, region: region.map(Region::as_str), coupon, trial_days };
    let intent = save_intent(app, who, &order, now, now - REUSE_MS).await?;
    if let checkouts::Model { url: Some(url), stripe_session_id: Some(session_id), .. } = intent {
        return Ok(Opened { url, session_id });
    }
    let promotion = coupon::promotion(app, &intent).await?;
    match ask(app, &who.user, &intent, &order, promotion.clone()).await {
        // The parameters changed since the intent was saved (a new price, a new address): this is a new purchase.
        Err(StripeError::Refused { kind, .. }) if kind == "idempotency_error" => {
            let intent = save_intent(app, who, &order, now, now).await?;
            let answer = ask(app, &who.user, &intent, &order, promotion).await;
            finish(app, &intent, answer).await
        }
        answer => finish(app, &intent, answer).await,
    }
}

/// Days that are free, for one who has had no subscription yet.
async fn trial_days(app: &App, who: &Who, plan: &plans::Model) -> Result<Option<i64>> {
    let is_first = plan.trial_days > 0 && subscriptions::all_of_user(&app.store, who.user.id).await?.is_empty();
    Ok(is_first.then_some(plan.trial_days))
}

/// The intent of this very purchase that was begun after `since`, or a new one.
async fn save_intent(app: &App, who: &Who, order: &Order<'_>, now: UnixMs, since: UnixMs) -> Result<checkouts::Model> {
    let intent = checkouts::Model {
        id: app.dice.id(now),
        user_id: who.user.id,
        plan: order.sold.plan.code.clone(),
        region: order.region.map(str::to_owned),
        coupon: order.coupon.map(|coupon| coupon.as_str().to_owned()),
        stripe_session_id: None,
        url: None,
        status: "intent".to_owned(),
        created_at: now,
        updated_at: now,
        price: Some(order.at_stripe.clone()),
        trial_days: order.trial_days,
    };
    let intent = match order.coupon {
        Some(_) => app.retrying(|| coupon::intend(app, &order.sold.price, &intent, since)).await?,
        None => match checkouts::reusable(&app.store, &intent, since).await? {
            Some(known) => known,
            None => {
                checkouts::insert(&app.store, &intent).await?;
                intent
            }
        },
    };
    failpoint::pass("checkout.intended");
    Ok(intent)
}

async fn ask(
    app: &App,
    user: &users::Account,
    intent: &checkouts::Model,
    order: &Order<'_>,
    promotion_code: Option<String>,
) -> std::result::Result<CheckoutSession, StripeError> {
    let mut metadata = vec![("user_id".to_owned(), user.id.to_string()), ("plan".to_owned(), intent.plan.clone())];
    metadata.extend(intent.region.iter().map(|region| ("region".to_owned(), region.clone())));
    metadata.extend(intent.coupon.iter().map(|_| (coupon::INTENT.to_owned(), intent.id.to_string())));
    let new = NewCheckout {
        customer_email: user.stripe_customer_id.is_none().then(|| user.email.clone()),
        customer: user.stripe_customer_id.clone(),
        price: order.at_stripe.clone(),
        client_reference_id: user.id.to_string(),
        success_url: app.config.link("/thanks?session_id={CHECKOUT_SESSION_ID}"),
        cancel_url: app.config.link("/pricing"),
        metadata,
        promotion_code,
        trial_days: intent.trial_days,
        locale: None,
        automatic_tax: app.config.taxes == Taxes::Stripe,
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
        Err(error @ StripeError::Refused { .. }) if intent.coupon.is_some() => {
            coupon::release(app, intent.id).await?;
            // Withdrawn at Stripe, or used up there.
            return Err(if is_coupon(&error) { coupon::refused(CouponError::Expired) } else { error.into() });
        }
        Err(error) => return Err(error.into()),
    };
    let Some(url) = session.url else { return Err(Error::internal("Stripe gave a checkout session without a page")) };
    failpoint::pass("checkout.asked");
    if !checkouts::opened(&app.store, intent.id, &session.id, &url, app.clock.now()).await? {
        coupon::close_late(app, &session.id).await?;
        let words =
            "you have begun another purchase meanwhile, which takes the place of this one: go on there, or begin anew";
        return Err(Error::conflict("checkout_replaced", words));
    }
    failpoint::pass("checkout.opened");
    Ok(Opened { url, session_id: session.id })
}

fn is_coupon(error: &StripeError) -> bool {
    matches!(error, StripeError::Refused { param: Some(param), .. } if param.starts_with("discounts"))
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
        // It was refused, and is being closed before it costs anything.
        Ok(Outcome { word: subscription_sync::SECOND_TRIAL, .. }) => Ok(Standing::NotPaid),
        Ok(_) => Ok(Standing::Processing),
        // The page must not depend on this: the webhook's job will get it done.
        Err(error) => {
            tracing::warn!(error = error.chain(), "the thanks page could not settle a purchase; the webhook will");
            Ok(Standing::Processing)
        }
    }
}

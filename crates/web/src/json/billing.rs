//! Plans, purchases, subscriptions, invoices.

use app::plan::{Choice, Offered, Price};
use app::subscription::View;
use app::{
    App, Error, checkout, coupon, credit, credit_apply, credit_period, gift, invoice, plan, plan_change, referral,
    refund, subscription,
};
use axum::Json as Reply;
use axum::extract::State;
use domain::names::Region;
use domain::page::{Order, Place};
use domain::period::Every;
use domain::subscription::Wish;

use crate::error::ApiError;
use crate::extract::{Id, Json, OptionalJson, Pages, Session};
use crate::idempotency::Request;

/// Parses a region from a request.
pub(crate) fn region(text: Option<&str>) -> Result<Option<Region>, Error> {
    let parse = |text| Region::parse(text).map_err(|e| Error::invalid("region", e.code(), e.to_string()));
    text.map(parse).transpose()
}

/// Parses which of a plan's prices a request is about.
fn choice<'a>(interval: Option<&str>, currency: Option<&'a str>) -> Result<Choice<'a>, Error> {
    let parse = |word: &str| {
        word.parse::<Every>().map_err(|error| Error::invalid("interval", "interval_unknown", error.to_string()))
    };
    Ok(Choice { every: interval.map(parse).transpose()?, currency })
}

/// Plans with price, limits and features.
#[utoipa::path(get, path = "/plans", tag = "payments", security(("key" = [])),
    responses((status = 200, body = api::PlanList)))]
pub(crate) async fn plans(State(app): State<App>) -> Result<Reply<api::PlanList>, ApiError> {
    let plans = plan::price_list(&app).await?.into_iter().map(plan_json);
    Ok(Reply(api::PlanList { plans: plans.collect::<Result<_, Error>>()? }))
}

fn plan_json(plan: Offered) -> Result<api::Plan, Error> {
    let price = |price: &Price| {
        Ok(api::PlanPrice {
            interval: price.every.as_str().to_owned(),
            currency: price.currency.clone(),
            amount: price.amount,
            quota_bytes: plan::quota(&plan.row, price.every)?,
            available: price.at_stripe.is_some(),
        })
    };
    let prices = plan.prices.iter().map(price).collect::<Result<_, Error>>()?;
    let row = plan.row;
    let mut features = vec!["ipv6".to_owned(), "preshared_keys".to_owned()];
    if row.regions.is_none() {
        features.insert(0, "all_regions".to_owned());
    }
    if row.quota_bytes.is_none() {
        features.push("unlimited_traffic".to_owned());
    }
    Ok(api::Plan {
        available: row.stripe_price_id.is_some(),
        code: row.code,
        name: row.name,
        price_cents: row.price_cents,
        currency: row.currency,
        interval: row.period,
        devices: row.devices,
        quota_bytes: row.quota_bytes,
        speed_mbit: row.speed_mbit,
        slow_mbit: row.slow_mbit,
        features,
        prices,
        trial_days: row.trial_days,
        regions: row.regions.map(|all| all.split(',').map(str::to_owned).collect()),
    })
}

/// Open Stripe's page for a plan.
#[utoipa::path(post, path = "/stripe/checkout", tag = "payments", request_body = api::Checkout,
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::CheckoutReply), (status = 401, body = api::Problem),
        (status = 409, description = "plan_not_for_sale, checkout_replaced", body = api::Problem),
        (status = 422, description = "plan_unknown; coupon_unknown, _expired, _plan, _period, _used_up, _used, _first_only",
            body = api::Problem),
        (status = 503, body = api::Problem)))]
pub(crate) async fn checkout(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::Checkout>,
) -> Result<Reply<api::CheckoutReply>, ApiError> {
    let region = region(body.region.as_deref())?;
    let coupon = body.coupon.as_deref().map(coupon::parse).transpose()?;
    let choice = choice(body.interval.as_deref(), body.currency.as_deref())?;
    let opened = checkout::start(&app, &who, &body.plan, choice, region.as_ref(), coupon.as_ref()).await?;
    Ok(Reply(api::CheckoutReply { url: opened.url, session_id: opened.session_id }))
}

/// Open Stripe's billing portal.
#[utoipa::path(post, path = "/stripe/portal", tag = "payments", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::PortalReply), (status = 401, body = api::Problem),
        (status = 409, description = "no_customer", body = api::Problem), (status = 503, body = api::Problem)))]
pub(crate) async fn portal(State(app): State<App>, Session(who): Session) -> Result<Reply<api::PortalReply>, ApiError> {
    Ok(Reply(api::PortalReply { url: subscription::portal(&app, &who).await? }))
}

/// Own subscriptions, newest first.
#[utoipa::path(get, path = "/subscriptions", tag = "payments", security(("key" = [], "session" = [])),
    params(api::PageQuery),
    responses((status = 200, body = api::SubscriptionList), (status = 401, body = api::Problem),
        (status = 422, body = api::Problem)))]
pub(crate) async fn subscriptions(
    State(app): State<App>,
    Session(who): Session,
    Pages(ask): Pages,
) -> Result<Reply<api::SubscriptionList>, ApiError> {
    let all = subscription::list(&app, &who).await?;
    let page = ask.cut(all, Order::NewestFirst, |view| Place::of_id(view.row.id));
    let subscriptions = page.rows.into_iter().map(subscription_json).collect();
    Ok(Reply(api::SubscriptionList { subscriptions, next_cursor: page.next }))
}

/// A subscription as JSON.
pub(crate) fn subscription_json(view: View) -> api::Subscription {
    let row = view.row;
    api::Subscription {
        paid_with: if row.is_paid_with_credit() { "credit" } else { "card" }.to_owned(),
        id: row.id,
        plan: row.plan,
        status: row.status,
        entitled: view.entitled,
        period_start: api::time(row.period_start),
        period_end: api::time(row.period_end),
        paid_until: api::time(row.paid_until),
        cancel_at_period_end: row.cancel_at_period_end,
        ended_at: row.ended_at.map(api::time),
        devices: row.devices,
        quota_bytes: row.quota_bytes,
        used_bytes: row.used_bytes,
        held: row.held,
        next_plan: row.next_plan,
        price_change: view
            .price_move
            .map(|planned| api::PriceChange { amount: planned.amount, from: api::time(planned.due_at) }),
        next_price: row.next_price_cents.zip(row.currency.clone()).zip(row.next_period).map(agreed),
        price: row.price_cents.zip(row.currency).zip(row.period).map(agreed),
    }
}

fn agreed(((amount, currency), interval): ((i64, String), String)) -> api::AgreedPrice {
    api::AgreedPrice { interval, currency, amount }
}

/// End a subscription, with its paid period or now.
#[utoipa::path(post, path = "/subscriptions/{id}/cancel", tag = "payments", request_body = Option<api::Cancel>,
    security(("key" = [], "session" = [])), params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = api::Subscription), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem), (status = 409, body = api::Problem), (status = 503, body = api::Problem)))]
pub(crate) async fn cancel(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
    OptionalJson(body): OptionalJson<api::Cancel>,
) -> Result<Reply<api::Subscription>, ApiError> {
    let wish = match body.when {
        api::CancelWhen::PeriodEnd => Wish::CancelAtPeriodEnd,
        api::CancelWhen::Now => Wish::CancelNow,
    };
    Ok(Reply(subscription_json(subscription::change(&app, &who, id, wish).await?)))
}

/// Let a subscription go on that was set to end.
#[utoipa::path(post, path = "/subscriptions/{id}/resume", tag = "payments", security(("key" = [], "session" = [])),
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = api::Subscription), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem), (status = 409, body = api::Problem), (status = 503, body = api::Problem)))]
pub(crate) async fn resume(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
) -> Result<Reply<api::Subscription>, ApiError> {
    Ok(Reply(subscription_json(subscription::change(&app, &who, id, Wish::Resume).await?)))
}

/// Put a subscription on another plan or period: a larger plan at once, with the difference paid at once; a smaller one
/// from the next period on. A longer period begins at once, a shorter one when the present period ends. What waits is taken
/// back by asking for the present plan and period.
#[utoipa::path(post, path = "/subscriptions/{id}/change", tag = "payments", request_body = api::ChangePlan,
    security(("key" = [], "session" = [])), params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = api::Subscription), (status = 401, body = api::Problem),
        (status = 402, description = "card_declined", body = api::Problem), (status = 404, body = api::Problem),
        (status = 409, description = "plan_same, subscription_not_active, subscription_renewing, subscription_ending, plan_not_for_sale", body = api::Problem),
        (status = 422, body = api::Problem), (status = 503, body = api::Problem)))]
pub(crate) async fn change_plan(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
    Json(body): Json<api::ChangePlan>,
) -> Result<Reply<api::Subscription>, ApiError> {
    let every = choice(body.interval.as_deref(), None)?.every;
    Ok(Reply(subscription_json(plan_change::plan_change(&app, &who, id, &body.plan, every).await?)))
}

/// Own invoices, newest first.
#[utoipa::path(get, path = "/invoices", tag = "payments", security(("key" = [], "session" = [])),
    params(api::PageQuery),
    responses((status = 200, body = api::InvoiceList), (status = 401, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn invoices(
    State(app): State<App>,
    Session(who): Session,
    Pages(ask): Pages,
) -> Result<Reply<api::InvoiceList>, ApiError> {
    let page = invoice::list(&app, &who, &ask).await?;
    Ok(Reply(api::InvoiceList { invoices: page.rows.into_iter().map(invoice_json).collect(), next_cursor: page.next }))
}

/// Own credit, and its movements, newest first.
#[utoipa::path(get, path = "/credits", tag = "payments", security(("key" = [], "session" = [])),
    params(api::PageQuery),
    responses((status = 200, body = api::CreditList), (status = 401, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn credits(
    State(app): State<App>,
    Session(who): Session,
    Pages(ask): Pages,
) -> Result<Reply<api::CreditList>, ApiError> {
    let balances = credit::balances(&app, who.user.id).await?;
    let page = credit::list(&app, &who, &ask).await?;
    Ok(Reply(api::CreditList {
        balances: balances_json(balances),
        next_invoice: balances_json(credit_apply::waiting(&app, &who).await?),
        credits: page.rows.into_iter().map(credit_json).collect(),
        next_cursor: page.next,
    }))
}

fn balances_json(balances: Vec<(String, i64)>) -> Vec<api::Balance> {
    balances.into_iter().map(|(currency, amount)| api::Balance { amount, currency }).collect()
}

/// A movement of credit as JSON.
fn credit_json(row: credit::LedgerRow) -> api::Credit {
    api::Credit {
        id: row.id,
        amount: row.amount,
        currency: row.currency,
        kind: row.kind,
        created_at: api::time(row.created_at),
    }
}

/// Have the first purchase back, within its time. The subscription ends.
#[utoipa::path(post, path = "/subscriptions/{id}/refund", tag = "payments", security(("key" = [], "session" = [])),
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = api::Subscription), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem), (status = 409, description = "no_money_back", body = api::Problem),
        (status = 503, body = api::Problem)))]
pub(crate) async fn money_back(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
) -> Result<Reply<api::Subscription>, ApiError> {
    Ok(Reply(subscription_json(refund::by_owner(&app, &who, id).await?)))
}

/// Pay one period of a plan with credit, without a card. If one runs on this plan already, it gets longer.
#[utoipa::path(post, path = "/credits/pay", tag = "payments", request_body = api::PayWithCredit,
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::Subscription), (status = 401, body = api::Problem),
        (status = 409, description = "credit_too_small", body = api::Problem), (status = 422, body = api::Problem),
        (status = 503, body = api::Problem)))]
pub(crate) async fn pay_with_credit(
    State(app): State<App>,
    Session(who): Session,
    request: Request,
    Json(body): Json<api::PayWithCredit>,
) -> Result<Reply<api::Subscription>, ApiError> {
    let region = region(body.region.as_deref())?;
    let once = once(&app, request);
    let choice = choice(body.interval.as_deref(), body.currency.as_deref())?;
    let region = region.as_ref().map(Region::as_str);
    let view = credit_period::buy(&app, &who, &body.plan, choice, region, &once).await?;
    Ok(Reply(subscription_json(view)))
}

/// Put all credit in the currency of the subscription towards its next invoice.
#[utoipa::path(post, path = "/credits/apply", tag = "payments", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::CreditApplied), (status = 401, body = api::Problem),
        (status = 409, description = "nothing_renews, credit_too_small", body = api::Problem),
        (status = 503, body = api::Problem)))]
pub(crate) async fn apply_credit(
    State(app): State<App>,
    Session(who): Session,
    request: Request,
) -> Result<Reply<api::CreditApplied>, ApiError> {
    credit_apply::apply(&app, &who, &once(&app, request)).await?;
    Ok(Reply(api::CreditApplied { next_invoice: balances_json(credit_apply::waiting(&app, &who).await?) }))
}

/// The name under which a request is done once. One without a key of its own is one of a kind.
fn once(app: &App, request: Request) -> String {
    request.0.map_or_else(|| app.dice.id(app.clock.now()).simple().to_string(), hex::encode)
}

/// Redeem a gift code: its worth is credit from now on.
#[utoipa::path(post, path = "/credits/redeem", tag = "payments", request_body = api::Redeem,
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::Redeemed), (status = 401, body = api::Problem),
        (status = 409, description = "gift_redeemed, gift_over", body = api::Problem),
        (status = 422, description = "gift_unknown", body = api::Problem), (status = 429, body = api::Problem)))]
pub(crate) async fn redeem(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::Redeem>,
) -> Result<Reply<api::Redeemed>, ApiError> {
    let worth = gift::redeem(&app, &who, &body.code).await?;
    Ok(Reply(api::Redeemed { amount: worth.minor, currency: worth.currency.to_string() }))
}

/// Own code for friends, and those who have used it, newest first.
#[utoipa::path(get, path = "/referrals", tag = "payments", security(("key" = [], "session" = [])),
    params(api::PageQuery),
    responses((status = 200, body = api::ReferralList), (status = 401, body = api::Problem),
        (status = 422, body = api::Problem)))]
pub(crate) async fn referrals(
    State(app): State<App>,
    Session(who): Session,
    Pages(ask): Pages,
) -> Result<Reply<api::ReferralList>, ApiError> {
    let page = referral::list(&app, &who, &ask).await?;
    let json = |friend: referral::Referral| api::Referral {
        joined_at: api::time(friend.joined_at),
        confirmed: friend.is_confirmed,
        reward: friend.reward.map(|reward| api::Reward {
            due_at: reward.due_at.filter(|_| reward.state == "pending").map(api::time),
            state: reward.state,
            amount: reward.amount,
            currency: reward.currency,
        }),
    };
    Ok(Reply(api::ReferralList {
        code: who.user.referral_code.clone(),
        link: referral::link(&app, &who),
        referrals: page.rows.into_iter().map(json).collect(),
        next_cursor: page.next,
    }))
}

/// An invoice as JSON.
pub(crate) fn invoice_json(row: invoice::InvoiceRow) -> api::Invoice {
    api::Invoice {
        id: row.id,
        number: row.number,
        status: row.status,
        amount_due: row.amount_due,
        amount_paid: row.amount_paid,
        amount_tax: row.amount_tax,
        amount_refunded: row.amount_refunded,
        currency: row.currency,
        url: row.hosted_url,
        pdf_url: row.pdf_url,
        issued_at: api::time(row.issued_at),
    }
}

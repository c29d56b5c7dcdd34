//! The price list, by the month or longer, in each currency.

use app::plan::{self, Choice, Offered, Price};
use app::{Taxes, subscription};
use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use domain::period::Every;
use serde::Deserialize;
use url::form_urlencoded;

use super::coupon::Coupon;
use super::form::Asked;
use super::visit::{Fault, Visit};
use crate::cookies::{self, Name};

/// How long a coupon is remembered, in seconds: long enough to sign up and confirm the address.
const COUPON_SECONDS: i64 = 86_400;

/// Which prices are looked at.
#[derive(Default, Deserialize)]
pub(crate) struct Look {
    #[serde(default)]
    period: String,
    #[serde(default)]
    currency: String,
    /// Empty for none, left out for the one that was looked at before.
    coupon: Option<String>,
}

impl Look {
    /// At the price that was chosen.
    pub(super) fn at(choice: Choice<'_>) -> Look {
        let period = choice.every.map_or("", Every::as_str).to_owned();
        Look { period, currency: choice.currency.unwrap_or_default().to_owned(), coupon: None }
    }
}

/// A way to look at the list.
struct Tab {
    words: String,
    href: String,
    is_chosen: bool,
}

struct PlanCard {
    code: String,
    name: String,
    price: String,
    /// How often it is paid, in words.
    every: String,
    period: &'static str,
    currency: String,
    /// What that is a month, if it is paid less often.
    a_month: Option<String>,
    devices: Option<i64>,
    quota: Option<String>,
    /// How fast each device may be, and once the quota is used up.
    speed_mbit: Option<i64>,
    slow_mbit: Option<i64>,
    regions: Option<String>,
    trial_days: i64,
    is_for_sale: bool,
}

#[derive(Template)]
#[template(path = "pricing.html")]
struct PricingPage<'a> {
    v: &'a Visit,
    periods: Vec<Tab>,
    currencies: Vec<Tab>,
    plans: Vec<PlanCard>,
    /// The plan that the visitor has.
    owned: Option<String>,
    coupon: Coupon,
    period: &'static str,
    currency: String,
    /// Whether taxes are reckoned, which are inside the prices.
    has_taxes: bool,
}

/// How often a price is paid, in words that follow it.
pub(super) fn how_often(visit: &Visit, every: Every) -> String {
    visit.t.say(match every {
        Every::Month => "pricing-a-month",
        Every::Quarter => "pricing-a-quarter",
        Every::Year => "pricing-a-year",
    })
}

/// A price with how often it is paid.
pub(super) fn in_words(visit: &Visit, price: &Price) -> String {
    format!("{} {}", visit.t.money(price.amount, &price.currency), how_often(visit, price.every))
}

pub(crate) async fn pricing(visit: Visit, headers: HeaderMap, Asked(mut look): Asked<Look>) -> Result<Response, Fault> {
    let style = visit.ctx.settings.cookies;
    let Some(typed) = look.coupon.take() else {
        let before = cookies::read(&headers, Name::Coupon, style).unwrap_or_default();
        let coupon = Coupon::find(&visit, before).await.map_err(|error| visit.fault(error))?;
        // One that holds no more is not asked for: nothing is said of it.
        let coupon = if coupon.problem.is_empty() { coupon } else { Coupon::default() };
        return page(&visit, StatusCode::OK, look, coupon).await;
    };
    let coupon = Coupon::find(&visit, typed).await.map_err(|error| visit.fault(error))?;
    let cookie = if coupon.offer.is_empty() {
        cookies::clear(Name::Coupon, style)
    } else {
        cookies::set(Name::Coupon, coupon.sent.clone(), COUPON_SECONDS, style)
    };
    let page = page(&visit, StatusCode::OK, look, coupon).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), page).into_response())
}

/// The price list with the coupon that a purchase would be made with.
pub(super) async fn page(visit: &Visit, status: StatusCode, look: Look, coupon: Coupon) -> Result<Response, Fault> {
    let app = &visit.ctx.app;
    let plans = plan::price_list(app).await.map_err(|error| visit.fault(error))?;
    let rows = match &visit.who {
        Some(who) => subscription::list(app, who).await.map_err(|error| visit.fault(error))?,
        None => Vec::new(),
    };
    // Stripe bills a customer in one currency.
    let billed = rows.iter().find(|one| !one.row.has_ended()).and_then(|one| one.row.currency.clone());
    let prices = || plans.iter().flat_map(|plan| &plan.prices);
    let mut periods: Vec<Every> = prices().map(|price| price.every).collect();
    periods.sort_unstable();
    periods.dedup();
    let mut currencies: Vec<&str> = prices().map(|price| price.currency.as_str()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    if currencies.iter().any(|one| billed.as_deref() == Some(*one)) {
        currencies.retain(|one| billed.as_deref() == Some(*one));
    }
    let first = prices().next();
    let wished = look.period.parse().ok().filter(|period| periods.contains(period));
    let period = wished.or(first.map(|price| price.every)).unwrap_or(Every::Month);
    let known = currencies.iter().find(|one| **one == look.currency).copied();
    let own = first.map(|price| price.currency.as_str()).filter(|own| currencies.contains(own));
    let currency = known.or(own).or(currencies.first().copied()).unwrap_or_default();
    let tab = |words: String, period: Every, one: &str, is_chosen| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("period", period.as_str()).append_pair("currency", one);
        if !coupon.typed.is_empty() {
            query.append_pair("coupon", &coupon.typed);
        }
        Tab { words, href: format!("/pricing?{}", query.finish()), is_chosen }
    };
    let cards = plans.iter().filter_map(|plan| card(visit, plan, period, currency).transpose());
    let page = PricingPage {
        v: visit,
        periods: periods.iter().map(|one| tab(named(visit, *one), *one, currency, *one == period)).collect(),
        currencies: currencies.iter().map(|one| tab(one.to_uppercase(), period, one, *one == currency)).collect(),
        plans: cards.collect::<app::Result<_>>().map_err(|error| visit.fault(error))?,
        owned: rows.into_iter().find(|one| one.entitled).map(|one| one.plan_name),
        period: period.as_str(),
        currency: currency.to_owned(),
        coupon,
        has_taxes: visit.ctx.app.config.taxes == Taxes::Stripe,
    };
    Ok(visit.page(status, &page))
}

fn named(visit: &Visit, every: Every) -> String {
    visit.t.say(match every {
        Every::Month => "pricing-monthly",
        Every::Quarter => "pricing-quarterly",
        Every::Year => "pricing-yearly",
    })
}

/// A plan at the price that is looked at; a plan without such a price is not shown.
fn card(visit: &Visit, plan: &Offered, period: Every, currency: &str) -> app::Result<Option<PlanCard>> {
    let Some(price) = plan.prices.iter().find(|price| price.every == period && price.currency == currency) else {
        return Ok(None);
    };
    let (t, row) = (&visit.t, &plan.row);
    let a_month = (price.every != Every::Month).then(|| t.money(price.amount / price.every.months(), currency));
    Ok(Some(PlanCard {
        price: t.money(price.amount, currency),
        every: how_often(visit, price.every),
        period: price.every.as_str(),
        currency: currency.to_owned(),
        a_month: a_month.map(|amount| t.with("pricing-month-equal", "price", &amount)),
        devices: row.devices,
        quota: plan::quota(row, price.every)?.map(|bytes| t.size(bytes)),
        speed_mbit: row.speed_mbit,
        slow_mbit: row.slow_mbit.filter(|_| row.quota_bytes.is_some()),
        regions: row.regions.as_ref().map(|regions| regions.to_uppercase().replace(',', ", ")),
        trial_days: row.trial_days,
        is_for_sale: price.at_stripe.is_some(),
        code: row.code.clone(),
        name: row.name.clone(),
    }))
}

//! Coupons: what there is, how often it was used; made and withdrawn.

use app::admin::coupons::{self, Counted};
use app::{Error, credit, plan};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::coupon::{Lasts, Off, Terms};
use domain::money::Money;
use domain::time::DAY_MS;

use super::door::{Admin, AdminForm, Done, Fields, Operator, back};
use super::sure::{Question, sure};
use super::trail::moment;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

const PAGE: &str = "/admin/coupons";
/// What the page's address says was just done, and the words for it.
const DONE: [(&str, &str); 2] = [("added", "admin-done-coupon-added"), ("disabled", "admin-done-coupon-disabled")];
const PERIODS: [&str; 3] = ["month", "quarter", "year"];

/// A coupon as a line of the list.
struct Line {
    code: String,
    off: String,
    lasts: String,
    holds_for: String,
    used: String,
    ends: String,
    is_live: bool,
}

#[derive(Template)]
#[template(path = "admin_coupons.html")]
struct CouponsPage<'a> {
    v: &'a Visit,
    coupons: Vec<Line>,
    plans: Vec<(String, bool)>,
    periods: Vec<(&'static str, bool)>,
    form: &'a Fields,
    done: Option<String>,
    problem: String,
}

pub(super) async fn list(Admin(operator): Admin, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    let done = DONE.iter().find(|(name, _)| *name == query.done).map(|(_, key)| operator.visit.t.say(key));
    let form = Fields::of([("currency", "USD".to_owned()), ("per_customer", "1".to_owned())]);
    list_page(&operator, &form, done, String::new()).await
}

async fn list_page(
    operator: &Operator,
    form: &Fields,
    done: Option<String>,
    problem: String,
) -> Result<Response, Fault> {
    let (visit, now) = (&operator.visit, operator.app().clock.now());
    let rows = coupons::list(operator.app()).await.map_err(|error| operator.fault(error))?;
    let plans = plan::list(operator.app()).await.map_err(|error| operator.fault(error))?;
    let is_wanted = |name: &str, word: &str| form.all(name).any(|wanted| wanted == word);
    let page = CouponsPage {
        v: visit,
        coupons: rows.iter().map(|one| line(visit, one, now)).collect(),
        plans: plans.into_iter().map(|plan| (plan.code.clone(), is_wanted("plan", &plan.code))).collect(),
        periods: PERIODS.map(|period| (period, is_wanted("period", period))).into(),
        form,
        done,
        problem,
    };
    let code = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(code, &page))
}

fn line(visit: &Visit, one: &Counted, now: i64) -> Line {
    let (row, terms) = (&one.row, &one.terms);
    let mut holds_for: Vec<String> = terms.plans.iter().chain(&terms.periods).cloned().collect();
    if terms.first_only {
        holds_for.push(visit.t.say("admin-coupon-first"));
    }
    let taken = one.used + one.reserved;
    Line {
        code: row.code.clone(),
        off: coupons::off(terms),
        lasts: coupons::lasts(terms),
        holds_for: if holds_for.is_empty() { visit.t.say("admin-everything") } else { holds_for.join(", ") },
        used: row.most_uses.map_or_else(|| taken.to_string(), |most| format!("{taken} / {most}")),
        ends: row.expires_at.map(moment).unwrap_or_default(),
        is_live: row.active && row.expires_at.is_none_or(|at| at > now),
    }
}

/// What is wanted of a new coupon. An empty field is no limit.
fn wanted(operator: &Operator, form: &Fields) -> app::Result<Terms> {
    let number = |name: &'static str| match form.get(name) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Error::invalid(name, "number_invalid", "a whole number")),
    };
    let off = match number("percent")? {
        Some(percent) => Off::Percent(percent),
        None => {
            let amount = Money::of_decimal(form.get("amount"), credit::currency(form.get("currency"))?);
            Off::Amount(amount.ok_or_else(|| Error::invalid("amount", "amount_invalid", "an amount such as 5.00"))?)
        }
    };
    let lasts = match number("months")? {
        Some(months) => Lasts::Months(months),
        None if form.get("forever") == "yes" => Lasts::Forever,
        None => Lasts::Once,
    };
    let days: Option<i64> = number("days")?;
    if days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Error::invalid("days", "number_invalid", "a whole number from 1 to 3650"));
    }
    Ok(Terms {
        off,
        lasts,
        plans: form.all("plan").map(str::to_owned).collect(),
        periods: form.all("period").map(str::to_owned).collect(),
        most_uses: number("uses")?,
        most_per_customer: number("per_customer")?,
        expires_at: days.map(|days| operator.app().clock.now() + days * DAY_MS),
        first_only: form.get("first_only") == "yes",
    })
}

pub(super) async fn add(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let terms = match wanted(&operator, &form) {
        Ok(terms) => terms,
        Err(error) => return list_page(&operator, &form, None, operator.mendable(error)?).await,
    };
    let (t, code) = (&operator.visit.t, form.get("code"));
    let title = t.say("admin-coupon-add");
    let off = format!("{}, {}", coupons::off(&terms), coupons::lasts(&terms));
    let body = t.with_all("admin-coupon-add-ask", &[("code", code.into()), ("off", off.as_str().into())]);
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: PAGE }).await?;
    match coupons::add(operator.app(), &operator.actor(), code, &terms).await {
        Ok(_) => Ok(back(PAGE, "added")),
        Err(error) => list_page(&operator, &form, None, operator.mendable(error)?).await,
    }
}

pub(super) async fn disable(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let (t, code) = (&operator.visit.t, form.get("code"));
    let title = t.say("admin-coupon-disable");
    let body = t.with("admin-coupon-disable-ask", "code", code);
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: PAGE }).await?;
    coupons::disable(operator.app(), &operator.actor(), code).await.map_err(|error| operator.fault(error))?;
    Ok(back(PAGE, "disabled"))
}

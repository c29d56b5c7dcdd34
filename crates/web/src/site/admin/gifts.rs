//! Gift codes: batches, made and shown once, and taken out of use.

use app::admin::gifts::{self, Counted, New};
use app::{Error, credit};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::money::Money;
use uuid::Uuid;

use super::door::{Admin, AdminForm, Done, Fields, Operator, back, once};
use super::servers::SecretPage;
use super::sure::{Question, sure};
use super::trail::moment;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

const PAGE: &str = "/admin/gifts";

/// A batch as a line of the list.
struct Line {
    id: Uuid,
    note: String,
    worth: String,
    redeemed: String,
    made: String,
    ends: String,
    is_live: bool,
}

#[derive(Template)]
#[template(path = "admin_gifts.html")]
struct GiftsPage<'a> {
    v: &'a Visit,
    batches: Vec<Line>,
    form: &'a Fields,
    /// Names the next batch, so that a form that is sent twice makes one.
    once: Uuid,
    is_done: bool,
    problem: String,
}

pub(super) async fn list(Admin(operator): Admin, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    let form = Fields::of([("count", "10".to_owned()), ("currency", "USD".to_owned())]);
    list_page(&operator, &form, query.done == "voided", String::new()).await
}

async fn list_page(operator: &Operator, form: &Fields, is_done: bool, problem: String) -> Result<Response, Fault> {
    let (visit, app) = (&operator.visit, operator.app());
    let now = app.clock.now();
    let rows = gifts::list(app).await.map_err(|error| operator.fault(error))?;
    let line = |one: Counted| Line {
        id: one.row.id,
        worth: visit.t.money(one.row.amount, &one.row.currency),
        redeemed: format!("{} / {}", one.redeemed, one.row.codes),
        made: moment(one.row.created_at),
        ends: one.row.voided_at.or(one.row.expires_at).map(moment).unwrap_or_default(),
        is_live: one.row.voided_at.is_none() && one.row.expires_at.is_none_or(|at| at > now),
        note: one.row.note,
    };
    let page = GiftsPage {
        v: visit,
        batches: rows.into_iter().map(line).collect(),
        form,
        once: app.dice.id(now),
        is_done,
        problem,
    };
    let code = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(code, &page))
}

fn wanted(form: &Fields) -> app::Result<New<'_>> {
    let wrong = |field, words| Error::invalid(field, "number_invalid", words);
    let amount = Money::of_decimal(form.get("amount"), credit::currency(form.get("currency"))?);
    let days = match form.get("days") {
        "" => None,
        days => {
            let days = days.parse().ok().filter(|days| (1..=3_650).contains(days));
            Some(days.ok_or_else(|| wrong("days", "a whole number from 1 to 3650"))?)
        }
    };
    Ok(New {
        id: form.get("once").parse().ok(),
        count: form.get("count").parse().map_err(|_| wrong("count", "a whole number from 1 to 10000"))?,
        worth: amount.ok_or_else(|| Error::invalid("amount", "amount_invalid", "an amount such as 5.00"))?,
        days,
        note: form.get("note"),
    })
}

pub(super) async fn make(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let new = match wanted(&form) {
        Ok(new) => new,
        Err(error) => return list_page(&operator, &form, false, operator.mendable(error)?).await,
    };
    let t = &operator.visit.t;
    let (title, worth) = (t.say("admin-gift-make"), t.money(new.worth.minor, new.worth.currency.as_str()));
    let values = [("count", i64::from(new.count).into()), ("worth", worth.as_str().into())];
    let body = t.with_all("admin-gift-make-ask", &values);
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: PAGE }).await?;
    match gifts::make(operator.app(), &operator.actor(), &new).await {
        Ok((_, codes)) => {
            let (v, secret) = (&operator.visit, codes.join("\n"));
            let (title, body) = (t.say("admin-gift-title"), t.say("admin-gift-body"));
            let next = PAGE.to_owned();
            Ok(once(v.page(StatusCode::OK, &SecretPage { v, title, body, secret: &secret, next })))
        }
        Err(error) => list_page(&operator, &form, false, operator.mendable(error)?).await,
    }
}

pub(super) async fn void(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let id: Uuid = form.get("batch").parse().map_err(|_| operator.fault(Error::NotFound))?;
    let t = &operator.visit.t;
    let (title, body) = (t.say("admin-gift-void"), t.say("admin-gift-void-ask"));
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: PAGE }).await?;
    gifts::void(operator.app(), &operator.actor(), id).await.map_err(|error| operator.fault(error))?;
    Ok(back(PAGE, "voided"))
}

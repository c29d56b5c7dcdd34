//! What is watched, and how it is.

use app::Error;
use app::admin::checks::{self, Listed, NewCheck};
use app::admin::maintenance::component_names;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::monitor::target::{Kind, Wants};
use domain::monitor::verdict::Verdict;

use super::door::{Admin, AdminForm, Done, Fields, Operator, back};
use super::sure::{Question, sure};
use super::trail::moment;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

const PAGE: &str = "/admin/checks";

/// A check as a line of the list.
struct Line {
    component: String,
    kind: String,
    /// Empty for those that the program has by itself.
    name: String,
    target: String,
    class: &'static str,
    state: String,
    /// What was wrong, as the word that docs/gateway.md and docs/operations.md explain.
    trouble: String,
    looked: String,
}

#[derive(Template)]
#[template(path = "admin_checks.html")]
struct ChecksPage<'a> {
    v: &'a Visit,
    checks: Vec<Line>,
    /// A word of [`Kind`], what it is called, and whether it is chosen.
    kinds: Vec<(&'static str, String, bool)>,
    components: Vec<String>,
    form: &'a Fields,
    done: String,
    problem: String,
}

pub(super) async fn list(Admin(operator): Admin, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    let usual = [("every", "1"), ("timeout", "10"), ("down_after", "2"), ("up_after", "2")];
    let form = Fields::of(usual.map(|(field, number)| (field, number.to_owned())));
    let done = match query.done.as_str() {
        "added" => operator.visit.t.say("admin-done-check-added"),
        "removed" => operator.visit.t.say("admin-done-check-removed"),
        _ => String::new(),
    };
    list_page(&operator, &form, done, String::new()).await
}

async fn list_page(operator: &Operator, form: &Fields, done: String, problem: String) -> Result<Response, Fault> {
    let (visit, app) = (&operator.visit, operator.app());
    let t = &visit.t;
    let kind = |word: &str| t.say(&format!("admin-check-kind-{word}"));
    let line = |one: Listed| {
        let check = one.check;
        let (class, state) = match (check.is_down, check.verdict()) {
            (true, _) => ("status-down", "admin-check-down"),
            (false, Verdict::Ok) => ("status-up", "admin-check-ok"),
            (false, Verdict::Fail) => ("status-warn", "admin-check-fail"),
            (false, Verdict::Unknown) => ("status-warn", "admin-check-unknown"),
        };
        Line {
            component: one.component,
            kind: kind(&check.kind),
            name: check.target.as_ref().and(check.name).unwrap_or_default(),
            target: check.target.unwrap_or_default(),
            class,
            state: t.say(state),
            trouble: check.trouble.unwrap_or_default(),
            looked: moment(check.checked_at),
        }
    };
    let rows = checks::list(app).await.map_err(|error| operator.fault(error))?;
    let page = ChecksPage {
        v: visit,
        checks: rows.into_iter().map(line).collect(),
        kinds: Kind::ALL.map(|one| (one.as_str(), kind(one.as_str()), form.get("kind") == one.as_str())).into(),
        components: component_names(app).await.map_err(|error| operator.fault(error))?,
        form,
        done,
        problem,
    };
    let code = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(code, &page))
}

fn wanted(form: &Fields) -> app::Result<NewCheck> {
    let number = |field: &'static str| {
        let number = form.get(field).trim().parse();
        number.map_err(|_| Error::invalid(field, "number_invalid", "a whole number"))
    };
    let optional = |field: &'static str| {
        let typed = Some(form.get(field).trim()).filter(|typed| !typed.is_empty());
        let number = typed.map(str::parse).transpose();
        number.map_err(|_| Error::invalid(field, "number_invalid", "a whole number"))
    };
    let kind = form.get("kind").parse();
    Ok(NewCheck {
        name: form.get("name").to_owned(),
        component: form.get("component").to_owned(),
        kind: kind.map_err(|_| Error::invalid("kind", "target_invalid", "http, tcp, dns or ping"))?,
        target: form.get("target").trim().to_owned(),
        wants: Wants {
            status: optional("status")?,
            text: Some(form.get("text").to_owned()).filter(|text| !text.is_empty()),
            certificate_days: optional("certificate_days")?,
        },
        every_minutes: number("every")?,
        timeout_seconds: number("timeout")?,
        down_after: number("down_after")?,
        up_after: number("up_after")?,
    })
}

pub(super) async fn add(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let added = match wanted(&form) {
        Ok(new) => checks::add(operator.app(), &operator.actor(), &new).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(()) => Ok(back(PAGE, "added")),
        Err(error) => list_page(&operator, &form, String::new(), operator.mendable(error)?).await,
    }
}

pub(super) async fn remove(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let (t, name) = (&operator.visit.t, form.get("name"));
    let (title, body) = (t.say("admin-check-remove"), t.with("admin-check-remove-ask", "name", name));
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: PAGE }).await?;
    checks::remove(operator.app(), &operator.actor(), name).await.map_err(|error| operator.fault(error))?;
    Ok(back(PAGE, "removed"))
}

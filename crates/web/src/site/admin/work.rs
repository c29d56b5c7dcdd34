//! What happens inside: jobs, mails, and events of Stripe's.

use app::Error;
use app::admin::{jobs, lists};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::page::{Ask, USUAL};
use serde::Deserialize;
use url::form_urlencoded;

use super::door::{Admin, AdminForm, back};
use super::table::{Cell, Table};
use super::trail::{self, moment};
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

/// Jobs on the page; the oldest come first.
const JOBS: u64 = 200;

/// States of jobs, and their words; the first is what nothing said means.
const STATES: [(&str, &str); 3] =
    [("dead", "admin-job-dead"), ("queued", "admin-job-queued"), ("running", "admin-job-running")];

/// A job as a line of the list.
struct Line {
    id: String,
    kind: String,
    attempts: i64,
    run_at: String,
    error: String,
}

#[derive(Template)]
#[template(path = "admin_jobs.html")]
struct JobsPage<'a> {
    v: &'a Visit,
    is_dead: bool,
    /// The word of the link, its words, and whether it is this page.
    states: Vec<(&'static str, String, bool)>,
    jobs: Vec<Line>,
    is_done: bool,
}

#[derive(Default, Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    state: String,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    done: String,
}

pub(super) async fn jobs(Admin(operator): Admin, Asked(query): Asked<Query>) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let state = STATES.iter().find(|(state, _)| *state == query.state).map_or(STATES[0].0, |(state, _)| state);
    let rows = jobs::list(operator.app(), Some(state), JOBS).await.map_err(|error| operator.fault(error))?;
    let lines = rows.into_iter().map(|row| Line {
        id: row.id.to_string(),
        kind: row.kind,
        attempts: row.attempts,
        run_at: moment(row.run_at),
        error: row.last_error.unwrap_or_default(),
    });
    let page = JobsPage {
        v: visit,
        is_dead: state == "dead",
        states: STATES.map(|(word, words)| (word, visit.t.say(words), word == state)).into(),
        jobs: lines.collect(),
        is_done: query.done == "retried",
    };
    Ok(visit.page(StatusCode::OK, &page))
}

/// Gives a dead job a new life, or all of them.
pub(super) async fn retry(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let id = match form.get("id") {
        "all" => None,
        id => Some(id.parse().map_err(|_| operator.fault(Error::NotFound))?),
    };
    jobs::retry(operator.app(), &operator.actor(), id).await.map_err(|error| operator.fault(error))?;
    Ok(back("/admin/jobs", "retried"))
}

#[derive(Template)]
#[template(path = "admin_list.html")]
struct ListPage<'a> {
    v: &'a Visit,
    title: String,
    body: String,
    tables: [Table; 1],
    next: Option<String>,
}

/// Which page of a list: an address with its cursor.
fn next_of(path: &str, cursor: Option<String>) -> Option<String> {
    let cursor = cursor?;
    Some(format!("{path}?{}", form_urlencoded::Serializer::new(String::new()).append_pair("cursor", &cursor).finish()))
}

pub(super) async fn mails(Admin(operator): Admin, Asked(query): Asked<Query>) -> Result<Response, Fault> {
    let visit = &operator.visit;
    // A cursor that was damaged on its way is the first page.
    let ask = Ask::parse(None, Some(query.cursor.as_str())).unwrap_or_else(|_| Ask::first(USUAL));
    let found = lists::mails(operator.app(), &ask).await.map_err(|error| operator.fault(error))?;
    let say = |key: &str| visit.t.say(key);
    let rows = found.rows.iter().map(|mail| {
        let mut line = trail::mail(visit, mail);
        line.push(match mail.user_id {
            Some(id) => Cell::link(id.to_string(), format!("/admin/customers/{id}")),
            None => Cell::text(""),
        });
        line
    });
    let heads = vec![say("admin-letter"), say("admin-when"), say("admin-sent"), say("admin-account")];
    let page = ListPage {
        v: visit,
        title: say("admin-mails"),
        body: say("admin-mails-body"),
        tables: [Table::new(String::new(), heads, say("admin-none"), rows.collect())],
        next: next_of("/admin/mails", found.next),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

pub(super) async fn events(Admin(operator): Admin, Asked(query): Asked<Query>) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let after = Some(query.cursor.as_str()).filter(|id| !id.is_empty());
    let found = lists::events(operator.app(), after).await.map_err(|error| operator.fault(error))?;
    let say = |key: &str| visit.t.say(key);
    let rows = found.rows.into_iter().map(|event| {
        let outcome = match event.outcome {
            Some(outcome) => Cell::text(outcome),
            None => Cell::state(say("admin-waits"), "status status-warn"),
        };
        vec![Cell::text(event.id), Cell::text(event.kind), Cell::text(moment(event.received_at)), outcome]
    });
    let heads = vec![say("admin-event"), say("admin-what"), say("admin-received"), say("admin-outcome")];
    let page = ListPage {
        v: visit,
        title: say("admin-events"),
        body: say("admin-events-body"),
        tables: [Table::new(String::new(), heads, say("admin-none"), rows.collect())],
        next: next_of("/admin/events", found.next),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

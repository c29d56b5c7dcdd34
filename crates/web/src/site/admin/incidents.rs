//! Incidents: what people say of them, and those that no check sees.

use app::Error;
use app::admin::incidents::{self, Listed, NewIncident};
use app::admin::maintenance;
use app::status::stage_word;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::monitor::incident::{Impact, Stage};
use uuid::Uuid;

use super::door::{Admin, AdminForm, Done, Fields, Operator, back};
use super::trail::moment;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

const PAGE: &str = "/admin/incidents";

/// A choice: its word, what it is called, and whether it is chosen.
type Choice = (&'static str, String, bool);

/// An incident as a part of the page.
struct Line {
    id: Uuid,
    title: String,
    about: String,
    stages: Vec<Choice>,
    /// What was to be said of it, and was refused.
    words: String,
    is_over: bool,
}

#[derive(Template)]
#[template(path = "admin_incidents.html")]
struct IncidentsPage<'a> {
    v: &'a Visit,
    incidents: Vec<Line>,
    impacts: Vec<Choice>,
    /// A server or part, and whether it is chosen.
    components: Vec<(String, bool)>,
    form: &'a Fields,
    done: String,
    problem: String,
}

pub(super) async fn list(Admin(operator): Admin, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    let done = match query.done.as_str() {
        "opened" => operator.visit.t.say("admin-done-incident-opened"),
        "told" => operator.visit.t.say("admin-done-incident-told"),
        _ => String::new(),
    };
    list_page(&operator, &Fields::default(), done, String::new()).await
}

async fn list_page(operator: &Operator, form: &Fields, done: String, problem: String) -> Result<Response, Fault> {
    let (visit, app) = (&operator.visit, operator.app());
    let t = &visit.t;
    let rows = incidents::list(app).await.map_err(|error| operator.fault(error))?;
    let known = maintenance::component_names(app).await.map_err(|error| operator.fault(error))?;
    // The page has a form for each incident, and one for a new one.
    let (about, empty) = (form.get("id"), Fields::default());
    let new = if about.is_empty() { form } else { &empty };
    let line = |one: Listed| {
        let what = if one.row.everything { t.say("status-work-all") } else { one.components.join(", ") };
        let stage = one.row.stage();
        let is_over = stage == Stage::Resolved;
        let is_refused = one.row.id.to_string() == about;
        let chosen = if is_refused { form.get("stage") } else { stage.as_str() };
        let choice = |other: Stage| (other.as_str(), t.say(stage_word(other)), other.as_str() == chosen);
        Line {
            id: one.row.id,
            about: format!("{what} · {} · {}", moment(one.row.started_at), t.say(stage_word(stage))),
            stages: incidents::stages(&one.row).into_iter().map(choice).collect(),
            words: if is_refused { form.get("words").to_owned() } else { String::new() },
            is_over,
            title: one.row.title.unwrap_or(what),
        }
    };
    let impact = |one: Impact| {
        (one.as_str(), t.say(&format!("admin-impact-{}", one.as_str())), new.get("impact") == one.as_str())
    };
    let is_chosen = |name: &String| new.all("component").any(|chosen| chosen == name);
    let page = IncidentsPage {
        v: visit,
        incidents: rows.into_iter().map(line).collect(),
        impacts: Impact::ALL.map(impact).into(),
        components: known.into_iter().map(|name| (name.clone(), is_chosen(&name))).collect(),
        form: new,
        done,
        problem,
    };
    let code = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(code, &page))
}

pub(super) async fn open(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let opened = match form.get("impact").parse() {
        Ok(impact) => {
            let new = NewIncident {
                title: form.get("title").to_owned(),
                impact,
                components: form.all("component").map(str::to_owned).collect(),
                words: form.get("words").to_owned(),
            };
            incidents::open(operator.app(), &operator.actor(), &new).await
        }
        Err(_) => Err(Error::invalid("impact", "stage_invalid", "none, minor, major or critical")),
    };
    match opened {
        Ok(_) => Ok(back(PAGE, "opened")),
        Err(error) => list_page(&operator, &form, String::new(), operator.mendable(error)?).await,
    }
}

pub(super) async fn update(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let id: Uuid = form.get("id").parse().map_err(|_| operator.fault(Error::NotFound))?;
    let told = match form.get("stage").parse() {
        Ok(stage) => incidents::update(operator.app(), &operator.actor(), id, stage, form.get("words")).await,
        Err(_) => Err(Error::invalid("stage", "stage_invalid", "a word of the list")),
    };
    match told {
        Ok(()) => Ok(back(PAGE, "told")),
        Err(error) => list_page(&operator, &form, String::new(), operator.mendable(error)?).await,
    }
}

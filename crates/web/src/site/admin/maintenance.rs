//! Work that is announced on the status page.

use app::Error;
use app::admin::maintenance::{self, Listed, NewMaintenance};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::monitor::maintenance::Repeat;
use uuid::Uuid;

use super::door::{Admin, AdminForm, Done, Fields, Operator, back};
use super::sure::{Question, sure};
use super::trail::moment;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

const PAGE: &str = "/admin/maintenance";

/// Work as a line of the list.
struct Line {
    id: Uuid,
    title: String,
    components: String,
    start: String,
    repeat: String,
    next: String,
    is_live: bool,
}

#[derive(Template)]
#[template(path = "admin_maintenance.html")]
struct MaintenancePage<'a> {
    v: &'a Visit,
    works: Vec<Line>,
    /// A word of [`Repeat`], what it is called, and whether it is chosen.
    repeats: Vec<(&'static str, String, bool)>,
    /// A server or part, and whether it is chosen.
    components: Vec<(String, bool)>,
    form: &'a Fields,
    done: String,
    problem: String,
}

pub(super) async fn list(Admin(operator): Admin, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    let form = Fields::of([("zone", "UTC".to_owned()), ("minutes", "60".to_owned())]);
    let done = match query.done.as_str() {
        "added" => operator.visit.t.say("admin-done-maintenance-added"),
        "ended" => operator.visit.t.say("admin-done-maintenance-ended"),
        _ => String::new(),
    };
    list_page(&operator, &form, done, String::new()).await
}

async fn list_page(operator: &Operator, form: &Fields, done: String, problem: String) -> Result<Response, Fault> {
    let (visit, app) = (&operator.visit, operator.app());
    let t = &visit.t;
    let rows = maintenance::list(app).await.map_err(|error| operator.fault(error))?;
    let known = maintenance::component_names(app).await.map_err(|error| operator.fault(error))?;
    let repeat = |word: &str| t.say(&format!("admin-repeat-{word}"));
    let line = |one: Listed| Line {
        id: one.planned.row.id,
        components: if one.planned.row.everything { t.say("status-work-all") } else { one.components.join(", ") },
        start: format!(
            "{} {}, {} min",
            one.planned.row.starts.replace('T', " "),
            one.planned.row.zone,
            one.planned.row.minutes
        ),
        repeat: repeat(&one.planned.row.repeats),
        next: one.next.map(|next| moment(next.from)).unwrap_or_default(),
        is_live: one.next.is_some(),
        title: one.planned.row.title,
    };
    let is_chosen = |name: &String| form.all("component").any(|chosen| chosen == name);
    let page = MaintenancePage {
        v: visit,
        works: rows.into_iter().map(line).collect(),
        repeats: Repeat::ALL.map(|one| (one.as_str(), repeat(one.as_str()), form.get("repeat") == one.as_str())).into(),
        components: known.into_iter().map(|name| (name.clone(), is_chosen(&name))).collect(),
        form,
        done,
        problem,
    };
    let code = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(code, &page))
}

fn wanted(form: &Fields) -> app::Result<NewMaintenance> {
    let wrong = |field, code, words| Error::invalid(field, code, words);
    let minutes = form.get("minutes").parse();
    let repeat = form.get("repeat").parse();
    Ok(NewMaintenance {
        title: form.get("title").to_owned(),
        zone: form.get("zone").trim().to_owned(),
        starts: form.get("start").trim().to_owned(),
        minutes: minutes.map_err(|_| wrong("minutes", "number_invalid", "a whole number from 1 to 10080"))?,
        repeat: repeat.map_err(|_| wrong("repeat", "plan_invalid", "once, daily, weekly or monthly"))?,
        until: Some(form.get("until").trim().to_owned()).filter(|until| !until.is_empty()),
        components: form.all("component").map(str::to_owned).collect(),
    })
}

pub(super) async fn add(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let added = match wanted(&form) {
        Ok(new) => maintenance::add(operator.app(), &operator.actor(), &new).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(_) => Ok(back(PAGE, "added")),
        Err(error) => list_page(&operator, &form, String::new(), operator.mendable(error)?).await,
    }
}

pub(super) async fn end(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let id: Uuid = form.get("id").parse().map_err(|_| operator.fault(Error::NotFound))?;
    let t = &operator.visit.t;
    let (title, body) = (t.say("admin-maintenance-end"), t.say("admin-maintenance-end-ask"));
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: PAGE }).await?;
    maintenance::end(operator.app(), &operator.actor(), id).await.map_err(|error| operator.fault(error))?;
    Ok(back(PAGE, "ended"))
}

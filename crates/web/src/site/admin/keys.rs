//! Keys of the API's callers.

use app::Error;
use app::admin::api_keys;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::api_scope::{Scope, Scopes};

use super::door::{Admin, AdminForm, Done, Fields, Operator, back, once};
use super::servers::SecretPage;
use super::sure::{Question, sure};
use super::trail::moment;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

/// A key as a line of the list.
struct Line {
    name: String,
    scopes: String,
    made: String,
    ends: String,
    is_live: bool,
}

#[derive(Template)]
#[template(path = "admin_keys.html")]
struct KeysPage<'a> {
    v: &'a Visit,
    keys: Vec<Line>,
    scopes: Vec<(&'static str, bool)>,
    form: &'a Fields,
    is_done: bool,
    problem: String,
}

pub(super) async fn list(Admin(operator): Admin, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    list_page(&operator, &Fields::default(), query.done == "revoked", String::new()).await
}

async fn list_page(operator: &Operator, form: &Fields, is_done: bool, problem: String) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let now = operator.app().clock.now();
    let rows = api_keys::list(operator.app()).await.map_err(|error| operator.fault(error))?;
    let lines = rows.into_iter().map(|row| {
        let end = row.revoked_at.or(row.expires_at);
        Line {
            scopes: row.scopes.unwrap_or_else(|| visit.t.say("admin-everything")),
            made: moment(row.created_at),
            ends: end.map(moment).unwrap_or_default(),
            is_live: row.revoked_at.is_none() && row.expires_at.is_none_or(|at| at > now),
            name: row.name,
        }
    });
    let is_wanted = |scope: Scope| form.all("scope").any(|word| word == scope.as_str());
    let page = KeysPage {
        v: visit,
        keys: lines.collect(),
        scopes: Scope::ALL.map(|scope| (scope.as_str(), is_wanted(scope))).into(),
        form,
        is_done,
        problem,
    };
    let code = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(code, &page))
}

/// What is wanted of a new key: its scopes and its days.
fn wanted(form: &Fields) -> app::Result<(Scopes, Option<u32>)> {
    let scopes: Result<Vec<Scope>, _> = form.all("scope").map(str::parse).collect();
    let scopes = scopes.map_err(|error| Error::invalid("scope", error.code(), error.to_string()))?;
    let scopes = if scopes.is_empty() { Scopes::All } else { Scopes::Only(scopes) };
    let days = match form.get("days") {
        "" => None,
        days => {
            let days = days.parse().ok().filter(|days| (1..=3_650).contains(days));
            Some(days.ok_or_else(|| Error::invalid("days", "number_invalid", "a whole number from 1 to 3650"))?)
        }
    };
    Ok((scopes, days))
}

pub(super) async fn add(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let (scopes, days) = match wanted(&form) {
        Ok(wanted) => wanted,
        Err(error) => return list_page(&operator, &form, false, operator.mendable(error)?).await,
    };
    let (t, name) = (&operator.visit.t, form.get("name"));
    let title = t.say("admin-key-add");
    let body = t.with("admin-key-add-ask", "name", name);
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: "/admin/keys" }).await?;
    match api_keys::add(operator.app(), &operator.actor(), name, &scopes, days).await {
        Ok(key) => {
            let (v, title) = (&operator.visit, t.with("admin-key-title", "name", name));
            let (body, next) = (t.say("admin-key-body"), "/admin/keys".to_owned());
            Ok(once(v.page(StatusCode::OK, &SecretPage { v, title, body, secret: &key, next })))
        }
        Err(error) => list_page(&operator, &form, false, operator.mendable(error)?).await,
    }
}

pub(super) async fn revoke(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let (t, name) = (&operator.visit.t, form.get("name"));
    let title = t.say("admin-key-revoke");
    let body = t.with("admin-key-revoke-ask", "name", name);
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: "/admin/keys" }).await?;
    api_keys::revoke(operator.app(), &operator.actor(), name).await.map_err(|error| operator.fault(error))?;
    Ok(back("/admin/keys", "revoked"))
}

//! Who is told of incidents: how many subscribers, and the operators' own webhooks.

use app::Error;
use app::admin::status::{self, Webhook};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::door::{Admin, AdminForm, Done, Fields, Operator, back, once};
use super::servers::SecretPage;
use super::sure::{Question, sure};
use super::trail::moment;
use crate::json::auth;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

const PAGE: &str = "/admin/subscribers";

/// A webhook as a line of the list.
struct Line {
    id: Uuid,
    url: String,
    made: String,
    class: &'static str,
    state: String,
    is_given_up: bool,
}

#[derive(Template)]
#[template(path = "admin_subscribers.html")]
struct SubscribersPage<'a> {
    v: &'a Visit,
    count: String,
    hooks: Vec<Line>,
    form: &'a Fields,
    done: String,
    problem: String,
}

pub(super) async fn list(Admin(operator): Admin, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    let done = match query.done.as_str() {
        "removed" => operator.visit.t.say("admin-done-subscriber-removed"),
        "webhook-resumed" => operator.visit.t.say("admin-done-webhook-resumed"),
        "webhook-removed" => operator.visit.t.say("admin-done-webhook-removed"),
        _ => String::new(),
    };
    list_page(&operator, &Fields::default(), done, String::new()).await
}

async fn list_page(operator: &Operator, form: &Fields, done: String, problem: String) -> Result<Response, Fault> {
    let (visit, app) = (&operator.visit, operator.app());
    let t = &visit.t;
    let count = status::count(app).await.map_err(|error| operator.fault(error))?;
    let (confirmed, waiting) = (count.confirmed.to_string(), count.waiting.to_string());
    let values = [("confirmed", confirmed.as_str().into()), ("waiting", waiting.as_str().into())];
    let line = |hook: Webhook| {
        let trouble = hook.trouble.unwrap_or_default();
        let state = |key: &str, at: i64| {
            let at = moment(at);
            t.with_all(key, &[("at", at.as_str().into()), ("trouble", trouble.as_str().into())])
        };
        let is_given_up = hook.disabled_at.is_some();
        let (class, state) = match (hook.disabled_at, hook.failing_since) {
            (Some(at), _) => ("status-down", state("admin-webhook-disabled", at)),
            (None, Some(at)) => ("status-warn", state("admin-webhook-failing", at)),
            (None, None) => ("status-up", t.say("admin-webhook-works")),
        };
        Line { id: hook.id, url: hook.url, made: moment(hook.created_at), class, state, is_given_up }
    };
    let hooks = status::webhooks(app).await.map_err(|error| operator.fault(error))?;
    let page = SubscribersPage {
        v: visit,
        count: t.with_all("admin-subscribers-count", &values),
        hooks: hooks.into_iter().map(line).collect(),
        form,
        done,
        problem,
    };
    let code = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(code, &page))
}

pub(super) async fn remove(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let removed = match auth::email(form.get("email")) {
        Ok(email) => status::remove_subscriber(operator.app(), &operator.actor(), &email).await,
        Err(field) => Err(Error::Invalid(vec![field])),
    };
    match removed {
        Ok(()) => Ok(back(PAGE, "removed")),
        Err(error) => list_page(&operator, &form, String::new(), operator.mendable(error)?).await,
    }
}

pub(super) async fn add_webhook(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let (t, url) = (&operator.visit.t, form.get("url"));
    let title = t.say("admin-webhook-add");
    let body = t.with("admin-webhook-add-ask", "url", url);
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: PAGE }).await?;
    match status::add_webhook(operator.app(), &operator.actor(), url).await {
        Ok((_, secret)) => {
            let (v, title) = (&operator.visit, t.say("admin-webhook-secret"));
            let (body, next) = (t.say("admin-webhook-secret-body"), PAGE.to_owned());
            Ok(once(v.page(StatusCode::OK, &SecretPage { v, title, body, secret: &secret, next })))
        }
        Err(error) => list_page(&operator, &form, String::new(), operator.mendable(error)?).await,
    }
}

pub(super) async fn resume_webhook(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let id = webhook(&operator, &form)?;
    let resumed = status::resume_webhook(operator.app(), &operator.actor(), id).await;
    resumed.map_err(|error| operator.fault(error))?;
    Ok(back(PAGE, "webhook-resumed"))
}

fn webhook(operator: &Operator, form: &Fields) -> Result<Uuid, Fault> {
    form.get("id").parse().map_err(|_| operator.fault(Error::NotFound))
}

pub(super) async fn remove_webhook(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let id = webhook(&operator, &form)?;
    let t = &operator.visit.t;
    let title = t.say("admin-webhook-remove");
    let body = t.say("admin-webhook-remove-ask");
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: PAGE }).await?;
    let removed = status::remove_webhook(operator.app(), &operator.actor(), id).await;
    removed.map_err(|error| operator.fault(error))?;
    Ok(back(PAGE, "webhook-removed"))
}

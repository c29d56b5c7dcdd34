//! VPN servers: how they are, and their life from the first token to the end.

use app::Error;
use app::admin::servers::{self, Listed, Typed};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use domain::vpn::balancer::ServerStatus;

use super::door::{Admin, AdminForm, Done, Fields, Operator, back, once};
use super::sure::{Question, sure};
use super::table::{Cell, Table};
use super::trail::moment;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

/// What stands where there is nothing.
const NOTHING: &str = "–";

/// What the addresses of these pages say was just done, and the words for it.
const DONE: [(&str, &str); 2] = [("status", "admin-done-status"), ("revoked", "admin-done-revoked")];

/// The statuses that a server can be given, and their words.
const STATUSES: [(ServerStatus, &str); 4] = [
    (ServerStatus::Up, "server-up"),
    (ServerStatus::Draining, "server-draining"),
    (ServerStatus::Down, "server-down"),
    (ServerStatus::Retired, "admin-server-retired"),
];

#[derive(Template)]
#[template(path = "admin_servers.html")]
struct ServersPage<'a> {
    v: &'a Visit,
    tables: [Table; 1],
    form: &'a Fields,
    problem: String,
}

pub(super) async fn list(Admin(operator): Admin) -> Result<Response, Fault> {
    let blank = ["capacity", "bandwidth_mbit"].map(|name| (name, "1000".to_owned()));
    list_page(&operator, &Fields::of(blank), String::new()).await
}

async fn list_page(operator: &Operator, form: &Fields, problem: String) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let say = |key: &str| visit.t.say(key);
    let rows = servers::list(operator.app()).await.map_err(|error| operator.fault(error))?;
    let line = |one: &Listed| {
        let gateway = one.gateway.as_ref();
        vec![
            Cell::link(&one.server.name, path(&one.server.name)),
            Cell::text(format!("{} · {}, {}", one.server.region, one.server.city, one.server.country)),
            status(visit, one.seen.status()),
            Cell::number(format!("{} / {}", one.server.peers, one.server.capacity)),
            Cell::number(gateway.map_or_else(String::new, |gateway| gateway.active_peers.to_string())),
            Cell::number(percent(one.seen.load)),
            Cell::text(gateway.and_then(|gateway| gateway.reported_at).map(moment).unwrap_or_default()),
            Cell::text(gateway.and_then(|gateway| gateway.trouble.clone()).unwrap_or_default()),
        ]
    };
    let heads = vec![
        say("device-server"),
        say("servers-place"),
        say("servers-status"),
        say("dashboard-devices"),
        say("admin-active"),
        say("servers-load"),
        say("admin-reported"),
        say("admin-trouble"),
    ];
    let table = Table::new(String::new(), heads, say("admin-none"), rows.iter().map(line).collect());
    let code = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(code, &ServersPage { v: visit, tables: [table], form, problem }))
}

fn path(name: &str) -> String {
    format!("/admin/servers/{name}")
}

fn percent(load: Option<f64>) -> String {
    load.map_or_else(String::new, |load| format!("{:.0}\u{a0}%", load * 100.0))
}

/// A status in the operator's language, with its shape.
fn status(visit: &Visit, status: ServerStatus) -> Cell {
    let (words, mark) = match status {
        ServerStatus::Up => ("server-up", "status status-up"),
        ServerStatus::Degraded => ("server-degraded", "status status-warn"),
        ServerStatus::Draining => ("server-draining", "status status-warn"),
        ServerStatus::Down => ("server-down", "status status-down"),
        ServerStatus::Pending => ("admin-server-pending", "status"),
        ServerStatus::Retired => ("admin-server-retired", "status"),
    };
    Cell::state(visit.t.say(words), mark)
}

pub(super) async fn add(AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    // What is no number is refused as none would be.
    let number = |name: &str| form.get(name).parse().unwrap_or(0);
    let typed = Typed {
        name: form.get("name"),
        region: form.get("region"),
        country: form.get("country"),
        city: form.get("city"),
        endpoint: form.get("endpoint"),
        public_key: Some(form.get("public_key")).filter(|key| !key.is_empty()),
        capacity: number("capacity"),
        bandwidth_mbit: number("bandwidth_mbit"),
    };
    let new = match servers::parse(&typed) {
        Ok(new) => new,
        Err(error) => return list_page(&operator, &form, operator.mendable(error)?).await,
    };
    let t = &operator.visit.t;
    let body = t.with("admin-server-add-ask", "name", new.name.as_str());
    let question =
        Question { title: t.say("admin-server-add"), body, yes: t.say("admin-server-add"), back: "/admin/servers" };
    sure(&operator, &form, &question).await?;
    match servers::add(operator.app(), &operator.actor(), &new).await {
        Ok(added) => match added.enrol_token {
            Some(token) => Ok(token_page(&operator, &added.server.name, &token)),
            None => Ok(back(&path(&added.server.name), "status")),
        },
        Err(error) => list_page(&operator, &form, operator.mendable(error)?).await,
    }
}

/// What is shown once.
#[derive(Template)]
#[template(path = "admin_secret.html")]
pub(super) struct SecretPage<'a> {
    pub(super) v: &'a Visit,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) secret: &'a str,
    /// Where it goes on.
    pub(super) next: String,
}

fn token_page(operator: &Operator, name: &str, token: &str) -> Response {
    let visit = &operator.visit;
    let (title, body) = (visit.t.with("admin-token-title", "name", name), visit.t.say("admin-token-body"));
    once(visit.page(StatusCode::OK, &SecretPage { v: visit, title, body, secret: token, next: path(name) }))
}

#[derive(Template)]
#[template(path = "admin_server.html")]
struct ServerPage<'a> {
    v: &'a Visit,
    name: &'a str,
    facts: Vec<(String, Cell)>,
    /// Those that it can be given: the word of the form, the words of the page, and whether it has it.
    statuses: Vec<(&'static str, String, bool)>,
    has_gateway: bool,
    done: Option<String>,
    problem: String,
}

pub(super) async fn page(
    Admin(operator): Admin,
    Path(name): Path<String>,
    Asked(query): Asked<Done>,
) -> Result<Response, Fault> {
    let done = DONE.iter().find(|(name, _)| *name == query.done).map(|(_, key)| operator.visit.t.say(key));
    server_page(&operator, &name, done, String::new()).await
}

async fn server_page(
    operator: &Operator,
    name: &str,
    done: Option<String>,
    problem: String,
) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let one = servers::get(operator.app(), name).await.map_err(|error| operator.fault(error))?;
    let set = one.server.status();
    let page = ServerPage {
        v: visit,
        name: &one.server.name,
        facts: facts(visit, &one),
        statuses: STATUSES.map(|(status, words)| (status.as_str(), visit.t.say(words), status == set)).into(),
        has_gateway: one.gateway.is_some(),
        done,
        problem,
    };
    let code = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok(visit.page(code, &page))
}

fn facts(visit: &Visit, one: &Listed) -> Vec<(String, Cell)> {
    let (t, row) = (&visit.t, &one.server);
    let mut facts = vec![
        (t.say("admin-status-seen"), status(visit, one.seen.status())),
        (t.say("admin-status-set"), status(visit, row.status())),
        (t.say("servers-place"), Cell::text(format!("{} · {}, {}", row.region, row.city, row.country))),
        (t.say("admin-endpoint"), Cell::text(&row.endpoint)),
        (t.say("admin-public-key"), Cell::text(row.public_key.clone().unwrap_or_else(|| NOTHING.to_owned()))),
        (t.say("dashboard-devices"), Cell::text(format!("{} / {}", row.peers, row.capacity))),
        (t.say("admin-bandwidth"), Cell::text(row.bandwidth_mbit.to_string())),
        (t.say("servers-load"), Cell::text(percent(one.seen.load))),
    ];
    let Some(gateway) = &one.gateway else {
        facts.push((t.say("admin-gateway"), Cell::text(NOTHING)));
        return facts;
    };
    let lag = (row.revision - gateway.applied_revision).max(0);
    let rate = |bytes: i64| format!("{} Mbit/s", bytes.saturating_mul(8) / 1_000_000);
    facts.extend([
        (t.say("admin-gateway"), Cell::text(format!("{} {}", gateway.driver, gateway.version))),
        (t.say("admin-enrolled"), Cell::text(moment(gateway.enrolled_at))),
        (t.say("admin-reported"), Cell::text(gateway.reported_at.map(moment).unwrap_or_default())),
        (t.say("admin-active"), Cell::text(gateway.active_peers.to_string())),
        (t.say("admin-lag"), Cell::text(lag.to_string())),
        (t.say("admin-to-devices"), Cell::text(rate(gateway.tx_rate))),
        (t.say("admin-from-devices"), Cell::text(rate(gateway.rx_rate))),
        (t.say("admin-drops"), Cell::text(gateway.drops.to_string())),
        (t.say("admin-cpu"), Cell::text(percent(Some(gateway.cpu)))),
        (t.say("admin-memory"), Cell::text(percent(Some(gateway.memory)))),
        (t.say("admin-skew"), Cell::text(gateway.skew_ms.map(|ms| format!("{ms} ms")).unwrap_or_default())),
        (t.say("admin-trouble"), Cell::text(gateway.trouble.clone().unwrap_or_else(|| NOTHING.to_owned()))),
    ]);
    facts
}

pub(super) async fn set_status(
    Path(name): Path<String>,
    AdminForm(operator, form): AdminForm,
) -> Result<Response, Fault> {
    let status = servers::parse_status(form.get("status")).map_err(|error| operator.fault(error))?;
    let t = &operator.visit.t;
    let ask = match status {
        ServerStatus::Draining => "admin-draining-ask",
        ServerStatus::Down => "admin-down-ask",
        ServerStatus::Retired => "admin-retired-ask",
        ServerStatus::Up | ServerStatus::Degraded | ServerStatus::Pending => "admin-up-ask",
    };
    let (title, back_to) = (t.say("admin-status-change"), path(&name));
    let question = Question { body: t.with(ask, "name", name.as_str()), yes: title.clone(), title, back: &back_to };
    sure(&operator, &form, &question).await?;
    done(&operator, &name, servers::set_status(operator.app(), &operator.actor(), &name, status).await, "status").await
}

pub(super) async fn revoke(Path(name): Path<String>, AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let t = &operator.visit.t;
    let (title, back_to) = (t.say("admin-revoke"), path(&name));
    let body = t.with("admin-revoke-ask", "name", name.as_str());
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: &back_to }).await?;
    done(&operator, &name, servers::revoke(operator.app(), &operator.actor(), &name).await, "revoked").await
}

async fn done(operator: &Operator, name: &str, result: app::Result<()>, what: &str) -> Result<Response, Fault> {
    match result {
        Ok(()) => Ok(back(&path(name), what)),
        Err(error @ Error::Conflict { .. }) => server_page(operator, name, None, operator.mendable(error)?).await,
        Err(error) => Err(operator.fault(error)),
    }
}

pub(super) async fn token(Path(name): Path<String>, AdminForm(operator, form): AdminForm) -> Result<Response, Fault> {
    let t = &operator.visit.t;
    let (title, back_to) = (t.say("admin-token"), path(&name));
    let body = t.with("admin-token-ask", "name", name.as_str());
    sure(&operator, &form, &Question { body, yes: title.clone(), title, back: &back_to }).await?;
    let token = servers::renew_token(operator.app(), &operator.actor(), &name).await;
    Ok(token_page(&operator, &name, &token.map_err(|error| operator.fault(error))?))
}

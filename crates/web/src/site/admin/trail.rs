//! The audit log, and how its entries and mails are shown.

use app::account_export::AuditRow;
use app::admin::customers::MailRow;
use app::admin::lists::{self, Filter};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::page::{Ask, USUAL};
use serde::Deserialize;
use url::form_urlencoded;
use uuid::Uuid;

use super::door::Admin;
use super::table::{Cell, Table};
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

/// A moment to the second (UTC).
pub(super) fn moment(at: i64) -> String {
    domain::time::rfc3339(at).chars().take(19).collect::<String>().replace('T', " ")
}

/// Which entries are asked for.
#[derive(Default, Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    whom: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    cursor: String,
}

#[derive(Template)]
#[template(path = "admin_audit.html")]
struct AuditPage<'a> {
    v: &'a Visit,
    whom: &'a str,
    action: &'a str,
    tables: [Table; 1],
    next: Option<String>,
}

pub(super) async fn page(Admin(operator): Admin, Asked(query): Asked<Query>) -> Result<Response, Fault> {
    let (whom, action) = (query.whom.trim(), query.action.trim());
    let filter = Filter { whom: Some(whom).filter(|w| !w.is_empty()), action: Some(action).filter(|a| !a.is_empty()) };
    // A cursor that was damaged on its way is the first page.
    let ask = Ask::parse(None, Some(query.cursor.as_str())).unwrap_or_else(|_| Ask::first(USUAL));
    let found = lists::audit(operator.app(), filter, &ask).await.map_err(|error| operator.fault(error))?;
    let next = found.next.map(|cursor| {
        let pairs = [("whom", whom), ("action", action), ("cursor", &cursor)];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("/admin/audit?{query}")
    });
    let visit = &operator.visit;
    let tables = [table(visit, String::new(), &found.rows)];
    Ok(visit.page(StatusCode::OK, &AuditPage { v: visit, whom, action, tables, next }))
}

/// Entries as a table.
pub(super) fn table(visit: &Visit, title: String, rows: &[AuditRow]) -> Table {
    let say = |key: &str| visit.t.say(key);
    let line = |row: &AuditRow| {
        vec![
            Cell::text(moment(row.at)),
            account(&row.actor),
            Cell::text(&row.action),
            account(&row.subject),
            Cell::text(&row.detail),
        ]
    };
    let heads =
        vec![say("admin-when"), say("admin-actor"), say("admin-action"), say("admin-subject"), say("admin-detail")];
    Table::new(title, heads, say("admin-none"), rows.iter().map(line).collect())
}

/// A name, or an id that may be an account's.
fn account(name: &str) -> Cell {
    match Uuid::parse_str(name) {
        Ok(id) => Cell::link(name, format!("/admin/customers/{id}")),
        Err(_) => Cell::text(name),
    }
}

/// A mail as a line: what, when, and whether it went.
pub(super) fn mail(visit: &Visit, mail: &MailRow) -> Vec<Cell> {
    let sent = match mail.sent_at {
        Some(at) => Cell::state(moment(at), "status status-up"),
        None => Cell::state(visit.t.say("admin-not-sent"), "status status-warn"),
    };
    vec![Cell::text(&mail.letter), Cell::text(moment(mail.created_at)), sent]
}

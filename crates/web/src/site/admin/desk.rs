//! What stands beside the team's tickets: answers that are kept ready, and how often the help made a ticket needless.

use app::faq::{self, Ends};
use app::ticket::{self, ReplyRow};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::door::{Done, Fields, Operator, Team, TeamForm, back};
use super::table::{Cell, Table};
use crate::site::form::Asked;
use crate::site::help;
use crate::site::tickets as shown;
use crate::site::visit::{Fault, Visit};

const PAGE: &str = "/admin/tickets/replies";

#[derive(Template)]
#[template(path = "admin_replies.html")]
struct RepliesPage<'a> {
    v: &'a Visit,
    replies: Vec<ReplyRow>,
    form: &'a Fields,
    is_done: bool,
    problem: String,
}

pub(super) async fn replies(Team(operator): Team, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    replies_page(&operator, &Fields::default(), !query.done.is_empty(), String::new()).await
}

async fn replies_page(operator: &Operator, form: &Fields, is_done: bool, problem: String) -> Result<Response, Fault> {
    let replies = ticket::replies(operator.app()).await.map_err(|error| operator.fault(error))?;
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(operator.visit.page(status, &RepliesPage { v: &operator.visit, replies, form, is_done, problem }))
}

pub(super) async fn add_reply(TeamForm(operator, form): TeamForm) -> Result<Response, Fault> {
    match ticket::add_reply(operator.app(), &operator.actor(), form.get("name"), form.get("body")).await {
        Ok(()) => Ok(back(PAGE, "kept")),
        Err(error) => replies_page(&operator, &form, false, operator.mendable(error)?).await,
    }
}

pub(super) async fn delete_reply(TeamForm(operator, form): TeamForm) -> Result<Response, Fault> {
    let id = shown::parse(&operator.visit, form.get("reply"))?;
    ticket::delete_reply(operator.app(), &operator.actor(), id).await.map_err(|error| operator.fault(error))?;
    Ok(back(PAGE, "deleted"))
}

#[derive(Template)]
#[template(path = "admin_list.html")]
struct EndsPage<'a> {
    v: &'a Visit,
    title: String,
    body: String,
    tables: [Table; 1],
    next: Option<String>,
}

/// How often the help without waiting ended well.
pub(super) async fn help_ends(Team(operator): Team) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let ends = faq::ends(operator.app()).await.map_err(|error| operator.fault(error))?;
    let line = |ends: &Ends| {
        let label = help::label(visit, &ends.node).unwrap_or_else(|| ends.node.clone());
        let all = (ends.solved + ends.human).max(1);
        vec![
            Cell::text(label),
            Cell::number(ends.solved.to_string()),
            Cell::number(ends.human.to_string()),
            Cell::number(format!("{} %", ends.solved * 100 / all)),
        ]
    };
    let heads = ["admin-help-node", "admin-help-solved", "admin-help-human", "admin-help-rate"];
    let heads = heads.map(|key| visit.t.say(key)).to_vec();
    let rows = ends.iter().map(line).collect();
    let table = Table::new(String::new(), heads, visit.t.say("admin-none"), rows);
    let (title, body) = (visit.t.say("admin-help-ends"), visit.t.say("admin-help-body"));
    Ok(visit.page(StatusCode::OK, &EndsPage { v: visit, title, body, tables: [table], next: None }))
}

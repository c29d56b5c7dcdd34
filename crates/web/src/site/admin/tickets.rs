//! The team's side of the support desk: the queue, and a ticket with what helps to answer it.

use app::Error;
use app::ticket::{self, Beside, BesideDevice, Change, Filter, Line, ReplyRow, Thread, TicketRow, Whose};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::page::{Ask, USUAL};
use domain::ticket::{Category, Priority, Side, State};
use domain::time::minute;
use serde::Deserialize;
use url::form_urlencoded;
use uuid::Uuid;

use super::door::{Fields, Operator, Team, TeamForm, TeamUpload, back};
use super::table::{Cell, Table};
use crate::site::form::Asked;
use crate::site::help;
use crate::site::tickets::{self as shown, Choice, ShownLine, content_response};
use crate::site::upload::Upload;
use crate::site::visit::{Fault, Visit};

const PAGE: &str = "/admin/tickets";

/// Which tickets are asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Query {
    #[serde(default)]
    state: String,
    #[serde(default)]
    whose: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    cursor: String,
    /// Leads to one ticket.
    #[serde(default)]
    number: String,
}

impl Query {
    /// What was damaged on its way, or left out, is everything; the queue is what is open.
    fn filter(&self, operator: &Operator) -> Filter {
        let whose = match self.whose.as_str() {
            "mine" => Whose::Of(operator.who.user.id),
            "nobody" => Whose::Nobody,
            _ => Whose::All,
        };
        Filter {
            state: self.state.parse().unwrap_or(State::Open),
            whose,
            category: self.category.parse().ok(),
            priority: self.priority.parse().ok(),
        }
    }
}

#[derive(Template)]
#[template(path = "admin_tickets.html")]
struct QueuePage<'a> {
    v: &'a Visit,
    states: Vec<Choice>,
    whose: Vec<Choice>,
    categories: Vec<Choice>,
    priorities: Vec<Choice>,
    table: Table,
    next: Option<String>,
    is_unknown: bool,
}

fn choices<'a>(visit: &Visit, prefix: &str, words: impl IntoIterator<Item = &'a str>, chosen: &str) -> Vec<Choice> {
    let choice = |word: &str| Choice {
        value: word.to_owned(),
        words: visit.t.say(&format!("{prefix}-{word}")),
        is_chosen: word == chosen,
    };
    words.into_iter().map(choice).collect()
}

fn priorities(visit: &Visit, chosen: &str) -> Vec<Choice> {
    choices(visit, "ticket-priority", Priority::ALL.iter().map(|one| one.as_str()), chosen)
}

pub(super) async fn queue(Team(operator): Team, Asked(query): Asked<Query>) -> Result<Response, Fault> {
    let app = operator.app();
    let mut is_unknown = false;
    if !query.number.trim().is_empty() {
        match ticket::by_number(app, &query.number).await {
            Ok(row) => return Ok(Redirect::to(&path(row.id)).into_response()),
            Err(Error::NotFound) => is_unknown = true,
            Err(error) => return Err(operator.fault(error)),
        }
    }
    let filter = query.filter(&operator);
    // A cursor that was damaged on its way is the first page.
    let ask = Ask::parse(None, Some(query.cursor.as_str())).unwrap_or_else(|_| Ask::first(USUAL));
    let found = ticket::queue(app, filter, ask).await.map_err(|error| operator.fault(error))?;
    let next = found.next.map(|cursor| {
        let pairs = [
            ("state", query.state.as_str()),
            ("whose", &query.whose),
            ("category", &query.category),
            ("priority", &query.priority),
            ("cursor", &cursor),
        ];
        format!("{PAGE}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
    });
    let visit = &operator.visit;
    let listed = [State::Open, State::Waiting, State::Closed].map(State::as_str);
    let page = QueuePage {
        v: visit,
        states: choices(visit, "admin-ticket-state", listed, filter.state.as_str()),
        whose: choices(visit, "admin-ticket-whose", ["all", "mine", "nobody"], &query.whose),
        categories: shown::categories(visit, &query.category),
        priorities: priorities(visit, &query.priority),
        table: table(&operator, String::new(), &found.rows),
        next,
        is_unknown,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn path(id: Uuid) -> String {
    format!("{PAGE}/{id}")
}

/// Tickets as a table.
fn table(operator: &Operator, title: String, rows: &[TicketRow]) -> Table {
    let t = &operator.visit.t;
    let now = operator.app().clock.now();
    let line = |row: &TicketRow| {
        let answer_by = match row.answer_by {
            Some(at) if at < now => Cell::state(minute(at), "status status-down"),
            Some(at) => Cell::text(minute(at)),
            None => Cell::text(""),
        };
        let owner = match row.claimed_by {
            Some(id) if id == operator.who.user.id => t.say("admin-ticket-you"),
            Some(_) => t.say("admin-ticket-other"),
            None => t.say("admin-ticket-nobody"),
        };
        vec![
            Cell::number(row.number.to_string()),
            Cell::link(&row.subject, path(row.id)),
            Cell::text(t.say(&format!("ticket-category-{}", row.category))),
            Cell::text(t.say(&format!("ticket-priority-{}", row.priority))),
            Cell::text(t.say(&format!("admin-ticket-state-{}", row.state))),
            Cell::text(owner),
            answer_by,
            Cell::text(minute(row.updated_at)),
        ]
    };
    let heads = [
        "ticket-number",
        "ticket-subject",
        "ticket-category",
        "admin-ticket-priority",
        "ticket-state",
        "admin-ticket-owner",
        "admin-ticket-answer-by",
        "ticket-updated",
    ];
    let heads = heads.map(|key| t.say(key)).to_vec();
    Table::new(title, heads, t.say("admin-none"), rows.iter().map(line).collect())
}

/// What an operator typed, and what was wrong with it.
#[derive(Default)]
struct Typed {
    body: String,
    problem: String,
}

#[derive(Template)]
#[template(path = "admin_ticket.html")]
struct TicketPage<'a> {
    v: &'a Visit,
    ticket: &'a TicketRow,
    page: String,
    state: String,
    answer_by: Option<String>,
    is_late: bool,
    beside: &'a Beside,
    facts: Vec<String>,
    way: Vec<String>,
    tables: Vec<Table>,
    lines: Vec<ShownLine>,
    done: Option<String>,
    is_closed: bool,
    may_reopen: bool,
    may_release: bool,
    colleagues: Vec<Choice>,
    categories: Vec<Choice>,
    priorities: Vec<Choice>,
    replies: Vec<ReplyRow>,
    typed: Typed,
    once: Uuid,
}

/// What a ticket's page is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    done: String,
    /// A ready answer to begin with.
    #[serde(default)]
    reply: String,
}

pub(super) async fn page(
    Team(operator): Team,
    Path(id): Path<String>,
    Asked(wish): Asked<Wish>,
) -> Result<Response, Fault> {
    let id = shown::parse(&operator.visit, &id)?;
    let done = match wish.done.as_str() {
        "replied" | "noted" | "claim" | "release" | "transfer" | "sort" | "close" | "reopen" => {
            Some(operator.visit.t.say("admin-ticket-done"))
        }
        _ => None,
    };
    let mut typed = Typed::default();
    if let Ok(reply) = wish.reply.parse::<Uuid>() {
        let replies = ticket::replies(operator.app()).await.map_err(|error| operator.fault(error))?;
        typed.body = replies.into_iter().find(|row| row.id == reply).map(|row| row.body).unwrap_or_default();
    }
    show(&operator, id, done, typed).await
}

async fn show(operator: &Operator, id: Uuid, done: Option<String>, typed: Typed) -> Result<Response, Fault> {
    let (app, visit) = (operator.app(), &operator.visit);
    let now = app.clock.now();
    let read = async {
        let thread = ticket::whole(app, id).await?;
        let beside = ticket::beside(app, &thread.ticket).await?;
        Ok((thread, beside, ticket::helpers(app).await?, ticket::replies(app).await?))
    };
    let (thread, beside, helpers, replies) = read.await.map_err(|error: Error| operator.fault(error))?;
    let Thread { ticket, lines } = &thread;
    let page = path(id);
    let me = ticket::helper(&operator.who);
    let colleagues = helpers.iter().filter(|one| ticket.claimed_by != Some(one.id)).map(|one| Choice {
        value: one.id.to_string(),
        words: one.email.clone(),
        is_chosen: false,
    });
    let name = |line: &Line| match (line.side, line.author) {
        (Side::Customer, _) => beside.email.clone(),
        (Side::Staff, Some(author)) => helpers
            .iter()
            .find(|one| one.id == author)
            .map_or_else(|| visit.t.say("ticket-side-staff"), |one| one.email.clone()),
        _ => visit.t.say(&format!("ticket-side-{}", line.side.as_str())),
    };
    let shown_page = TicketPage {
        v: visit,
        ticket,
        state: visit.t.say(&format!("admin-ticket-state-{}", ticket.state)),
        answer_by: ticket.answer_by.map(minute),
        is_late: ticket.answer_by.is_some_and(|at| at < now),
        facts: beside
            .facts
            .iter()
            .map(|fact| visit.t.say(&format!("fact-{}", fact.as_str().replace('_', "-"))))
            .collect(),
        way: ticket.way.as_deref().map(|way| help::labels(visit, way)).unwrap_or_default(),
        tables: tables(operator, &beside),
        lines: lines.iter().map(|line| shown::shown(visit, &page, line, name(line))).collect(),
        done,
        is_closed: ticket.closed_at.is_some(),
        may_reopen: ticket.life().is_ok_and(|life| life.may_reopen(now)),
        may_release: ticket.claimed_by.is_some_and(|owner| owner == me.id || me.is_lead),
        colleagues: colleagues.collect(),
        categories: shown::categories(visit, &ticket.category),
        priorities: priorities(visit, &ticket.priority),
        replies,
        typed,
        once: app.dice.id(now),
        beside: &beside,
        page: page.clone(),
    };
    let status = if shown_page.typed.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(status, &shown_page))
}

/// The customer's subscriptions, devices and other tickets.
fn tables(operator: &Operator, beside: &Beside) -> Vec<Table> {
    let t = &operator.visit.t;
    let say = |key: &str| t.say(key);
    let subscription = |view: &app::subscription::View| {
        vec![
            Cell::text(&view.plan_name),
            Cell::text(&view.row.status),
            Cell::text(t.date(view.row.paid_until)),
            Cell::text(match view.row.quota_bytes {
                Some(bytes) => format!("{} / {}", t.size(view.row.used_bytes), t.size(bytes)),
                None => t.size(view.row.used_bytes),
            }),
        ]
    };
    let device = |one: &BesideDevice| {
        let served = if one.device.is_served { "admin-ticket-yes" } else { "admin-ticket-no" };
        let connected = if one.has_connected { "admin-ticket-yes" } else { "admin-ticket-no" };
        vec![
            Cell::text(&one.device.row.name),
            Cell::text(&one.device.server.name),
            Cell::text(&one.device.server.status),
            Cell::text(say(served)),
            Cell::text(say(connected)),
        ]
    };
    vec![
        Table::new(
            say("dashboard-subscription"),
            ["admin-plan", "ticket-state", "admin-paid-until", "admin-ticket-used"].map(say).to_vec(),
            say("admin-none"),
            beside.subscriptions.iter().map(subscription).collect(),
        ),
        Table::new(
            say("dashboard-devices"),
            ["field-name", "admin-ticket-server", "ticket-state", "admin-ticket-served", "admin-ticket-connected"]
                .map(say)
                .to_vec(),
            say("admin-none"),
            beside.devices.iter().map(device).collect(),
        ),
        table(operator, say("admin-ticket-others"), &beside.others),
    ]
}

/// An answer to the customer, or a note for the team: which button was pressed.
pub(super) async fn reply(Path(id): Path<String>, TeamUpload(operator, upload): TeamUpload) -> Result<Response, Fault> {
    let id = shown::parse(&operator.visit, &id)?;
    let done = if upload.get("kind") == "note" { "noted" } else { "replied" };
    match write(&operator, &upload, id).await {
        Ok(_) => Ok(Redirect::to(&format!("{}?done={done}#end", path(id))).into_response()),
        Err(error) => {
            let typed = Typed { body: upload.get("body").to_owned(), problem: operator.mendable(error)? };
            show(&operator, id, None, typed).await
        }
    }
}

async fn write(operator: &Operator, upload: &Upload, id: Uuid) -> app::Result<Thread> {
    let (app, by) = (operator.app(), ticket::helper(&operator.who));
    let written = shown::written(upload)?;
    match upload.get("kind") {
        "note" => ticket::note(app, by, id, &written).await,
        _ => ticket::reply(app, by, id, &written).await,
    }
}

/// What is done to a ticket by a button.
pub(super) async fn act(
    Path((id, act)): Path<(String, String)>,
    TeamForm(operator, form): TeamForm,
) -> Result<Response, Fault> {
    let id = shown::parse(&operator.visit, &id)?;
    let change = match change(&act, &form) {
        Ok(change) => change,
        Err(Error::NotFound) => return Err(operator.fault(Error::NotFound)),
        Err(error) => return refused(&operator, id, error).await,
    };
    match ticket::change(operator.app(), ticket::helper(&operator.who), id, &change).await {
        Ok(_) => Ok(back(&path(id), &act)),
        Err(error) => refused(&operator, id, error).await,
    }
}

async fn refused(operator: &Operator, id: Uuid, error: Error) -> Result<Response, Fault> {
    let typed = Typed { problem: operator.mendable(error)?, ..Typed::default() };
    show(operator, id, None, typed).await
}

fn change(act: &str, form: &Fields) -> app::Result<Change> {
    Ok(match act {
        "claim" => Change::Claim,
        "release" => Change::Release,
        "transfer" => Change::Transfer(
            form.get("to")
                .parse()
                .map_err(|_| Error::invalid("to", "ticket_helper_unknown", "a ticket is handed to one of the team"))?,
        ),
        "sort" => {
            let category: Category = ticket::category(form.get("category"))?;
            Change::Sort(category, ticket::priority(form.get("priority"))?)
        }
        "close" => Change::Close(ticket::words("reason", form.get("reason"))?),
        "reopen" => Change::Reopen,
        _ => return Err(Error::NotFound),
    })
}

pub(super) async fn file(Team(operator): Team, Path((id, file)): Path<(String, String)>) -> Result<Response, Fault> {
    let (id, file) = (shown::parse(&operator.visit, &id)?, shown::parse(&operator.visit, &file)?);
    let content = ticket::staff_file(operator.app(), id, file).await.map_err(|error| operator.fault(error))?;
    Ok(content_response(content))
}

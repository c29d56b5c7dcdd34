//! A customer's tickets.

use app::session::Who;
use app::ticket::{self, Content, FileInfo, Line, NewTicket, Source, TicketRow, Written};
use app::{Error, faq};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::ticket::{Category, Entry, REOPEN_MS, Side, Stars};
use domain::time::minute;
use serde::Deserialize;
use uuid::Uuid;

use super::billing;
use super::form::{Asked, Filled};
use super::upload::Upload;
use super::visit::{Fault, Visit};
use crate::error::status_of;

/// A file that was attached is nothing that a browser runs, whatever is in it.
const FILE_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// A file as a page shows it.
pub(super) struct ShownFile {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) size: String,
    pub(super) is_picture: bool,
}

/// Something in a ticket as a page shows it.
pub(super) struct ShownLine {
    pub(super) class: &'static str,
    pub(super) who: String,
    pub(super) at: String,
    /// What was done, where it is no message.
    pub(super) deed: Option<String>,
    pub(super) text: String,
    pub(super) files: Vec<ShownFile>,
}

/// A line of a ticket below `page`; `who` names its author.
pub(super) fn shown(visit: &Visit, page: &str, line: &Line, who: String) -> ShownLine {
    let file = |file: &FileInfo| ShownFile {
        href: format!("{page}/files/{}", file.id),
        name: file.name.clone(),
        size: visit.t.size(file.bytes),
        is_picture: file.media_type.starts_with("image/"),
    };
    let deed = line.deed().map(|(deed, more)| (visit.t.say(&format!("ticket-deed-{}", deed.as_str())), more));
    let class = match (line.entry, line.side) {
        (Entry::Note, _) => "message message-note",
        (Entry::Event, _) => "message message-event",
        (Entry::Message, Side::Staff) => "message message-staff",
        (Entry::Message, _) => "message",
    };
    ShownLine {
        class,
        who,
        at: minute(line.at),
        text: deed.as_ref().map_or(line.body.as_str(), |(_, more)| more).to_owned(),
        deed: deed.map(|(deed, _)| deed),
        files: line.files.iter().map(file).collect(),
    }
}

/// An option of a list, in words.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) words: String,
    pub(super) is_chosen: bool,
}

/// The kinds of tickets to choose from.
pub(super) fn categories(visit: &Visit, chosen: &str) -> Vec<Choice> {
    let choice = |category: &Category| Choice {
        value: category.as_str().to_owned(),
        words: visit.t.say(&format!("ticket-category-{}", category.as_str())),
        is_chosen: category.as_str() == chosen,
    };
    Category::ALL.iter().map(choice).collect()
}

/// A ticket as a line of a list.
struct Row {
    href: String,
    number: i64,
    subject: String,
    state: String,
    mark: &'static str,
    updated: String,
}

/// The shape of a ticket's state: what waits for the reader stands out.
fn mark(state: &str) -> &'static str {
    match state {
        "waiting" => "status status-warn",
        "closed" => "status",
        _ => "status status-up",
    }
}

fn state_words(visit: &Visit, row: &TicketRow) -> String {
    visit.t.say(&format!("ticket-state-{}", row.state))
}

#[derive(Default, Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "tickets.html")]
struct TicketsPage<'a> {
    v: &'a Visit,
    rows: Vec<Row>,
    next: Option<String>,
}

pub(crate) async fn list(visit: Visit, Asked(query): Asked<After>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let found = ticket::list(&visit.ctx.app, who, billing::after(&query.after)).await;
    let found = found.map_err(|error| visit.fault(error))?;
    let row = |row: &TicketRow| Row {
        href: path(row.id),
        number: row.number,
        subject: row.subject.clone(),
        state: state_words(&visit, row),
        mark: mark(&row.state),
        updated: minute(row.updated_at),
    };
    let rows = found.rows.iter().map(row).collect();
    Ok(visit.page(StatusCode::OK, &TicketsPage { v: &visit, rows, next: found.next }))
}

fn path(id: Uuid) -> String {
    format!("/dashboard/tickets/{id}")
}

/// What is typed into the form of a message, and what was wrong with it.
#[derive(Default)]
struct Typed {
    subject: String,
    category: String,
    way: String,
    body: String,
    subject_error: String,
    body_error: String,
    files_error: String,
    problem: String,
}

impl Typed {
    /// A form that was refused; what can't be mended in it is a page of its own.
    fn refused(upload: &Upload, error: Error) -> Result<(StatusCode, Typed), Fault> {
        let visit = &upload.visit;
        let status = status_of(&error);
        let problem = match &error {
            // The other fields say for themselves what is wrong with them.
            Error::Invalid(_) => visit.field_words(&error, "category"),
            Error::Conflict { code, detail } => visit.words(code, detail),
            _ => return Err(visit.fault(error)),
        };
        let mut files_error = visit.field_words(&error, "files");
        if upload.has_files() && files_error.is_empty() {
            files_error = visit.t.say("ticket-files-again");
        }
        let typed = Typed {
            subject: upload.get("subject").to_owned(),
            category: upload.get("category").to_owned(),
            way: upload.get("way").to_owned(),
            body: upload.get("body").to_owned(),
            subject_error: visit.field_words(&error, "subject"),
            body_error: visit.field_words(&error, "body"),
            files_error,
            problem,
        };
        Ok((status, typed))
    }
}

#[derive(Template)]
#[template(path = "ticket_new.html")]
struct NewPage<'a> {
    v: &'a Visit,
    typed: Typed,
    categories: Vec<Choice>,
    once: Uuid,
}

fn new_page(visit: &Visit, status: StatusCode, typed: Typed, once: Option<Uuid>) -> Response {
    let app = &visit.ctx.app;
    let once = once.unwrap_or_else(|| app.dice.id(app.clock.now()));
    let categories = categories(visit, &typed.category);
    visit.page(status, &NewPage { v: visit, typed, categories, once })
}

#[derive(Default, Deserialize)]
pub(crate) struct About {
    #[serde(default)]
    category: String,
    #[serde(default)]
    way: String,
}

pub(crate) async fn new_ticket(visit: Visit, Asked(query): Asked<About>) -> Result<Response, Fault> {
    visit.signed_in()?;
    let typed = Typed { category: query.category, way: query.way, ..Typed::default() };
    Ok(new_page(&visit, StatusCode::OK, typed, None))
}

pub(crate) async fn open(upload: Upload) -> Result<Response, Fault> {
    let who = upload.who()?;
    match open_from(&upload, who).await {
        Ok(id) => Ok(Redirect::to(&format!("{}?done=opened", path(id))).into_response()),
        Err(error) => {
            let (status, typed) = Typed::refused(&upload, error)?;
            Ok(new_page(&upload.visit, status, typed, upload.once()))
        }
    }
}

async fn open_from(upload: &Upload, who: &Who) -> app::Result<Uuid> {
    let new = NewTicket {
        subject: ticket::subject(upload.get("subject"))?,
        category: ticket::category(upload.get("category"))?,
        way: faq::way(&upload.visit.ctx.app, upload.get("way"))?,
        first: written(upload)?,
        place: None,
    };
    Ok(ticket::open(&upload.visit.ctx.app, who, &new).await?.ticket.id)
}

/// The message of a form.
pub(super) fn written(upload: &Upload) -> app::Result<Written> {
    let written = Written::parse(upload.get("body"), upload.attachments()?, Source::Site)?;
    Ok(written.once(upload.once()))
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage<'a> {
    v: &'a Visit,
    ticket: &'a TicketRow,
    page: String,
    state: String,
    mark: &'static str,
    category: String,
    lines: Vec<ShownLine>,
    done: Option<String>,
    is_closed: bool,
    /// Until when a closed one is opened again by writing; nothing if that is over.
    reopens_until: Option<String>,
    rating: Option<String>,
    typed: Typed,
    once: Uuid,
}

#[derive(Default, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    done: String,
}

pub(crate) async fn page(visit: Visit, Path(id): Path<String>, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let id = parse(&visit, &id)?;
    let done = match query.done.as_str() {
        "opened" => Some(visit.t.say("ticket-opened-done")),
        "sent" => Some(visit.t.say("ticket-sent")),
        _ => None,
    };
    show(&visit, who, id, StatusCode::OK, done, Typed::default()).await
}

async fn show(
    visit: &Visit,
    who: &Who,
    id: Uuid,
    status: StatusCode,
    done: Option<String>,
    typed: Typed,
) -> Result<Response, Fault> {
    let app = &visit.ctx.app;
    let now = app.clock.now();
    let thread = ticket::get(app, who, id).await.map_err(|error| visit.fault(error))?;
    let ticket = &thread.ticket;
    let page = path(id);
    let name = |line: &Line| visit.t.say(&format!("ticket-side-{}", line.side.as_str()));
    let lines = thread.lines.iter().map(|line| shown(visit, &page, line, name(line))).collect();
    let reopens_until = ticket.closed_at.map(|at| at + REOPEN_MS).filter(|until| now <= *until);
    let page = TicketPage {
        v: visit,
        state: state_words(visit, ticket),
        mark: mark(&ticket.state),
        category: visit.t.say(&format!("ticket-category-{}", ticket.category)),
        lines,
        done,
        is_closed: ticket.closed_at.is_some(),
        reopens_until: reopens_until.map(|until| visit.t.date(until)),
        rating: ticket.rating.map(|stars| visit.t.with("ticket-rated", "stars", stars)),
        typed,
        once: app.dice.id(now),
        page,
        ticket,
    };
    Ok(visit.page(status, &page))
}

/// What is no id is not found, like an id of nothing.
pub(super) fn parse(visit: &Visit, id: &str) -> Result<Uuid, Fault> {
    id.parse().map_err(|_| visit.fault(Error::NotFound))
}

pub(crate) async fn write(Path(id): Path<String>, upload: Upload) -> Result<Response, Fault> {
    let who = upload.who()?;
    let visit = &upload.visit;
    let id = parse(visit, &id)?;
    let sent = async { ticket::write(&visit.ctx.app, who, id, &written(&upload)?).await };
    match sent.await {
        Ok(_) => Ok(Redirect::to(&format!("{}?done=sent#end", path(id))).into_response()),
        Err(error) => {
            let (status, typed) = Typed::refused(&upload, error)?;
            show(visit, who, id, status, None, typed).await
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Token {
    #[serde(default)]
    csrf: String,
}

pub(crate) async fn close(Path(id): Path<String>, Filled { visit, form }: Filled<Token>) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let id = parse(&visit, &id)?;
    ticket::close_own(&visit.ctx.app, who, id).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to(&path(id)))
}

#[derive(Deserialize)]
pub(crate) struct Rating {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    rating: String,
    #[serde(default)]
    note: String,
}

pub(crate) async fn rate(Path(id): Path<String>, Filled { visit, form }: Filled<Rating>) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let id = parse(&visit, &id)?;
    let rated = async {
        let stars = Stars::parse(form.rating.parse().unwrap_or_default());
        let stars = stars.map_err(|error| Error::conflict(error.code(), error.to_string()))?;
        ticket::rate(&visit.ctx.app, who, id, stars, ticket::words("note", &form.note)?).await
    };
    rated.await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to(&path(id)))
}

pub(crate) async fn file(visit: Visit, Path((id, file)): Path<(String, String)>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let (id, file) = (parse(&visit, &id)?, parse(&visit, &file)?);
    let content = ticket::file(&visit.ctx.app, who, id, file).await.map_err(|error| visit.fault(error))?;
    Ok(content_response(content))
}

/// A file: a picture for the page to show, everything else to be saved.
pub(super) fn content_response(content: Content) -> Response {
    let way = if content.media_type.starts_with("image/") { "inline" } else { "attachment" };
    let name: String = url::form_urlencoded::byte_serialize(content.name.as_bytes()).collect();
    // RFC 8187: percent-encoded, with a space as `%20`.
    let disposition = format!("{way}; filename*=UTF-8''{}", name.replace('+', "%20"));
    let mut response = content.bytes.into_response();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, &content.media_type);
    set(header::CONTENT_DISPOSITION, &disposition);
    set(header::CACHE_CONTROL, "no-store");
    headers.insert(header::CONTENT_SECURITY_POLICY, FILE_POLICY);
    response
}

//! Support tickets of a customer.

use app::ticket::{self, Attachment, FileInfo, Line, NewTicket, Source, Thread, TicketRow, Written};
use app::{App, Error};
use axum::Json as Reply;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ticket::Stars;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Id, Json, Pages, Session};
use crate::idempotency::Request;

/// A ticket as JSON.
fn ticket_json(row: &TicketRow) -> api::Ticket {
    api::Ticket {
        id: row.id,
        number: row.number,
        subject: row.subject.clone(),
        category: row.category.clone(),
        state: row.state.clone(),
        created_at: api::time(row.created_at),
        updated_at: api::time(row.updated_at),
        closed_at: row.closed_at.map(api::time),
        close_reason: row.close_reason.clone(),
        rating: row.rating,
    }
}

/// A ticket with what is written in it, as JSON.
pub(crate) fn thread_json(thread: Thread) -> api::TicketThread {
    let file = |file: FileInfo| api::TicketFile {
        id: file.id,
        name: file.name,
        media_type: file.media_type,
        bytes: file.bytes,
    };
    let message = |line: Line| {
        let deed = line.deed().map(|(deed, more)| (deed.as_str().to_owned(), more.to_owned()));
        let (event, body) = deed.map_or((None, line.body), |(deed, more)| (Some(deed), more));
        api::TicketMessage {
            id: line.id,
            side: line.side.as_str().to_owned(),
            event,
            body,
            at: api::time(line.at),
            files: line.files.into_iter().map(file).collect(),
        }
    };
    api::TicketThread { ticket: ticket_json(&thread.ticket), messages: thread.lines.into_iter().map(message).collect() }
}

fn written(body: &str, files: Vec<api::NewFile>, request: Request) -> Result<Written, Error> {
    let attachment = |file: api::NewFile| {
        let content = STANDARD.decode(&file.content);
        let content = content.map_err(|_| Error::invalid("files", "file_base64", "a file's content is base64"))?;
        Attachment::parse(&file.name, content)
    };
    let written = Written::parse(body, files.into_iter().map(attachment).collect::<Result<_, _>>()?, Source::Api)?;
    // The half of a hash that names the request is as good a name for the message.
    let once = request.0.and_then(|scope| scope.first_chunk().map(|half| Uuid::new_v8(*half)));
    Ok(written.once(once))
}

/// Your tickets.
#[utoipa::path(get, path = "/tickets", tag = "tickets", params(api::PageQuery),
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::TicketList), (status = 401, body = api::Problem),
        (status = 422, body = api::Problem)))]
pub(crate) async fn list(
    State(app): State<App>,
    Session(who): Session,
    Pages(ask): Pages,
) -> Result<Reply<api::TicketList>, ApiError> {
    let page = ticket::list(&app, &who, ask).await?;
    Ok(Reply(api::TicketList { tickets: page.rows.iter().map(ticket_json).collect(), next_cursor: page.next }))
}

/// Open a ticket.
#[utoipa::path(post, path = "/tickets", tag = "tickets", request_body = api::NewTicket,
    security(("key" = [], "session" = [])),
    responses((status = 201, body = api::TicketThread), (status = 401, body = api::Problem),
        (status = 409, description = "tickets_too_many_open, tickets_too_many_today", body = api::Problem),
        (status = 413, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn open(
    State(app): State<App>,
    Session(who): Session,
    request: Request,
    Json(body): Json<api::NewTicket>,
) -> Result<(StatusCode, Reply<api::TicketThread>), ApiError> {
    let new = NewTicket {
        subject: ticket::subject(&body.subject)?,
        category: ticket::category(&body.category)?,
        way: None,
        first: written(&body.body, body.files, request)?,
        place: None,
    };
    Ok((StatusCode::CREATED, Reply(thread_json(ticket::open(&app, &who, &new).await?))))
}

/// One of your tickets.
#[utoipa::path(get, path = "/tickets/{id}", tag = "tickets", params(("id" = Uuid, Path)),
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::TicketThread), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem)))]
pub(crate) async fn get(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
) -> Result<Reply<api::TicketThread>, ApiError> {
    Ok(Reply(thread_json(ticket::get(&app, &who, id).await?)))
}

/// Write in a ticket. One that was closed in the last seven days is opened again.
#[utoipa::path(post, path = "/tickets/{id}/messages", tag = "tickets", request_body = api::NewTicketMessage,
    params(("id" = Uuid, Path)), security(("key" = [], "session" = [])),
    responses((status = 201, body = api::TicketThread), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem),
        (status = 409, description = "ticket_closed_for_good, ticket_full, tickets_too_many_open", body = api::Problem),
        (status = 413, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn write(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
    request: Request,
    Json(body): Json<api::NewTicketMessage>,
) -> Result<(StatusCode, Reply<api::TicketThread>), ApiError> {
    let written = written(&body.body, body.files, request)?;
    Ok((StatusCode::CREATED, Reply(thread_json(ticket::write(&app, &who, id, &written).await?))))
}

/// Close a ticket. One that is closed stays as it is.
#[utoipa::path(post, path = "/tickets/{id}/close", tag = "tickets", params(("id" = Uuid, Path)),
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::TicketThread), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem)))]
pub(crate) async fn close(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
) -> Result<Reply<api::TicketThread>, ApiError> {
    Ok(Reply(thread_json(ticket::close_own(&app, &who, id).await?)))
}

/// Say what you thought of a closed ticket. Another verdict takes the place of the first.
#[utoipa::path(post, path = "/tickets/{id}/rating", tag = "tickets", request_body = api::RateTicket,
    params(("id" = Uuid, Path)), security(("key" = [], "session" = [])),
    responses((status = 200, body = api::TicketThread), (status = 401, body = api::Problem),
        (status = 404, body = api::Problem), (status = 409, description = "ticket_not_closed", body = api::Problem),
        (status = 422, body = api::Problem)))]
pub(crate) async fn rate(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
    Json(body): Json<api::RateTicket>,
) -> Result<Reply<api::TicketThread>, ApiError> {
    let stars = Stars::parse(body.rating);
    let stars = stars.map_err(|error| Error::invalid("rating", error.code(), error.to_string()))?;
    let note = ticket::words("note", &body.note)?;
    Ok(Reply(thread_json(ticket::rate(&app, &who, id, stars, note).await?)))
}

/// A file of one of your tickets.
#[utoipa::path(get, path = "/tickets/{id}/files/{file}", tag = "tickets",
    params(("id" = Uuid, Path), ("file" = Uuid, Path)), security(("key" = [], "session" = [])),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 401, body = api::Problem), (status = 404, body = api::Problem)))]
pub(crate) async fn file(
    State(app): State<App>,
    Session(who): Session,
    Path((id, file)): Path<(String, String)>,
) -> Result<([(HeaderName, &'static str); 2], Vec<u8>), ApiError> {
    // What is no id is not found, like an id of nothing.
    let ids = id.parse().ok().zip(file.parse().ok());
    let (id, file): (Uuid, Uuid) = ids.ok_or(Error::NotFound)?;
    let content = ticket::file(&app, &who, id, file).await?;
    // Whatever it is, it is bytes here: a browser that is led to this address saves it.
    let headers = [(header::CONTENT_DISPOSITION, "attachment"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, content.bytes))
}

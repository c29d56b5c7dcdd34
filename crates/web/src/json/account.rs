//! The account and its sessions.

use app::session::{Account, SessionRow};
use app::{App, Error};
use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use domain::page::{Order, Place};

use crate::error::ApiError;
use crate::extract::{Id, Json, Pages, Session};
use crate::json::auth;

/// An account as JSON.
pub(crate) fn user(row: &Account) -> api::User {
    api::User {
        id: row.id,
        email: row.email.clone(),
        role: row.role.clone(),
        language: row.language.clone(),
        email_verified: row.verified_at.is_some(),
        referral_code: row.referral_code.clone(),
        created_at: api::time(row.created_at),
    }
}

/// A session as JSON; `current` is the one that asks.
pub(crate) fn session(row: &SessionRow, current: uuid::Uuid) -> api::Session {
    api::Session {
        id: row.id,
        kind: row.kind.clone(),
        client: row.client.clone(),
        seen: api::time(row.seen_day),
        created_at: api::time(row.created_at),
        current: row.id == current,
    }
}

/// The account.
#[utoipa::path(get, path = "/user/me", tag = "accounts", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::User), (status = 401, body = api::Problem)))]
pub(crate) async fn me(Session(who): Session) -> Reply<api::User> {
    Reply(user(&who.user))
}

/// Change the language of mails and pages.
#[utoipa::path(patch, path = "/user/me", tag = "accounts", request_body = api::ChangeMe,
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::User), (status = 401, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn change_me(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::ChangeMe>,
) -> Result<Reply<api::User>, ApiError> {
    let language = auth::language(&body.language).map_err(|field| Error::Invalid(vec![field]))?;
    Ok(Reply(user(&app::user::set_language(&app, &who, language).await?)))
}

/// Live sessions, newest first.
#[utoipa::path(get, path = "/user/sessions", tag = "accounts", security(("key" = [], "session" = [])),
    params(api::PageQuery),
    responses((status = 200, body = api::SessionList), (status = 401, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn sessions(
    State(app): State<App>,
    Session(who): Session,
    Pages(ask): Pages,
) -> Result<Reply<api::SessionList>, ApiError> {
    let all = app::session::list(&app, &who).await?;
    let page = ask.cut(all, Order::NewestFirst, |row| Place::of_id(row.id));
    let sessions = page.rows.iter().map(|row| session(row, who.session.id)).collect();
    Ok(Reply(api::SessionList { sessions, next_cursor: page.next }))
}

/// End a session.
#[utoipa::path(delete, path = "/user/sessions/{id}", tag = "accounts", security(("key" = [], "session" = [])),
    params(("id" = uuid::Uuid, Path)),
    responses((status = 204, description = "Ended"), (status = 401, body = api::Problem), (status = 404, body = api::Problem)))]
pub(crate) async fn end_session(
    State(app): State<App>,
    Session(who): Session,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    app::session::end(&app, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

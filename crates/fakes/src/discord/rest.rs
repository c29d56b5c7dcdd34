//! The door of the API: headers, troubles, the journal, then the one function of the path.

use super::errors::ApiError;
use super::files::{self, Sent, Upload};
use super::limits::{RateScope, Verdict};
use super::trouble::Trouble;
use super::{Inner, channels, commands, direct, interactions, roles, show, threads};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// The largest JSON that is read.
pub(crate) const LARGEST: usize = 1024 * 1024;

/// One request that reached the API, for a test to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// When it came, unix milliseconds.
    pub at: i64,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The body as it was sent; of a form with files the `payload_json` alone.
    pub body: String,
    /// The status of the reply.
    pub status: u16,
}

/// An answer: no body is 204.
pub(crate) type Answer = Result<Option<Value>, ApiError>;

/// What a route gets of its request.
pub(crate) struct Call<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) now: i64,
    pub(crate) query: &'a str,
    pub(crate) body: &'a Value,
    /// Files, if it was a form.
    pub(crate) uploads: &'a [Upload],
}

fn header(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Every path under `/api/v10/`.
pub(crate) async fn serve(Shared(inner): Shared<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let trouble = inner.lock().plan.take(&path);
    match trouble {
        Some(Trouble::Broken) => return ApiError::new(500, 0, "500: Internal Server Error").into_response(),
        Some(Trouble::BadGateway) => return (StatusCode::BAD_GATEWAY, "<html>502 Bad Gateway</html>").into_response(),
        Some(Trouble::AnswerLost | Trouble::Hang | Trouble::RateLimited(_)) | None => {}
    }
    let is_form = header(&head.headers, header::CONTENT_TYPE).starts_with("multipart/form-data");
    let Ok(bytes) = to_bytes(body, if is_form { files::LARGEST_FORM } else { LARGEST }).await else {
        return ApiError::too_large().into_response();
    };
    check_headers(&inner, &head.method, &head.headers, &path, !bytes.is_empty());
    let sent = if is_form { files::read(&head, bytes).await } else { Ok(Sent { json: bytes, uploads: Vec::new() }) };
    let sent = match sent {
        Ok(sent) => sent,
        Err(error) => return error.into_response(),
    };
    let now = inner.now();
    let verdict = admit(&inner, now, (head.method.as_str(), &path), &sent.json, trouble);
    let answer = if verdict.refusal.is_some() { Ok(None) } else { answer(&inner, now, &head, &sent) };
    let status = match (&verdict.refusal, &answer) {
        (Some(_), _) => 429,
        (None, Ok(Some(_))) => 200,
        (None, Ok(None)) => 204,
        (None, Err(error)) => error.status,
    };
    let text = String::from_utf8_lossy(&sent.json).into_owned();
    let method = head.method.as_str().to_owned();
    {
        let mut state = inner.lock();
        if state.limits.count_invalid(now, status, verdict.refusal.as_ref()) {
            state.violation("ten thousand invalid requests in ten minutes: the address is shut out");
        }
        state.journal.push(LoggedRequest { at: now, method, path, body: text, status });
    }
    match trouble {
        Some(Trouble::Hang) => return std::future::pending().await,
        // Unwinding drops the connection; no panic hook runs, so nothing is printed.
        Some(Trouble::AnswerLost) => std::panic::resume_unwind(Box::new("the answer is lost")),
        _ => {}
    }
    let mut response = match (&verdict.refusal, answer) {
        (Some(refusal), _) => refusal.response(),
        (None, Ok(Some(body))) => Json(body).into_response(),
        (None, Ok(None)) => StatusCode::NO_CONTENT.into_response(),
        (None, Err(error)) => error.into_response(),
    };
    verdict.add_headers(response.headers_mut());
    response
}

/// Asks the limits, and notes it when a 429 was not heeded.
fn admit(inner: &Inner, now: i64, route: (&str, &str), bytes: &[u8], trouble: Option<Trouble>) -> Verdict {
    let forced = if let Some(Trouble::RateLimited(scope)) = trouble { Some(scope) } else { None };
    let body = serde_json::from_slice(bytes).unwrap_or_default();
    let mut state = inner.lock();
    let verdict = state.limits.admit(now, route, &body, forced);
    if let Some(scope) = verdict.ignored {
        let which = if scope == RateScope::Global { "ignored global rate limit" } else { "ignored rate limit" };
        state.violation(format!("{which}: {} {}", route.0, route.1));
    }
    verdict
}

/// What Discord asks of every request, and a client library may forget.
fn check_headers(inner: &Inner, method: &Method, headers: &HeaderMap, path: &str, has_body: bool) {
    let agent = header(headers, header::USER_AGENT);
    let mut state = inner.lock();
    if !(agent.starts_with("DiscordBot (http") && agent.contains(", ")) {
        state.violation(format!("{method} {path} came with the User-Agent {agent:?}, not DiscordBot (url, version)"));
    }
    let kind = header(headers, header::CONTENT_TYPE);
    if has_body && !kind.starts_with("application/json") && !kind.starts_with("multipart/form-data") {
        state.violation(format!("{method} {path} came with a body of the Content-Type {kind:?}"));
    }
}

fn answer(inner: &Inner, now: i64, head: &axum::http::request::Parts, sent: &Sent) -> Answer {
    threads::archive_quiet(&mut inner.lock(), now);
    let body = if sent.json.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&sent.json)
            .map_err(|_| ApiError::new(400, 50109, "The request body contains invalid JSON."))?
    };
    let path = head.uri.path().trim_start_matches("/api/v10/");
    let parts: Vec<&str> = path.split('/').collect();
    let call = Call { inner, now, query: head.uri.query().unwrap_or_default(), body: &body, uploads: &sent.uploads };
    let method = head.method.as_str();
    // The token in the path is what these two ask for.
    match (method, parts.as_slice()) {
        ("POST", ["interactions", id, token, "callback"]) => return interactions::callback(&call, id, token),
        (_, ["webhooks", app, token, rest @ ..]) => return interactions::webhook(&call, method, (app, token), rest),
        _ => {}
    }
    if header(&head.headers, header::AUTHORIZATION) != format!("Bot {}", inner.token) {
        inner.lock().violation(format!("{method} {} came without the bot's token", head.uri.path()));
        return Err(ApiError::unauthorized());
    }
    match (method, parts.as_slice()) {
        ("GET", ["gateway"]) => Ok(Some(json!({ "url": format!("ws://{}", inner.address) }))),
        ("GET", ["gateway", "bot"]) => Ok(Some(json!({
            "url": format!("ws://{}", inner.address), "shards": 1,
            "session_start_limit": inner.lock().gateway.starts.show(now),
        }))),
        ("GET", ["users", "@me"]) => Ok(Some(show::myself(&inner.lock(), inner))),
        (_, ["applications", app, "guilds", guild, "commands"]) => commands::guild(&call, method, app, guild),
        ("POST", ["users", "@me", "channels"]) => direct::create(&call),
        (_, ["guilds", guild, rest @ ..]) => roles::guild(&call, method, guild, rest),
        (_, ["channels", channel, rest @ ..]) => channels::serve(&call, method, channel, rest),
        _ => Err(ApiError::unknown_route()),
    }
}

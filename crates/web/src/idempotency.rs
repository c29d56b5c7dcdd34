//! `Idempotency-Key`, on the API's writes: the same request twice is one effect and one reply.

use std::sync::Arc;

use app::idempotency::{self, Begun, Scope};
use axum::body::{Body, to_bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::context::Ctx;
use crate::cookies::{self, Name};
use crate::error::ApiError;
use crate::extract::bearer;
use crate::json::TOO_LARGE;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Largest reply that is kept, in bytes; ours are far smaller.
const MAX_REPLY: usize = 1 << 20;

/// Makes what is kept of a reply that holds a secret: the same without it. Only a request with a key has it made.
#[derive(Clone)]
pub(crate) struct Replay(pub(crate) Arc<dyn Fn() -> app::Result<Vec<u8>> + Send + Sync>);

/// The scope of a request that has a key.
#[derive(Clone, Copy)]
pub(crate) struct Request(pub(crate) Option<Scope>);

impl<S: Sync> FromRequestParts<S> for Request {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Request(parts.extensions.get::<Request>().and_then(|request| request.0)))
    }
}

/// Gives a reply again, or lets the request through and keeps its reply. Its body has at most `most` bytes.
pub(crate) async fn once(ctx: &Ctx, most: usize, request: axum::extract::Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let scope = match scope_of(ctx, &parts) {
        Ok(Some(scope)) => scope,
        Ok(None) => return next.run(axum::extract::Request::from_parts(parts, body)).await,
        Err(error) => return error.into_response(),
    };
    let Ok(body) = to_bytes(body, most).await else {
        return ApiError::request(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", TOO_LARGE).into_response();
    };
    let now = ctx.app.clock.now();
    match ctx.app.retrying(|| idempotency::begin(&ctx.app, &scope, &body, now)).await {
        Ok(Begun::New) => {}
        Ok(Begun::Done { status, body }) => return again(status, body),
        Err(error) => return ApiError::from(error).into_response(),
    }
    parts.extensions.insert(Request(Some(scope)));
    let response = next.run(axum::extract::Request::from_parts(parts, Body::from(body))).await;
    keep(ctx, &scope, response).await
}

/// The scope of a write with a key, by a user who shows a token. Whether the token is in force, the route finds out.
fn scope_of(ctx: &Ctx, parts: &Parts) -> Result<Option<Scope>, ApiError> {
    let Some(key) = parts.headers.get(KEY).filter(|_| parts.method == Method::POST) else { return Ok(None) };
    let token = bearer(parts).or_else(|| cookies::read(&parts.headers, Name::Access, ctx.settings.cookies));
    let app = &ctx.app;
    let access = token.and_then(|token| app::tokens::read_access(&app.config, &token, app.clock.now()));
    let Some(access) = access else { return Ok(None) };
    // The path below the mount: the two mounts are one API.
    let route = parts.uri.path();
    Ok(Some(idempotency::scope(access.user, route, key.to_str().unwrap_or_default())?))
}

/// Keeps the reply of a request that had its effect. What failed on our side, had to wait, or was not signed in may come
/// again.
async fn keep(ctx: &Ctx, scope: &Scope, response: Response) -> Response {
    let status = response.status();
    let may_come_again = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    if may_come_again {
        if let Err(error) = idempotency::abandon(&ctx.app, scope).await {
            tracing::warn!(error = error.chain(), "an idempotency key stays taken for half a minute");
        }
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_REPLY).await else {
        return ApiError::from(app::Error::internal("a reply is too large to be kept")).into_response();
    };
    let kept = parts.extensions.get::<Replay>().map_or_else(|| Ok(body.to_vec()), |Replay(make)| make());
    let kept = async { idempotency::finish(&ctx.app, scope, status.as_u16(), &kept?).await };
    if let Err(error) = kept.await {
        tracing::warn!(error = error.chain(), "a reply was not kept; the same request again finds its effect");
    }
    Response::from_parts(parts, Body::from(body))
}

fn again(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REPLAYED, HeaderValue::from_static("true")),
    ];
    let mut response = (status, headers, body).into_response();
    if status == StatusCode::NO_CONTENT {
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

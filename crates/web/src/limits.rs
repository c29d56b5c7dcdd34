//! What a route of the API asks of a request before it is served: a key that opens it, patience, and for some the memory
//! of what was asked before. One layer for all three: each layer costs every request a copy of all that it covers.

use app::api_key::{self, Standing};
use app::limiter::Subject;
use app::{App, Error, LimitClass, tokens};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::api_scope::Scope;
use domain::limit::Decision;

use crate::client::ClientAddr;
use crate::context::Ctx;
use crate::error::ApiError;
use crate::{idempotency, json};

/// The conditions of a group of routes.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) ctx: Ctx,
    /// What the key has to open.
    pub(crate) scope: Scope,
    /// [`LimitClass::Credential`] counts per client (per account is counted by the use cases), all others per session, or
    /// per client without one.
    pub(crate) class: LimitClass,
    pub(crate) replies: Replies,
}

/// Whether a reply is kept under an `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replies {
    /// For a day.
    Kept,
    /// Never: secrets that are shown once, and links for minutes.
    Forgotten,
}

/// Lets a request in, or says why not.
pub(crate) async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    if request.method() != Method::OPTIONS
        && let Err(refusal) = check_key(&gate.ctx.app, gate.scope, request.headers()).await
    {
        return refusal.into_response();
    }
    let app = &gate.ctx.app;
    let decision = count(app, gate.class, &mut request).await;
    let mut response = match (&decision, gate.replies) {
        (Some(refused), _) if !refused.allowed => {
            ApiError::from(Error::TooMany { retry_after_ms: refused.retry_after_ms }).into_response()
        }
        (_, Replies::Kept) => idempotency::once(&gate.ctx, json::most_body(gate.scope), request, next).await,
        (_, Replies::Forgotten) => next.run(request).await,
    };
    if let Some(decision) = &decision {
        tell(response.headers_mut(), app.limiter.rule(gate.class).limit, decision);
    }
    response
}

/// Counts a request. What its token says goes along with it, so that it is read once.
async fn count(app: &App, class: LimitClass, request: &mut Request) -> Option<Decision> {
    let now = app.clock.now();
    let access = match class {
        LimitClass::Credential => None,
        LimitClass::General | LimitClass::Code => {
            access_token(request.headers()).and_then(|text| tokens::read_access(&app.config, text, now))
        }
    };
    if let Some(access) = access {
        request.extensions_mut().insert(access);
    }
    let client = request.extensions().get::<ClientAddr>().map(|ClientAddr(address)| *address);
    let subject = match (access, client) {
        (Some(access), _) => Subject::Session(access.session),
        (None, Some(address)) => Subject::Client(address),
        (None, None) => return None,
    };
    Some(app.limiter.hit(class, subject, now).await)
}

fn access_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn tell(headers: &mut HeaderMap, limit: u32, decision: &Decision) {
    headers.insert("ratelimit-limit", HeaderValue::from(limit));
    headers.insert("ratelimit-remaining", HeaderValue::from(decision.remaining));
    headers.insert("ratelimit-reset", HeaderValue::from((decision.reset_ms + 999) / 1000));
}

/// Every caller of the API shows a key that opens this part of it.
async fn check_key(app: &App, scope: Scope, headers: &HeaderMap) -> Result<(), ApiError> {
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok());
    let Some(key) = key else {
        return Err(Error::Unauthorized { code: "api_key_missing", detail: "send your key in X-API-KEY" }.into());
    };
    match api_key::standing(app, key, scope).await? {
        Standing::Valid => Ok(()),
        Standing::OutOfScope => Err(Error::Forbidden {
            code: "api_key_scope",
            detail: "this X-API-KEY does not open this part of the API; ask the operator for its scope",
        }
        .into()),
        Standing::Unknown => Err(Error::Unauthorized {
            code: "api_key_invalid",
            detail: "this X-API-KEY is unknown, was withdrawn or has run out",
        }
        .into()),
    }
}

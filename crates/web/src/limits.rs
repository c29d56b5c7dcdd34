//! Rate limits and the API key, as layers.

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

/// Routes that take a credential or send a mail: counted per client. Per account is counted by the use cases.
pub(crate) async fn credential(State(app): State<App>, request: Request, next: Next) -> Response {
    limited(&app, LimitClass::Credential, request, next).await
}

/// All other routes of the API: counted per session, or per client without one.
pub(crate) async fn general(State(app): State<App>, request: Request, next: Next) -> Response {
    limited(&app, LimitClass::General, request, next).await
}

async fn limited(app: &App, class: LimitClass, request: Request, next: Next) -> Response {
    let now = app.clock.now();
    let session = match class {
        LimitClass::Credential => None,
        LimitClass::General | LimitClass::Code => {
            access_token(request.headers()).and_then(|t| tokens::read_access(&app.config, t, now))
        }
    };
    let client = request.extensions().get::<ClientAddr>().map(|ClientAddr(address)| *address);
    let subject = match (session, client) {
        (Some(access), _) => Subject::Session(access.session),
        (None, Some(address)) => Subject::Client(address),
        (None, None) => return next.run(request).await,
    };
    let decision = app.limiter.hit(class, subject, now).await;
    let mut response = if decision.allowed {
        next.run(request).await
    } else {
        ApiError::from(Error::TooMany { retry_after_ms: decision.retry_after_ms }).into_response()
    };
    tell(response.headers_mut(), app.limiter.rule(class).limit, &decision);
    response
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
pub(crate) async fn api_key(State((ctx, scope)): State<(Ctx, Scope)>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let key = request.headers().get("x-api-key").and_then(|value| value.to_str().ok());
    let refusal = match key {
        None => Error::Unauthorized { code: "api_key_missing", detail: "send your key in X-API-KEY" },
        Some(key) => match api_key::standing(&ctx.app, key, scope).await {
            Ok(Standing::Valid) => return next.run(request).await,
            Ok(Standing::OutOfScope) => Error::Forbidden {
                code: "api_key_scope",
                detail: "this X-API-KEY does not open this part of the API; ask the operator for its scope",
            },
            Ok(Standing::Unknown) => Error::Unauthorized {
                code: "api_key_invalid",
                detail: "this X-API-KEY is unknown, was withdrawn or has run out",
            },
            Err(error) => error,
        },
    };
    ApiError::from(refusal).into_response()
}

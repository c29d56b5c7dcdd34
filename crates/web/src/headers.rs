//! Headers of every answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::context::{CookieStyle, Settings};

const READ: HeaderValue = HeaderValue::from_static("no-cache, private");
const WRITE: HeaderValue = HeaderValue::from_static("no-store");

/// The site's policy: our own files only, and forms that lead to us or to the payment service (the browser checks the
/// redirects after a POST too).
fn content_security_policy(form_origins: &[String]) -> String {
    let forms: String = form_origins.iter().map(|origin| format!(" {origin}")).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         font-src 'self'; manifest-src 'self'; form-action 'self'{forms}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// What every answer has that does not say otherwise, made once.
pub(crate) type Defaults = Arc<[(HeaderName, HeaderValue)]>;

/// From the settings. An origin that can't stand in a header leaves forms to us alone.
pub(crate) fn defaults(settings: &Settings) -> Defaults {
    let policy = HeaderValue::try_from(content_security_policy(&settings.form_origins));
    let policy = policy.or_else(|_| HeaderValue::try_from(content_security_policy(&[])));
    let fixed = |name, value| (name, HeaderValue::from_static(value));
    let mut list = vec![
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(header::X_FRAME_OPTIONS, "DENY"),
        // A page's address may hold a token or a session id; other sites are told the origin at most.
        fixed(header::REFERRER_POLICY, "same-origin"),
        fixed(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()"),
        fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    list.extend(policy.ok().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    if settings.cookies == CookieStyle::Https {
        list.push(fixed(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"));
    }
    list.into()
}

/// Sets what an answer does not set itself.
pub(crate) async fn secure(State(defaults): State<Defaults>, request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in defaults.iter() {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    // Whatever does not say that it may be kept is about one person, or may be.
    headers.entry(header::CACHE_CONTROL).or_insert(if is_read { READ } else { WRITE });
    response
}

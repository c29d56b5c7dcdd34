//! Headers of every answer.

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::context::{CookieStyle, Ctx};

/// The site's policy: our own files only, and forms that lead to us or to the payment service (the browser checks the
/// redirects after a POST too).
pub(crate) fn content_security_policy(form_origins: &[String]) -> String {
    let forms: String = form_origins.iter().map(|origin| format!(" {origin}")).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         font-src 'self'; manifest-src 'self'; form-action 'self'{forms}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Sets what an answer does not set itself.
pub(crate) async fn secure(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.entry(name).or_insert(value);
        }
    };
    default(header::CONTENT_SECURITY_POLICY, &content_security_policy(&ctx.settings.form_origins));
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    // A page's address may hold a token or a session id; other sites are told the origin at most.
    default(header::REFERRER_POLICY, "same-origin");
    default(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()");
    default(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if ctx.settings.cookies == CookieStyle::Https {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    // Whatever does not say that it may be kept is about one person, or may be.
    default(header::CACHE_CONTROL, if is_read { "no-cache, private" } else { "no-store" });
    response
}

//! Headers of every answer.

use axum::body::Bytes;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue};

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
pub(crate) type Defaults = Vec<(HeaderName, HeaderValue)>;

/// From the settings. An origin that can't stand in a header leaves forms to us alone. The policy is never given back to
/// the allocator: a copy of a static text costs nothing, while all threads would count the copies of any other.
pub(crate) fn defaults(settings: &Settings) -> Defaults {
    let policy = |origins: &[String]| {
        let text: &'static str = content_security_policy(origins).leak();
        HeaderValue::from_maybe_shared(Bytes::from_static(text.as_bytes()))
    };
    let policy = policy(&settings.form_origins).or_else(|_| policy(&[]));
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
    list
}

/// Sets what an answer does not set itself.
pub(crate) fn secure(defaults: &[(HeaderName, HeaderValue)], is_read: bool, headers: &mut HeaderMap) {
    for (name, value) in defaults {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    // Whatever does not say that it may be kept is about one person, or may be.
    headers.entry(header::CACHE_CONTROL).or_insert(if is_read { READ } else { WRITE });
}

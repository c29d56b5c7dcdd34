//! Writes that a browser makes with a cookie must come from our own pages.

use axum::http::{HeaderMap, Method};
use sha2::{Digest, Sha256};
use url::Url;

/// Whether a request that carries a cookie comes from a page of ours: `Sec-Fetch-Site` where the browser sends it,
/// else `Origin`. Without either it does not.
pub(crate) fn same_origin(headers: &HeaderMap, app_url: &Url, also_allowed: &[String]) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("sec-fetch-site") == Some("same-origin") {
        return true;
    }
    let Some(origin) = header("origin") else { return false };
    let ours = app_url.origin().ascii_serialization();
    // A cross-site write from an allowed origin is the API's, with cookies that it asked for.
    (header("sec-fetch-site").is_none() && origin == ours) || also_allowed.iter().any(|allowed| allowed == origin)
}

/// Methods that change nothing.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The token in the forms of a session: derived from the cookie, which another site can't read.
pub(crate) fn form_token(cookie: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"mirai form token v1");
    hasher.update(cookie.as_bytes());
    hex::encode(&hasher.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s24_only_our_own_pages_may_write() {
        let ours = Url::parse("https://vpn.example").expect("a URL");
        let allowed = ["https://app.example".to_owned()];
        for (site, origin, expect) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some("https://vpn.example"), true),
            (Some("same-site"), Some("https://www.vpn.example"), false),
            (Some("cross-site"), Some("https://evil.example"), false),
            (Some("cross-site"), Some("https://vpn.example"), false),
            (Some("cross-site"), Some("https://app.example"), true),
            (Some("none"), None, false),
            (None, Some("https://vpn.example"), true),
            (None, Some("http://vpn.example"), false),
            (None, Some("https://vpn.example.evil.example"), false),
            (None, Some("null"), false),
            (None, None, false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().expect("a header"));
                }
            }
            assert_eq!(same_origin(&headers, &ours, &allowed), expect, "{site:?} {origin:?}");
        }
    }
}

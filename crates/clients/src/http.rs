//! What all HTTP clients here have in common: timeouts, no redirects, no endless replies, errors without addresses.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response};
use url::Url;

use crate::SetupError;

/// How long a whole call may take, if the settings don't say.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take to reach the service.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest reply that is read, in bytes: a page of a hundred events is well under.
const MAX_REPLY: usize = 8 << 20;

/// A client. A redirect is not followed: it would carry the key to another host. The environment's proxies are not
/// used: settings come in as arguments only.
pub(crate) fn client(timeout: Duration) -> Result<Client, SetupError> {
    builder(timeout).build().map_err(|error| SetupError::Http(describe(error)))
}

/// The same, for a client that has something of its own.
pub(crate) fn builder(timeout: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("mirai/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .redirect(Policy::none())
        .no_proxy()
}

/// The base of all addresses, checked once, so that [`join`] always works.
pub(crate) fn base(url: Url) -> Result<Url, SetupError> {
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if usable { Ok(url) } else { Err(SetupError::Base) }
}

/// `base` with these path segments after its own path, each escaped.
pub(crate) fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // An http URL has a path, see `base`.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// A failure in words, with its causes, without the URL: that may hold ids.
pub(crate) fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The body of a reply.
pub(crate) async fn body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(describe)? {
        if body.len() + chunk.len() > MAX_REPLY {
            return Err("the reply has no end".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `Retry-After` in seconds; a date there is not understood.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_segments() {
        let table = [
            ("https://api.stripe.com", "https://api.stripe.com/v1/prices/a%2F..%3Fb"),
            ("http://127.0.0.1:1/", "http://127.0.0.1:1/v1/prices/a%2F..%3Fb"),
            ("http://127.0.0.1:1/pretend/", "http://127.0.0.1:1/pretend/v1/prices/a%2F..%3Fb"),
        ];
        for (text, expected) in table {
            let url = base(Url::parse(text).unwrap()).unwrap();
            assert_eq!(join(&url, &["v1", "prices", "a/..?b"]).as_str(), expected);
        }
    }

    #[test]
    fn only_web_addresses_are_a_base() {
        for wrong in ["ftp://example.com", "mailto:a@b.test", "file:///tmp"] {
            assert!(base(Url::parse(wrong).unwrap()).is_err(), "{wrong}");
        }
    }
}

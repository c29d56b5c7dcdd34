//! Posts to addresses that an operator has typed: over TLS, into the public internet and nowhere else, and what is
//! answered is not read. Where a name leads is looked at when it is connected to, not before: it may lead elsewhere then.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;

use domain::webhook::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use url::{Host, Url};

use crate::http;

/// Longest address, in bytes.
const MAX_URL: usize = 500;

/// Why an address is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// It can't be posted to safely.
    #[error("an https URL of at most 500 characters, without a name or password in it")]
    Form,
    /// It leads into a network of one's own.
    #[error("a URL that leads into the public internet")]
    Place,
}

/// Why a message did not get through. No text names the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// The address leads elsewhere than into the public internet.
    #[error("not_public")]
    NotPublic,
    /// It does not want any more (410).
    #[error("gone")]
    Gone,
    /// Another answer than "taken". Redirects are one: they would lead past what was looked at.
    #[error("status_{0}")]
    Status(u16),
    /// No answer came.
    #[error("no_answer")]
    NoAnswer,
}

/// Where it may be posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Into the public internet, over TLS.
    Public,
    /// To anywhere, for a test that has the receiver on this machine.
    Anywhere,
}

/// Whoever posts.
#[derive(Debug, Clone)]
pub struct Sender {
    /// None where this machine's certificates can't be used: nothing gets through then.
    http: Option<Client>,
    reach: Reach,
}

impl Sender {
    /// One that reaches so far.
    pub fn new(reach: Reach) -> Sender {
        let client = http::builder(http::TIMEOUT);
        let client = match reach {
            Reach::Public => client.dns_resolver(Arc::new(PublicOnly)).https_only(true),
            Reach::Anywhere => client,
        };
        Sender { http: client.build().ok(), reach }
    }

    /// An address that messages can be posted to.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn accept(&self, text: &str) -> Result<Url, BadUrl> {
        let url = Url::parse(text.trim()).ok().filter(|url| url.as_str().len() <= MAX_URL).ok_or(BadUrl::Form)?;
        let is_secure = url.scheme() == "https" || (url.scheme() == "http" && self.reach == Reach::Anywhere);
        if !is_secure || !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl::Form);
        }
        if self.may_reach(&url) { Ok(url) } else { Err(BadUrl::Place) }
    }

    /// Whether a URL's host is not an address that is refused. A name is looked at when it is connected to.
    fn may_reach(&self, url: &Url) -> bool {
        let is_ours = |name: &str| {
            let name = name.trim_end_matches('.');
            !name.contains('.')
                || name.ends_with(".localhost")
                || name.ends_with(".internal")
                || name.ends_with(".local")
        };
        match (self.reach, url.host()) {
            (_, None) => false,
            (Reach::Anywhere, _) => true,
            (Reach::Public, Some(Host::Domain(name))) => !is_ours(name),
            (Reach::Public, Some(Host::Ipv4(v4))) => is_public(v4.into()),
            (Reach::Public, Some(Host::Ipv6(v6))) => is_public(v6.into()),
        }
    }

    /// Posts a message once; it got through if the answer is 2xx.
    ///
    /// # Errors
    /// Why it did not.
    pub async fn post(&self, url: &str, headers: &[(&'static str, String)], body: String) -> Result<(), HookError> {
        let url = self.accept(url).map_err(|_| HookError::NotPublic)?;
        let client = self.http.as_ref().ok_or(HookError::NoAnswer)?;
        let mut request = client.post(url).header(CONTENT_TYPE, "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(|error| trouble(&error))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            StatusCode::GONE => Err(HookError::Gone),
            status => Err(HookError::Status(status.as_u16())),
        }
    }
}

fn trouble(error: &reqwest::Error) -> HookError {
    let mut cause = error.source();
    while let Some(one) = cause {
        if one.is::<NotPublic>() {
            return HookError::NotPublic;
        }
        cause = one.source();
    }
    HookError::NoAnswer
}

#[derive(Debug, thiserror::Error)]
#[error("the name leads elsewhere than into the public internet")]
struct NotPublic;

/// Finds addresses of names, and only such as may be connected to.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One that is not makes the whole name suspicious.
            if found.iter().any(|address| !is_public(address.ip())) {
                return Err(NotPublic.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_into_the_public_internet_is_taken() {
        let sender = Sender::new(Reach::Public);
        assert!(sender.accept(" https://hooks.example.com/a?b=c ").is_ok());
        assert!(sender.accept("https://1.1.1.1:8443/").is_ok());
        for (text, expect) in [
            ("", BadUrl::Form),
            ("hooks.example.com", BadUrl::Form),
            ("http://hooks.example.com/", BadUrl::Form),
            ("ftp://hooks.example.com/", BadUrl::Form),
            ("https://name:secret@hooks.example.com/", BadUrl::Form),
            ("https://name@hooks.example.com/", BadUrl::Form),
            (&format!("https://hooks.example.com/{}", "x".repeat(500)), BadUrl::Form),
            ("https://127.0.0.1/", BadUrl::Place),
            ("https://0x7f.1/", BadUrl::Place),
            ("https://2130706433/", BadUrl::Place),
            ("https://017700000001/", BadUrl::Place),
            ("https://169.254.169.254/latest/meta-data", BadUrl::Place),
            ("https://10.64.0.1/", BadUrl::Place),
            ("https://[::1]/", BadUrl::Place),
            ("https://[::ffff:10.0.0.1]/", BadUrl::Place),
            ("https://[fd00:ec2::254]/", BadUrl::Place),
            ("https://localhost/", BadUrl::Place),
            ("https://a.localhost./", BadUrl::Place),
            ("https://metadata.google.internal/", BadUrl::Place),
            ("https://router/", BadUrl::Place),
        ] {
            assert_eq!(sender.accept(text).err(), Some(expect), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_connected_to() {
        // The name passes the door, as another's would that points here: the connection is where it is refused.
        let client = Sender::new(Reach::Public).http.expect("a client");
        let error = client.post("https://localhost:1/").send().await.expect_err("refused");
        assert_eq!(trouble(&error), HookError::NotPublic);
    }
}

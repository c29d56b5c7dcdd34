//! Whether a page is as it should be.

use std::error::Error as _;
use std::io;
use std::time::Instant;

use domain::monitor::target::Wants;
use domain::time::{DAY_MS, UnixMs};
use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Certificate, Client, Response};
use url::Url;

use super::{Answer, Trouble, addresses, certificate};

/// How much of a page is read, in bytes: the text must stand in that.
const MAX_PAGE: usize = 256 << 10;

/// A client that makes a connection for each look, and believes `issuer` beside those of the system.
pub(super) fn client(issuer: Option<Certificate>) -> reqwest::Result<Client> {
    let client = Client::builder()
        .user_agent(concat!("mirai-monitor/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .tls_info(true);
    client.tls_certs_merge(issuer).build()
}

pub(super) async fn look(client: Option<&Client>, url: &str, wants: &Wants, now: UnixMs) -> Result<Answer, Trouble> {
    let client = client.ok_or(Trouble::NotPermitted)?;
    let url = Url::parse(url).map_err(|_| Trouble::Resolve)?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(Trouble::Resolve) };
    addresses(&format!("{host}:{port}")).await?;
    let is_secure = url.scheme() == "https";
    let began = Instant::now();
    let mut response = client.get(url).send().await.map_err(|error| trouble(&error, is_secure))?;
    let from = response.remote_addr().map(|address| address.ip());
    let certificate_days = days_left(&response, now);
    let status = response.status().as_u16();
    let is_status = wants.status.map_or((200..400).contains(&status), |wanted| wanted == status);
    let has_text = match &wants.text {
        Some(text) => contains(&mut response, text.as_bytes()).await.map_err(|error| trouble(&error, is_secure))?,
        None => true,
    };
    let latency = began.elapsed();
    let is_too_short = |wanted: u16| certificate_days.is_none_or(|days| days < i64::from(wanted));
    let trouble = if !is_status {
        Some(Trouble::Status)
    } else if !has_text {
        Some(Trouble::Text)
    } else if wants.certificate_days.is_some_and(is_too_short) {
        Some(Trouble::Certificate)
    } else {
        None
    };
    Ok(Answer { latency, from, certificate_days, trouble })
}

fn days_left(response: &Response, now: UnixMs) -> Option<i64> {
    let der = response.extensions().get::<TlsInfo>()?.peer_certificate()?;
    certificate::not_after(der).map(|end| end.saturating_sub(now).div_euclid(DAY_MS))
}

/// Whether a text stands in what is read of a page; nothing is read beyond it.
async fn contains(response: &mut Response, text: &[u8]) -> reqwest::Result<bool> {
    let (mut page, mut from) = (Vec::new(), 0);
    while let Some(chunk) = response.chunk().await? {
        page.extend_from_slice(&chunk);
        page.truncate(MAX_PAGE);
        if page.get(from..).is_some_and(|rest| rest.windows(text.len()).any(|part| part == text)) {
            return Ok(true);
        }
        if page.len() == MAX_PAGE {
            return Ok(false);
        }
        // It may begin at the end of one part and end in the next.
        from = page.len().saturating_sub(text.len());
    }
    Ok(false)
}

/// The class of a failure. One of the connection is TLS's unless the system says otherwise.
fn trouble(error: &reqwest::Error, is_secure: bool) -> Trouble {
    if error.is_timeout() {
        return Trouble::Timeout;
    }
    let mut cause = error.source();
    while let Some(one) = cause {
        if let Some(error) = one.downcast_ref::<io::Error>() {
            match Trouble::from(io::Error::from(error.kind())) {
                Trouble::Broken => {}
                known => return known,
            }
        }
        cause = one.source();
    }
    if is_secure && error.is_connect() { Trouble::Tls } else { Trouble::Broken }
}

//! One page, over a connection that is given.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper_util::rt::TokioIo;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::Trouble;

/// Bytes of the page at most: it has an address in it.
const MAX_PAGE: usize = 256;

/// How long the page may take without a tunnel.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the page comes from here without a tunnel, over IPv4 as tunnels go: where that is cut, IPv6 proves nothing. By a
/// new connection: one that is open already tells nothing of names, and may outlive the way.
pub(super) async fn comes(page: &str) -> bool {
    let fetched = async {
        let way = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let client = Client::builder().local_address(way).redirect(Policy::none()).timeout(PATIENCE).build()?;
        client.get(page).send().await?.error_for_status()?.text().await
    };
    fetched.await.is_ok_and(|said| said.trim().parse::<IpAddr>().is_ok())
}

/// What is no page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoPage;

/// A page to be fetched.
#[derive(Debug)]
pub(super) struct Page {
    /// `host:port`, for a connection.
    authority: String,
    /// As the server is told.
    host: String,
    path: String,
    /// Who must be at the other end, if anybody may listen in between.
    name: Option<ServerName<'static>>,
}

impl Page {
    pub(super) fn parse(text: &str) -> Result<Page, NoPage> {
        let url = Url::parse(text).map_err(|_| NoPage)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(NoPage) };
        let name = match url.scheme() {
            "https" => Some(ServerName::try_from(host.to_owned()).map_err(|_| NoPage)?),
            "http" => None,
            _ => return Err(NoPage),
        };
        let told = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Page { authority: format!("{host}:{port}"), host: told, path: url.path().to_owned(), name })
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// What stands on it.
    pub(super) async fn fetch(
        &self,
        through: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<String, Trouble> {
        let Some(name) = &self.name else { return self.ask(through).await };
        let config = ClientConfig::with_platform_verifier().map_err(|_| Trouble::Here)?;
        let secure = TlsConnector::from(Arc::new(config)).connect(name.clone(), through).await;
        // What is wrong with a certificate comes as this; what ends in the middle is no fault of it.
        let secure = secure.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => Trouble::Tls,
            _ => Trouble::Broken,
        });
        self.ask(secure?).await
    }

    async fn ask(&self, through: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<String, Trouble> {
        let broken = |_| Trouble::Broken;
        let (mut send, connection) = http1::handshake(TokioIo::new(through)).await.map_err(broken)?;
        let asked = Request::get(&self.path).header(HOST, &self.host).header(ACCEPT, "text/plain").body(String::new());
        let asked = asked.map_err(|_| Trouble::Answer)?;
        let asking = async {
            let reply = send.send_request(asked).await.map_err(broken)?;
            if !reply.status().is_success() {
                return Err(Trouble::Answer);
            }
            let body = Limited::new(reply.into_body(), MAX_PAGE).collect().await.map_err(|_| Trouble::Answer)?;
            String::from_utf8(body.to_bytes().to_vec()).map_err(|_| Trouble::Answer)
        };
        let mut asking = std::pin::pin!(asking);
        // The connection may end with the answer in our hands: then asking is done in the same moment.
        tokio::select! {
            biased;
            said = &mut asking => said,
            _ = connection => asking.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_page_and_what_is_none() {
        for (text, authority, host, is_secure) in [
            ("https://vpn.example.net/gateway/v1/address", "vpn.example.net:443", "vpn.example.net", true),
            ("http://198.51.100.1/", "198.51.100.1:80", "198.51.100.1", false),
            ("http://127.0.0.1:8080/a", "127.0.0.1:8080", "127.0.0.1:8080", false),
        ] {
            let page = Page::parse(text).unwrap();
            assert_eq!((page.authority(), page.host.as_str(), page.name.is_some()), (authority, host, is_secure));
        }
        for text in ["", "vpn.example.net", "ftp://vpn.example.net/", "data:,1"] {
            assert_eq!(Page::parse(text).map(|page| page.host), Err(NoPage), "{text}");
        }
    }

    #[tokio::test]
    async fn what_comes_is_read_and_what_is_too_long_or_ends_early_is_no_answer() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        for (answer, expect) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n192.0.2.1".to_owned(), Ok("192.0.2.1".to_owned())),
            ("HTTP/1.0 200 OK\r\n\r\n192.0.2.1".to_owned(), Ok("192.0.2.1".to_owned())),
            ("HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n".to_owned(), Err(Trouble::Answer)),
            (format!("HTTP/1.1 200 OK\r\n\r\n{}", "9".repeat(MAX_PAGE + 1)), Err(Trouble::Answer)),
            ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n192".to_owned(), Err(Trouble::Answer)),
            (String::new(), Err(Trouble::Broken)),
        ] {
            let (near, mut far) = tokio::io::duplex(4096);
            let page = Page::parse("http://vpn.example.net/gateway/v1/address").unwrap();
            let given = answer.clone();
            let server = tokio::spawn(async move {
                let mut asked = [0; 1024];
                let count = far.read(&mut asked).await.unwrap_or(0);
                far.write_all(given.as_bytes()).await.unwrap();
                String::from_utf8_lossy(&asked[..count]).to_lowercase()
            });
            assert_eq!(page.fetch(near).await, expect, "{answer}");
            let asked = server.await.unwrap();
            assert!(asked.starts_with("get /gateway/v1/address http/1.1\r\n"), "{asked}");
            assert!(asked.contains("host: vpn.example.net\r\n"), "{asked}");
        }
    }
}

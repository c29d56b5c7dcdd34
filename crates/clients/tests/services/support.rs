//! Small servers that do what a service does on a bad day.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use url::Url;

/// What a server was sent.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("an ASCII header"))
    }

    /// The parameters of the body or the query, decoded.
    pub(crate) fn params(&self) -> Vec<(String, String)> {
        let encoded = if self.body.is_empty() { self.query.as_bytes() } else { &self.body };
        url::form_urlencoded::parse(encoded).into_owned().collect()
    }
}

pub(crate) type Log = Arc<Mutex<Vec<Seen>>>;

async fn bind() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, Url::parse(&format!("http://{address}")).expect("a URL"))
}

/// A server that answers by a function of the request and of how many came before.
pub(crate) async fn serve(answer: impl Fn(&Seen, usize) -> Response + Clone + Send + Sync + 'static) -> (Url, Log) {
    let (listener, url) = bind().await;
    let log = Log::default();
    let kept = Arc::clone(&log);
    let app = Router::new().fallback(move |request: Request| {
        let (log, answer) = (Arc::clone(&kept), answer.clone());
        async move {
            let (head, body) = request.into_parts();
            let seen = Seen {
                method: head.method,
                path: head.uri.path().to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                headers: head.headers,
                body: axum::body::to_bytes(body, 1 << 20).await.expect("a body"),
            };
            let mut log = log.lock().expect("the log");
            let response = answer(&seen, log.len());
            log.push(seen);
            response
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, log)
}

/// A server that accepts and never answers.
pub(crate) async fn hang() -> Url {
    let (listener, url) = bind().await;
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    url
}

/// A server that reads a request and resets the connection.
pub(crate) async fn reset() -> Url {
    let (listener, url) = bind().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 64]).await;
            // Unread bytes are left, so the system answers with a reset.
            drop(stream);
        }
    });
    url
}

/// A port on which nobody listens.
pub(crate) async fn nobody() -> Url {
    bind().await.1
}

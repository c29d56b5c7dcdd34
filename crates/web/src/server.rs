//! Listening, and stopping without cutting anybody off.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutWriter;
use tower::ServiceExt as _;

use crate::client::Peer;

/// How long a client may take to send a request's head, and how long a connection may idle between two requests.
const HEADERS: Duration = Duration::from_secs(10);
/// How long a connection that was let in before the service stopped has for its first request.
const FIRST: Duration = Duration::from_secs(1);
/// How long a client may take to read what fills its buffers.
const READING: Duration = Duration::from_secs(30);
/// Most connections at a time, where there are file handles for them.
const MOST_CONNECTIONS: usize = 20_000;
/// File handles kept for what is not a client: database, outside services, files.
const RESERVED_HANDLES: usize = 256;
/// Most surplus connections that are told so at a time; they use reserved handles, so any more are hung up on.
const MOST_REFUSALS: usize = 64;
/// What a client gets when there are too many, and how long it has to ask and to read that.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const REFUSAL: Duration = Duration::from_secs(1);

/// A place to listen.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

/// Turns true when the service stops: an answer that has no end of its own ends then.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(pub(crate) watch::Receiver<bool>);

/// Why a place can't be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody else does.
    #[error("{0} is taken by another program")]
    Taken(String),
    /// Anything else.
    #[error("can't listen on {0}: {1}")]
    Other(String, io::Error),
}

impl Listener {
    /// Listens on `host:port` or `unix:PATH`. A socket file that a dead process left behind is replaced.
    pub async fn bind(place: &str) -> Result<Listener, ListenError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError::Taken(place.to_owned()),
            _ => ListenError::Other(place.to_owned(), error),
        };
        match place.strip_prefix("unix:") {
            Some(path) => bind_unix(&PathBuf::from(path)).await.map(Listener::Unix).map_err(failed),
            None => TcpListener::bind(place).await.map(Listener::Tcp).map_err(failed),
        }
    }

    /// Where it listens, for a person to read.
    pub fn place(&self) -> String {
        match self {
            Listener::Tcp(listener) => listener.local_addr().map_or("(unknown)".to_owned(), |a| a.to_string()),
            Listener::Unix(listener) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|a| a.as_pathname()).map(Path::display);
                path.map_or("unix:(unnamed)".to_owned(), |path| format!("unix:{path}"))
            }
        }
    }
}

async fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            if tokio::net::UnixStream::connect(path).await.is_ok() {
                return Err(error);
            }
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }
}

/// Serves until `stop` turns true, then ends the requests under way, for `grace` at the most.
pub async fn serve(listener: Listener, router: Router, stop: watch::Receiver<bool>, grace: Duration) -> io::Result<()> {
    match listener {
        Listener::Tcp(listener) => accept_all(listener, Peer::Tcp, router, stop, grace).await,
        Listener::Unix(listener) => accept_all(listener, |_| Peer::Unix, router, stop, grace).await,
    }
    Ok(())
}

async fn accept_all<L: axum::serve::Listener>(
    mut listener: L,
    peer: fn(L::Addr) -> Peer,
    router: Router,
    mut stop: watch::Receiver<bool>,
    grace: Duration,
) {
    let most = most_connections();
    let room = Arc::new(Semaphore::new(most));
    let refusals = Arc::new(Semaphore::new(MOST_REFUSALS.min(most / 4)));
    loop {
        // A lack of file handles is waited for in here.
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
            let connection = connection(stream, peer(address), stop.clone(), router.clone());
            tokio::spawn(async move {
                connection.await;
                drop(permit);
            });
            continue;
        }
        metrics::counter!("mirai_connections_refused_total").increment(1);
        if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(REFUSAL, refuse(stream)).await;
                drop(permit);
            });
        }
    }
    drop(listener);
    // All room is free again once the last connection has ended.
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    if tokio::time::timeout(grace, room.acquire_many(all)).await.is_err() {
        tracing::warn!("requests were still under way when the grace period ended");
    }
}

/// One connection with its requests, each with the peer's address, to its end or until the service stops.
async fn connection<S>(stream: S, peer: Peer, mut stop: watch::Receiver<bool>, router: Router)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEADERS).keep_alive_timeout(HEADERS);
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(READING));
    let (begun, mut has_begun) = watch::channel(false);
    let stopping = Stopping(stop.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        begun.send_if_modified(|begun| !std::mem::replace(begun, true));
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(stopping.clone());
        router.clone().oneshot(request)
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(Box::pin(stream)), service);
    let mut connection = std::pin::pin!(connection);
    let may_end = async {
        let _ = stop.wait_for(|stop| *stop).await;
        // Whoever was let in just before is about to ask, and is answered: a proxy does not ask elsewhere a second time.
        let _ = tokio::time::timeout(FIRST, has_begun.wait_for(|begun| *begun)).await;
    };
    // An error is a client that went away or broke the protocol: its own affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = may_end => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Says that there are too many, once the other side has asked for something, and waits until it has read that.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> io::Result<()> {
    if stream.read(&mut [0; 1024]).await? == 0 {
        return Ok(());
    }
    stream.write_all(FULL).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

/// So many connections that database and outside services keep their file handles.
fn most_connections() -> usize {
    let handles = getrlimit(Resource::Nofile).current.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    handles.saturating_sub(RESERVED_HANDLES).clamp(handles.min(MOST_CONNECTIONS) / 4, MOST_CONNECTIONS)
}

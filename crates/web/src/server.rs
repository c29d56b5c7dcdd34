//! Listening, and stopping without cutting anybody off.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use crate::client::Peer;

/// A place to listen.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

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

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Peer {
        Peer::Tcp(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(_: IncomingStream<'_, UnixListener>) -> Peer {
        Peer::Unix
    }
}

/// Serves until `stop` turns true, then ends the requests under way, for `grace` at the most.
pub async fn serve(
    listener: Listener,
    router: Router,
    mut stop: watch::Receiver<bool>,
    grace: Duration,
) -> io::Result<()> {
    let mut stopped = stop.clone();
    let signal = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let service = router.into_make_service_with_connect_info::<Peer>();
    let serving = async {
        match listener {
            Listener::Tcp(listener) => axum::serve(listener, service).with_graceful_shutdown(signal).await,
            Listener::Unix(listener) => axum::serve(listener, service).with_graceful_shutdown(signal).await,
        }
    };
    let too_late = async {
        let _ = stop.wait_for(|stop| *stop).await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        done = serving => done,
        () = too_late => {
            tracing::warn!("requests were still under way when the grace period ended");
            Ok(())
        }
    }
}

//! Serving a router on a listener until told to stop.

use crate::FakeError;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running server. Dropping it stops it; `stop` also waits until the port is free.
pub(crate) struct Server {
    address: SocketAddr,
    stopping: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(listener: tokio::net::TcpListener, router: axum::Router) -> Result<Server, FakeError> {
        let address = listener.local_addr().map_err(|source| FakeError::io("the listener's address", source))?;
        let (stopping, mut stopped) = watch::channel(false);
        // A dropped sender ends the wait too: then the open connections are closed as well, which aborting the accept
        // loop alone would leave alive, answering from the state of a fake that is gone.
        let wait = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(wait).await {
                tracing::error!(%error, "a fake's server ended");
            }
        });
        Ok(Server { address, stopping, task: Some(task) })
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn stop(mut self) {
        let _ = self.stopping.send(true);
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(Duration::from_secs(2), &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

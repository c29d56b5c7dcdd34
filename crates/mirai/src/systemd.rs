//! What systemd and the program tell each other: which socket to serve, that it is ready, that it is alive, that it ends.
//! Without systemd nothing here does anything.

use std::time::Duration;

use anyhow::Context as _;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use web::Listener;

/// Sockets that whoever started this process has opened for it (`LISTEN_FDS`). They outlive the process, so that no
/// connection is refused while one release takes over from another.
pub(crate) struct Passed(ListenFd);

impl Passed {
    /// Takes them. Before there are threads: it changes the environment, so that children don't take them too.
    pub(crate) fn take() -> Passed {
        Passed(ListenFd::from_env())
    }

    /// The socket to serve: the first one, TCP or unix, if any was passed.
    pub(crate) fn listener(mut self) -> anyhow::Result<Option<Listener>> {
        if self.0.len() == 0 {
            return Ok(None);
        }
        // The other release of a switch shares this socket and its flags: both want it not to block.
        if let Ok(Some(socket)) = self.0.take_unix_listener(0) {
            socket.set_nonblocking(true)?;
            return Ok(Some(Listener::Unix(UnixListener::from_std(socket)?)));
        }
        let socket = self.0.take_tcp_listener(0).context("the socket that was passed is neither unix nor TCP")?;
        let socket = socket.context("the socket that was passed is gone")?;
        socket.set_nonblocking(true)?;
        Ok(Some(Listener::Tcp(TcpListener::from_std(socket)?)))
    }
}

/// Says that the program serves, says so again as often as it is asked for, and says when it ends.
pub(crate) async fn tell(mut stop: watch::Receiver<bool>) {
    say(NotifyState::Ready);
    // Twice in the time after which it would be taken for dead.
    let pause = sd_notify::watchdog_enabled().map_or(Duration::MAX, |limit| limit / 2);
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(pause) => say(NotifyState::Watchdog),
            _ = stop.changed() => {}
        }
    }
    say(NotifyState::Stopping);
}

fn say(state: NotifyState) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

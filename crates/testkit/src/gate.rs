//! A door before a server, to see what happens when the server is slow or away.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the door stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Everything passes.
    Open,
    /// Callers are let in and hear nothing; those who are inside already are cut off.
    Silent,
    /// Callers are turned away, and those inside are cut off.
    Shut,
    /// As if a cable was pulled: callers hear nothing, and those inside never hear anything again, however the door
    /// moves.
    Dead,
    /// Everything passes until a caller says this. The server hears it too, but its answer is lost: the caller is cut
    /// off. Whoever was inside stays.
    CutAfter(&'static [u8]),
    /// Everything passes, but each answer comes so much later. Whoever was inside stays.
    Late(Duration),
}

/// A TCP door on a port of its own. Dropping it cuts everybody off.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    door: watch::Sender<Door>,
    arrived: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gate {
    /// An open door before the server at `host:port`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn before(server: String) -> anyhow::Result<Gate> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (door, state) = watch::channel(Door::Open);
        let arrived = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(let_in(listener, server, state, Arc::clone(&arrived)));
        Ok(Gate { address, door, arrived, task })
    }

    /// Where callers come in.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Moves the door; see [`Door`] for those inside.
    pub fn set(&self, door: Door) {
        self.door.send_replace(door);
    }

    /// How many callers have come since the start, let in or not.
    #[must_use]
    pub fn arrived(&self) -> usize {
        self.arrived.load(Ordering::SeqCst)
    }
}

async fn let_in(listener: TcpListener, server: String, door: watch::Receiver<Door>, arrived: Arc<AtomicUsize>) {
    while let Ok((caller, _)) = listener.accept().await {
        arrived.fetch_add(1, Ordering::SeqCst);
        if *door.borrow() != Door::Shut {
            tokio::spawn(serve(caller, server.clone(), door.clone()));
        }
    }
}

/// Carries bytes, or lets the caller wait, until the door moves.
async fn serve(mut caller: TcpStream, server: String, mut door: watch::Receiver<Door>) {
    if matches!(*door.borrow_and_update(), Door::Silent | Door::Dead) {
        let _ = door.changed().await;
        return;
    }
    let Ok(mut server) = TcpStream::connect(&server).await else { return };
    let (mut said, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        tokio::select! {
            read = caller.read(&mut said) => {
                let Ok(read @ 1..) = read else { return };
                if server.write_all(&said[..read]).await.is_err() {
                    return;
                }
                if let Door::CutAfter(mark) = *door.borrow()
                    && said[..read].windows(mark.len()).any(|part| part == mark)
                {
                    break;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                let late = match *door.borrow() {
                    Door::Late(late) => late,
                    _ => Duration::ZERO,
                };
                tokio::time::sleep(late).await;
                if caller.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
            moved = door.changed() => {
                let now = *door.borrow_and_update();
                match now {
                    _ if moved.is_err() => return,
                    Door::Dead => return std::future::pending().await,
                    Door::CutAfter(_) | Door::Late(_) => {}
                    Door::Open | Door::Silent | Door::Shut => return,
                }
            }
        }
    }
    // The server's answer says that the work is done.
    let _ = server.read(&mut answered).await;
}

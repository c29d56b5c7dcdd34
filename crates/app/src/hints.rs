//! Hints between processes, over Redis: what one has committed, the others need not wait a second to see.

use std::time::Duration;

use clients::redis::{Hint, Redis};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::App;

/// How long a lost connection is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells other processes of changed peers, and wakes this one's workers and gateways' streams when another tells of jobs
/// and peers, until `stop` turns true. Without Redis there is nothing to tell or hear.
pub async fn exchange(app: App, mut stop: watch::Receiver<bool>) {
    let Some(redis) = app.redis.clone() else { return };
    let work = hear(&redis, Hint::Work, |_| app.work.notify_one());
    let peers = hear(&redis, Hint::Peers, |server| {
        if let Ok(server) = server.parse() {
            app.store.wake_followers(server);
        }
    });
    tokio::select! {
        () = async { tokio::join!(work, peers, tell(&app, &redis)); } => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn hear(redis: &Redis, hint: Hint, take: impl Fn(String)) {
    loop {
        if let Ok(mut hints) = redis.hear(hint).await {
            while let Some(what) = hints.recv().await {
                take(what);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn tell(app: &App, redis: &Redis) {
    let mut changed = app.store.changed_peers();
    loop {
        match changed.recv().await {
            Ok(server) => {
                if let Err(error) = redis.tell(Hint::Peers, &server.to_string()).await {
                    tracing::debug!(%error, "no hint was given; other processes look once a second");
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

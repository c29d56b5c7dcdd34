//! Tickets whose customer is silent: first a warning, then the end. When something is due stands in the database, so
//! that a restart forgets nothing.

use domain::ticket::{Deed, Due, Note};
use store::tickets;
use uuid::Uuid;

use super::close::{close, tell_customer};
use super::entry::{self, By};
use super::lock;
use crate::letter::News;
use crate::{App, Error, Result, failpoint};

/// Tickets at once; the rest a minute later.
const AT_ONCE: u64 = 500;

/// Warns and closes what is due; returns how many. One that can't be dealt with does not keep the others from it.
pub async fn end_quiet(app: &App) -> Result<usize> {
    let mut done = 0;
    for id in tickets::due(&app.store, app.clock.now(), AT_ONCE).await? {
        match app.retrying(|| end_one(app, id)).await {
            Ok(()) => done += 1,
            Err(error @ Error::Busy { .. }) => return Err(error),
            Err(error) => tracing::error!(ticket = %id, error = error.chain(), "a silent ticket can't be dealt with"),
        }
    }
    if done > 0 {
        app.wake_worker();
    }
    Ok(done)
}

async fn end_one(app: &App, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let (mut ticket, user) = lock(&tx, id).await?;
    let mut life = ticket.life()?;
    match life.due(app.config.ticket_quiet, now) {
        // Closing is done with what comes with it.
        Due::Close => close(app, &tx, ticket, &user, By::Clock, Note::default(), now).await?,
        due => {
            ticket.set_life(&life);
            if let Due::Warn(closes_at) = due {
                entry::note_deed(app, &tx, &ticket, By::Clock, Deed::Warned, "", now).await?;
                tell_customer(app, &tx, &ticket, &user, News::Warned { closes_at }, now).await?;
            }
            tickets::save(&tx, ticket).await?;
        }
    }
    failpoint::pass("ticket.saved");
    tx.commit().await?;
    failpoint::pass("ticket.committed");
    Ok(())
}

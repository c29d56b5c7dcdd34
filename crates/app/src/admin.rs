//! What an operator does, from the command line. Every change leaves a row in the audit log.

pub mod api_keys;
pub mod jobs;
pub mod keys;
pub mod plans;
pub mod servers;
pub mod users;

use domain::time::UnixMs;
use store::{Tx, audit_log};

use crate::{App, Result};

/// A rule of the books and the network, and how many rows break it.
pub use store::integrity::Finding;

/// Asks whether money, addresses, slots and grants agree, and nothing that was announced is forgotten.
pub async fn check(app: &App) -> Result<Vec<Finding>> {
    Ok(store::integrity::check(&app.store).await?)
}

/// The actor of everything that is done from the command line.
pub(crate) const COMMAND_LINE: &str = "command line";

/// Writes an entry of the audit log in the transaction that it tells of.
pub(crate) async fn audit(
    app: &App,
    tx: &Tx,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &str,
    now: UnixMs,
) -> Result<()> {
    let row = audit_log::Model {
        id: app.dice.id(now),
        at: now,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    };
    audit_log::insert(tx, row).await?;
    Ok(())
}

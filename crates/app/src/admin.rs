//! What an operator does, from the command line or on the pages under `/admin`. Every change leaves a row in the audit log.

pub mod access;
pub mod api_keys;
pub mod catalogue;
pub mod checks;
pub mod coupons;
pub mod credits;
pub mod customers;
pub mod figures;
pub mod gifts;
pub mod incidents;
pub mod jobs;
pub mod keys;
pub mod lists;
pub mod maintenance;
pub mod plans;
pub mod portal;
pub mod servers;
pub mod status;
pub mod users;

use domain::time::UnixMs;
use store::{Tx, audit_log};

use crate::{App, Result, ledger};

/// A rule of the books and the network, and how many rows break it.
pub use store::integrity::Finding;

/// Asks whether money, addresses, slots and grants agree, and nothing that was announced is forgotten.
pub async fn check(app: &App) -> Result<Vec<Finding>> {
    let mut findings = ledger::prove(app).await?;
    findings.extend(store::integrity::network(&app.store).await?);
    Ok(findings)
}

/// The newest entries of the audit log; all, or those in which `whom`, an id or a name, acts or is acted on.
pub async fn entries(app: &App, whom: Option<&str>, limit: u64) -> Result<Vec<audit_log::Model>> {
    Ok(match whom {
        Some(whom) => audit_log::about(&app.store, whom, limit).await?,
        None => audit_log::newest(&app.store, limit).await?,
    })
}

/// The actor of everything that is done from the command line.
pub const COMMAND_LINE: &str = "command line";

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

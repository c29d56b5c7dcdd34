//! The billing portal at Stripe: companies see to their name, address and tax id there, since we keep none of these.

use super::{COMMAND_LINE, audit};
use crate::admin::catalogue::Mode;
use crate::config::Taxes;
use crate::{App, Result};

/// What customers must be able to change of themselves where Stripe reckons the taxes.
const NEEDED: [&str; 3] = ["name", "address", "tax_id"];

/// What became of the portal, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalStep {
    /// Nothing: it is right, or no taxes are reckoned.
    Keep,
    /// Customers can change what they must be able to.
    Allow,
    /// Stripe has no portal before somebody has saved its settings in the dashboard.
    Missing,
}

/// Sees to it that customers can change their name, address and tax id, beside what they could before.
pub async fn sync(app: &App, mode: Mode) -> Result<PortalStep> {
    if app.config.taxes == Taxes::Unknown {
        return Ok(PortalStep::Keep);
    }
    let Some(portal) = app.stripe.default_portal().await? else { return Ok(PortalStep::Missing) };
    let mut updates: Vec<&str> = portal.updates().iter().map(String::as_str).collect();
    let missing: Vec<&str> = NEEDED.into_iter().filter(|one| !updates.contains(one)).collect();
    if missing.is_empty() {
        return Ok(PortalStep::Keep);
    }
    if mode == Mode::Apply {
        updates.extend(&missing);
        app.stripe.set_portal_updates(&portal.id, &updates).await?;
        let now = app.clock.now();
        let tx = app.store.write_txn().await?;
        let detail = format!("customers can change: {}", missing.join(", "));
        audit(app, &tx, COMMAND_LINE, "portal.stripe_sync", &portal.id, &detail, now).await?;
        tx.commit().await?;
    }
    Ok(PortalStep::Allow)
}

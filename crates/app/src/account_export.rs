//! Everything that is held about an account, for its owner.

use store::{
    audit_log, checkouts, credit_ledger, email_changes, invoices, known_devices, recovery_codes, sessions,
    subscriptions, users,
};
use uuid::Uuid;

use crate::device::{self, Device};
use crate::session::Who;
use crate::{App, Result, step_up};

/// An entry of the audit log, as `store` keeps it.
pub use store::audit_log::Model as AuditRow;
/// A purchase, as `store` keeps it.
pub use store::checkouts::Model as CheckoutRow;

/// Most invoices and entries of the audit log: more than anybody has.
const MANY: u64 = 10_000;

/// What is held, table by table. Hashes and sealed secrets are named where it is shown, not given out.
pub struct Export {
    /// The account.
    pub user: users::Model,
    /// Sessions that have not ended.
    pub sessions: Vec<sessions::Model>,
    /// Subscriptions, also those that ended.
    pub subscriptions: Vec<subscriptions::Model>,
    /// Devices.
    pub devices: Vec<Device>,
    /// Invoices.
    pub invoices: Vec<invoices::Model>,
    /// Purchases, finished or not.
    pub checkouts: Vec<checkouts::Model>,
    /// Devices by which the account is known at a login.
    pub known_devices: Vec<known_devices::Model>,
    /// Addresses that wait to be confirmed.
    pub email_changes: Vec<email_changes::Model>,
    /// Recovery codes left.
    pub recovery_codes_left: u64,
    /// What was done to the account, and by it.
    pub audit_log: Vec<audit_log::Model>,
    /// Who used this customer's code at sign-up.
    pub referred: Vec<Uuid>,
    /// Movements of credit.
    pub credits: Vec<credit_ledger::Model>,
}

/// Gathers it, for one who has lately shown the password.
pub async fn export(app: &App, who: &Who) -> Result<Export> {
    step_up::require(who, app.clock.now())?;
    let (store, id) = (&app.store, who.user.id);
    Ok(Export {
        sessions: sessions::live_of(store, id, app.clock.now()).await?,
        subscriptions: subscriptions::all_of_user(store, id).await?,
        devices: device::list(app, who).await?,
        invoices: invoices::page(store, id, None, MANY).await?,
        checkouts: checkouts::of_user(store, id).await?,
        known_devices: known_devices::of_user(store, id).await?,
        email_changes: email_changes::of_user(store, id).await?,
        recovery_codes_left: recovery_codes::count_left(store, id).await?,
        audit_log: audit_log::about(store, &id.to_string(), MANY).await?,
        referred: users::referred_by(store, id).await?.into_iter().map(|friend| friend.id).collect(),
        credits: credit_ledger::of_user(store, id).await?,
        user: who.user.clone(),
    })
}

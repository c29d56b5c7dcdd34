//! Everything that is held about an account.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Credit, Device, Invoice, Session, Subscription, User};

/// What is held about an account. Hashes (of the password, of sessions, links, recovery codes and known devices) and
/// sealed secrets (pre-shared keys, the second factor's) can't be given out in words; that they exist is in the counts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// When it was made.
    pub made_at: String,
    /// The account.
    pub user: User,
    /// Customer at the payment service.
    pub stripe_customer_id: Option<String>,
    /// Account whose code was used at sign-up.
    pub referred_by: Option<Uuid>,
    /// Accounts that used this one's code.
    pub referred: Vec<Uuid>,
    /// Since when the second factor is on.
    pub second_factor_since: Option<String>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u64,
    /// Until when each known device is known.
    pub known_devices: Vec<String>,
    /// Addresses that wait to be confirmed.
    pub email_changes: Vec<String>,
    /// Sessions that have not ended.
    pub sessions: Vec<Session>,
    /// Subscriptions, also those that ended.
    pub subscriptions: Vec<Subscription>,
    /// Purchases, finished or not.
    pub checkouts: Vec<ExportedCheckout>,
    /// Invoices.
    pub invoices: Vec<Invoice>,
    /// Movements of credit.
    pub credits: Vec<Credit>,
    /// Devices.
    pub devices: Vec<Device>,
    /// What was done to the account, and by it.
    pub audit_log: Vec<AuditEntry>,
}

/// A purchase.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportedCheckout {
    /// Code of the plan.
    pub plan: String,
    /// Region that was wished.
    pub region: Option<String>,
    /// Coupon.
    pub coupon: Option<String>,
    /// `intent`, `open`, `complete` or `expired`.
    pub status: String,
    /// When it was begun.
    pub created_at: String,
}

/// An entry of the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// When.
    pub at: String,
    /// A user's id, `command line` or `system`.
    pub actor: String,
    /// `totp.on`, `user.suspend` …
    pub action: String,
    /// The id or name of what it was done to.
    pub subject: String,
    /// More, in a few plain words.
    pub detail: String,
}

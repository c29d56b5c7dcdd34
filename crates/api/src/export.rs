//! Everything that is held about an account.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Device, ExportedMail, ExportedNotice, Invoice, Session, Subscription, TicketThread, User};

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
    /// How many cards of first payments are kept as hashes.
    pub cards: u64,
    /// When the cards expire that pay for subscriptions.
    pub paying_cards: Vec<String>,
    /// Notices that were sent, oldest first.
    pub notices: Vec<ExportedNotice>,
    /// Mails of the last month, newest first.
    pub mails: Vec<ExportedMail>,
    /// Kinds of notices that are turned off.
    pub notices_off: Vec<String>,
    /// Mails of incidents, if the account's address wants them.
    pub status_mails: Option<ExportedStatusMails>,
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
    /// Purchases that were begun with a coupon.
    pub coupon_uses: Vec<ExportedCouponUse>,
    /// Gift codes that were redeemed.
    pub gift_codes: Vec<ExportedGift>,
    /// What the subscriptions' devices have carried, day by day.
    pub usage: Vec<ExportedUsage>,
    /// Invoices.
    pub invoices: Vec<Invoice>,
    /// Every line of the books about this customer's money.
    pub ledger: Vec<LedgerLine>,
    /// Devices.
    pub devices: Vec<Device>,
    /// The account on Discord, if one is linked.
    pub discord: Option<ExportedDiscord>,
    /// Support tickets with what was written in them.
    pub tickets: Vec<TicketThread>,
    /// What was done to the account, and by it.
    pub audit_log: Vec<AuditEntry>,
}

/// A subscription to the status page.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportedStatusMails {
    /// The language of the mails.
    pub language: String,
    /// When the address was asked whether it wants them.
    pub asked_at: String,
    /// When it said yes.
    pub confirmed_at: Option<String>,
}

/// One line of the books.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LedgerLine {
    /// When.
    pub at: String,
    /// `customer_credit`, `stripe_cash`, `revenue` …
    pub account: String,
    /// Why: `payment`, `refund`, `granted` …
    pub kind: String,
    /// In minor units; above zero is owed to the customer or earned, below zero held or spent.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// The Stripe invoice that it is about.
    pub about: Option<String>,
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

/// A purchase that was begun with a coupon.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportedCouponUse {
    /// The coupon.
    pub coupon: Uuid,
    /// `reserved`, `used` or `released`.
    pub state: String,
    /// When it was begun.
    pub created_at: String,
}

/// A gift code that was redeemed; the books have its worth as `gift` about its id.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportedGift {
    /// The code's id; the code itself is kept as a hash.
    pub id: Uuid,
    /// When it was redeemed.
    pub redeemed_at: Option<String>,
}

/// What was carried on a day.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportedUsage {
    /// The subscription.
    pub subscription: Uuid,
    /// `2026-11-25`, in UTC.
    pub day: String,
    /// Bytes from the devices.
    pub sent: i64,
    /// Bytes to the devices.
    pub received: i64,
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

/// An account on Discord that is linked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportedDiscord {
    /// Its id there, a snowflake.
    pub id: String,
    /// Since when.
    pub linked_at: String,
}

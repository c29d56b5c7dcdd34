//! Everything that is held about an account, for its owner.

use store::discord::links;
use store::{
    audit_log, card_marks, checkouts, coupon_uses, credit_ledger, email_changes, gift_codes, invoices, known_devices,
    notice_refusals, notices, outbox, recovery_codes, sessions, status_subscribers, subscription_cards, usage_days,
    users,
};
use uuid::Uuid;

use crate::device::{self, Device};
use crate::session::Who;
use crate::subscription::{self, View};
use crate::{App, Error, Result, step_up, ticket};

/// An entry of the audit log, as `store` keeps it.
pub use store::audit_log::Model as AuditRow;
/// A purchase, as `store` keeps it.
pub use store::checkouts::Model as CheckoutRow;
/// A use of a coupon, as `store` keeps it.
pub use store::coupon_uses::Model as CouponUseRow;
/// A gift code, as `store` keeps it.
pub use store::gift_codes::Model as GiftRow;
/// A notice, as `store` keeps it.
pub use store::notices::Model as NoticeRow;
/// A subscriber of the status page, as `store` keeps it.
pub use store::status_subscribers::Model as SubscriberRow;
/// A day of a subscription's use, as `store` keeps it.
pub use store::usage_days::Model as UsageRow;

/// Most invoices, mails and entries of the audit log: more than anybody has.
const MANY: u64 = 10_000;

/// What is held, table by table. Hashes and sealed secrets are named where it is shown, not given out.
pub struct Export {
    /// The account.
    pub user: users::Model,
    /// Sessions that have not ended.
    pub sessions: Vec<sessions::Model>,
    /// Subscriptions, also those that ended.
    pub subscriptions: Vec<View>,
    /// What the subscriptions have carried, day by day.
    pub usage: Vec<usage_days::Model>,
    /// Devices.
    pub devices: Vec<Device>,
    /// Invoices.
    pub invoices: Vec<invoices::Model>,
    /// Purchases, finished or not.
    pub checkouts: Vec<checkouts::Model>,
    /// Purchases that were begun with a coupon.
    pub coupon_uses: Vec<coupon_uses::Model>,
    /// Gift codes that were redeemed.
    pub gift_codes: Vec<gift_codes::Model>,
    /// How many cards of first payments are kept as hashes.
    pub cards: u64,
    /// Cards that pay for subscriptions.
    pub paying_cards: Vec<subscription_cards::Model>,
    /// Notices that were sent.
    pub notices: Vec<notices::Model>,
    /// Mails of the last month.
    pub mails: Vec<outbox::Line>,
    /// Kinds of notices that are turned off.
    pub notices_off: Vec<notice_refusals::Model>,
    /// Mails of incidents, if the account's address wants them.
    pub status_mails: Option<status_subscribers::Model>,
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
    /// Support tickets with what was written in them.
    pub tickets: Vec<ticket::Thread>,
    /// The account on Discord, if one is linked.
    pub discord: Option<links::Model>,
    /// Every line of the books about this customer's money.
    pub ledger: Vec<credit_ledger::Model>,
}

/// Gathers it, for one who has lately shown the password.
pub async fn export(app: &App, who: &Who) -> Result<Export> {
    step_up::require(who, app.clock.now())?;
    let (store, id) = (&app.store, who.user.id);
    let subscriptions = subscription::of_user(app, id).await?;
    let user = users::by_id(store, id).await?.ok_or(Error::NotFound)?;
    let paying: Vec<Uuid> = subscriptions.iter().map(|view| view.row.id).collect();
    Ok(Export {
        sessions: sessions::live_of(store, id, app.clock.now()).await?,
        usage: usage_days::since(store, &paying, 0).await?,
        subscriptions,
        devices: device::list(app, who).await?,
        invoices: invoices::page(store, id, None, MANY).await?,
        checkouts: checkouts::of_user(store, id).await?,
        coupon_uses: coupon_uses::of_user(store, id).await?,
        gift_codes: gift_codes::of_user(store, id).await?,
        cards: card_marks::count(store, id).await?,
        paying_cards: subscription_cards::of_all(store, &paying).await?,
        notices: notices::of_user(store, id).await?,
        mails: outbox::of_user(store, id, MANY).await?,
        notices_off: notice_refusals::of_user(store, id).await?,
        status_mails: match user.verified_at {
            Some(_) => status_subscribers::by_email(store, &user.email_canonical).await?,
            None => None,
        },
        known_devices: known_devices::of_user(store, id).await?,
        email_changes: email_changes::of_user(store, id).await?,
        recovery_codes_left: recovery_codes::count_left(store, id).await?,
        audit_log: audit_log::about(store, &id.to_string(), MANY).await?,
        referred: users::referred_by(store, id).await?.into_iter().map(|friend| friend.id).collect(),
        tickets: ticket::export(app, who).await?,
        discord: links::of_user(store, id).await?,
        ledger: credit_ledger::of_user(store, id).await?,
        user,
    })
}

//! A customer as an operator sees them: all that is known, and no secret.

use std::net::{Ipv4Addr, Ipv6Addr};

use domain::account::Role;
use domain::ledger::Account as Books;
use domain::time::UnixMs;
use domain::vpn::key::PublicKey;
use store::audit_log::Filter;
use store::{audit_log, credit_ledger, invoices, outbox, sessions, sponsorships, users, wireguard_peers};
use uuid::Uuid;

use crate::account_export::AuditRow;
use crate::admin::users::find;
use crate::credit::LedgerRow;
use crate::device::{self, Device};
use crate::invoice::InvoiceRow;
use crate::referral::RewardRow;
use crate::session::{Account, SessionRow};
use crate::subscription::{self, View};
use crate::{App, Error, Result, credit};

/// A mail, without what it says.
pub use store::outbox::Line as MailRow;

/// Rows of each list on a customer's page.
const ROWS: u64 = 50;

/// All that an operator is shown of a customer.
pub struct Customer {
    /// The account.
    pub account: Account,
    /// When its owner deleted it.
    pub deleted_at: Option<UnixMs>,
    /// Subscriptions, newest first.
    pub subscriptions: Vec<View>,
    /// Devices, oldest first.
    pub devices: Vec<Device>,
    /// The newest invoices.
    pub invoices: Vec<InvoiceRow>,
    /// Credit in each currency.
    pub balances: Vec<(String, i64)>,
    /// The newest movements of the credit.
    pub movements: Vec<LedgerRow>,
    /// What became of the reward for whoever brought this customer in.
    pub sponsored: Option<RewardRow>,
    /// The newest rewards for friends of this customer.
    pub rewards: Vec<RewardRow>,
    /// Sessions that have not ended.
    pub sessions: Vec<SessionRow>,
    /// The newest mails.
    pub mails: Vec<MailRow>,
    /// The newest entries of the audit log.
    pub audit: Vec<AuditRow>,
}

/// Finds an account by what an operator has of it: a mail address, an account's id, a customer's id at Stripe, a device's
/// public key, or a device's address in the tunnel.
pub async fn search(app: &App, text: &str) -> Result<Uuid> {
    let text = text.trim();
    if text.starts_with("cus_") {
        return Ok(users::by_stripe_customer(&app.store, text).await?.ok_or(Error::NotFound)?.id);
    }
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    if let Ok(v4) = address.parse::<Ipv4Addr>() {
        return of_address(app, app.config.pool.index_of(v4)).await;
    }
    if let Ok(v6) = address.parse::<Ipv6Addr>() {
        return of_address(app, app.config.pool.index_of_v6(v6)).await;
    }
    if let Ok(key) = PublicKey::parse(text) {
        let found = wireguard_peers::by_keys(&app.store, &[&key.to_string()]).await?;
        return Ok(found.first().ok_or(Error::NotFound)?.user_id);
    }
    Ok(find(app, text).await?.id)
}

async fn of_address(app: &App, index: Option<i64>) -> Result<Uuid> {
    let index = index.ok_or(Error::NotFound)?;
    Ok(wireguard_peers::by_address(&app.store, index).await?.ok_or(Error::NotFound)?.user_id)
}

/// A customer with everything around.
pub async fn get(app: &App, id: Uuid) -> Result<Customer> {
    let store = &app.store;
    let user = users::by_id(store, id).await?.ok_or(Error::NotFound)?;
    let whom = id.to_string();
    Ok(Customer {
        deleted_at: user.deleted_at,
        account: user.into(),
        subscriptions: subscription::of_user(app, id).await?,
        devices: device::of_user(app, id).await?,
        invoices: invoices::page(store, id, None, ROWS).await?,
        balances: credit::balances(app, id).await?,
        movements: credit_ledger::page(store, id, Books::CustomerCredit, None, ROWS).await?,
        sponsored: sponsorships::of_friend(store, id).await?,
        rewards: sponsorships::of_sponsor(store, id, ROWS).await?,
        sessions: sessions::live_of(store, id, app.clock.now()).await?,
        mails: outbox::of_user(store, id, ROWS).await?,
        audit: audit_log::page(store, Filter { whom: Some(&whom), action: None }, None, ROWS).await?,
    })
}

/// The mail address of an account.
pub async fn email(app: &App, id: Uuid) -> Result<String> {
    Ok(users::by_id(&app.store, id).await?.ok_or(Error::NotFound)?.email)
}

/// The role of an account.
pub async fn role(app: &App, id: Uuid) -> Result<Role> {
    Ok(users::by_id(&app.store, id).await?.ok_or(Error::NotFound)?.role())
}

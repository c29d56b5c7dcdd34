//! Accounts, by an operator's hand.

use domain::account::{Email, Role};
use store::{Tx, checkouts, credit_ledger, subscriptions, tickets, users};
use uuid::Uuid;

use super::{COMMAND_LINE, audit};
use crate::sign_up::{self, Registration};
use crate::{App, Error, Result, account_delete, second_factor, session};

/// Whether a new account's address counts as verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The operator vouches for it.
    Already,
    /// Its owner gets the usual mail.
    ByMail,
}

/// Makes an account.
pub async fn create(app: &App, new: &Registration, role: Role, verified: Verified) -> Result<users::Model> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let user = sign_up::create(app, &tx, new, role, verified == Verified::Already, now).await?;
    audit(app, &tx, COMMAND_LINE, "user.create", &user.id.to_string(), role.as_str(), now).await?;
    tx.commit().await?;
    Ok(user)
}

/// Accounts in the order of their making, after `after`.
pub async fn list(app: &App, after: Option<Uuid>, limit: u64) -> Result<Vec<users::Model>> {
    Ok(users::page(&app.store, after, limit).await?)
}

/// An account by address or id.
pub async fn find(app: &App, text: &str) -> Result<users::Model> {
    let found = match Uuid::parse_str(text) {
        Ok(id) => users::by_id(&app.store, id).await?,
        Err(_) => match Email::parse(text) {
            Ok(email) => users::by_email(&app.store, email.canonical()).await?,
            Err(_) => None,
        },
    };
    found.ok_or(Error::NotFound)
}

async fn locked(tx: &Tx, id: Uuid) -> Result<users::Model> {
    users::lock(tx, id).await?.ok_or(Error::NotFound)
}

/// Gives an account another role. Its sessions end, so that nobody acts with the old one.
pub async fn set_role(app: &App, id: Uuid, role: Role) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut user = locked(&tx, id).await?;
    if role == Role::User {
        tickets::release_all_of(&tx, id).await?;
    }
    user.role = role.as_str().to_owned();
    user.updated_at = now;
    users::save(&tx, user).await?;
    session::end_all(&tx, id, now).await?;
    audit(app, &tx, COMMAND_LINE, "user.set_role", &id.to_string(), role.as_str(), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Shuts an account out and ends its sessions.
pub async fn suspend(app: &App, actor: &str, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut user = locked(&tx, id).await?;
    user.suspended_at = Some(now);
    user.updated_at = now;
    users::save(&tx, user).await?;
    session::end_all(&tx, id, now).await?;
    audit(app, &tx, actor, "user.suspend", &id.to_string(), "", now).await?;
    tx.commit().await?;
    Ok(())
}

/// Lets an account in again.
pub async fn reinstate(app: &App, actor: &str, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut user = locked(&tx, id).await?;
    if user.suspended_at.is_none() {
        return Err(Error::conflict("account_not_suspended", "this account is not suspended"));
    }
    user.suspended_at = None;
    user.updated_at = now;
    users::save(&tx, user).await?;
    audit(app, &tx, actor, "user.reinstate", &id.to_string(), "", now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends all sessions of an account: whoever is in has to log in again.
pub async fn end_sessions(app: &App, actor: &str, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    locked(&tx, id).await?;
    session::end_all(&tx, id, now).await?;
    audit(app, &tx, actor, "user.end_sessions", &id.to_string(), "", now).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes an account as its owner would; one that has never bought anything, and is not about to, leaves no row.
pub async fn delete(app: &App, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let user = locked(&tx, id).await?;
    let has_history = user.stripe_customer_id.is_some()
        || !checkouts::of_user(&tx, id).await?.is_empty()
        || !subscriptions::all_of_user(&tx, id).await?.is_empty()
        || !credit_ledger::of_user(&tx, id).await?.is_empty();
    if !has_history {
        account_delete::forget_elsewhere(app, &tx, &user, now).await?;
        users::delete(&tx, id).await?;
        audit(app, &tx, COMMAND_LINE, "user.delete", &id.to_string(), "", now).await?;
    } else {
        account_delete::delete(app, &tx, id, COMMAND_LINE, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Turns off the second factor of one who has lost both the app and the recovery codes. The owner is told.
pub async fn turn_off_second_factor(app: &App, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut user = locked(&tx, id).await?;
    second_factor::take_off(app, &tx, &mut user, COMMAND_LINE, now).await?;
    session::end_all(&tx, id, now).await?;
    tx.commit().await?;
    Ok(())
}

//! Another address for an account: the new one is proved, the old one is told.

use domain::account::Email;
use domain::time::UnixMs;
use domain::token;
use store::{Tx, email_changes, password_resets, users};

use crate::jobs::{self, Job};
use crate::letter::Letter;
use crate::pace::Pace;
use crate::session::Who;
use crate::sign_up::token_refused;
use crate::step_up::{self, Proof};
use crate::{App, Error, Result, failpoint, mail};

/// How long the link in the mail works: an hour.
const CHANGE_MS: i64 = 3_600_000;

/// Mails a link to the new address, and word to the old one. The answer is the same whether the new address has an
/// account or not: its owner is told, the asker is not.
pub async fn request(app: &App, who: &Who, new: &Email, proof: Proof<'_>) -> Result<()> {
    let who = step_up::prove(app, who, proof).await?;
    let pace = Pace::begin();
    let now = app.clock.now();
    app.retrying(|| request_once(app, &who, new, now)).await?;
    app.wake_worker();
    pace.kept().await;
    Ok(())
}

async fn request_once(app: &App, who: &Who, new: &Email, now: UnixMs) -> Result<()> {
    let tx = app.store.write_txn().await?;
    let user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
    let asked = Letter::AddressChanging { support: app.config.brand.support.clone() };
    match users::by_email(&tx, new.canonical()).await? {
        Some(other) if other.id != user.id => {
            let login_link = app.config.link("/login");
            let letter = Letter::AlreadyRegistered { login_link, reset_link: app.config.link("/forgot") };
            mail::write(app, &tx, &other.email, other.language(), &letter, now).await?;
        }
        _ => {
            let token = app.dice.token();
            // The newest wish counts.
            email_changes::delete_all_of(&tx, user.id).await?;
            let row = email_changes::Model {
                token_hash: token::hash(token.text()).to_vec(),
                user_id: user.id,
                email: new.as_str().to_owned(),
                email_canonical: new.canonical().to_owned(),
                expires_at: now + CHANGE_MS,
            };
            email_changes::insert(&tx, &row).await?;
            let link = app.config.link(&format!("/email?token={}", token.text()));
            mail::write(app, &tx, new.as_str(), user.language(), &Letter::AddressConfirm { link }, now).await?;
        }
    }
    mail::write(app, &tx, &user.email, user.language(), &asked, now).await?;
    failpoint::pass("address.asked");
    tx.commit().await?;
    failpoint::pass("address.announced");
    Ok(())
}

/// Makes the new address the account's, with the token from the mail to it. Links that were mailed to the old one die,
/// and it is told.
pub async fn confirm(app: &App, text: &str) -> Result<()> {
    let now = app.clock.now();
    let hash = token::hash(text);
    app.retrying(|| confirm_once(app, &hash, now)).await?;
    app.wake_worker();
    Ok(())
}

async fn confirm_once(app: &App, hash: &[u8], now: UnixMs) -> Result<()> {
    let tx = app.store.write_txn().await?;
    let change = email_changes::lock(&tx, hash).await?.ok_or_else(token_refused)?;
    if change.expires_at <= now {
        return Err(token_refused());
    }
    let mut user = users::lock(&tx, change.user_id).await?.ok_or_else(token_refused)?;
    tell_old(app, &tx, &user, now).await?;
    user.email = change.email;
    user.email_canonical = change.email_canonical;
    user.updated_at = now;
    let user_id = user.id;
    if let Some(customer) = user.stripe_customer_id.clone() {
        jobs::enqueue(app, &tx, &Job::StripeCustomerUpdate { user: user_id, customer }, now).await?;
    }
    // Somebody may have signed up with the address in the meantime.
    users::save(&tx, user)
        .await
        .map_err(|error| if error.is_duplicate_of("email_canonical") { token_refused() } else { error.into() })?;
    email_changes::delete_all_of(&tx, user_id).await?;
    password_resets::delete_unused_of(&tx, user_id).await?;
    failpoint::pass("address.saved");
    tx.commit().await?;
    failpoint::pass("address.committed");
    Ok(())
}

async fn tell_old(app: &App, tx: &Tx, user: &users::Model, now: UnixMs) -> Result<()> {
    let letter = Letter::AddressChanged { support: app.config.brand.support.clone() };
    mail::write(app, tx, &user.email, user.language(), &letter, now).await
}

/// The job: tells Stripe the address that invoices go to.
pub(crate) async fn tell_stripe(app: &App, user: uuid::Uuid, customer: &str) -> Result<()> {
    let Some(user) = users::by_id(&app.store, user).await? else { return Ok(()) };
    if user.deleted_at.is_some() {
        return Ok(());
    }
    app.stripe.set_customer_email(customer, &user.email).await?;
    failpoint::pass("address.told");
    Ok(())
}

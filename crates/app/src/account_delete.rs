//! The end of an account: off the network at once, no more payments, and nothing kept but what the books need.

use domain::subscription::Status;
use domain::time::UnixMs;
use store::{
    Tx, card_marks, checkouts, coupon_uses, email_changes, known_devices, notice_refusals, notices, outbox,
    password_resets, pool, recovery_codes, sessions, subscription_cards, subscriptions, tickets, users,
    verification_tokens, wireguard_peers,
};
use uuid::Uuid;

use crate::discord::link;
use crate::jobs::{self, Job};
use crate::letter::Letter;
use crate::session::Who;
use crate::step_up::{self, Proof};
use crate::subscription_sync::{self, Cause};
use crate::{App, Error, Result, admin, credit_apply, failpoint, mail, status_subscriber};

/// Deletes the account of the one who asks.
pub async fn by_owner(app: &App, who: &Who, proof: Proof<'_>) -> Result<()> {
    let who = step_up::prove(app, who, proof).await?;
    let actor = who.user.id.to_string();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        delete(app, &tx, who.user.id, &actor, app.clock.now()).await?;
        failpoint::pass("delete.saved");
        tx.commit().await?;
        failpoint::pass("delete.committed");
        Ok(())
    })
    .await?;
    app.wake_worker();
    Ok(())
}

/// Takes everything that is personal out of an account and everything that works with it out of use. Subscriptions
/// and invoices stay, without a name. What is left to do at Stripe is a job.
pub(crate) async fn delete(app: &App, tx: &Tx, id: Uuid, actor: &str, now: UnixMs) -> Result<()> {
    let mut user = users::lock(tx, id).await?.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound)?;
    let open_checkouts = checkouts::of_user(tx, id).await?.into_iter().filter(|one| one.status == "open");
    let checkouts: Vec<String> = open_checkouts.filter_map(|one| one.stripe_session_id).collect();
    let subscriptions = end_subscriptions(tx, id, now).await?;
    let customer = user.stripe_customer_id.take();
    if let Some(customer) = &customer {
        credit_apply::customer_gone(app, tx, id, customer, now).await?;
    }
    if customer.is_some() || !subscriptions.is_empty() || !checkouts.is_empty() {
        jobs::enqueue(app, tx, &Job::StripeClose { customer, subscriptions, checkouts }, now).await?;
    }
    take_devices(tx, id, now).await?;
    sessions::delete_all_of(tx, id).await?;
    verification_tokens::delete_all_of(tx, id).await?;
    password_resets::delete_all_of(tx, id).await?;
    email_changes::delete_all_of(tx, id).await?;
    known_devices::delete_all_of(tx, id).await?;
    card_marks::delete_of(tx, id).await?;
    notices::delete_of(tx, id).await?;
    notice_refusals::delete_of(tx, id).await?;
    forget_elsewhere(app, tx, &user, now).await?;
    tickets::delete_of(tx, id).await?;
    tickets::release_all_of(tx, id).await?;
    recovery_codes::replace(tx, id, &[]).await?;
    checkouts::delete_all_of(tx, id).await?;
    coupon_uses::forget_unpaid_of(tx, id).await?;
    mail::write(app, tx, &user.email, user.language(), &Letter::AccountDeleted, now).await?;
    outbox::forget_user(tx, id).await?;
    admin::audit(app, tx, actor, "user.delete", &id.to_string(), "", now).await?;
    // `.invalid` is nobody's by RFC 2606, and the id is no secret.
    user.email = format!("deleted-{id}@mirai.invalid");
    user.email_canonical.clone_from(&user.email);
    user.password_hash = "!".to_owned();
    user.verified_at = None;
    user.totp_sealed = None;
    user.totp_since = None;
    user.totp_step = None;
    user.referral_code = format!("x{}", id.simple()).chars().take(32).collect();
    user.deleted_at = Some(now);
    user.updated_at = now;
    Ok(users::save(tx, user).await?)
}

/// Forgets what does not go with the account's row: its status mails, and what it has on Discord.
pub(crate) async fn forget_elsewhere(app: &App, tx: &Tx, user: &users::Model, now: UnixMs) -> Result<()> {
    // An address that was never proved may be another's.
    if user.verified_at.is_some() {
        status_subscriber::forget(tx, &user.email_canonical).await?;
    }
    link::forget(app, tx, user.id, now).await
}

/// Ends what has not ended; returns Stripe's ids of it.
async fn end_subscriptions(tx: &Tx, user: Uuid, now: UnixMs) -> Result<Vec<String>> {
    let mut ended = Vec::new();
    for mut row in subscriptions::lock_open_of_user(tx, user).await? {
        if !row.is_paid_with_credit() {
            ended.push(row.stripe_subscription_id.clone());
        }
        subscription_cards::forget(tx, row.id).await?;
        row.status = Status::Ended.as_str().to_owned();
        row.ended_at = Some(now);
        row.paid_until = row.paid_until.min(now);
        row.cancel_at_period_end = false;
        row.updated_at = now;
        subscriptions::save(tx, row).await?;
    }
    Ok(ended)
}

async fn take_devices(tx: &Tx, user: Uuid, now: UnixMs) -> Result<()> {
    for device in wireguard_peers::lock_of_user(tx, user).await? {
        pool::free(tx, device.address, now).await?;
        wireguard_peers::delete(tx, &device, now).await?;
    }
    Ok(())
}

/// The job: ends everything that Stripe could still collect for, and has it forget the customer.
pub(crate) async fn close_at_stripe(
    app: &App,
    customer: Option<&str>,
    subscriptions: &[String],
    checkouts: &[String],
) -> Result<()> {
    for session in checkouts {
        let expired = app.stripe.expire_checkout_session(session, &format!("close-{session}")).await;
        // One that is paid or has expired by itself can't be closed, and need not be.
        if let Err(error) = expired
            && error.is_retryable()
        {
            return Err(error.into());
        }
        failpoint::pass("close.expired");
    }
    for subscription in subscriptions {
        match app.stripe.cancel_subscription_now(subscription, &format!("close-{subscription}")).await {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => failpoint::pass("close.ended"),
        }
        // Whoever is to be off the network is so now, not when Stripe's word of it comes.
        subscription_sync::sync(app, subscription, Cause::asked()).await?;
        failpoint::pass("close.synced");
    }
    if let Some(customer) = customer {
        app.stripe.delete_customer(customer).await?;
        failpoint::pass("close.forgotten");
    }
    Ok(())
}

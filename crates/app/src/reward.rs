//! Rewards for friends: considered with a friend's first payment, confirmed once it stays, and following the payment's
//! money whenever that goes back.

use domain::account::Email;
use domain::ledger::{Account, Kind, Movement};
use domain::money::Money;
use domain::reward::{Pair, Refusal, State, refusal};
use domain::time::UnixMs;
use sha2::{Digest as _, Sha256};
use store::{Tx, card_marks, invoices, sponsorships, subscriptions, users};
use uuid::Uuid;

use crate::jobs::{self, Job};
use crate::letter::Letter;
use crate::{App, Error, Result, ledger, mail};

/// Rewards that are confirmed in one go at most.
const AT_ONCE: u64 = 1_000;

/// The first payment of a subscription, or of a customer whose subscription began with a trial, is in: once the
/// transaction is, the card is looked at, and who brought in the customer.
pub(crate) async fn announce(
    app: &App,
    tx: &Tx,
    row: &invoices::Model,
    billing_reason: Option<&str>,
    now: UnixMs,
) -> Result<()> {
    if row.amount_paid > 0
        && (billing_reason == Some("subscription_create") || !invoices::has_paid_before(tx, row).await?)
    {
        jobs::enqueue(app, tx, &Job::RewardConsider { invoice: row.stripe_invoice_id.clone() }, now).await?;
    }
    Ok(())
}

/// Notes the card of a first payment, and makes the sponsor's reward, once.
pub async fn consider(app: &App, invoice: &str) -> Result<()> {
    let charge = app.stripe.charge_of_invoice(invoice).await?;
    let card = charge.as_ref().and_then(|charge| charge.card_fingerprint()).map(|print| Sha256::digest(print).to_vec());
    app.retrying(|| consider_once(app, invoice, card.as_deref())).await?;
    app.wake_worker();
    Ok(())
}

async fn consider_once(app: &App, invoice: &str, card: Option<&[u8]>) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let Some(owner) = invoices::owner(&tx, invoice).await? else { return Ok(()) };
    // The friend's account is locked first, as by everything that moves its money.
    let Some(friend) = users::lock(&tx, owner).await?.filter(|friend| friend.deleted_at.is_none()) else {
        return Ok(());
    };
    if let Some(card) = card {
        card_marks::note(&tx, friend.id, card, now).await?;
    }
    // The first that was issued counts, in whatever order they are heard of.
    let first = invoices::first_paid(&tx, friend.id, 1).await?.pop();
    let invoice = first.as_ref().map_or(invoice, |first| &first.stripe_invoice_id);
    let paid = invoices::lock_by_stripe_id(&tx, invoice).await?.ok_or(Error::NotFound)?;
    if let Some(sponsor) = friend.referred_by
        && sponsorships::of_friend(&tx, friend.id).await?.is_none()
    {
        make(app, &tx, &friend, sponsor, &paid, now).await?;
    }
    Ok(tx.commit().await?)
}

async fn make(
    app: &App,
    tx: &Tx,
    friend: &users::Model,
    sponsor: Uuid,
    paid: &invoices::Model,
    now: UnixMs,
) -> Result<()> {
    let terms = &app.config.referrals;
    let plan = subscriptions::by_ids(tx, &[paid.subscription_id]).await?.pop().map(|row| row.plan).unwrap_or_default();
    let why = match why_not(tx, friend, sponsor).await? {
        None if terms.percent == 0 || !terms.counts(&plan) => Some(Refusal::NoOffer),
        why => why,
    };
    let amount = if why.is_some() { 0 } else { terms.share(ledger::kept_net(paid)) };
    let row = sponsorships::Model {
        id: app.dice.id(now),
        sponsor_id: sponsor,
        user_id: friend.id,
        state: if why.is_some() { State::Refused } else { State::Pending.at(amount) }.as_str().to_owned(),
        created_at: now,
        invoice: Some(paid.stripe_invoice_id.clone()),
        amount,
        currency: Some(paid.currency.clone()),
        due_at: Some(now + terms.wait_ms),
        reason: why.map(|why| why.as_str().to_owned()),
        updated_at: now,
    };
    sponsorships::insert(tx, &row).await?;
    book(app, tx, &row, Kind::RewardPending, amount, now).await
}

/// Why friend and sponsor get nothing, as things are now.
async fn why_not(tx: &Tx, friend: &users::Model, sponsor: Uuid) -> Result<Option<Refusal>> {
    let Some(sponsor) = users::by_id(tx, sponsor).await?.filter(|sponsor| sponsor.deleted_at.is_none()) else {
        return Ok(Some(Refusal::SponsorGone));
    };
    // A deleted account has no address any more.
    let mailbox = |user: &users::Model| Email::parse(&user.email).ok().map(|email| email.mailbox());
    let pair = Pair {
        have_one_mailbox: friend.deleted_at.is_none() && mailbox(&sponsor) == mailbox(friend),
        have_one_card: card_marks::have_one(tx, friend.id, sponsor.id).await?,
        is_loop: sponsor.referred_by == Some(friend.id),
        sponsor_is_active: sponsor.may_sign_in(),
    };
    let why = refusal(&pair);
    if let Some(why) = why {
        tracing::info!(sponsor = %sponsor.id, friend = %friend.id, why = why.as_str(), "no reward");
        metrics::counter!("mirai_rewards_refused_total", "why" => why.as_str()).increment(1);
    }
    Ok(why)
}

/// Books a change of a sponsor's reward.
async fn book(app: &App, tx: &Tx, row: &sponsorships::Model, kind: Kind, amount: i64, now: UnixMs) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let currency = ledger::currency(row.currency.as_deref().unwrap_or_default())?;
    let waits = matches!(kind, Kind::RewardPending | Kind::RewardVoided);
    let account = if waits { Account::RewardsPending } else { Account::CustomerCredit };
    let name = ledger::numbered(tx, &format!("reward:{}:{}:", row.id.simple(), kind.as_str()), account).await?;
    let movement = Movement::reward(kind, name, Money::new(amount, currency)).map_err(ledger::beyond)?;
    ledger::post(app, tx, row.sponsor_id, &movement, None, now).await
}

/// The money of a friend's payment has changed: the reward follows it. Under the lock of the invoice's row.
pub(crate) async fn follow(app: &App, tx: &Tx, paid: &invoices::Model, now: UnixMs) -> Result<()> {
    let found = sponsorships::lock_of_invoice(tx, paid.user_id, &paid.stripe_invoice_id).await?;
    let Some(mut row) = found else { return Ok(()) };
    let state = match State::of_word(&row.state) {
        None | Some(State::Imported | State::Refused) => return Ok(()),
        Some(state) => state,
    };
    let amount = app.config.referrals.share(ledger::kept_net(paid));
    let more = amount - row.amount;
    let kind = match (state.is_paid_out(), more > 0) {
        (false, true) => Kind::RewardPending,
        (false, false) => Kind::RewardVoided,
        (true, true) => Kind::RewardReturned,
        (true, false) => Kind::RewardTakenBack,
    };
    book(app, tx, &row, kind, more.abs(), now).await?;
    row.amount = amount;
    row.state = state.at(amount).as_str().to_owned();
    row.updated_at = now;
    Ok(sponsorships::save(tx, row).await?)
}

/// Confirms the rewards whose time has come; returns how many were looked at.
pub async fn confirm_due(app: &App) -> Result<usize> {
    let due = sponsorships::due(&app.store, app.clock.now(), AT_ONCE).await?;
    for id in &due {
        match app.retrying(|| confirm(app, *id)).await {
            Err(error @ Error::Busy { .. }) => return Err(error),
            // One that can't be confirmed must not keep the others waiting.
            Err(error) => tracing::error!(reward = %id, error = error.chain(), "a reward can't be confirmed"),
            Ok(()) => {}
        }
    }
    app.wake_worker();
    Ok(due.len())
}

async fn confirm(app: &App, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let Some(mut row) = sponsorships::lock(&tx, id).await?.filter(|row| row.state == State::Pending.as_str()) else {
        return Ok(());
    };
    // Whoever paid with a card of their own as a friend may show it only later.
    let friend = users::by_id(&tx, row.user_id).await?.ok_or(Error::NotFound)?;
    let sponsor = users::by_id(&tx, row.sponsor_id).await?.ok_or(Error::NotFound)?;
    if let Some(why) = why_not(&tx, &friend, row.sponsor_id).await? {
        book(app, &tx, &row, Kind::RewardVoided, row.amount, now).await?;
        row.state = State::Refused.as_str().to_owned();
        row.reason = Some(why.as_str().to_owned());
        row.amount = 0;
    } else {
        book(app, &tx, &row, Kind::RewardConfirmed, row.amount, now).await?;
        row.state = State::Confirmed.as_str().to_owned();
        let currency = ledger::currency(row.currency.as_deref().unwrap_or_default())?;
        let amount = format!("{} {}", Money::new(row.amount, currency).decimal(), currency.as_str().to_uppercase());
        let letter = Letter::RewardConfirmed { amount, link: app.config.link("/dashboard/referrals") };
        mail::write(app, &tx, &sponsor.email, sponsor.language(), &letter, now).await?;
    }
    row.updated_at = now;
    sponsorships::save(&tx, row).await?;
    Ok(tx.commit().await?)
}

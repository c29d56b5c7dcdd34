//! Notices: each is told once for its cause, to whoever has not said that its kind is not wanted.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clients::stripe;
use domain::money::Money;
use domain::notice::Kind;
use domain::quota::Mark;
use domain::subscription::Status;
use domain::time::{UnixMs, month_end};
use sha2::{Digest as _, Sha256};
use store::{Tx, notice_refusals, notices, subscription_cards, subscriptions, users};
use uuid::Uuid;

use crate::letter::{Letter, Notice};
use crate::session::Who;
use crate::{App, Error, Result, ledger, mail, status_subscriber};

/// Where the token of a link to unsubscribe opens, and nothing else does.
const PLACE: &str = "unsubscribe";
/// Longest token that is looked at, in characters; ours have about 110.
const MAX_TOKEN: usize = 256;
/// What stands in a link in the place of a kind of notice, where it is about mails of incidents.
const OF_STATUS: &str = "status";

/// What a link is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mails {
    /// Notices of a kind, to an account.
    Notices(Kind),
    /// Incidents, to a subscriber of the status page.
    Status,
}

/// A kind of notice, and whether the customer gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// What about.
    pub kind: Kind,
    /// Whether it is sent.
    pub is_on: bool,
}

/// Tells an account something, in the transaction that gives rise to it; false if it was told before, or is not to be.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    user: &users::Model,
    cause: &str,
    notice: Notice,
    now: UnixMs,
) -> Result<bool> {
    let kind = notice.kind();
    if !wants(tx, user, kind).await? {
        return Ok(false);
    }
    let row =
        notices::Model { user_id: user.id, kind: kind.as_str().to_owned(), cause: cause.to_owned(), created_at: now };
    if !notices::insert_new(tx, row).await? {
        return Ok(false);
    }
    let unsubscribe = (!kind.is_necessary()).then(|| link(app, user.id, kind));
    let letter = Letter::Notice { notice, support: app.config.brand.support.clone(), unsubscribe };
    mail::write(app, tx, &user.email, user.language(), &letter, now).await?;
    Ok(true)
}

/// Whether an account is to be told of such things.
async fn wants(tx: &Tx, user: &users::Model, kind: Kind) -> Result<bool> {
    if user.deleted_at.is_some() || user.suspended_at.is_some() {
        return Ok(false);
    }
    Ok(kind.is_necessary() || !notice_refusals::has(tx, user.id, kind).await?)
}

/// What a subscription that was just read from Stripe leads to: its card is noted, and its owner told of a payment that
/// was declined, once for each try.
pub(crate) async fn after_reading(
    app: &App,
    tx: &Tx,
    user: &users::Model,
    row: &subscriptions::Model,
    object: &stripe::Subscription,
    now: UnixMs,
) -> Result<()> {
    match card(row, object) {
        Some(card) => subscription_cards::note(tx, card).await?,
        None => subscription_cards::forget(tx, row.id).await?,
    }
    let state = row.state()?;
    let open = object.latest_invoice.as_deref().filter(|invoice| invoice.status.as_deref() == Some("open"));
    let Some(invoice) = open.filter(|invoice| state.status == Status::PastDue && invoice.attempt_count > 0) else {
        return Ok(());
    };
    let notice = Notice::PaymentFailing {
        amount: Money::new(invoice.amount_due, ledger::currency(&invoice.currency)?),
        online_until: Some(state.access_until()).filter(|until| now < *until),
        next_try: invoice.next_payment_attempt.map(|seconds| seconds * 1000),
        link: app.config.link("/dashboard/billing"),
    };
    tell(app, tx, user, &format!("{}:{}", invoice.id, invoice.attempt_count), notice, now).await.map(drop)
}

/// The card that pays for a subscription, unless that is over.
fn card(row: &subscriptions::Model, object: &stripe::Subscription) -> Option<subscription_cards::Model> {
    let card = object.default_payment_method.as_ref()?.card.as_ref()?;
    let fingerprint = card.fingerprint.as_ref().filter(|_| !row.has_ended())?;
    Some(subscription_cards::Model {
        subscription_id: row.id,
        card_hash: Sha256::digest(fingerprint).to_vec(),
        expires_at: month_end(card.exp_year, card.exp_month)?,
    })
}

/// A mark of the data volume was passed. A larger plan's volume is another cause, and so is the next period's.
pub(crate) async fn quota(
    app: &App,
    tx: &Tx,
    user: &users::Model,
    row: &subscriptions::Model,
    mark: Mark,
    now: UnixMs,
) -> Result<()> {
    let (until, link) = (row.period_end, app.config.link("/dashboard/subscription"));
    let notice = match mark {
        Mark::Most => Notice::QuotaMost { until, link },
        Mark::All => Notice::QuotaUsed { until, slow_mbit: row.slow_mbit, link },
    };
    let cause = format!("{}:{}:{}", row.id, row.period_start, row.quota_bytes.unwrap_or_default());
    tell(app, tx, user, &cause, notice, now).await.map(drop)
}

/// Every kind, and whether a customer gets it.
pub async fn choices(app: &App, who: &Who) -> Result<Vec<Choice>> {
    let refused = notice_refusals::of_user(&app.store, who.user.id).await?;
    let is_on = |kind: Kind| kind.is_necessary() || !refused.iter().any(|row| row.kind == kind.as_str());
    Ok(Kind::ALL.map(|kind| Choice { kind, is_on: is_on(kind) }).to_vec())
}

/// Turns kinds on and off. What is necessary stays on, and then nothing is changed.
pub async fn choose(app: &App, who: &Who, wanted: &[Choice]) -> Result<Vec<Choice>> {
    if wanted.iter().any(|choice| choice.kind.is_necessary() && !choice.is_on) {
        return Err(Error::invalid("notices", "notice_necessary", "this kind is necessary and can't be turned off"));
    }
    // Of a kind that is named twice the last word counts.
    let wanted: BTreeMap<Kind, bool> = wanted.iter().map(|choice| (choice.kind, choice.is_on)).collect();
    app.retrying(|| save(app, who.user.id, &wanted)).await?;
    choices(app, who).await
}

async fn save(app: &App, user: Uuid, wanted: &BTreeMap<Kind, bool>) -> Result<()> {
    let tx = app.store.write_txn().await?;
    users::lock(&tx, user).await?.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound)?;
    for (kind, is_on) in wanted {
        if *is_on {
            notice_refusals::remove(&tx, user, *kind).await?;
        } else {
            notice_refusals::add(&tx, user, *kind, app.clock.now()).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// The link by which an account says that it wants no more of a kind. It names both, sealed, and works for good: a mail
/// is opened years later.
fn link(app: &App, user: Uuid, kind: Kind) -> String {
    sealed_link(app, user, kind.as_str())
}

/// The same for a subscriber of the status page.
pub(crate) fn status_link(app: &App, subscriber: Uuid) -> String {
    sealed_link(app, subscriber, OF_STATUS)
}

fn sealed_link(app: &App, whose: Uuid, of: &str) -> String {
    let plain = [whose.as_bytes(), of.as_bytes()].concat();
    let token = URL_SAFE_NO_PAD.encode(app.sealer.seal(&plain, PLACE, &app.dice));
    app.config.link(&format!("/unsubscribe?token={token}"))
}

fn read(app: &App, token: &str) -> Option<(Uuid, Mails)> {
    let sealed = URL_SAFE_NO_PAD.decode(token).ok().filter(|_| token.len() <= MAX_TOKEN)?;
    let plain = app.sealer.open(&sealed, PLACE).ok()?;
    let (whose, of) = plain.split_at_checked(16)?;
    let mails = match std::str::from_utf8(of).ok()? {
        OF_STATUS => Mails::Status,
        kind => Mails::Notices(kind.parse().ok()?),
    };
    Some((Uuid::from_slice(whose).ok()?, mails))
}

fn no_link() -> Error {
    Error::invalid("token", "unsubscribe_link_invalid", "this link is not complete; copy all of it from the mail")
}

/// What a link is about.
pub fn mails_of(app: &App, token: &str) -> Result<Mails> {
    read(app, token).map(|(_, mails)| mails).ok_or_else(no_link)
}

/// Does what a link asks for, without a login. Who is gone gets no mails anyway.
pub async fn unsubscribe(app: &App, token: &str) -> Result<Mails> {
    let (whose, mails) = read(app, token).ok_or_else(no_link)?;
    let done = match mails {
        Mails::Notices(kind) => {
            let off = BTreeMap::from([(kind, false)]);
            app.retrying(|| save(app, whose, &off)).await
        }
        Mails::Status => app.retrying(|| status_subscriber::end(app, whose)).await,
    };
    match done {
        Ok(()) | Err(Error::NotFound) => Ok(mails),
        Err(error) => Err(error),
    }
}

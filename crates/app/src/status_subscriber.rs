//! Who wants mails of incidents. Nobody gets one without having pressed the button behind the link in the first, and who
//! wants no more is deleted.

use domain::account::{Email, Language};
use domain::time::{DAY_MS, UnixMs};
use domain::token;
use store::{Tx, status_news, status_subscribers as rows};
use uuid::Uuid;

use crate::letter::Letter;
use crate::pace::Pace;
use crate::{App, Error, Result, mail};

/// How long the link in the first mail works. Who has not pressed the button by then is forgotten.
const ASKED_MS: i64 = DAY_MS;
/// An address gets no second question so soon, whoever asks for it.
const AGAIN_MS: i64 = 10 * 60_000;

/// Asks by mail whether an address wants mails. The answer is the same whatever is known of the address.
pub async fn ask(app: &App, email: &Email, language: Language) -> Result<()> {
    let pace = Pace::begin();
    app.retrying(|| ask_once(app, email, language)).await?;
    app.wake_worker();
    pace.kept().await;
    Ok(())
}

async fn ask_once(app: &App, email: &Email, language: Language) -> Result<()> {
    let now = app.clock.now();
    let token = app.dice.token();
    let tx = app.store.write_txn().await?;
    let known = rows::lock_by_email(&tx, email.canonical()).await?;
    if known.as_ref().is_some_and(|row| row.confirmed_at.is_some() || now - row.asked_at < AGAIN_MS) {
        return Ok(());
    }
    let is_new = known.is_none();
    let row = rows::Model {
        id: known.map_or_else(|| app.dice.id(now), |row| row.id),
        email: email.as_str().to_owned(),
        email_canonical: email.canonical().to_owned(),
        language: language.as_str().to_owned(),
        token_hash: token::hash(token.text()).to_vec(),
        asked_at: now,
        confirmed_at: None,
    };
    if is_new {
        match rows::insert(&tx, row).await {
            // Another has asked for the same address at the same moment, and the mail is on its way.
            Err(error) if error.is_duplicate_of("email_canonical") => return Ok(()),
            done => done?,
        }
    } else {
        rows::save(&tx, row).await?;
    }
    let link = app.config.link(&format!("/status/confirm?token={}", token.text()));
    mail::write(app, &tx, email.as_str(), language, &Letter::StatusConfirm { link }, now).await?;
    Ok(tx.commit().await?)
}

/// The button behind the link: mails are sent from now on. Pressed again it changes nothing.
pub async fn confirm(app: &App, text: &str) -> Result<()> {
    app.retrying(|| confirm_once(app, text)).await
}

async fn confirm_once(app: &App, text: &str) -> Result<()> {
    let now = app.clock.now();
    let refused = || {
        let detail = "this link is not complete, or older than a day; ask for another on the status page";
        Error::invalid("token", "subscribe_link_invalid", detail)
    };
    let tx = app.store.write_txn().await?;
    let mut row = rows::lock_by_token(&tx, &token::hash(text)).await?.ok_or_else(refused)?;
    if row.confirmed_at.is_some() {
        return Ok(());
    }
    if row.asked_at + ASKED_MS <= now {
        return Err(refused());
    }
    row.confirmed_at = Some(now);
    rows::save(&tx, row).await?;
    Ok(tx.commit().await?)
}

/// A subscriber wants no more.
pub(crate) async fn end(app: &App, id: Uuid) -> Result<()> {
    let tx = app.store.write_txn().await?;
    delete(&tx, id).await?;
    Ok(tx.commit().await?)
}

/// An address is forgotten; false if it was not known.
pub(crate) async fn forget(tx: &Tx, canonical: &str) -> Result<bool> {
    let Some(row) = rows::lock_by_email(tx, canonical).await? else { return Ok(false) };
    delete(tx, row.id).await?;
    Ok(true)
}

async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    rows::delete(tx, id).await?;
    Ok(status_news::forget(tx, id).await?)
}

/// Forgets who has not said yes.
pub(crate) async fn clean_up(app: &App, now: UnixMs) -> Result<()> {
    rows::prune(&app.store, now - ASKED_MS).await?;
    Ok(())
}

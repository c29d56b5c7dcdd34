//! A forgotten password.

use domain::account::{Email, Password};
use domain::token;
use store::{password_resets, users};

use crate::letter::Letter;
use crate::pace::Pace;
use crate::sign_up::token_refused;
use crate::{App, Result, failpoint, mail, session, strength};

/// How long the link in the mail works: an hour.
const RESET_MS: i64 = 3_600_000;

/// Mails a link to set a new password, if the address has an account; the answer is the same if not.
pub async fn request(app: &App, email: &Email) -> Result<()> {
    let pace = Pace::begin();
    let now = app.clock.now();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        if let Some(user) = users::by_email(&tx, email.canonical()).await?
            && user.suspended_at.is_none()
        {
            let token = app.dice.token();
            let row = password_resets::Model {
                token_hash: token::hash(token.text()).to_vec(),
                user_id: user.id,
                expires_at: now + RESET_MS,
                used_at: None,
                created_at: now,
            };
            password_resets::insert(&tx, &row).await?;
            let link = app.config.link(&format!("/reset?token={}", token.text()));
            mail::write(app, &tx, &user.email, user.language(), &Letter::Reset { link }, now).await?;
        }
        failpoint::pass("forgot.saved");
        tx.commit().await?;
        failpoint::pass("forgot.committed");
        Ok(())
    })
    .await?;
    app.wake_worker();
    pace.kept().await;
    Ok(())
}

/// Sets a new password with a token, ends all sessions, and tells the owner. Other links that were mailed die too.
/// The link came by mail, so it proves the address as well.
pub async fn reset(app: &App, text: &str, password: &Password) -> Result<()> {
    let now = app.clock.now();
    let hash = token::hash(text);
    strength::check(app, "new_password", password, &[]).await?;
    let new_hash = app.hasher.hash(password, app.dice.bytes()).await?;
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let token = password_resets::lock(&tx, &hash).await?.ok_or_else(token_refused)?;
        if token.used_at.is_some() || token.expires_at <= now {
            return Err(token_refused());
        }
        let mut user = users::lock(&tx, token.user_id).await?.ok_or_else(token_refused)?;
        password_resets::mark_used(&tx, &hash, now).await?;
        password_resets::delete_unused_of(&tx, user.id).await?;
        user.password_hash.clone_from(&new_hash);
        user.verified_at.get_or_insert(now);
        user.updated_at = now;
        session::end_all(&tx, user.id, now).await?;
        let letter = Letter::PasswordChanged { support: app.config.brand.support.clone() };
        mail::write(app, &tx, &user.email, user.language(), &letter, now).await?;
        users::save(&tx, user).await?;
        failpoint::pass("reset.saved");
        tx.commit().await?;
        failpoint::pass("reset.committed");
        Ok(())
    })
    .await?;
    app.wake_worker();
    Ok(())
}

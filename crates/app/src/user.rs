//! The account itself.

use domain::account::{Language, Password};
use store::{password_resets, sessions, users};

use crate::letter::Letter;
use crate::session::Who;
use crate::step_up::{self, Proof};
use crate::{App, Error, Result, mail, strength};

/// Changes the language of mails and pages.
pub async fn set_language(app: &App, who: &Who, language: Language) -> Result<users::Account> {
    let now = app.clock.now();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        user.language = language.as_str().to_owned();
        user.updated_at = now;
        users::save(&tx, user.clone()).await?;
        tx.commit().await?;
        Ok(user.into())
    })
    .await
}

/// Sets a new password for one who knows the old one. Every other session ends, links to set another password die, and
/// the owner is told.
pub async fn change_password(app: &App, who: &Who, proof: Proof<'_>, new: &Password) -> Result<()> {
    let now = app.clock.now();
    strength::check(app, "new_password", new, &[&who.user.email]).await?;
    let (who, proved) = step_up::prove_by(app, who, proof).await?;
    let hash = app.hasher.hash(new, app.dice.bytes()).await?;
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        if user.password_hash != proved {
            return Err(Error::conflict("password_changed", "the password was just changed elsewhere"));
        }
        user.password_hash.clone_from(&hash);
        user.updated_at = now;
        sessions::revoke(&tx, user.id, sessions::Which::AllBut(who.session.id), now).await?;
        password_resets::delete_unused_of(&tx, user.id).await?;
        let letter = Letter::PasswordChanged { support: app.config.brand.support.clone() };
        mail::write(app, &tx, &user.email, user.language(), &letter, now).await?;
        users::save(&tx, user).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    app.wake_worker();
    Ok(())
}

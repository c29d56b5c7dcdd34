//! Sign in: one answer for everything that is wrong.

use domain::account::{Email, Password};
use domain::time::UnixMs;
use store::{Tx, users};

use crate::hasher::Verdict;
use crate::limiter::Subject;
use crate::pace::Pace;
use crate::session::{self, TokenPair};
use crate::{App, Error, LimitClass, Result};

/// What was typed. Parsing the parts can fail, and is then answered like a wrong password.
pub struct Credentials<'a> {
    /// As typed.
    pub email: &'a str,
    /// As typed.
    pub password: &'a str,
    /// Browser family, for the list of sessions.
    pub client: &'a str,
}

fn refused() -> Error {
    Error::Unauthorized { code: "credentials_invalid", detail: "the address or the password is wrong" }
}

/// Signs in on the site; returns the account and the cookie.
pub async fn site(app: &App, typed: &Credentials<'_>) -> Result<(users::Model, String)> {
    let now = app.clock.now();
    let user = check(app, typed, now).await?;
    let cookie = app
        .retrying(|| async {
            let tx = app.store.write_txn().await?;
            still_allowed(&tx, &user).await?;
            let cookie = session::begin_site(app, &tx, user.id, typed.client, now).await?;
            tx.commit().await?;
            Ok(cookie)
        })
        .await?;
    Ok((user, cookie))
}

/// Signs in through the API; returns the account and its tokens.
pub async fn api(app: &App, typed: &Credentials<'_>) -> Result<(users::Model, TokenPair)> {
    let now = app.clock.now();
    let user = check(app, typed, now).await?;
    let pair = app
        .retrying(|| async {
            let tx = app.store.write_txn().await?;
            still_allowed(&tx, &user).await?;
            let pair = session::begin_api(app, &tx, user.id, typed.client, now).await?;
            tx.commit().await?;
            Ok(pair)
        })
        .await?;
    Ok((user, pair))
}

/// Hashing takes a while: a password that was changed meanwhile must not begin a session.
async fn still_allowed(tx: &Tx, checked: &users::Model) -> Result<()> {
    let user = users::lock(tx, checked.id).await?.ok_or_else(refused)?;
    let same = user.password_hash == checked.password_hash && user.suspended_at == checked.suspended_at;
    if same { Ok(()) } else { Err(refused()) }
}

/// A refusal takes the same time for every address: the password is checked for a known and an unknown one, and no
/// refusal comes earlier than one of an old, slower kind of hash.
async fn check(app: &App, typed: &Credentials<'_>, now: UnixMs) -> Result<users::Model> {
    let pace = Pace::begin();
    let checked = check_password(app, typed, now).await;
    if matches!(checked, Err(Error::Unauthorized { .. })) {
        pace.kept().await;
    }
    checked
}

async fn check_password(app: &App, typed: &Credentials<'_>, now: UnixMs) -> Result<users::Model> {
    let email = Email::parse(typed.email).ok();
    let account = email.as_ref().map_or(typed.email, Email::canonical);
    let decision = app.limiter.hit(LimitClass::Credential, Subject::Account(account), now);
    if !decision.allowed {
        return Err(Error::TooMany { retry_after_ms: decision.retry_after_ms });
    }
    let password = Password::parse(typed.password).ok();
    let user = match &email {
        Some(email) => users::by_email(&app.store, email.canonical()).await?,
        None => None,
    };
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    // A password that can't be one (too short, too long) still costs one check.
    let verdict = match &password {
        Some(password) => app.hasher.verify(password, hash).await?,
        None => {
            let stand_in = Password::parse("not the password").expect("a valid password");
            app.hasher.verify(&stand_in, None).await?
        }
    };
    let Some(mut user) = user else { return Err(refused()) };
    if verdict == Verdict::Wrong {
        return Err(refused());
    }
    if user.suspended_at.is_some() {
        return Err(Error::Forbidden {
            code: "account_suspended",
            detail: "this account is suspended; write to support",
        });
    }
    if user.verified_at.is_none() {
        return Err(Error::Forbidden {
            code: "email_unverified",
            detail: "verify your address first: open the link in our mail, or ask for a new one",
        });
    }
    if verdict == Verdict::RightButOld
        && let Some(password) = &password
    {
        let upgraded = app.hasher.hash(password, app.dice.bytes()).await?;
        if users::replace_hash(&app.store, user.id, &user.password_hash, &upgraded, now).await? {
            user.password_hash = upgraded;
        }
    }
    Ok(user)
}

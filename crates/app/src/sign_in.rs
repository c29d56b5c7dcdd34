//! Sign in: one answer for everything that is wrong, a code where the account asks for one, and word to the owner of a
//! sign-in from elsewhere.

use domain::account::{Email, Password};
use domain::time::{UnixMs, day};
use domain::token;
use store::{Tx, known_devices, sessions, users};

use crate::hasher::Verdict;
use crate::letter::Letter;
use crate::limiter::Subject;
use crate::pace::Pace;
use crate::session::{self, TokenPair};
use crate::tokens::{self, Halfway};
use crate::{App, Error, LimitClass, Result, failpoint, mail, second_factor};

/// How long a page waits for the code: five minutes.
const HALFWAY_MS: i64 = 5 * 60_000;
/// How long a device is known: a year.
const KNOWN_MS: i64 = 365 * DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// What was typed. Parsing the parts can fail, and is then answered like a wrong password.
pub struct Credentials<'a> {
    /// As typed.
    pub email: &'a str,
    /// As typed.
    pub password: &'a str,
    /// A code, where one was typed.
    pub otp: Option<&'a str>,
}

/// Where it was typed.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// Browser family, for the list of sessions.
    pub client: &'a str,
    /// The cookie by which a device is known.
    pub device: Option<&'a str>,
    /// Whether it keeps cookies, so that it can be known next time.
    pub keeps_cookies: bool,
}

/// Signed in.
pub struct SignedIn<T> {
    /// The account.
    pub user: users::Model,
    /// What the client gets: the site's cookie, or the API's tokens.
    pub granted: T,
    /// A cookie by which the device is known from now on, if it was not.
    pub device: Option<String>,
}

/// What comes of right credentials on the site.
pub enum Answer {
    /// Signed in.
    In(Box<SignedIn<String>>),
    /// The password was right, and the account asks for a code too.
    CodeNeeded {
        /// Stands for the password in [`site_with_code`].
        ticket: String,
    },
}

fn refused() -> Error {
    Error::Unauthorized { code: "credentials_invalid", detail: "the address, the password or the code is wrong" }
}

/// Signs in on the site; grants the cookie.
pub async fn site(app: &App, typed: &Credentials<'_>, from: Origin<'_>) -> Result<Answer> {
    let now = app.clock.now();
    let user = check(app, typed, from, now).await?;
    match code_for(app, &user, typed.otp, now) {
        Ok(otp) => Ok(Answer::In(Box::new(site_session(app, &user, otp, from, now).await?))),
        Err(ticket) => Ok(Answer::CodeNeeded { ticket }),
    }
}

/// Signs in on the site with a code, after the password.
pub async fn site_with_code(app: &App, ticket: &str, code: &str, from: Origin<'_>) -> Result<SignedIn<String>> {
    let now = app.clock.now();
    let expired = || Error::Unauthorized {
        code: "login_expired",
        detail: "that took longer than five minutes: start again with the password",
    };
    let halfway = tokens::read_halfway(&app.config.jwt_secret, ticket, now).ok_or_else(expired)?;
    let user = users::by_id(&app.store, halfway.user).await?.ok_or_else(expired)?;
    if fingerprint(&user) != halfway.password || user.suspended_at.is_some() {
        return Err(expired());
    }
    site_session(app, &user, Some(code), from, now).await
}

/// Signs in through the API; grants its tokens.
pub async fn api(app: &App, typed: &Credentials<'_>, from: Origin<'_>) -> Result<SignedIn<TokenPair>> {
    let now = app.clock.now();
    let user = check(app, typed, from, now).await?;
    let needed = |_| Error::Unauthorized {
        code: "otp_required",
        detail: "this account has a second factor: send a code of its authenticator app as `otp`",
    };
    let otp = code_for(app, &user, typed.otp, now).map_err(needed)?;
    count_code(app, &user, from, now).await?;
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let user = still_allowed(app, &tx, &user, otp, now).await?;
        let device = recognise(app, &tx, &user, from, now).await?;
        let granted = session::begin_api(app, &tx, user.id, from.client, now).await?;
        failpoint::pass("login.saved");
        tx.commit().await?;
        failpoint::pass("login.committed");
        Ok(SignedIn { user, granted, device })
    })
    .await
    .inspect(|_| app.wake_worker())
}

async fn site_session(
    app: &App,
    user: &users::Model,
    otp: Option<&str>,
    from: Origin<'_>,
    now: UnixMs,
) -> Result<SignedIn<String>> {
    count_code(app, user, from, now).await?;
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let user = still_allowed(app, &tx, user, otp, now).await?;
        let device = recognise(app, &tx, &user, from, now).await?;
        let granted = session::begin_site(app, &tx, user.id, from.client, now).await?;
        tx.commit().await?;
        Ok(SignedIn { user, granted, device })
    })
    .await
    .inspect(|_| app.wake_worker())
}

fn fingerprint(user: &users::Model) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&token::hash(&user.password_hash)[..8]);
    first
}

/// The code to check, if the account asks for one; a ticket for later if none was typed.
fn code_for<'a>(
    app: &App,
    user: &users::Model,
    typed: Option<&'a str>,
    now: UnixMs,
) -> std::result::Result<Option<&'a str>, String> {
    match (user.totp_since, typed.filter(|otp| !otp.is_empty())) {
        (None, _) => Ok(None),
        (Some(_), Some(otp)) => Ok(Some(otp)),
        (Some(_), None) => {
            let halfway = Halfway { user: user.id, until: now + HALFWAY_MS, password: fingerprint(user) };
            Err(tokens::halfway(&app.config.jwt_secret, halfway))
        }
    }
}

/// Hashing takes a while: a password that was changed meanwhile must not begin a session. Uses up the code.
async fn still_allowed(
    app: &App,
    tx: &Tx,
    checked: &users::Model,
    otp: Option<&str>,
    now: UnixMs,
) -> Result<users::Model> {
    let mut user = users::lock(tx, checked.id).await?.ok_or_else(refused)?;
    let same = user.password_hash == checked.password_hash
        && user.suspended_at == checked.suspended_at
        && user.totp_since == checked.totp_since;
    if !same {
        return Err(refused());
    }
    if user.totp_since.is_some() {
        if !second_factor::accept(app, tx, &mut user, otp.unwrap_or_default(), now).await? {
            return Err(refused());
        }
        users::save(tx, user.clone()).await?;
    }
    Ok(user)
}

/// Tells the owner of a sign-in from a device that was never seen, and remembers the device. The very first sign-in
/// after the sign-up is no news.
async fn recognise(app: &App, tx: &Tx, user: &users::Model, from: Origin<'_>, now: UnixMs) -> Result<Option<String>> {
    let known = known_devices::of_user(tx, user.id).await?;
    let clients = sessions::clients_of(tx, user.id).await?;
    let has_cookie = from
        .device
        .map(token::hash)
        .is_some_and(|hash| known.iter().any(|device| device.token_hash == hash && device.expires_at > now));
    // A program keeps no cookies: it is known by what it is.
    let is_known = has_cookie || (!from.keeps_cookies && clients.iter().any(|client| client == from.client));
    let is_first = known.is_empty() && clients.is_empty() && user.verified_at.is_some_and(|at| now - at < DAY_MS);
    if !is_known && !is_first {
        let letter = Letter::SignedIn {
            client: from.client.to_owned(),
            day: day(now),
            link: app.config.link("/dashboard/security"),
        };
        mail::write(app, tx, &user.email, user.language(), &letter, now).await?;
    }
    if has_cookie || !from.keeps_cookies {
        return Ok(None);
    }
    let cookie = app.dice.token();
    let token_hash = token::hash(cookie.text()).to_vec();
    known_devices::insert(tx, &known_devices::Model { token_hash, user_id: user.id, expires_at: now + KNOWN_MS })
        .await?;
    Ok(Some(cookie.text().to_owned()))
}

/// A refusal takes the same time for every address: the password is checked for a known and an unknown one, and no
/// refusal comes earlier than one of an old, slower kind of hash.
async fn check(app: &App, typed: &Credentials<'_>, from: Origin<'_>, now: UnixMs) -> Result<users::Model> {
    let pace = Pace::begin();
    let checked = check_password(app, typed, from, now).await;
    if matches!(checked, Err(Error::Unauthorized { .. })) {
        pace.kept().await;
    }
    checked
}

/// Counts a try against the account that was typed, known or not. From a device that the account was used from
/// before it counts for itself: whoever guesses elsewhere does not keep the owner out.
async fn count(
    app: &App,
    class: LimitClass,
    typed: &str,
    user: Option<&users::Model>,
    from: Origin<'_>,
    now: UnixMs,
) -> Result<()> {
    let cookie = from.device.map(token::hash);
    let owner = match &cookie {
        Some(hash) => known_devices::owner(&app.store, hash, now).await?,
        None => None,
    };
    let subject = match (&cookie, owner, user) {
        (Some(hash), Some(owner), Some(user)) if owner == user.id => Subject::Device(hash),
        _ => Subject::Account(typed),
    };
    app.limiter.check(class, subject, now).await
}

/// Counts a code, where the account asks for one. Not within the transaction that uses it up: the limiter may have to
/// wait for Redis.
async fn count_code(app: &App, user: &users::Model, from: Origin<'_>, now: UnixMs) -> Result<()> {
    if user.totp_since.is_none() {
        return Ok(());
    }
    count(app, LimitClass::Code, &user.email_canonical, Some(user), from, now).await
}

async fn check_password(app: &App, typed: &Credentials<'_>, from: Origin<'_>, now: UnixMs) -> Result<users::Model> {
    let email = Email::parse(typed.email).ok();
    let user = match &email {
        Some(email) => users::by_email(&app.store, email.canonical()).await?,
        None => None,
    };
    let address = email.as_ref().map_or(typed.email, Email::canonical);
    count(app, LimitClass::Credential, address, user.as_ref(), from, now).await?;
    let password = Password::parse(typed.password).ok();
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

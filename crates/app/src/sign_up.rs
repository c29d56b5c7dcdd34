//! Sign up: register, and prove the address.

use domain::account::{Email, Language, Password, Role};
use domain::time::UnixMs;
use domain::token;
use store::{Tx, users, verification_tokens};
use uuid::Uuid;

use crate::letter::Letter;
use crate::pace::Pace;
use crate::{App, Error, Result, failpoint, mail, strength};

/// How long the link in the mail works: a day.
const VERIFY_MS: i64 = 24 * 3_600_000;
/// Letters of a referral code: no vowels, so that no word comes out, and nothing that is misread.
const CODE_LETTERS: &[u8; 20] = b"bcdfghjkmnpqrstvwxyz";

/// A new account, parsed at the door.
#[derive(Debug)]
pub struct Registration {
    /// Address.
    pub email: Email,
    /// Password.
    pub password: Password,
    /// Language of mails and pages.
    pub language: Language,
    /// A friend's code; an unknown one is ignored, so that it can't be probed.
    pub referral_code: Option<String>,
}

/// Registers an account and mails the link that proves the address. For a known address nothing changes and its
/// owner gets a mail instead: the answer, its timing and its traces are the same.
pub async fn register(app: &App, new: &Registration) -> Result<()> {
    let pace = Pace::begin();
    let now = app.clock.now();
    strength::check(app, "password", &new.password, &[new.email.as_str()]).await?;
    let hash = app.hasher.hash(&new.password, app.dice.bytes()).await?;
    let done = app.retrying(|| register_once(app, new, &hash, now)).await;
    app.wake_worker();
    let done = match done {
        // Two registrations of one address at the same moment: the index let one in, and this one is the known one.
        Err(Error::Conflict { code: "address_known", .. }) => {
            let again = app.retrying(|| register_once(app, new, &hash, now)).await;
            app.wake_worker();
            again
        }
        done => done,
    };
    pace.kept().await;
    done
}

async fn register_once(app: &App, new: &Registration, hash: &str, now: UnixMs) -> Result<()> {
    let tx = app.store.write_txn().await?;
    match users::by_email(&tx, new.email.canonical()).await? {
        Some(user) => tell_owner(app, &tx, user.id, hash, now).await?,
        None => {
            let user = row(app, new, hash, referrer(&tx, new).await?, now);
            insert_user(&tx, &user).await?;
            send_link(app, &tx, &user, Some(hash), now).await?;
        }
    }
    failpoint::pass("register.saved");
    tx.commit().await?;
    failpoint::pass("register.committed");
    Ok(())
}

async fn referrer(tx: &Tx, new: &Registration) -> Result<Option<Uuid>> {
    let Some(code) = &new.referral_code else { return Ok(None) };
    let friend = users::by_referral_code(tx, &code.to_ascii_lowercase()).await?;
    Ok(friend.map(|friend| friend.id))
}

fn row(app: &App, new: &Registration, hash: &str, referred_by: Option<Uuid>, now: UnixMs) -> users::Model {
    users::Model {
        id: app.dice.id(now),
        email: new.email.as_str().to_owned(),
        email_canonical: new.email.canonical().to_owned(),
        password_hash: hash.to_owned(),
        role: Role::User.as_str().to_owned(),
        language: new.language.as_str().to_owned(),
        verified_at: None,
        suspended_at: None,
        stripe_customer_id: None,
        referral_code: referral_code(app),
        referred_by,
        created_at: now,
        updated_at: now,
        totp_sealed: None,
        totp_since: None,
        totp_step: None,
        deleted_at: None,
    }
}

/// Ten letters of twenty: 43 bits, so that codes can't be walked.
pub(crate) fn referral_code(app: &App) -> String {
    app.dice
        .bytes::<10>()
        .iter()
        .map(|byte| char::from(CODE_LETTERS[usize::from(*byte) % CODE_LETTERS.len()]))
        .collect()
}

async fn insert_user(tx: &Tx, user: &users::Model) -> Result<()> {
    users::insert(tx, user).await.map_err(|error| {
        if error.is_duplicate_of("email_canonical") {
            Error::conflict("address_known", "this address has an account already")
        } else {
            error.into()
        }
    })
}

/// Somebody registered an address that has an account: its owner hears of it, or gets a link to prove it with.
///
/// Whoever registers a stranger's address first must not hold its account once the owner proves it: each link brings
/// the password that was chosen with it, and until one is opened the newest registration counts.
async fn tell_owner(app: &App, tx: &Tx, user: Uuid, hash: &str, now: UnixMs) -> Result<()> {
    let mut user = users::lock(tx, user).await?.ok_or(Error::NotFound)?;
    if user.verified_at.is_none() {
        user.password_hash = hash.to_owned();
        user.updated_at = now;
        users::save(tx, user.clone()).await?;
        return send_link(app, tx, &user, Some(hash), now).await;
    }
    let letter =
        Letter::AlreadyRegistered { login_link: app.config.link("/login"), reset_link: app.config.link("/forgot") };
    mail::write(app, tx, &user.email, user.language(), &letter, now).await
}

async fn send_link(app: &App, tx: &Tx, user: &users::Model, hash: Option<&str>, now: UnixMs) -> Result<()> {
    let token = app.dice.token();
    let row = verification_tokens::Model {
        token_hash: token::hash(token.text()).to_vec(),
        user_id: user.id,
        expires_at: now + VERIFY_MS,
        used_at: None,
        created_at: now,
        password_hash: hash.map(str::to_owned),
    };
    verification_tokens::insert(tx, &row).await?;
    let link = app.config.link(&format!("/verify?token={}", token.text()));
    mail::write(app, tx, &user.email, user.language(), &Letter::Verify { link }, now).await
}

/// Mails a new link, if the address has an account that is not verified; the answer is the same if not.
pub async fn resend(app: &App, email: &Email) -> Result<()> {
    let pace = Pace::begin();
    let now = app.clock.now();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        if let Some(user) = users::by_email(&tx, email.canonical()).await?
            && user.verified_at.is_none()
        {
            send_link(app, &tx, &user, None, now).await?;
        }
        tx.commit().await?;
        Ok(())
    })
    .await?;
    app.wake_worker();
    pace.kept().await;
    Ok(())
}

/// Uses up a token and marks the address as verified. Other links that were mailed die.
pub async fn verify(app: &App, text: &str) -> Result<()> {
    let now = app.clock.now();
    let hash = token::hash(text);
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let token = verification_tokens::lock(&tx, &hash).await?.ok_or_else(token_refused)?;
        if token.used_at.is_some() || token.expires_at <= now {
            return Err(token_refused());
        }
        verification_tokens::mark_used(&tx, &hash, now).await?;
        let mut user = users::lock(&tx, token.user_id).await?.ok_or_else(token_refused)?;
        if user.verified_at.is_none() {
            user.verified_at = Some(now);
            user.updated_at = now;
            if let Some(chosen) = token.password_hash {
                user.password_hash = chosen;
            }
            verification_tokens::delete_unused_of(&tx, user.id).await?;
            users::save(&tx, user).await?;
        }
        failpoint::pass("verify.saved");
        tx.commit().await?;
        failpoint::pass("verify.committed");
        Ok(())
    })
    .await
}

/// Wrong, used and expired look the same.
pub(crate) fn token_refused() -> Error {
    Error::invalid("token", "token_invalid", "this link is unknown, was used or has expired; ask for a new one")
}

/// Makes an account from the command line; the address counts as verified when the operator says so.
pub(crate) async fn create(
    app: &App,
    tx: &Tx,
    new: &Registration,
    role: Role,
    verified: bool,
    now: UnixMs,
) -> Result<users::Model> {
    let hash = app.hasher.hash(&new.password, app.dice.bytes()).await?;
    let mut user = row(app, new, &hash, None, now);
    user.role = role.as_str().to_owned();
    user.verified_at = verified.then_some(now);
    insert_user(tx, &user).await?;
    if !verified {
        send_link(app, tx, &user, None, now).await?;
    }
    Ok(user)
}

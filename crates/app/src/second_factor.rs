//! The second factor: codes of an authenticator app (RFC 6238), and recovery codes for the day it is lost.

use domain::account::{RecoveryCode, TypedCode};
use domain::time::UnixMs;
use store::{Tx, recovery_codes, users};
use totp_rs::{Builder, Totp};
use uuid::Uuid;

use crate::letter::Letter;
use crate::session::Who;
use crate::{App, Error, Result, admin, mail, step_up};

/// Recovery codes that a user gets.
const RECOVERY_CODES: usize = 10;

/// What an authenticator app is given.
pub struct Enrolment {
    /// The secret in base 32, for typing.
    pub secret: String,
    /// `otpauth://totp/…`, for a QR code.
    pub uri: String,
}

/// How an account's second factor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Since when a login needs a code; `None` if it doesn't.
    pub since: Option<UnixMs>,
    /// Recovery codes that were not used yet.
    pub codes_left: u64,
}

/// How the user's second factor stands.
pub async fn standing(app: &App, who: &Who) -> Result<Standing> {
    let codes_left = recovery_codes::count_left(&app.store, who.user.id).await?;
    Ok(Standing { since: who.user.totp_since, codes_left })
}

/// Where the secret of the authenticator app is sealed.
pub(crate) fn place(user: Uuid) -> String {
    format!("totp:{user}")
}

fn totp(app: &App, email: &str, secret: Vec<u8>) -> Result<Totp> {
    // A colon parts the issuer from the account in the URI.
    let name = |text: &str| text.replace(':', " ");
    let builder = Builder::new().with_secret(secret).with_account_name(name(email));
    let totp = builder.with_issuer(Some(name(&app.config.brand.name))).build();
    totp.map_err(|error| Error::Internal(Box::new(error)))
}

fn stored(app: &App, user: &users::Model) -> Result<Option<Totp>> {
    let Some(sealed) = &user.totp_sealed else { return Ok(None) };
    let secret = app.sealer.open(sealed, &place(user.id)).map_err(|error| Error::Internal(Box::new(error)))?;
    totp(app, &user.email, secret).map(Some)
}

fn on_already() -> Error {
    Error::conflict("totp_on", "the second factor is on; turn it off first to use another app")
}

/// Makes the secret for an app. It counts for nothing until the app's first code comes back.
pub async fn begin(app: &App, who: &Who) -> Result<Enrolment> {
    let now = app.clock.now();
    step_up::require(who, now)?;
    let secret: [u8; 20] = app.dice.bytes();
    let totp = totp(app, &who.user.email, secret.to_vec())?;
    let sealed = app.sealer.seal(&secret, &place(who.user.id), &app.dice);
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        if user.totp_since.is_some() {
            return Err(on_already());
        }
        user.totp_sealed = Some(sealed.clone());
        user.updated_at = now;
        users::save(&tx, user).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    let uri = totp.to_url().map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(Enrolment { secret: totp.secret().to_base32(), uri })
}

/// The secret that waits for its first code.
pub async fn pending(app: &App, who: &Who) -> Result<Enrolment> {
    let user = users::by_id(&app.store, who.user.id).await?.ok_or(Error::NotFound)?;
    let totp = match user.totp_since {
        None => stored(app, &user)?.ok_or_else(not_begun)?,
        Some(_) => return Err(on_already()),
    };
    let uri = totp.to_url().map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(Enrolment { secret: totp.secret().to_base32(), uri })
}

fn not_begun() -> Error {
    Error::conflict("totp_not_begun", "ask for a secret first, and give it to the app")
}

/// Turns the second factor on with the app's first code; returns the recovery codes, which are shown this once.
pub async fn confirm(app: &App, who: &Who, code: &str) -> Result<Vec<RecoveryCode>> {
    let now = app.clock.now();
    step_up::require(who, now)?;
    step_up::count(app, who, now).await?;
    let codes = new_codes(app);
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        if user.totp_since.is_some() {
            return Err(on_already());
        }
        let totp = stored(app, &user)?.ok_or_else(not_begun)?;
        let step = match TypedCode::parse(code) {
            Some(TypedCode::App(digits)) => check(&totp, &digits, now),
            _ => None,
        };
        user.totp_step = Some(step.ok_or_else(wrong)?);
        user.totp_since = Some(now);
        replace_codes(&tx, user.id, &codes).await?;
        let actor = user.id.to_string();
        changed(app, &tx, &mut user, (&actor, "totp.on"), now).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    app.wake_worker();
    Ok(codes)
}

/// Turns the second factor off.
pub async fn turn_off(app: &App, who: &Who) -> Result<()> {
    let now = app.clock.now();
    step_up::require(who, now)?;
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        let actor = user.id.to_string();
        take_off(app, &tx, &mut user, &actor, now).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    app.wake_worker();
    Ok(())
}

/// The same in the transaction of whoever has the right to: the owner, or the operator for one who lost both app and
/// codes.
pub(crate) async fn take_off(app: &App, tx: &Tx, user: &mut users::Model, actor: &str, now: UnixMs) -> Result<()> {
    if user.totp_since.is_none() {
        return Err(is_off());
    }
    user.totp_sealed = None;
    user.totp_since = None;
    user.totp_step = None;
    replace_codes(tx, user.id, &[]).await?;
    changed(app, tx, user, (actor, "totp.off"), now).await
}

fn is_off() -> Error {
    Error::conflict("totp_off", "the second factor is not on")
}

/// New recovery codes; the old ones die.
pub async fn renew_codes(app: &App, who: &Who) -> Result<Vec<RecoveryCode>> {
    let now = app.clock.now();
    step_up::require(who, now)?;
    let codes = new_codes(app);
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        if user.totp_since.is_none() {
            return Err(is_off());
        }
        replace_codes(&tx, user.id, &codes).await?;
        let actor = user.id.to_string();
        changed(app, &tx, &mut user, (&actor, "totp.codes"), now).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    app.wake_worker();
    Ok(codes)
}

fn new_codes(app: &App) -> Vec<RecoveryCode> {
    (0..RECOVERY_CODES).map(|_| RecoveryCode::from_random(app.dice.bytes())).collect()
}

async fn replace_codes(tx: &Tx, user: Uuid, codes: &[RecoveryCode]) -> Result<()> {
    let hashes: Vec<[u8; 32]> = codes.iter().map(RecoveryCode::hash).collect();
    Ok(recovery_codes::replace(tx, user, &hashes).await?)
}

/// Saves the account and tells its owner.
async fn changed(app: &App, tx: &Tx, user: &mut users::Model, (actor, what): (&str, &str), now: UnixMs) -> Result<()> {
    user.updated_at = now;
    users::save(tx, user.clone()).await?;
    admin::audit(app, tx, actor, what, &user.id.to_string(), "", now).await?;
    let letter = Letter::SecondFactorChanged { support: app.config.brand.support.clone() };
    mail::write(app, tx, &user.email, user.language(), &letter, now).await
}

/// The time step whose code this is, from one before now to one after.
fn check(totp: &Totp, digits: &str, now: UnixMs) -> Option<i64> {
    let seconds = u64::try_from(now / 1000).ok()?;
    i64::try_from(totp.check(digits, seconds)?).ok()
}

pub(crate) fn wrong() -> Error {
    Error::invalid(
        "otp",
        "otp_wrong",
        "this code is wrong, was used, or is too old; the clock of the device must be right",
    )
}

/// Uses up a code in the transaction that has the user locked: no code works twice. False for a wrong one. The caller
/// saves the user.
pub(crate) async fn accept(app: &App, tx: &Tx, user: &mut users::Model, code: &str, now: UnixMs) -> Result<bool> {
    match TypedCode::parse(code) {
        Some(TypedCode::App(digits)) => {
            let Some(totp) = stored(app, user)? else { return Ok(false) };
            let step = check(&totp, &digits, now).filter(|step| user.totp_step.is_none_or(|last| *step > last));
            if step.is_some() {
                user.totp_step = step;
            }
            Ok(step.is_some())
        }
        Some(TypedCode::Recovery(hash)) => Ok(recovery_codes::use_up(tx, user.id, &hash, now).await?),
        None => Ok(false),
    }
}

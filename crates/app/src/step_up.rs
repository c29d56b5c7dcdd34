//! Proof that it is the owner who acts: a session may be stolen, a browser left open.

use domain::account::Password;
use domain::time::UnixMs;
use store::{sessions, users};

use crate::hasher::Verdict;
use crate::limiter::Subject;
use crate::session::Who;
use crate::{App, Error, LimitClass, Result, second_factor, tokens};

/// How long a proof counts: ten minutes.
const FRESH_MS: i64 = 10 * 60_000;

/// What the owner shows.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// The password as typed.
    pub password: &'a str,
    /// A code of the second factor, where it is on.
    pub otp: Option<&'a str>,
}

/// Refuses a session whose user has not proved lately who they are.
pub fn require(who: &Who, now: UnixMs) -> Result<()> {
    if is_fresh(who, now) {
        return Ok(());
    }
    let detail = "show your password again: POST /user/step-up, then repeat this within ten minutes";
    Err(Error::Forbidden { code: "step_up_required", detail })
}

fn is_fresh(who: &Who, now: UnixMs) -> bool {
    // A proof from later than a replica's clock can be ahead is from before a clock was set back: how old it is nobody knows.
    (-tokens::LEEWAY_MS..FRESH_MS).contains(&(now - who.session.proved_at))
}

/// Counts a try to prove something against the session, so that whoever stole it can't guess for long, and the owner
/// is not kept out elsewhere.
pub(crate) async fn count(app: &App, who: &Who, now: UnixMs) -> Result<()> {
    app.limiter.check(LimitClass::Credential, Subject::Session(who.session.id), now).await
}

/// Checks the password and, where it is on, the second factor; what follows in this session may rest on it for ten
/// minutes. A code is not asked for again within these.
pub async fn prove(app: &App, who: &Who, proof: Proof<'_>) -> Result<Who> {
    Ok(prove_by(app, who, proof).await?.0)
}

/// [`prove`], with the hash that the password was right for.
pub(crate) async fn prove_by(app: &App, who: &Who, proof: Proof<'_>) -> Result<(Who, String)> {
    let now = app.clock.now();
    count(app, who, now).await?;
    let wrong_password = || Error::invalid("password", "password_wrong", "this is not the account's password");
    let password = Password::parse(proof.password).map_err(|_| wrong_password())?;
    let proved = users::by_id(&app.store, who.user.id).await?.ok_or(Error::NotFound)?.password_hash;
    if app.hasher.verify(&password, Some(&proved)).await? == Verdict::Wrong {
        return Err(wrong_password());
    }
    let needs_code = who.user.totp_since.is_some() && (proof.otp.is_some() || !is_fresh(who, now));
    if needs_code {
        app.limiter.check(LimitClass::Code, Subject::Session(who.session.id), now).await?;
    }
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        if user.password_hash != proved {
            return Err(wrong_password());
        }
        if needs_code {
            let missing = || Error::invalid("otp", "otp_required", "add a code of your authenticator app");
            let otp = proof.otp.filter(|otp| !otp.is_empty()).ok_or_else(missing)?;
            if !second_factor::accept(app, &tx, &mut user, otp, now).await? {
                return Err(second_factor::wrong());
            }
            users::save(&tx, user.clone()).await?;
        }
        sessions::prove(&tx, who.session.id, now).await?;
        tx.commit().await?;
        let session = sessions::Live { proved_at: now, ..who.session };
        Ok((Who { session, user: user.into() }, proved.clone()))
    })
    .await
}

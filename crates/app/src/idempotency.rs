//! A request that comes twice under one key has one effect, and gets one reply.

use domain::time::UnixMs;
use sha2::{Digest as _, Sha256};
use store::{idempotency_keys as rows, wireguard_peers};
use uuid::Uuid;

use crate::{App, Error, Result};

/// Replies are kept for a day.
const KEPT_MS: i64 = 24 * 3_600_000;
/// A request takes thirty seconds at most.
const CLAIM_MS: i64 = 35_000;
/// Longest key, in bytes.
const MAX_KEY: usize = 255;

/// A request's name among all: SHA-256 of its user, its route and its key.
pub type Scope = [u8; 32];

/// What to do with a request.
#[derive(Debug)]
pub enum Begun {
    /// It is new: do it, then [`finish`] or [`abandon`].
    New,
    /// It was done: give this reply again.
    Done {
        /// Status of the reply.
        status: u16,
        /// Body of the reply.
        body: Vec<u8>,
    },
}

/// The scope of a request; a key is 1 to 255 visible ASCII characters.
pub fn scope(user: Uuid, route: &str, key: &str) -> Result<Scope> {
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = "a key is 1 to 255 visible ASCII characters, such as a UUID";
        return Err(Error::invalid("Idempotency-Key", "idempotency_key_invalid", detail));
    }
    let mut digest = Sha256::new();
    digest.update(user.as_bytes());
    digest.update(route.as_bytes());
    digest.update([0]);
    digest.update(key.as_bytes());
    Ok(digest.finalize().into())
}

fn place(scope: &Scope) -> String {
    let hex: String = scope.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("reply:{hex}")
}

/// Begins a request. Another body under the same key is refused, and so is a second one while the first is under way.
pub async fn begin(app: &App, scope: &Scope, body: &[u8], now: UnixMs) -> Result<Begun> {
    let row = rows::Model {
        scope_hash: scope.to_vec(),
        body_hash: Sha256::digest(body).to_vec(),
        claimed_until: now + CLAIM_MS,
        status: None,
        reply_sealed: None,
        expires_at: now + KEPT_MS,
    };
    if rows::insert_new(&app.store, &row).await? {
        return Ok(Begun::New);
    }
    let under_way = || Error::Locked {
        code: "idempotency_key_in_use",
        detail: "the first request with this key is still under way",
    };
    let Some(known) = rows::get(&app.store, scope).await? else { return Err(under_way()) };
    let is_forgotten = known.expires_at <= now;
    if !is_forgotten && known.body_hash != row.body_hash {
        let detail = "this key was used with another body; take a new key for a new request";
        return Err(Error::invalid("Idempotency-Key", "idempotency_key_reused", detail));
    }
    match (known.status, &known.reply_sealed) {
        (Some(status), Some(sealed)) if !is_forgotten => {
            let body = app.sealer.open(sealed, &place(scope)).map_err(|error| Error::Internal(Box::new(error)))?;
            Ok(Begun::Done { status: u16::try_from(status).unwrap_or(200), body })
        }
        _ if !is_forgotten && known.claimed_until > now => Err(under_way()),
        _ if rows::take_over(&app.store, &known, &row).await? => Ok(Begun::New),
        _ => Err(under_way()),
    }
}

/// Keeps the reply, which must hold no secret that is shown once.
pub async fn finish(app: &App, scope: &Scope, status: u16, body: &[u8]) -> Result<()> {
    let sealed = app.sealer.seal(body, &place(scope), &app.dice);
    Ok(rows::finish(&app.store, scope, i64::from(status), sealed).await?)
}

/// Forgets what is older than a day.
pub(crate) async fn clean_up(app: &App, now: UnixMs) -> Result<()> {
    rows::prune(&app.store, now).await?;
    wireguard_peers::forget_requests(&app.store, now - KEPT_MS).await?;
    Ok(())
}

/// The request had no effect: it may come again.
pub async fn abandon(app: &App, scope: &Scope) -> Result<()> {
    Ok(rows::forget(&app.store, scope).await?)
}

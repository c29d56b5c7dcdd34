//! The API's two tokens: a signed access token for minutes, and a refresh token for weeks.
//!
//! A refresh token is `session id ‖ generation ‖ HMAC`. So the successor of a token can be made again without being
//! stored (two tabs that refresh at the same moment get the same one), an old token of a session is told from a
//! forged one, and the database holds nothing that could be used.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::UnixMs;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::Config;

const ISSUER: &str = "mirai";
const AUDIENCE: &str = "mirai-api";
/// Longest access token that is looked at, in bytes; ours have about 300.
const MAX_ACCESS_TOKEN: usize = 2048;
/// What keeps our signatures of one kind from being taken for another.
const REFRESH: &str = "mirai refresh token v1";
const HALFWAY: &str = "mirai login ticket v1";
/// How far the clocks of two replicas may be apart.
pub(crate) const LEEWAY_MS: i64 = 10_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    iat: i64,
    exp: i64,
}

/// What a valid access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whose it is.
    pub user: Uuid,
    /// Of which session.
    pub session: Uuid,
}

/// Signs an access token.
pub fn access(config: &Config, access: Access, now: UnixMs) -> String {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: access.user,
        sid: access.session,
        iat: now / 1000,
        exp: (now + config.access_ms) / 1000,
    };
    let key = EncodingKey::from_secret(config.jwt_secret.expose_secret().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("these claims can be signed")
}

/// What every access token is held to.
static RULES: LazyLock<Validation> = LazyLock::new(|| {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    // The library would ask the system for the time: expiry is checked against the request's own `now`.
    rules.validate_exp = false;
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules
});

/// Reads an access token; `None` for anything that is not ours and in force at `now`.
pub fn read_access(config: &Config, token: &str, now: UnixMs) -> Option<Access> {
    if token.len() > MAX_ACCESS_TOKEN {
        return None;
    }
    let key = DecodingKey::from_secret(config.jwt_secret.expose_secret().as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &RULES).ok()?.claims;
    let in_force = claims.iat.checked_mul(1000)? <= now + LEEWAY_MS && now < claims.exp.checked_mul(1000)? + LEEWAY_MS;
    in_force.then_some(Access { user: claims.sub, session: claims.sid })
}

/// A refresh token's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// Of which session.
    pub session: Uuid,
    /// Which one in the session's row of tokens, from 0.
    pub generation: i64,
}

/// Makes a refresh token.
pub fn refresh(secret: &SecretString, refresh: Refresh) -> String {
    let mut bytes = refresh_head(refresh);
    let mac = mac(secret, REFRESH, &bytes);
    bytes.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a refresh token; `None` for one that we did not make. Whether it is still in force, the session's row knows.
pub fn read_refresh(secret: &SecretString, token: &str) -> Option<Refresh> {
    if token.len() > 128 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (head, mac) = bytes.split_at_checked(24)?;
    if !bool::from(self::mac(secret, REFRESH, head).ct_eq(mac)) {
        return None;
    }
    let session = Uuid::from_slice(&head[..16]).ok()?;
    let generation = i64::from_be_bytes(head[16..].try_into().ok()?);
    Some(Refresh { session, generation })
}

fn refresh_head(refresh: Refresh) -> Vec<u8> {
    let mut head = refresh.session.as_bytes().to_vec();
    head.extend_from_slice(&refresh.generation.to_be_bytes());
    head
}

fn mac(secret: &SecretString, purpose: &str, head: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes any key");
    mac.update(purpose.as_bytes());
    mac.update(head);
    mac.finalize().into_bytes().into()
}

/// Another secret from the one in the settings, for one purpose.
pub(crate) fn derived(secret: &SecretString, purpose: &str) -> [u8; 32] {
    mac(secret, purpose, &[])
}

/// What a page of the site remembers between the password and the code: that the password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halfway {
    /// Whose password it was.
    pub(crate) user: Uuid,
    /// Up to when it counts.
    pub(crate) until: UnixMs,
    /// The first bytes of the hash of the stored password: a changed one ends this.
    pub(crate) password: [u8; 8],
}

/// Makes the ticket for the second half of a login.
pub(crate) fn halfway(secret: &SecretString, halfway: Halfway) -> String {
    let mut bytes = halfway.user.as_bytes().to_vec();
    bytes.extend_from_slice(&halfway.until.to_be_bytes());
    bytes.extend_from_slice(&halfway.password);
    let mac = mac(secret, HALFWAY, &bytes);
    bytes.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a ticket that is ours and in force at `now`.
pub(crate) fn read_halfway(secret: &SecretString, text: &str, now: UnixMs) -> Option<Halfway> {
    if text.len() > 128 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (head, mac) = bytes.split_at_checked(32)?;
    if !bool::from(self::mac(secret, HALFWAY, head).ct_eq(mac)) {
        return None;
    }
    let user = Uuid::from_slice(&head[..16]).ok()?;
    let until = i64::from_be_bytes(head[16..24].try_into().ok()?);
    let password = head[24..].try_into().ok()?;
    (now < until).then_some(Halfway { user, until, password })
}

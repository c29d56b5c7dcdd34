//! Requests as ACME signs them: RFC 8555, section 6.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Inner, Problem, malformed, problem};

/// An account's key: RSA, which certbot makes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Jwk {
    kty: String,
    n: String,
    e: String,
}

impl Jwk {
    /// RFC 7638.
    pub(super) fn thumbprint(&self) -> String {
        let text = format!(r#"{{"e":"{}","kty":"{}","n":"{}"}}"#, self.e, self.kty, self.n);
        URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    fn has_signed(&self, text: &str, signature: &str) -> bool {
        let read = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (Some(n), Some(e), Some(signature)) = (read(&self.n), read(&self.e), read(signature)) else { return false };
        let key = RsaPublicKeyComponents { n, e };
        self.kty == "RSA" && key.verify(&RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &signature).is_ok()
    }
}

#[derive(Deserialize)]
struct Sent {
    protected: String,
    payload: String,
    signature: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    nonce: String,
    url: String,
    jwk: Option<Jwk>,
    kid: Option<String>,
}

/// A request whose signature is right.
pub(super) struct Asked {
    /// Which account asks.
    pub(super) account: Option<usize>,
    /// Its key, of one that may be new.
    pub(super) jwk: Option<Jwk>,
    /// Null where the client only looks.
    pub(super) payload: Value,
}

/// Reads a request, and checks all that is checked of each.
pub(super) fn read(inner: &Inner, path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Asked, Problem> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/jose+json") {
        return Err(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "malformed", "not application/jose+json"));
    }
    let sent: Sent = serde_json::from_slice(body).map_err(|_| malformed("no JWS"))?;
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed("not in base64url"));
    let header: Header =
        serde_json::from_slice(&part(&sent.protected)?).map_err(|_| malformed("no protected header"))?;
    if header.alg != "RS256" {
        return Err(problem(StatusCode::BAD_REQUEST, "badSignatureAlgorithm", "RS256 alone"));
    }
    if header.url != inner.link(path) {
        return Err(problem(StatusCode::FORBIDDEN, "unauthorized", "the url is another one"));
    }
    let mut kept = inner.kept();
    let nonce = kept.nonces.iter().position(|nonce| *nonce == header.nonce);
    let nonce = nonce.ok_or_else(|| problem(StatusCode::BAD_REQUEST, "badNonce", "an unknown nonce"))?;
    kept.nonces.swap_remove(nonce);
    let account = match (&header.kid, &header.jwk) {
        (Some(kid), None) => {
            let number = kid.strip_prefix(&inner.link("account/")).and_then(|number| number.parse::<usize>().ok());
            let known = number.filter(|number| *number < kept.accounts.len());
            let missing = || problem(StatusCode::BAD_REQUEST, "accountDoesNotExist", "no such account");
            Some(known.ok_or_else(missing)?)
        }
        (None, Some(_)) => None,
        _ => return Err(malformed("either jwk or kid")),
    };
    let key = header.jwk.clone().or_else(|| account.map(|account| kept.accounts[account].clone()));
    let text = format!("{}.{}", sent.protected, sent.payload);
    if !key.is_some_and(|key| key.has_signed(&text, &sent.signature)) {
        return Err(malformed("the signature is wrong"));
    }
    let payload = part(&sent.payload)?;
    let payload = if payload.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&payload).map_err(|_| malformed("no JSON"))?
    };
    Ok(Asked { account, jwk: header.jwk, payload })
}

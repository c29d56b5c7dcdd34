//! Who may call the API at all.

use std::sync::{PoisonError, RwLock};

use domain::time::UnixMs;
use domain::token;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::{App, Result};

/// How long a key that was withdrawn on another process still works here.
const FRESH_MS: i64 = 5_000;

/// The hashes of the database's keys, as last read.
#[derive(Debug, Default)]
pub(crate) struct Cache(RwLock<Option<(UnixMs, Vec<Vec<u8>>)>>);

/// Whether a key is one of those in the settings or in the database. All are compared, in constant time. While the
/// database is away the keys last read go on being right.
pub async fn is_valid(app: &App, key: &str) -> Result<bool> {
    let hash = token::hash(key);
    let mut valid = subtle::Choice::from(0);
    for known in &app.config.api_keys {
        valid |= token::hash(known.expose_secret()).ct_eq(&hash);
    }
    if bool::from(valid) {
        return Ok(true);
    }
    for known in stored(app).await? {
        valid |= known.as_slice().ct_eq(&hash);
    }
    Ok(valid.into())
}

async fn stored(app: &App) -> Result<Vec<Vec<u8>>> {
    let now = app.clock.now();
    let cached = app.api_keys.0.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((at, hashes)) = &cached
        && now - at < FRESH_MS
    {
        return Ok(hashes.clone());
    }
    match store::api_keys::live_hashes(&app.store).await {
        Ok(hashes) => {
            *app.api_keys.0.write().unwrap_or_else(PoisonError::into_inner) = Some((now, hashes.clone()));
            Ok(hashes)
        }
        Err(error) => cached.map(|(_, hashes)| hashes).ok_or_else(|| error.into()),
    }
}

//! Who may call the API at all.

use std::sync::{Arc, PoisonError, RwLock};

use domain::api_scope::{Scope, Scopes};
use domain::time::UnixMs;
use domain::token;
use secrecy::ExposeSecret;
use store::api_keys;
use subtle::ConstantTimeEq;

use crate::{App, Config, Result};

/// How long a key that was withdrawn on another process still works here.
const FRESH_MS: i64 = 5_000;

/// A key that is known, by its hash.
#[derive(Debug, Clone)]
struct Known {
    hash: [u8; 32],
    scopes: Scopes,
    expires_at: Option<UnixMs>,
}

/// The keys of the settings, and those of the database as last read.
#[derive(Debug)]
pub(crate) struct Keys {
    settings: Vec<Known>,
    stored: RwLock<Option<(UnixMs, Arc<[Known]>)>>,
}

impl Keys {
    pub(crate) fn of(config: &Config) -> Keys {
        let known = |text: &str| Known { hash: token::hash(text), scopes: Scopes::All, expires_at: None };
        let settings = config.api_keys.iter().map(|key| known(key.expose_secret())).collect();
        Keys { settings, stored: RwLock::default() }
    }
}

/// What a key is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It opens this part.
    Valid,
    /// It is in force and does not open this part.
    OutOfScope,
    /// Nobody knows it, or it was withdrawn, or its time is over.
    Unknown,
}

/// Whether a key opens a part of the API. All known keys are compared, in constant time. While the database is away the
/// keys last read go on being right.
pub async fn standing(app: &App, key: &str, scope: Scope) -> Result<Standing> {
    let (hash, now) = (token::hash(key), app.clock.now());
    let found = match find(&app.api_keys.settings, &hash, now) {
        Some(found) => Some(found),
        None => find(&stored(app, now).await?, &hash, now),
    };
    Ok(match found {
        None => Standing::Unknown,
        Some(scopes) if scopes.open(scope) => Standing::Valid,
        Some(_) => Standing::OutOfScope,
    })
}

fn find(keys: &[Known], hash: &[u8; 32], now: UnixMs) -> Option<Scopes> {
    let mut found = None;
    for known in keys {
        if bool::from(known.hash.ct_eq(hash)) {
            found = Some(known);
        }
    }
    found.filter(|known| known.expires_at.is_none_or(|end| now < end)).map(|known| known.scopes.clone())
}

async fn stored(app: &App, now: UnixMs) -> Result<Arc<[Known]>> {
    let cached = app.api_keys.stored.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((at, keys)) = &cached
        && (0..FRESH_MS).contains(&(now - at))
    {
        return Ok(Arc::clone(keys));
    }
    match api_keys::live(&app.store).await {
        Ok(rows) => {
            let known = |row: api_keys::Model| {
                let hash = row.key_hash.try_into().ok()?;
                let scopes = Scopes::from_stored(row.scopes.as_deref());
                Some(Known { hash, scopes, expires_at: row.expires_at })
            };
            let keys: Arc<[Known]> = rows.into_iter().filter_map(known).collect();
            *app.api_keys.stored.write().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&keys)));
            Ok(keys)
        }
        Err(error) => cached.map(|(_, keys)| keys).ok_or_else(|| error.into()),
    }
}

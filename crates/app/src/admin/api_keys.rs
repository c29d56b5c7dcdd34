//! Keys of the API's callers, by an operator's hand.

use domain::api_scope::Scopes;
use domain::token;
use store::api_keys;

use super::audit;
use crate::{App, Error, Result};

const DAY_MS: i64 = 86_400_000;

/// Adds a key for these parts of the API, for so many days or until it is withdrawn; returns its text, which is shown
/// this once.
pub async fn add(app: &App, actor: &str, name: &str, scopes: &Scopes, days: Option<u32>) -> Result<String> {
    let now = app.clock.now();
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(Error::invalid("name", "name_invalid", "a name of 1 to 64 printable characters"));
    }
    let key = app.dice.token();
    let row = api_keys::Model {
        id: app.dice.id(now),
        name: name.to_owned(),
        key_hash: token::hash(key.text()).to_vec(),
        created_at: now,
        revoked_at: None,
        scopes: scopes.stored(),
        expires_at: days.map(|days| now + i64::from(days) * DAY_MS),
    };
    let tx = app.store.write_txn().await?;
    api_keys::insert(&tx, &row).await.map_err(|error| {
        if error.is_duplicate_of("name") {
            Error::invalid("name", "name_in_use", "a key has this name already")
        } else {
            error.into()
        }
    })?;
    audit(app, &tx, actor, "api_key.add", name, &terms(&row), now).await?;
    tx.commit().await?;
    Ok(key.text().to_owned())
}

/// What a key opens and until when, in words for the audit log.
fn terms(row: &api_keys::Model) -> String {
    let end = row.expires_at.map_or_else(|| "withdrawn".to_owned(), domain::time::day);
    format!("for {}, until {end}", row.scopes.as_deref().unwrap_or("everything"))
}

/// All keys, by name; without their texts, which nobody has.
pub async fn list(app: &App) -> Result<Vec<api_keys::Model>> {
    Ok(api_keys::all(&app.store).await?)
}

/// Withdraws a key. Running processes stop taking it within five seconds.
pub async fn revoke(app: &App, actor: &str, name: &str) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    if !api_keys::revoke(&tx, name, now).await? {
        return Err(Error::NotFound);
    }
    audit(app, &tx, actor, "api_key.revoke", name, "", now).await?;
    tx.commit().await?;
    Ok(())
}

//! Who is told of incidents, by an operator's hand: subscribers, and the operators' own webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clients::webhook::BadUrl;
use domain::account::Email;
use store::{status_subscribers, status_webhooks as rows};
use uuid::Uuid;

use super::audit;
use crate::{App, Error, Result, status_subscriber, status_webhook};

/// How many subscribers there are.
pub use store::status_subscribers::Count;
/// A webhook, as `store` keeps it.
pub use store::status_webhooks::Model as Webhook;

/// Most webhooks: they are posted to one after the other.
const MOST: usize = 20;

/// How many subscribers there are.
pub async fn count(app: &App) -> Result<Count> {
    Ok(status_subscribers::count(&app.store).await?)
}

/// Forgets a subscriber. The audit log does not say whom.
pub async fn remove_subscriber(app: &App, actor: &str, email: &Email) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    if !status_subscriber::forget(&tx, email.canonical()).await? {
        return Err(Error::invalid("email", "subscriber_unknown", "an address that subscribes to the status page"));
    }
    audit(app, &tx, actor, "subscriber.remove", "", "", now).await?;
    Ok(tx.commit().await?)
}

/// Adds a webhook; returns its id, and the secret that it is signed with, which is shown this once.
pub async fn add_webhook(app: &App, actor: &str, url: &str) -> Result<(Uuid, String)> {
    let url = app.hooks.accept(url).map_err(|error| {
        let code = match error {
            BadUrl::Form => "webhook_url_invalid",
            BadUrl::Place => "webhook_url_not_public",
        };
        Error::invalid("url", code, error.to_string())
    })?;
    let now = app.clock.now();
    let (id, secret) = (app.dice.id(now), app.dice.bytes::<32>());
    let tx = app.store.write_txn().await?;
    if rows::all(&tx).await?.len() >= MOST {
        let detail = format!("there are {MOST} webhooks already; remove one first");
        return Err(Error::Conflict { code: "webhooks_full", detail });
    }
    let row = Webhook {
        id,
        url: url.to_string(),
        secret_sealed: app.sealer.seal(&secret, &status_webhook::place(id), &app.dice),
        created_at: now,
        failing_since: None,
        trouble: None,
        disabled_at: None,
    };
    rows::insert(&tx, row).await?;
    // The rest of a URL may be a secret of the receiver's.
    audit(app, &tx, actor, "webhook.add", &id.to_string(), url.host_str().unwrap_or_default(), now).await?;
    tx.commit().await?;
    Ok((id, format!("whsec_{}", STANDARD.encode(secret))))
}

/// All webhooks, oldest first; without their secrets.
pub async fn webhooks(app: &App) -> Result<Vec<Webhook>> {
    Ok(rows::all(&app.store).await?)
}

/// Posts to a webhook again that was given up, with the secret that it has. What happened meanwhile it does not learn.
pub async fn resume_webhook(app: &App, actor: &str, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let row = rows::lock(&tx, id).await?.ok_or(Error::NotFound)?;
    if row.disabled_at.is_none() {
        return Ok(());
    }
    rows::save(&tx, Webhook { disabled_at: None, failing_since: None, trouble: None, ..row }).await?;
    audit(app, &tx, actor, "webhook.resume", &id.to_string(), "", now).await?;
    Ok(tx.commit().await?)
}

/// Removes a webhook. What waits to be posted to it is dropped.
pub async fn remove_webhook(app: &App, actor: &str, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    rows::lock(&tx, id).await?.ok_or(Error::NotFound)?;
    rows::delete(&tx, id).await?;
    store::status_news::forget(&tx, id).await?;
    audit(app, &tx, actor, "webhook.remove", &id.to_string(), "", now).await?;
    Ok(tx.commit().await?)
}

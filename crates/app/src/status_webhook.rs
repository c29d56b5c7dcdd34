//! News for operators' own programs, signed in the manner of Standard Webhooks. What they say is in `docs/webhooks.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clients::webhook::HookError;
use domain::time::rfc3339;
use domain::webhook::{TRY_MS, is_given_up};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use store::status_webhooks as rows;
use uuid::Uuid;

use crate::jobs::Failure;
use crate::status_news::{self, Event, News};
use crate::{App, Result, failpoint};

/// Where a secret is sealed.
pub(crate) fn place(id: Uuid) -> String {
    format!("webhook:{id}")
}

/// The job: posts a piece of news once. The receiver knows by its id whether it was there before.
pub(crate) async fn post(app: &App, id: Uuid, webhook: Uuid) -> std::result::Result<(), Failure> {
    let Some(row) = rows::by_id(&app.store, webhook).await?.filter(|row| row.disabled_at.is_none()) else {
        return Ok(());
    };
    let Some(news) = status_news::read(&app.store, id).await? else { return Ok(()) };
    let now = app.clock.now();
    if now - news.at > TRY_MS {
        tracing::warn!(%webhook, news = %id, "a webhook was not reached for a day, and this message is dropped");
        return Ok(());
    }
    let secret =
        app.sealer.open(&row.secret_sealed, &place(webhook)).map_err(|error| Failure::Permanent(error.to_string()))?;
    let (seconds, body) = (now / 1000, body(app, &news).to_string());
    let headers = [
        ("webhook-id", id.to_string()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signature(&secret, &format!("{id}.{seconds}.{body}"))),
    ];
    let done = app.hooks.post(&row.url, &headers, body).await;
    failpoint::pass("hook.answered");
    let is_over = app.retrying(|| note(app, webhook, &done)).await?;
    match done {
        Err(error) if !is_over => Err(Failure::Temporary(error.to_string())),
        _ => Ok(()),
    }
}

fn signature(secret: &[u8], signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes any key");
    mac.update(signed.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Notes what has come of a try; true if there is none after it.
async fn note(app: &App, id: Uuid, done: &std::result::Result<(), HookError>) -> Result<bool> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let Some(mut row) = rows::lock(&tx, id).await? else { return Ok(true) };
    match done {
        Ok(()) if row.failing_since.is_none() => return Ok(false),
        Ok(()) => (row.failing_since, row.trouble) = (None, None),
        Err(error) => {
            let since = *row.failing_since.get_or_insert(now);
            row.trouble = Some(error.to_string());
            if is_given_up(since, now) || *error == HookError::Gone {
                tracing::error!(webhook = %id, %error, "a webhook is given up; once it answers: `mirai admin status webhook resume`");
                row.disabled_at.get_or_insert(now);
            }
        }
    }
    let is_over = row.disabled_at.is_some();
    rows::save(&tx, row).await?;
    tx.commit().await?;
    Ok(is_over)
}

fn body(app: &App, news: &News) -> Value {
    let data = json!({
        "id": news.id,
        "title": news.title,
        "components": news.components,
        "url": app.config.link("/status"),
    });
    let (kind, more) = match &news.event {
        Event::Incident { what, stage, impact, started_at, resolved_at, words } => {
            let more = json!({
                "status": stage,
                "impact": impact,
                "started_at": rfc3339(*started_at),
                "resolved_at": resolved_at.map(rfc3339),
                "text": words,
            });
            (format!("incident.{what}"), more)
        }
        Event::Maintenance { from, to, repeat } => {
            let more = json!({ "from": rfc3339(*from), "to": rfc3339(*to), "repeat": repeat });
            ("maintenance.scheduled".to_owned(), more)
        }
        Event::MaintenanceCanceled { from, to } => {
            ("maintenance.canceled".to_owned(), json!({ "from": rfc3339(*from), "to": rfc3339(*to) }))
        }
    };
    let (Value::Object(mut data), Value::Object(more)) = (data, more) else { return Value::Null };
    data.extend(more);
    json!({ "type": kind, "timestamp": rfc3339(news.at), "data": data })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification (standard-webhooks, "Signature scheme").
    #[test]
    fn it_is_signed_as_the_specification_has_it() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(signature(&secret, signed), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}

//! Webhooks: signed, posted, and posted again with growing pauses until they are taken.

use super::state::{Delivery, State, Table, public};
use super::{Inner, lock};
use hmac::{Hmac, KeyInit as _, Mac as _};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// Stripe tries for three days.
const GIVE_UP_AFTER: i64 = 3 * 24 * 3600;

/// The value of `Stripe-Signature` for this body at time `t` (unix seconds): HMAC-SHA256 over `{t}.{body}`, with the
/// whole `whsec_…` text as the key (<https://docs.stripe.com/webhooks#verify-manually>).
#[must_use]
pub fn signature(body: &str, secret: &str, t: i64) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{t}.").as_bytes());
    mac.update(body.as_bytes());
    format!("t={t},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// The same with a signature under each secret, as while one is rotated.
pub(crate) fn signatures(body: &str, secrets: &[String], t: i64) -> String {
    let mut header = format!("t={t}");
    for secret in secrets {
        let one = signature(body, secret, t);
        header.push_str(one.strip_prefix(&format!("t={t}")).unwrap_or_default());
    }
    header
}

/// The body of an event as it is posted: indented, as Stripe does, so that a receiver that verifies a re-serialised body
/// is found out.
pub(crate) fn body(event: &serde_json::Value) -> String {
    serde_json::to_string_pretty(&public(event)).unwrap_or_default()
}

pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy().build()
}

/// Posts one event once; the status of the answer.
pub(crate) async fn post(inner: &Inner, url: &str, event: &serde_json::Value) -> Result<u16, reqwest::Error> {
    let body = body(event);
    let header = signatures(&body, &lock(&inner.webhook_secrets), (inner.now)());
    let answer = inner
        .client
        .post(url)
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("stripe-signature", header)
        .body(body)
        .send()
        .await?;
    Ok(answer.status().as_u16())
}

/// Runs until the fake is dropped: one event at a time in the order they happened, failed ones later again.
pub(crate) async fn deliver_all(inner: Arc<Inner>) {
    let mut not_before: HashMap<String, Instant> = HashMap::new();
    let mut seen = 0_u32;
    loop {
        let woken = inner.wake.notified();
        let Some(url) = inner.endpoint().filter(|_| inner.delivers()) else {
            woken.await;
            continue;
        };
        let (now, mess) = (Instant::now(), inner.mess_of_webhooks());
        let next = inner.read(|state| {
            not_before.retain(|id, _| state.deliveries.iter().any(|delivery| delivery.event == *id));
            let is_due = |delivery: &&Delivery| not_before.get(&delivery.event).is_none_or(|at| *at <= now);
            let mut queue = state.deliveries.iter();
            let due = if mess.backwards { queue.rfind(is_due) } else { queue.find(is_due) };
            due.map(|delivery| (delivery.event.clone(), state.find(Table::Events, &delivery.event).cloned()))
        });
        let Some((id, event)) = next else {
            let pause = not_before.values().min().map_or(LONGEST_PAUSE, |at| at.saturating_duration_since(now));
            tokio::select! { () = woken => {}, () = tokio::time::sleep(pause) => {} }
            continue;
        };
        let Some(event) = event else {
            inner.save_with(|state| state.settle_event(&id));
            continue;
        };
        seen += 1;
        if mess.lose_every.is_some_and(|every| seen.is_multiple_of(every)) {
            inner.save_with(|state| state.deliveries.retain(|delivery| delivery.event != id));
            continue;
        }
        tokio::time::sleep(mess.delay).await;
        for _ in 0..mess.duplicates {
            // Whatever becomes of it, the event is posted once more.
            drop(post(&inner, &url, &event).await);
        }
        match post(&inner, &url, &event).await {
            Ok(status) if (200..300).contains(&status) => inner.save_with(|state| state.settle_event(&id)),
            outcome => {
                tracing::debug!(event = %id, ?outcome, "a webhook was not taken and will be sent again");
                let late = event["created"].as_i64().is_some_and(|at| at + GIVE_UP_AFTER < (inner.now)());
                let attempts = inner.save_with(|state| failed(state, &id, late));
                if let Some(attempts) = attempts {
                    not_before.insert(id, Instant::now() + pause(inner.retry_base, attempts));
                }
            }
        }
    }
}

/// Counts the failed attempt, or gives the event up.
fn failed(state: &mut State, id: &str, give_up: bool) -> Option<u32> {
    if give_up {
        state.deliveries.retain(|delivery| delivery.event != id);
        return None;
    }
    let delivery = state.deliveries.iter_mut().find(|delivery| delivery.event == id)?;
    delivery.attempts = delivery.attempts.saturating_add(1);
    Some(delivery.attempts)
}

/// The pause after so many failed attempts: the base, doubled each time.
fn pause(base: Duration, attempts: u32) -> Duration {
    base.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let base = Duration::from_secs(1);
        let pauses: Vec<u64> = [1, 2, 3, 10, 13, 40].iter().map(|attempts| pause(base, *attempts).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 512, 3600, 3600]);
    }
}

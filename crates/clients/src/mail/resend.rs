//! Resend's API: one POST a mail.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Checked, MailError};
use crate::{SetupError, http};

/// A client of Resend's API.
#[derive(Debug)]
pub struct Resend {
    http: Client,
    base: Url,
    key: SecretString,
    pub(super) timeout: Duration,
}

/// Resend's word for what is wrong, `validation_error`; its sentence beside it may hold addresses.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Problem {
    name: Option<String>,
}

impl Resend {
    pub(super) fn new(base: Url, key: SecretString, timeout: Duration) -> Result<Resend, SetupError> {
        Ok(Resend { http: http::client(timeout)?, base: http::base(base)?, key, timeout })
    }

    pub(super) async fn send(&self, mail: &Checked<'_>) -> Result<(), MailError> {
        let message = mail.message;
        let mut body = json!({
            "from": message.from,
            "to": [mail.to],
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
        });
        let headers = mail.headers();
        if !headers.is_empty() {
            body["headers"] = headers.into_iter().collect();
        }
        let request = self
            .http
            .post(http::join(&self.base, &["emails"]))
            .timeout(self.timeout)
            .bearer_auth(self.key.expose_secret())
            .header("Idempotency-Key", &message.id)
            .json(&body);
        let response = request.send().await.map_err(|error| MailError::Down(http::describe(error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = http::retry_after(response.headers());
        let body = http::body(response).await.unwrap_or_default();
        let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
        let word = problem.name.as_deref().unwrap_or("no reason given");
        Err(refusal(status, word, retry_after))
    }
}

fn refusal(status: StatusCode, word: &str, retry_after: Option<Duration>) -> MailError {
    let words = format!("{word} ({})", status.as_u16());
    match status {
        StatusCode::TOO_MANY_REQUESTS => MailError::Busy { retry_after },
        // The same mail is being sent at this moment.
        StatusCode::CONFLICT if word == "concurrent_idempotent_requests" => MailError::Busy { retry_after },
        // The key or the sender's domain is wrong: that is put right in the settings, and then the mail goes out.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => MailError::Down(words),
        status if status.is_client_error() => MailError::Refused(words),
        _ => MailError::Down(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_refusals_are_final() {
        let table = [
            (400, "validation_error", false),
            (422, "validation_error", false),
            (409, "invalid_idempotent_request", false),
            (409, "concurrent_idempotent_requests", true),
            (401, "missing_api_key", true),
            (403, "invalid_api_key", true),
            (429, "rate_limit_exceeded", true),
            (302, "no reason given", true),
            (500, "application_error", true),
            (503, "no reason given", true),
        ];
        for (status, word, retryable) in table {
            let error = refusal(StatusCode::from_u16(status).unwrap(), word, None);
            assert_eq!(error.is_retryable(), retryable, "{status} {word}");
        }
    }
}

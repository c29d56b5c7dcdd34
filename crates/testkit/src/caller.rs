//! A caller of the API: with the key, and as a user who is signed in.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// The API key that every product of the test kit knows.
pub const API_KEY: &str = "test-key-of-the-test-kit";
/// The password of everybody whom the test kit signs up.
pub const PASSWORD: &str = "correct horse battery";
/// What the pretend Stripe signs its events with.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_test_kit";

/// Where the API is.
#[derive(Debug, Clone)]
pub struct Caller {
    /// `http://127.0.0.1:port`.
    pub base: String,
    /// HTTP client that follows no redirects.
    pub http: Client,
}

/// A user who is signed in through the API.
#[derive(Debug, Clone)]
pub struct TestUser {
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
    /// Access token.
    pub token: String,
    /// Refresh token.
    pub refresh: String,
    /// Id.
    pub id: uuid::Uuid,
}

impl Caller {
    /// A caller of the product at `base`.
    ///
    /// # Errors
    /// When the HTTP client can't be made.
    pub fn new(base: String) -> anyhow::Result<Caller> {
        // Idle connections go before the product, which waits ten seconds, closes them, as docs/operations.md asks of nginx: a
        // request on one that is just being closed is lost.
        let http = Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = http.pool_idle_timeout(Duration::from_secs(5)).build()?;
        Ok(Caller { base, http })
    }

    /// A request to the API with the key, and with a user's session.
    pub fn request(&self, method: Method, path: &str, user: Option<&TestUser>) -> RequestBuilder {
        let request =
            self.http.request(method, format!("{}/backend/api{path}", self.base)).header("X-API-KEY", API_KEY);
        match user {
            Some(user) => request.bearer_auth(&user.token),
            None => request,
        }
    }

    /// `GET` as JSON; the status must be 200.
    ///
    /// # Errors
    /// When it is not.
    pub async fn get(&self, path: &str, user: Option<&TestUser>) -> anyhow::Result<Value> {
        let (status, body) = answer(self.request(Method::GET, path, user).send().await?).await?;
        anyhow::ensure!(status == StatusCode::OK, "{path}: {status} {body}");
        Ok(body)
    }

    /// `POST` of JSON; returns status and body (null if empty).
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn post(&self, path: &str, user: Option<&TestUser>, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
        answer(self.request(Method::POST, path, user).json(body).send().await?).await
    }

    /// Signs up with [`PASSWORD`].
    ///
    /// # Errors
    /// When it is refused.
    pub async fn register(&self, email: &str) -> anyhow::Result<()> {
        let (status, body) =
            self.post("/auth/register", None, &json!({ "email": email, "password": PASSWORD })).await?;
        anyhow::ensure!(status == StatusCode::ACCEPTED, "register: {status} {body}");
        Ok(())
    }

    /// Proves an address with the token that was mailed to it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn verify(&self, token: &str) -> anyhow::Result<()> {
        let (status, body) = self.post("/auth/verify", None, &json!({ "token": token })).await?;
        anyhow::ensure!(status == StatusCode::NO_CONTENT, "verify: {status} {body}");
        Ok(())
    }

    /// Logs in with [`PASSWORD`].
    ///
    /// # Errors
    /// When it is refused.
    pub async fn log_in(&self, email: &str) -> anyhow::Result<TestUser> {
        let (status, body) = self.post("/auth/login", None, &json!({ "email": email, "password": PASSWORD })).await?;
        anyhow::ensure!(status == StatusCode::OK, "login: {status} {body}");
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        Ok(TestUser {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            token: text("token"),
            refresh: text("refresh_token"),
            id: body["user"]["id"].as_str().context("no id")?.parse()?,
        })
    }

    /// Opens a checkout; the session's id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn checkout(&self, user: &TestUser, plan: &str) -> anyhow::Result<String> {
        let (status, body) = self.post("/stripe/checkout", Some(user), &json!({ "plan": plan })).await?;
        anyhow::ensure!(status == StatusCode::OK, "checkout: {status} {body}");
        Ok(body["session_id"].as_str().context("no session")?.to_owned())
    }

    /// Posts an event to the webhook, signed at `now` (unix seconds).
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn deliver_at(&self, event: &Value, now: i64) -> anyhow::Result<StatusCode> {
        let body = event.to_string();
        let header = clients::stripe::webhook::sign(body.as_bytes(), WEBHOOK_SECRET, now);
        self.deliver_raw(body, &header).await
    }

    /// Posts a body with a signature header to the webhook.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn deliver_raw(&self, body: String, signature: &str) -> anyhow::Result<StatusCode> {
        let url = format!("{}/backend/api/stripe/webhook", self.base);
        Ok(self.http.post(url).header("Stripe-Signature", signature).body(body).send().await?.status())
    }
}

/// Status and JSON of an answer (null if it is empty).
///
/// # Errors
/// When it breaks off or is not JSON.
pub async fn answer(response: Response) -> anyhow::Result<(StatusCode, Value)> {
    let status = response.status();
    let text = response.text().await?;
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).context(text)? };
    Ok((status, body))
}

/// The token in a mail's link to `page`.
///
/// # Errors
/// When there is none.
pub fn token_in(mail: &fakes::resend::Message, page: &str) -> anyhow::Result<String> {
    let text = mail.text.clone().unwrap_or_default();
    let mark = format!("{page}?token=");
    let link = text.lines().find(|line| line.contains(&mark)).context(text.clone())?;
    Ok(link.split("token=").nth(1).unwrap_or_default().trim().to_owned())
}

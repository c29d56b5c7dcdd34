//! Stripe, as far as we need it: subscriptions bought through its hosted pages.
//!
//! Our own client rather than a generated one, because a new field, an unknown word or an older object in an event must
//! never stop a payment: objects are read leniently, and the version of the API is pinned.

mod calls;
mod coupons;
mod error;
mod lenient;
mod objects;
mod schedules;
mod tax;
pub mod webhook;

use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

pub use calls::{Discounts, EventsQuery, NewCheckout, NewPrice, Proration};
pub use coupons::{Discount, NewCoupon, NewPromotionCode};
pub use error::StripeError;
pub use objects::{
    BalanceTransaction, Card, Charge, CheckoutSession, Customer, Dispute, Event, Invoice, InvoicePayment, Item, List,
    PaymentIntent, PaymentMethod, Phase, PhaseItem, PortalSession, Price, Product, Recurring, Schedule, Span,
    Subscription,
};
pub use schedules::NextPhase;
pub use tax::PortalConfiguration;

use crate::{SetupError, http};

/// The version whose shapes we send and read.
pub const VERSION: &str = "2026-10-28.endive";

/// Pause before the one repetition of a call whose answer got lost.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// How long it may take to see that Stripe can be reached.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Where Stripe is and who we are.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// `https://api.stripe.com`, or a stand-in.
    pub base: Url,
    /// `sk_…` or `rk_…`.
    pub secret_key: SecretString,
    /// How long one call may take, with its repetition; connecting at most three seconds of it.
    pub timeout: Duration,
}

/// A client of Stripe's API.
///
/// A read, and a write that carries an idempotency key, is repeated once by itself when the connection breaks or Stripe
/// fails, within the time that a call may take.
#[derive(Debug, Clone)]
pub struct Stripe {
    http: Client,
    base: Url,
    key: SecretString,
    timeout: Duration,
}

/// One request.
struct Call<'a> {
    method: Method,
    path: &'a [&'a str],
    params: Vec<(String, String)>,
    idempotency_key: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn get(path: &'a [&'a str]) -> Call<'a> {
        Call { method: Method::GET, path, params: Vec::new(), idempotency_key: None }
    }

    fn post(path: &'a [&'a str]) -> Call<'a> {
        Call { method: Method::POST, ..Call::get(path) }
    }

    fn param(mut self, name: &str, value: impl Into<String>) -> Call<'a> {
        self.params.push((name.to_owned(), value.into()));
        self
    }

    fn key(mut self, key: &'a str) -> Call<'a> {
        self.idempotency_key = Some(key);
        self
    }

    /// Whether asking twice is the same as asking once.
    fn is_repeatable(&self) -> bool {
        self.method != Method::POST || self.idempotency_key.is_some()
    }
}

/// How one attempt failed, and whether the answer may just have got lost.
struct Failed {
    error: StripeError,
    quick: bool,
}

impl From<StripeError> for Failed {
    fn from(error: StripeError) -> Failed {
        Failed { error, quick: false }
    }
}

impl Stripe {
    /// A client. Nothing is sent yet.
    pub fn new(settings: StripeSettings) -> Result<Stripe, SetupError> {
        let http = http::client(settings.timeout)?;
        let base = http::base(settings.base)?;
        Ok(Stripe { http, base, key: settings.secret_key, timeout: settings.timeout })
    }

    /// The same client for somebody who waits: no call takes longer than `timeout`.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Stripe {
        Stripe { timeout: timeout.min(self.timeout), ..self.clone() }
    }

    /// Whether anything at all answers there, soon. Who gets an answer has a network.
    pub async fn answers(&self) -> bool {
        self.http.head(self.base.clone()).timeout(ANSWER_WITHIN.min(self.timeout)).send().await.is_ok()
    }

    async fn call<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, StripeError> {
        // An id from outside that no id can be would become another path.
        let is_id = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !call.path.iter().all(is_id) {
            return Err(StripeError::no_such_object());
        }
        let until = Instant::now() + self.timeout;
        let left = || until.saturating_duration_since(Instant::now());
        match self.attempt(&call, left()).await {
            Err(Failed { quick: true, .. }) if call.is_repeatable() && left() > RETRY_PAUSE => {
                tokio::time::sleep(RETRY_PAUSE).await;
                self.attempt(&call, left()).await.map_err(|failed| failed.error)
            }
            done => done.map_err(|failed| failed.error),
        }
    }

    async fn attempt<T: DeserializeOwned>(&self, call: &Call<'_>, timeout: Duration) -> Result<T, Failed> {
        let mut request = self
            .http
            .request(call.method.clone(), http::join(&self.base, call.path))
            .timeout(timeout)
            .bearer_auth(self.key.expose_secret())
            .header("Stripe-Version", VERSION);
        if let Some(key) = call.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let request =
            if call.method == Method::POST { request.form(&call.params) } else { request.query(&call.params) };
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let retry_after = http::retry_after(response.headers());
        let header = response.headers().get("Request-Id").and_then(|id| id.to_str().ok());
        let request_id = header.map(str::to_owned);
        let body = match http::body(response).await {
            Ok(body) => body,
            Err(words) => return Err(Failed { error: StripeError::Down(words), quick: status.is_success() }),
        };
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| {
                // The error's place in the text, not the text: that may hold an address.
                let place = format!("{:?} at line {}, column {}", error.classify(), error.line(), error.column());
                StripeError::Unexpected(place).into()
            });
        }
        if status.is_server_error() {
            return Err(Failed { error: StripeError::Down(format!("status {status}")), quick: true });
        }
        // 409: another request holds the object's lock or has the same idempotency key right now.
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT) {
            return Err(StripeError::Busy { retry_after }.into());
        }
        if status.is_client_error() {
            return Err(StripeError::refused(status.as_u16(), &body, request_id).into());
        }
        Err(StripeError::Unexpected(format!("status {status}")).into())
    }
}

fn broken(error: reqwest::Error) -> Failed {
    let quick = !error.is_timeout();
    Failed { error: StripeError::Down(http::describe(error)), quick }
}

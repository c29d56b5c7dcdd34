//! What the fakes' own tests share: a clock to move, a shop's endpoint that listens, and requests in Stripe's form.
#![expect(dead_code, reason = "each test file takes the part that it needs")]
#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use fakes::Clock;
use fakes::stripe::{StripeFake, StripeOptions};
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

pub(crate) const KEY: &str = "sk_test_fakes";
pub(crate) const SECRET: &str = "whsec_fakes";
/// 2026-11-23 12:00 UTC.
pub(crate) const START: i64 = 1_795_435_200;

/// A clock that the test moves.
#[derive(Clone)]
pub(crate) struct Time(Arc<AtomicI64>);

impl Time {
    pub(crate) fn new() -> Time {
        Time(Arc::new(AtomicI64::new(START)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let at = Arc::clone(&self.0);
        Arc::new(move || at.load(Ordering::SeqCst))
    }
}

pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// One webhook as the shop got it.
#[derive(Clone)]
pub(crate) struct Got {
    pub(crate) signature: String,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn kind(&self) -> String {
        let event: Value = serde_json::from_str(&self.body).unwrap();
        event["type"].as_str().unwrap().to_owned()
    }
}

/// A shop's webhook endpoint.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<AtomicU16>,
}

impl Shop {
    pub(crate) async fn open() -> Shop {
        let listener = listener().await;
        let url = format!("http://{}/stripe/webhook", listener.local_addr().unwrap());
        let shop = Shop { url, got: Arc::default(), answer: Arc::new(AtomicU16::new(200)) };
        let router = Router::new().route("/stripe/webhook", post(take)).with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        shop
    }

    /// What it answers from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.answer.store(status, Ordering::SeqCst);
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until `count` webhooks came, at most ten seconds.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Got> {
        for _ in 0..1000 {
            let got = self.got();
            if got.len() >= count {
                return got;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("only {} of {count} webhooks came", self.got().len());
    }
}

async fn take(State(shop): State<Shop>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
    shop.got.lock().unwrap().push(Got { signature, body: String::from_utf8(body.to_vec()).unwrap() });
    StatusCode::from_u16(shop.answer.load(Ordering::SeqCst)).unwrap()
}

/// A running pretend Stripe, and a client of it.
pub(crate) struct Stripe {
    pub(crate) fake: StripeFake,
    pub(crate) base: String,
    http: reqwest::Client,
}

/// A reply of the API.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) replayed: bool,
    pub(crate) request_id: String,
    pub(crate) json: Value,
}

impl Reply {
    /// `status type code param` of an error.
    pub(crate) fn error(&self) -> String {
        let error = &self.json["error"];
        let word = |name: &str| error[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", self.status, word("type"), word("code"), word("param"))
    }
}

impl Stripe {
    pub(crate) async fn start(time: &Time, webhook_url: Option<String>, state_file: Option<&Path>) -> Stripe {
        let mut options = StripeOptions::new(listener().await, KEY, SECRET, time.clock());
        options.webhook_url = webhook_url;
        options.state_file = state_file.map(Path::to_path_buf);
        options.retry_base = Duration::from_millis(20);
        let fake = StripeFake::start(options).await.unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Stripe { base: fake.base_url(), fake, http }
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(KEY)
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (status, replayed, request_id) =
            (answer.status().as_u16(), header("idempotent-replayed") == "true", header("request-id"));
        Reply { status, replayed, request_id, json: answer.json().await.unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(reqwest::Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.send(self.request(reqwest::Method::POST, path).form(form)).await
    }

    pub(crate) async fn post_with_key(&self, path: &str, form: &[(&str, &str)], key: &str) -> Reply {
        self.send(self.request(reqwest::Method::POST, path).form(form).header("idempotency-key", key)).await
    }

    /// A price of 5.99 a month, by lookup key.
    pub(crate) fn price(&self) -> String {
        self.fake.ensure_price("basic", "MiraiVPN basic", 599, "usd", "month").unwrap()
    }

    /// A checkout session as our shop makes it.
    pub(crate) async fn checkout(&self) -> Value {
        let price = self.price();
        let reply = self
            .post(
                "/v1/checkout/sessions",
                &[
                    ("mode", "subscription"),
                    ("success_url", "https://vpn.example/thanks?session_id={CHECKOUT_SESSION_ID}"),
                    ("cancel_url", "https://vpn.example/pricing"),
                    ("customer_email", "mika@example.com"),
                    ("client_reference_id", "user-1"),
                    ("line_items[0][price]", &price),
                    ("line_items[0][quantity]", "1"),
                    ("metadata[user_id]", "user-1"),
                    ("subscription_data[metadata][user_id]", "user-1"),
                    ("subscription_data[metadata][plan]", "basic"),
                    ("locale", "fr"),
                ],
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.json);
        reply.json
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.fake.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn page(&self, url: &str) -> (u16, String) {
        let answer = self.http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn submit(&self, url: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        let answer = self.http.post(url).form(form).send().await.unwrap();
        let location = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default().to_owned();
        (answer.status().as_u16(), location, answer.text().await.unwrap())
    }
}

pub(crate) fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_else(|| panic!("no text in {field}: {object}")).to_owned()
}

//! The handle of the pretend Stripe, and what its parts share.
//!
//! Every reply passes through `api::serve` and every delivery through `webhooks::deliver_all`; there `trouble` begins.

mod api;
mod billing;
mod calendar;
mod charges;
mod checkout;
mod coupons;
mod customers;
mod errors;
mod events;
mod form;
mod idempotency;
mod invoices;
mod lists;
mod pages;
mod payments;
mod portal;
mod prices;
mod products;
mod promotions;
mod schedules;
mod state;
mod subscriptions;
mod tax;
mod trouble;
mod webhooks;

pub use api::LoggedRequest;
pub use state::Ids;
pub use tax::Buyer;
pub use trouble::{Mess, Rolled, Trouble};
pub use webhooks::signature;

use crate::server::Server;
use crate::{Clock, FakeError, state_file};
use axum::Router;
use axum::routing::{any, get};
use errors::ApiError;
use idempotency::Running;
use serde_json::{Value, json};
use state::{Cx, State, Table, public};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How many requests the log keeps.
const LOG_LENGTH: usize = 10_000;

/// How to start a pretend Stripe.
pub struct StripeOptions {
    /// Where it listens.
    pub listener: tokio::net::TcpListener,
    /// The secret key that callers must show (`sk_test_…`).
    pub secret_key: String,
    /// Where events are posted to; nowhere if none.
    pub webhook_url: Option<String>,
    /// The endpoint's signing secret (`whsec_…`).
    pub webhook_secret: String,
    /// The file that keeps the state over a restart.
    pub state_file: Option<PathBuf>,
    /// The clock.
    pub now: Clock,
    /// Base of the hosted pages' addresses, without a slash at the end.
    pub public_url: String,
    /// The pause after the first failed delivery; each further one is twice as long, up to an hour.
    pub retry_base: Duration,
    /// How ids are made.
    pub ids: Ids,
}

impl StripeOptions {
    /// Options with no webhook, no file, random ids, and the hosted pages on the listener's own address.
    #[must_use]
    pub fn new(listener: tokio::net::TcpListener, secret_key: &str, webhook_secret: &str, now: Clock) -> StripeOptions {
        let public_url = listener.local_addr().map(|address| format!("http://{address}")).unwrap_or_default();
        StripeOptions {
            listener,
            secret_key: secret_key.to_owned(),
            webhook_url: None,
            webhook_secret: webhook_secret.to_owned(),
            state_file: None,
            now,
            public_url,
            retry_base: Duration::from_secs(1),
            ids: Ids::Random,
        }
    }
}

/// What a paid checkout made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// `cus_…`
    pub customer: String,
    /// `sub_…`
    pub subscription: String,
    /// `in_…`
    pub invoice: String,
    /// Where the customer's browser goes, with the session's id filled in.
    pub success_url: String,
}

pub(crate) struct Inner {
    state: Mutex<State>,
    log: Mutex<Vec<LoggedRequest>>,
    running: Running,
    secret_key: String,
    webhook_url: Mutex<Option<String>>,
    webhook_secrets: Mutex<Vec<String>>,
    plan: Mutex<trouble::Plan>,
    mess: Mutex<Mess>,
    delivering: AtomicBool,
    wake: Notify,
    retry_base: Duration,
    client: reqwest::Client,
    state_file: Option<PathBuf>,
    now: Clock,
    public_url: String,
    ids: Ids,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&lock(&self.state))
    }

    /// Runs `work` on the state and saves it.
    fn save_with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = lock(&self.state);
        let out = work(&mut state);
        if let Err(error) = state_file::save(self.state_file.as_deref(), &*state) {
            tracing::error!(%error, "the pretend Stripe's state was not saved");
        }
        out
    }

    /// The same, for what may have made events.
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let out = self.save_with(work);
        self.wake.notify_one();
        out
    }

    /// A change that no API request asked for: the hosted pages and the test's own hand.
    fn change<T>(&self, work: impl FnOnce(&mut Cx<'_>) -> T) -> T {
        let now = (self.now)();
        self.with_state(|state| work(&mut self.cx(state, now, (None, None))))
    }

    fn cx<'a>(&'a self, state: &'a mut State, now: i64, request: (Option<String>, Option<String>)) -> Cx<'a> {
        let has_endpoint = self.endpoint().is_some();
        Cx { state, now, ids: self.ids, public_url: &self.public_url, has_endpoint, request }
    }

    fn endpoint(&self) -> Option<String> {
        lock(&self.webhook_url).clone()
    }

    fn delivers(&self) -> bool {
        self.delivering.load(Ordering::SeqCst)
    }

    fn letters(&self, length: usize) -> String {
        state::letters(Ids::Random, 0, length)
    }

    fn log(&self, request: LoggedRequest) {
        let mut log = lock(&self.log);
        if log.len() >= LOG_LENGTH {
            log.remove(0);
        }
        log.push(request);
    }
}

/// A running pretend Stripe. Dropping it stops it.
pub struct StripeFake {
    inner: Arc<Inner>,
    server: Option<Server>,
    deliverer: tokio::task::JoinHandle<()>,
}

impl Drop for StripeFake {
    fn drop(&mut self) {
        self.deliverer.abort();
    }
}

impl StripeFake {
    /// Loads the state and listens. Deliveries that were pending go on.
    ///
    /// # Errors
    /// When the state file is not readable or not a state file.
    pub async fn start(options: StripeOptions) -> Result<StripeFake, FakeError> {
        let state: State = state_file::load(options.state_file.as_deref())?;
        let client = webhooks::client().map_err(|error| FakeError::Undelivered(error.to_string()))?;
        let inner = Arc::new(Inner {
            state: Mutex::new(state),
            log: Mutex::new(Vec::new()),
            running: Running::default(),
            secret_key: options.secret_key,
            webhook_url: Mutex::new(options.webhook_url),
            webhook_secrets: Mutex::new(vec![options.webhook_secret]),
            plan: Mutex::default(),
            mess: Mutex::default(),
            delivering: AtomicBool::new(true),
            wake: Notify::new(),
            retry_base: options.retry_base,
            client,
            state_file: options.state_file,
            now: options.now,
            public_url: options.public_url.trim_end_matches('/').to_owned(),
            ids: options.ids,
        });
        let router = Router::new()
            .route("/", get(pages::home))
            .route("/v1/{*path}", any(api::serve))
            .route("/pay/{session}", get(pages::pay_page).post(pages::pay))
            .route("/portal/{session}", get(pages::portal_page).post(pages::portal_act))
            .route("/invoice/{id}", get(pages::invoice_page))
            .route("/invoice/{id}/pdf", get(pages::invoice_pdf))
            .with_state(Arc::clone(&inner));
        let server = Server::start(options.listener, router)?;
        let deliverer = tokio::spawn(webhooks::deliver_all(Arc::clone(&inner)));
        Ok(StripeFake { inner, server: Some(server), deliverer })
    }

    /// `http://address:port`, for `STRIPE_API_BASE`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.server.as_ref().map(Server::base_url).unwrap_or_default()
    }

    /// Stops, and waits until the port is free.
    pub async fn stop(mut self) {
        self.deliverer.abort();
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    fn act<T>(&self, work: impl FnOnce(&mut Cx<'_>) -> Result<T, ApiError>) -> Result<T, FakeError> {
        self.inner.change(work).map_err(|refused| FakeError::Refused(refused.message().to_owned()))
    }

    /// The customer pays the open session `cs_…` with a good card of their own, as on the page.
    ///
    /// # Errors
    /// When there is no such session, or it has expired.
    pub fn pay(&self, session: &str) -> Result<Paid, FakeError> {
        let buyer = self.act(|cx| Ok(cx.get(Table::Sessions, session)?["client_reference_id"].to_string()))?;
        self.pay_with(session, &payments::card_of(&buyer))
    }

    /// The same with a card number of the test's choice.
    ///
    /// # Errors
    /// When the card is declined or no card, and as in [`StripeFake::pay`].
    pub fn pay_with(&self, session: &str, card: &str) -> Result<Paid, FakeError> {
        let known = self.act(|cx| Ok(checkout::country(cx, &cx.get(Table::Sessions, session)?)))?;
        let country = known.as_deref().unwrap_or(tax::HOME);
        self.pay_typed(session, card, Buyer { country, ..Buyer::default() })
    }

    /// The same by a buyer who is asked for a country, and for a company's name and tax id.
    ///
    /// # Errors
    /// When what is typed is not complete or not right, and as in [`StripeFake::pay`].
    pub fn pay_as(&self, session: &str, buyer: Buyer<'_>) -> Result<Paid, FakeError> {
        self.pay_typed(session, pages::GOOD_CARD, buyer)
    }

    fn pay_typed(&self, session: &str, card: &str, buyer: Buyer<'_>) -> Result<Paid, FakeError> {
        let paid = self.act(|cx| {
            checkout::expire_due(cx);
            checkout::pay(cx, session, card, Some("customer@example.com"), buyer)
        })?;
        let field = |name: &str| paid[name].as_str().unwrap_or_default().to_owned();
        Ok(Paid {
            customer: field("customer"),
            subscription: field("subscription"),
            invoice: field("invoice"),
            success_url: checkout::success_url(&paid),
        })
    }

    /// The customer tries a card that is declined: the sentence that the page shows. The session stays open.
    ///
    /// # Errors
    /// When the session was paid already.
    pub fn decline(&self, session: &str) -> Result<String, FakeError> {
        match self.pay_with(session, pages::BAD_CARD) {
            Err(FakeError::Refused(sentence)) => Ok(sentence),
            Err(other) => Err(other),
            Ok(_) => Err(FakeError::Refused("the session was paid already".to_owned())),
        }
    }

    /// Expires an open session.
    ///
    /// # Errors
    /// When there is none, or it is not open.
    pub fn expire(&self, session: &str) -> Result<(), FakeError> {
        self.act(|cx| checkout::expire_now(cx, session)).map(drop)
    }

    /// One period of the subscription goes by: a new invoice, paid. One that was to end with the period ends. The
    /// clock is the test's own and does not move.
    ///
    /// # Errors
    /// When the subscription is not active.
    pub fn renew(&self, subscription: &str) -> Result<(), FakeError> {
        self.act(|cx| billing::renew(cx, subscription)).map(drop)
    }

    /// The renewal's card is declined: past due; called again, the same invoice is tried again, and the fourth failure
    /// ends the subscription.
    ///
    /// # Errors
    /// When the subscription is neither active nor past due.
    pub fn fail_renewal(&self, subscription: &str) -> Result<(), FakeError> {
        self.act(|cx| billing::fail_renewal(cx, subscription)).map(drop)
    }

    /// The open invoice of a past-due subscription is paid after all.
    ///
    /// # Errors
    /// When the subscription is not past due.
    pub fn recover(&self, subscription: &str) -> Result<(), FakeError> {
        self.act(|cx| billing::recover(cx, subscription)).map(drop)
    }

    /// Collection of a subscription rests, with `customer.subscription.paused`.
    ///
    /// # Errors
    /// When there is no such subscription.
    pub fn pause(&self, subscription: &str) -> Result<(), FakeError> {
        self.act(|cx| billing::rest(cx, subscription, "paused")).map(drop)
    }

    /// It goes on, with `customer.subscription.resumed`.
    ///
    /// # Errors
    /// When there is no such subscription.
    pub fn unpause(&self, subscription: &str) -> Result<(), FakeError> {
        self.act(|cx| billing::rest(cx, subscription, "active")).map(drop)
    }

    /// The card of a subscription declines, or pays again, what is to be paid at once.
    ///
    /// # Errors
    /// When there is no such subscription.
    pub fn set_card_declines(&self, subscription: &str, declines: bool) -> Result<(), FakeError> {
        let set = |subscription: &mut Value| subscription["_declines"] = json!(declines);
        self.act(|cx| cx.change(Table::Subscriptions, subscription, set)).map(drop)
    }

    /// Ends the subscription at once.
    ///
    /// # Errors
    /// When it is over already or does not exist.
    pub fn cancel(&self, subscription: &str) -> Result<(), FakeError> {
        self.act(|cx| billing::end(cx, subscription, "cancellation_requested")).map(drop)
    }

    /// Renews, or ends, every subscription whose period is over by the clock; how many. `mirai dev` calls it now and
    /// then, as Stripe's own clock would.
    ///
    /// # Errors
    /// When a renewal is refused.
    pub fn run_due(&self) -> Result<usize, FakeError> {
        self.act(billing::run_due)
    }

    /// The price with this lookup key, made with its product where it is missing or differs; the id `price_…`.
    /// `unit_amount` is in the currency's smallest unit, `interval` is `month`, `quarter` or `year`.
    ///
    /// # Errors
    /// When the interval is none of these.
    pub fn ensure_price(
        &self,
        lookup_key: &str,
        product_name: &str,
        unit_amount: i64,
        currency: &str,
        interval: &str,
    ) -> Result<String, FakeError> {
        self.act(|cx| {
            let every = match interval {
                "month" | "year" => (interval, 1),
                "quarter" => ("month", 3),
                _ => return Err(ApiError::invalid(None, format!("Invalid interval: {interval}"), None)),
            };
            let old = prices::by_lookup_key(cx, lookup_key);
            if let Some(old) = &old {
                let id = old["id"].as_str().unwrap_or_default().to_owned();
                let same = old["unit_amount"] == unit_amount
                    && old["currency"] == currency
                    && (old["recurring"]["interval"] == every.0 && old["recurring"]["interval_count"] == every.1)
                    && old["active"] == true;
                if same {
                    return Ok(id);
                }
                // A price's amount never changes at Stripe: a new one takes the lookup key over.
                let (price, previous) = cx.change(Table::Prices, &id, |price| price["lookup_key"] = Value::Null)?;
                cx.emit_change("price.updated", &price, &previous);
            }
            let product = match old.as_ref().and_then(|old| cx.state.find(Table::Products, old["product"].as_str()?)) {
                Some(product) => product.clone(),
                None => products::add(cx, product_name, |_| {}),
            };
            let price = prices::add(cx, &product, unit_amount, currency, Some(every), |price| {
                price["lookup_key"] = json!(lookup_key);
            });
            Ok(price["id"].as_str().unwrap_or_default().to_owned())
        })
    }

    /// Every event of the last 30 days, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.inner.read(|state| state.all(Table::Events).iter().map(public).collect())
    }

    /// An object by its id (`sub_…`, `in_…`, …), as the API would give it.
    #[must_use]
    pub fn object(&self, id: &str) -> Option<Value> {
        self.inner.read(|state| state.find(Table::of_id(id)?, id).map(public))
    }

    /// Every purchase that was begun, oldest first.
    #[must_use]
    pub fn checkout_sessions(&self) -> Vec<Value> {
        self.inner.read(|state| state.all(Table::Sessions).iter().map(public).collect())
    }

    /// The requests to the API since the start, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.inner.log).clone()
    }

    /// Switches the posting of events off, where they pile up, and on again, where they are posted in order.
    pub fn set_webhook_delivery(&self, on: bool) {
        self.inner.delivering.store(on, Ordering::SeqCst);
        self.inner.wake.notify_one();
    }

    /// Sets where events are posted to from now on.
    pub fn set_webhook_url(&self, url: Option<String>) {
        *lock(&self.inner.webhook_url) = url;
        self.inner.wake.notify_one();
    }

    /// The ids of events that the endpoint has not taken yet, oldest first.
    #[must_use]
    pub fn pending_deliveries(&self) -> Vec<String> {
        self.inner.read(|state| state.deliveries.iter().map(|delivery| delivery.event.clone()).collect())
    }

    /// Posts the event once, now, whether delivery is on or off; the status of the answer. A 2xx settles it.
    ///
    /// # Errors
    /// When there is no such event or endpoint, or the endpoint does not answer.
    pub async fn deliver(&self, event: &str) -> Result<u16, FakeError> {
        let object = self
            .inner
            .read(|state| state.find(Table::Events, event).cloned())
            .ok_or_else(|| FakeError::Refused(format!("No such event: '{event}'")))?;
        let url =
            self.inner.endpoint().ok_or_else(|| FakeError::Undelivered("no webhook address is set".to_owned()))?;
        let status = webhooks::post(&self.inner, &url, &object)
            .await
            .map_err(|error| FakeError::Undelivered(error.to_string()))?;
        if (200..300).contains(&status) {
            self.inner.save_with(|state| state.settle_event(event));
        }
        Ok(status)
    }

    /// The body of an event as it is posted, and its signature at time `t` (unix seconds) under the endpoint's secret.
    #[must_use]
    pub fn signed(&self, event: &str, t: i64) -> Option<(String, String)> {
        let body = self.inner.read(|state| state.find(Table::Events, event).map(webhooks::body))?;
        let header = webhooks::signatures(&body, &lock(&self.inner.webhook_secrets), t);
        Some((body, header))
    }
}

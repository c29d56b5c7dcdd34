//! A pretend Resend: takes mail by Resend's rules, sends none, and shows it on a page.

mod address;
mod api;
mod pages;

pub(crate) use address::is_address;

use crate::server::Server;
use crate::{Clock, FakeError, state_file};
use axum::Router;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How to start a pretend Resend.
pub struct ResendOptions {
    /// Where it listens.
    pub listener: tokio::net::TcpListener,
    /// The key that callers must show (`re_…`).
    pub api_key: String,
    /// The file that keeps the mail over a restart.
    pub state_file: Option<PathBuf>,
    /// The clock.
    pub now: Clock,
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Resend's id, a UUID in text.
    pub id: String,
    /// When it was taken, unix seconds.
    pub at: i64,
    /// `Name <address>` or an address.
    pub from: String,
    /// The recipients, as sent.
    pub to: Vec<String>,
    /// Copies.
    pub cc: Vec<String>,
    /// Blind copies.
    pub bcc: Vec<String>,
    /// Where answers go.
    pub reply_to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The plain text, if there was one.
    pub text: Option<String>,
    /// The HTML, if there was one.
    pub html: Option<String>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// The `Idempotency-Key` it came under.
    pub idempotency_key: Option<String>,
}

impl Message {
    /// Whether it goes to this address (in to, cc or bcc), whatever the case of its letters.
    #[must_use]
    pub fn is_to(&self, wanted: &str) -> bool {
        [&self.to, &self.cc, &self.bcc]
            .into_iter()
            .flatten()
            .any(|recipient| address::bare(recipient).eq_ignore_ascii_case(wanted.trim()))
    }
}

/// What a key was used for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Used {
    body: String,
    id: String,
    at: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Mailbox {
    messages: Vec<Message>,
    keys: BTreeMap<String, Used>,
}

pub(crate) struct Inner {
    mailbox: Mutex<Mailbox>,
    api_key: String,
    state_file: Option<PathBuf>,
    now: Clock,
}

impl Inner {
    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, mailbox: &Mailbox) {
        if let Err(error) = state_file::save(self.state_file.as_deref(), mailbox) {
            tracing::error!(%error, "the mailbox was not saved");
        }
    }
}

/// A running pretend Resend. Dropping it stops it.
pub struct ResendFake {
    inner: Arc<Inner>,
    server: Server,
}

impl ResendFake {
    /// Loads the mailbox and listens.
    ///
    /// # Errors
    /// When the state file is not readable or not a mailbox.
    pub async fn start(options: ResendOptions) -> Result<ResendFake, FakeError> {
        let mailbox: Mailbox = state_file::load(options.state_file.as_deref())?;
        let inner = Arc::new(Inner {
            mailbox: Mutex::new(mailbox),
            api_key: options.api_key,
            state_file: options.state_file,
            now: options.now,
        });
        let router = Router::new()
            .route("/", get(pages::list))
            .route("/messages.json", get(pages::json))
            .route("/messages/{id}", get(pages::message))
            .route("/messages/{id}/html", get(pages::html))
            .route("/emails", post(api::send))
            .route("/emails/{id}", get(api::retrieve))
            .fallback(api::nothing)
            .with_state(Arc::clone(&inner));
        Ok(ResendFake { inner, server: Server::start(options.listener, router)? })
    }

    /// `http://address:port`, for `RESEND_API_BASE`; the mailbox page is at its `/`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Stops, and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Every mail, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.inner.mailbox().messages.clone()
    }

    /// The mails to one address, oldest first.
    #[must_use]
    pub fn messages_to(&self, address: &str) -> Vec<Message> {
        self.inner.mailbox().messages.iter().filter(|message| message.is_to(address)).cloned().collect()
    }
}

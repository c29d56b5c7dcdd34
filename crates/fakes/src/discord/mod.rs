//! A pretend Discord: the REST API and the gateway that a support bot uses, and the hands of the people around it.
//!
//! Every request passes through `rest::serve`, every event through `gateway::Sessions::dispatch`; there `trouble`
//! begins.

mod acts;
mod channel_create;
mod channels;
mod commands;
mod direct;
mod embeds;
mod errors;
mod events;
mod files;
mod forms;
mod gateway;
mod hands;
mod interact;
mod interactions;
mod limits;
mod mentions;
mod messages;
mod page;
mod people;
mod permissions;
mod rest;
mod roles;
mod show;
mod starts;
mod state;
mod threads;
mod trouble;

pub use hands::{Outcome, Seen, SeenFile};
pub use limits::RateScope;
pub use mentions::Pings;
pub use page::DiscordPage;
pub use people::{SeenChannel, SeenThread};
pub use rest::LoggedRequest;
pub use trouble::{GatewayTrouble, Order, Trouble};

use crate::FakeError;
use crate::server::Server;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get};
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A clock in milliseconds since 1970-01-01 UTC. Discord's deadlines are too short for whole seconds.
pub type Millis = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How to start a pretend Discord.
pub struct DiscordOptions {
    /// Where it listens.
    pub listener: tokio::net::TcpListener,
    /// The bot's token, which requests and Identify must show.
    pub token: String,
    /// The clock.
    pub now: Millis,
    /// Privileged intents that were switched on for the bot, as bits; others are refused with 4014.
    pub privileged: u64,
}

pub(crate) struct Inner {
    state: Mutex<State>,
    token: String,
    now: Millis,
    privileged: u64,
    address: std::net::SocketAddr,
    /// The bot's user and application, one id as for every new application.
    bot: u64,
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        (self.now)()
    }
}

/// A running pretend Discord. Dropping it stops it.
pub struct FakeDiscord {
    inner: Arc<Inner>,
    /// None in the hands of the page.
    server: Option<Server>,
}

impl FakeDiscord {
    /// Listens, with no guild yet.
    ///
    /// # Errors
    /// When the listener has no address.
    pub async fn start(options: DiscordOptions) -> Result<FakeDiscord, FakeError> {
        let address =
            options.listener.local_addr().map_err(|source| FakeError::io("the listener's address", source))?;
        let mut state = State::default();
        let bot = state.snowflake((options.now)());
        state.bot = bot;
        state.users.insert(bot, "mirai".to_owned());
        let inner = Arc::new(Inner {
            state: Mutex::new(state),
            token: options.token,
            now: options.now,
            privileged: options.privileged,
            address,
            bot,
        });
        let router = Router::new()
            .route("/api/v10/{*path}", any(rest::serve))
            .route("/attachments/{channel}/{id}/{name}", get(files::serve))
            .fallback(gateway::connect)
            // What is too large is refused by Discord's own limits, in Discord's words.
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&inner));
        Ok(FakeDiscord { inner, server: Some(Server::start(options.listener, router)?) })
    }

    /// `http://address:port`, for `DISCORD_API_BASE`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// `ws://address:port`, the gateway.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        format!("ws://{}", self.inner.address)
    }

    /// The id of the bot's user, which is its application's too.
    #[must_use]
    pub fn bot_id(&self) -> u64 {
        self.inner.bot
    }

    /// What the bot did that Discord's rules forbid. A test of the bot fails unless this is empty.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.inner.lock().violations.clone()
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.inner.lock().journal.clone()
    }

    /// How often the bot has identified; resuming does not count.
    #[must_use]
    pub fn identifies(&self) -> u32 {
        self.inner.lock().gateway.identifies
    }

    /// How often the bot has resumed.
    #[must_use]
    pub fn resumes(&self) -> u32 {
        self.inner.lock().gateway.resumes
    }

    /// The texts of the presences that the bot has shown, with the time in unix milliseconds.
    #[must_use]
    pub fn presences(&self) -> Vec<(i64, String)> {
        self.inner.lock().gateway.presences.clone()
    }

    /// Stops, and waits until the port is free.
    pub async fn stop(self) {
        self.inner.lock().gateway.push(gateway::Out::Close(1001));
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

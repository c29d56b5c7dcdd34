//! A page that plays the Discord client, for who wants to see the bot without Discord.
//!
//! It has one address, and all else stands in the query: it can be mounted anywhere. Everything works by links and
//! forms; the script only shows sooner what has changed.

mod acts;
mod commands;
mod lists;
mod markdown;
mod messages;
mod modal;
mod view;

use super::{FakeDiscord, files};
use crate::FakeError;
use crate::server::Server;
use acts::{Fields, Next};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, Request, State as Shared};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use view::{Draft, Viewer, page};

/// The script asks what has changed, and is told at once, or after this long that nothing has. Short enough that a
/// server which is told to stop need not wait for it.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(200);

impl FakeDiscord {
    /// A page that plays the Discord client: be any member, read and write, run commands, press buttons, fill in
    /// forms. It has the one route `/`, to be nested under any prefix; it holds on to what this Discord knows, not to
    /// its port.
    pub fn page(&self) -> Router {
        let hands = Arc::new(FakeDiscord { inner: Arc::clone(&self.inner), server: None });
        Router::new().route("/", any(serve)).layer(DefaultBodyLimit::max(files::LARGEST_FORM)).with_state(hands)
    }
}

/// The page on a listener of its own, at `/`. Dropping it stops it, and leaves the Discord behind it running.
pub struct DiscordPage {
    server: Server,
}

impl DiscordPage {
    /// Serves the page of this Discord.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(discord: &FakeDiscord, listener: tokio::net::TcpListener) -> Result<DiscordPage, FakeError> {
        Ok(DiscordPage { server: Server::start(listener, discord.page())? })
    }

    /// `http://address:port`, for a browser.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Stops, and waits until the port is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

async fn serve(
    Shared(hands): Shared<Arc<FakeDiscord>>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response {
    let viewer = Viewer::new(&hands.inner, &query);
    let method = request.method().clone();
    if let Some(known) = query.get("poll") {
        return poll(&hands, &viewer, known).await;
    }
    if method != Method::POST {
        return page(&hands.inner, &viewer, &Draft::default()).response(StatusCode::OK);
    }
    let Some(fields) = Fields::read(request).await else {
        return (StatusCode::BAD_REQUEST, "The form could not be read.").into_response();
    };
    match acts::act(&hands, &viewer, fields).await {
        Next::Go(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Next::Stay(draft) => {
            let status = if draft.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            page(&hands.inner, &viewer, &draft).response(status)
        }
    }
}

/// The page as soon as it shows something else than `known`; 204 if it does not for a while.
async fn poll(hands: &FakeDiscord, viewer: &Viewer, known: &str) -> Response {
    let changed = async {
        loop {
            let page = page(&hands.inner, viewer, &Draft::default());
            if page.version != known {
                return page;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    match tokio::time::timeout(PATIENCE, changed).await {
        Ok(page) => page.response(StatusCode::OK),
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

//! HTTP: the JSON API, Stripe's webhook, and the site's pages, on one router.
//!
//! `json` holds the API's handlers, `hooks` the webhook, `site` the pages; each handler extracts, calls one use case of
//! `app` and converts. What is true for all of them (request ids, limits, headers, client addresses) are layers here.
//!
//! Invariant: no rule is decided here and no SQL is said; an error of a use case is rendered once, as problem+json or
//! as a page, and an internal one is logged there.

mod client;
mod context;
mod cookies;
mod cors;
mod csrf;
mod error;
mod extract;
mod gateway;
mod headers;
mod hooks;
mod idempotency;
mod json;
mod limits;
mod request_id;
mod rest;
mod router;
mod server;
mod site;
pub mod status_files;

pub use context::{CookieStyle, Settings, TeamCode};
pub use cookies::{Name as CookieName, read as read_cookie};
pub use json::openapi;
pub use router::{metrics_router, router};
pub use server::{ListenError, Listener, serve};

//! Outside services as plain clients: Stripe, mail by Resend or SMTP, Redis; probes of what is watched; and webhooks to
//! operators' own programs.
//! A client knows a service's addresses, words and errors, and nothing of users, plans or the database. Its base URL is a
//! setting, so that a stand-in can take the service's place. Every call has a timeout, and every failure is one of:
//! refused (asking again is no use), busy or down (ask again later), not understood.
//!
//! Invariant: no rule is decided here, nothing is stored, and no secret or mail address is in an error's text or in
//! `Debug`.

mod http;
pub mod mail;
pub mod probe;
pub mod redis;
mod setup;
pub mod stripe;
pub mod webhook;

pub use setup::SetupError;

//! Stand-ins for the outside services: a pretend Stripe, a pretend Resend with a mailbox page, and a pretend
//! Discord.
//!
//! Each is a real HTTP server that the ordinary clients reach by their base URL, used by the tests (in process, on a
//! port that the system chose) and by `mirai dev` (where its state file lets it survive a restart). No money moves and
//! no mail leaves the machine.
//!
//! Invariant: a fake never accepts what the real service would refuse, and never emits an object that the real
//! service's published types do not allow; it reads no clock and no environment of its own.

// Stripe's objects have more fields than the default depth of `json!`.
#![recursion_limit = "512"]

/// A pretend Discord: the REST API and the gateway that a support bot uses, and people's hands.
pub mod discord;
mod error;
mod html;
/// Three machines as network namespaces, to send real packets through a gateway.
#[cfg(target_os = "linux")]
pub mod machines;
mod pdf;
/// A pretend Resend: `POST /emails` by Resend's rules, and a page to read the mail on.
pub mod resend;
mod server;
mod state_file;
/// A pretend Stripe: the API that we use, its hosted pages, and signed webhooks.
pub mod stripe;

pub use error::FakeError;

/// A clock: seconds since 1970-01-01 UTC. Tests hand in one that they can move.
pub type Clock = std::sync::Arc<dyn Fn() -> i64 + Send + Sync>;

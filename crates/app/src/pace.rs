//! The least time of an answer that must not tell by its speed whether an address has an account.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// Longer than writing a token and a mail takes, or checking a bcrypt hash of PHP's default cost; short enough to wait
/// for.
const LEAST: Duration = Duration::from_millis(250);

/// Counts from the moment that it is made.
pub(crate) struct Pace(Pin<Box<Sleep>>);

impl Pace {
    pub(crate) fn begin() -> Pace {
        Pace(Box::pin(sleep(LEAST)))
    }

    /// Waits for what is left of the least time.
    pub(crate) async fn kept(self) {
        self.0.await;
    }
}

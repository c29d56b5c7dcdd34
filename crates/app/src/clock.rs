//! The one clock. It is read once per request or job, and the moment is passed inward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use domain::time::UnixMs;

/// Tells the time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that moves only when told to; for tests and simulations.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// A virtual clock that stands at `start`.
    pub fn stopped_at(start: UnixMs) -> Clock {
        Clock::Virtual(Arc::new(AtomicI64::new(start)))
    }

    /// Unix milliseconds, UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the door through which time comes in")]
    pub fn now(&self) -> UnixMs {
        match self {
            Clock::Virtual(at) => at.load(Ordering::SeqCst),
            Clock::System => match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
                Ok(since) => UnixMs::try_from(since.as_millis()).unwrap_or(UnixMs::MAX),
                Err(_) => 0,
            },
        }
    }

    /// Moves a virtual clock on; the system's clock stays as it is.
    pub fn advance(&self, ms: i64) {
        if let Clock::Virtual(at) = self {
            at.fetch_add(ms, Ordering::SeqCst);
        }
    }
}

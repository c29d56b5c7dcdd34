//! How often a session may begin: 1000 times a day, and once in five seconds.

use super::FakeDiscord;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

/// Identifies in a day.
const TOTAL: u32 = 1000;
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Between two identifies, as `max_concurrency` is 1.
const APART: Duration = Duration::from_secs(5);
const APART_MILLIS: i64 = 5_000;

#[derive(Debug, Default)]
pub(crate) struct Starts {
    used: u32,
    /// When the day of those ends, unix milliseconds.
    ends: i64,
    /// The last one, by both clocks.
    last: Option<(i64, Instant)>,
}

/// What an identify comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    Begins,
    /// Op 9: it came too soon after the last one.
    TooSoon,
    /// Close code 4004: Discord has reset the token of who begins so often.
    TooOften,
}

impl Starts {
    /// Counts an identify. A client paces itself by its own clock, which a test's does not move: it came too soon if it
    /// did so by both.
    pub(crate) fn count(&mut self, now: i64) -> Start {
        let too_soon = |(at, instant): (i64, Instant)| now - at < APART_MILLIS && instant.elapsed() < APART;
        if self.last.is_some_and(too_soon) {
            return Start::TooSoon;
        }
        self.turn(now);
        if self.used >= TOTAL {
            return Start::TooOften;
        }
        self.used += 1;
        self.last = Some((now, Instant::now()));
        Start::Begins
    }

    /// Begins the day anew if it is over.
    fn turn(&mut self, now: i64) {
        if now >= self.ends {
            (self.used, self.ends) = (0, now + DAY);
        }
    }

    /// As `GET /gateway/bot` tells it.
    pub(crate) fn show(&self, now: i64) -> Value {
        let (used, rest) = if now >= self.ends { (0, 0) } else { (self.used, self.ends - now) };
        json!({ "total": TOTAL, "remaining": TOTAL - used, "reset_after": rest, "max_concurrency": 1 })
    }
}

impl FakeDiscord {
    /// As if the bot had identified so often today already; 1000 are too many for one more.
    pub fn identified_before(&self, times: u32) {
        let now = self.inner.now();
        let mut state = self.inner.lock();
        let starts = &mut state.gateway.starts;
        starts.turn(now);
        starts.used = (starts.used + times).min(TOTAL);
    }
}

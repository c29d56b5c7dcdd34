//! Rate limits, counted in Redis for all processes together, or in this process where there is no Redis or it does not
//! answer. A client is known here only as a keyed hash that changes daily.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use clients::redis::{Redis, RedisError};
use domain::limit::{Decision, Gcra};
use domain::time::UnixMs;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::{Error, LimitClass, Limits, Result};

/// Above this many keys those that have run out are dropped.
const SWEEP_AT: usize = 50_000;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// Wrong codes of a second factor. Three of a million are right at any time: so many tries guess one in four years.
const CODES_AN_HOUR: u32 = 10;

/// Who is counted.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A client by address; IPv6 by its /64.
    Client(IpAddr),
    /// An account by what was typed as its address, known or not.
    Account(&'a str),
    /// A session.
    Session(Uuid),
    /// A device that an account was used from before, by the hash of its cookie: whoever guesses at the account
    /// elsewhere does not use up its owner's tries.
    Device(&'a [u8]),
}

type Key = [u8; 32];

/// The last request of one who is counted.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    /// See [`Decision::new_tat`].
    tat: i64,
    /// When it came, so that a clock that is set back is noticed.
    at: UnixMs,
}

impl Arrival {
    /// The number to decide by at `now`. A clock that was set back counts as one that stood still: nobody is refused who
    /// has tries left, and nobody gets new ones.
    fn tat_at(self, now: UnixMs) -> i64 {
        self.tat.saturating_sub(self.at.saturating_sub(now).max(0).saturating_mul(1000))
    }
}

/// Counts requests.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    secret: [u8; 32],
    shared: Option<Arc<Redis>>,
    arrivals: Mutex<HashMap<Key, Arrival>>,
}

impl Limiter {
    /// A limiter that has seen nobody. `secret` keys the hashes; processes that count together need the same.
    pub fn new(limits: Limits, secret: [u8; 32], shared: Option<Arc<Redis>>) -> Limiter {
        Limiter { limits, secret, shared, arrivals: Mutex::default() }
    }

    /// How often is allowed.
    pub fn rule(&self, class: LimitClass) -> Gcra {
        match class {
            LimitClass::Credential => Gcra { limit: self.limits.credential_per_minute, period_ms: MINUTE_MS },
            LimitClass::General => Gcra { limit: self.limits.general_per_minute, period_ms: MINUTE_MS },
            LimitClass::Code => Gcra { limit: CODES_AN_HOUR, period_ms: 60 * MINUTE_MS },
        }
    }

    /// Counts one request and tells whether it is within the limit.
    pub async fn hit(&self, class: LimitClass, subject: Subject<'_>, now: UnixMs) -> Decision {
        let (rule, key) = (self.rule(class), self.key(class, subject, now));
        if let Some(redis) = &self.shared {
            // Redis's own clock: those of several machines differ.
            match redis.count(&format!("mirai:limit:{}", hex(&key)), rule, None).await {
                Ok(decision) => return decision,
                Err(RedisError::Resting) => {}
                Err(error) => {
                    metrics::counter!("mirai_redis_failures_total").increment(1);
                    tracing::warn!(%error, "limits are counted in this process alone for now");
                }
            }
        }
        self.hit_here(rule, key, now)
    }

    fn hit_here(&self, rule: Gcra, key: Key, now: UnixMs) -> Decision {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if arrivals.len() > SWEEP_AT {
            let now_us = now.saturating_mul(1000);
            arrivals.retain(|_, arrival| arrival.tat > now_us);
        }
        let decision = rule.decide(arrivals.get(&key).map(|arrival| arrival.tat_at(now)), now);
        arrivals.insert(key, Arrival { tat: decision.new_tat, at: now });
        decision
    }

    /// The same as an error.
    pub async fn check(&self, class: LimitClass, subject: Subject<'_>, now: UnixMs) -> Result<()> {
        let decision = self.hit(class, subject, now).await;
        if decision.allowed { Ok(()) } else { Err(Error::TooMany { retry_after_ms: decision.retry_after_ms }) }
    }

    /// `HMAC(secret of the day, class and subject)`: a key can't be turned back into an address, and yesterday's
    /// keys can't be linked to today's.
    fn key(&self, class: LimitClass, subject: Subject<'_>, now: UnixMs) -> Key {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(&now.div_euclid(DAY_MS).to_le_bytes());
        mac.update(&[match class {
            LimitClass::Credential => 0,
            LimitClass::General => 1,
            LimitClass::Code => 2,
        }]);
        match subject {
            Subject::Client(IpAddr::V4(v4)) => mac.update(&v4.octets()),
            Subject::Client(IpAddr::V6(v6)) => mac.update(&v6.octets()[..8]),
            Subject::Account(name) => {
                mac.update(b"account");
                mac.update(name.as_bytes());
            }
            Subject::Session(id) => {
                mac.update(b"session");
                mac.update(id.as_bytes());
            }
            Subject::Device(hash) => {
                mac.update(b"device");
                mac.update(hash);
            }
        }
        mac.finalize().into_bytes().into()
    }
}

fn hex(key: &Key) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Limiter {
        let limits = Limits { credential_per_minute: 3, general_per_minute: 5 };
        Limiter::new(limits, [1; 32], None)
    }

    fn client(text: &str) -> Subject<'static> {
        Subject::Client(text.parse().expect("an address"))
    }

    #[tokio::test]
    async fn the_fourth_request_of_a_minute_waits_and_others_do_not() {
        let limiter = limiter();
        for _ in 0..3 {
            assert!(limiter.hit(LimitClass::Credential, client("192.0.2.1"), 0).await.allowed);
        }
        let refused = limiter.hit(LimitClass::Credential, client("192.0.2.1"), 0).await;
        assert!(!refused.allowed && refused.retry_after_ms > 0);
        assert!(limiter.hit(LimitClass::Credential, client("192.0.2.2"), 0).await.allowed);
        assert!(limiter.hit(LimitClass::General, client("192.0.2.1"), 0).await.allowed);
        assert!(limiter.hit(LimitClass::Credential, client("192.0.2.1"), refused.retry_after_ms).await.allowed);
    }

    #[tokio::test]
    async fn a_clock_set_back_neither_gives_nor_takes_tries() {
        let (limiter, hour) = (limiter(), 3_600_000);
        assert!(limiter.hit(LimitClass::Credential, client("192.0.2.1"), hour).await.allowed);
        for _ in 0..2 {
            assert!(limiter.hit(LimitClass::Credential, client("192.0.2.1"), 0).await.allowed);
        }
        let refused = limiter.hit(LimitClass::Credential, client("192.0.2.1"), 0).await;
        assert_eq!((refused.allowed, refused.retry_after_ms), (false, 20_000));
    }

    #[tokio::test]
    async fn an_ipv6_network_counts_as_one_client() {
        let limiter = limiter();
        for host in 1..=3 {
            assert!(limiter.hit(LimitClass::Credential, client(&format!("2001:db8::{host}")), 0).await.allowed);
        }
        assert!(!limiter.hit(LimitClass::Credential, client("2001:db8::ffff:1"), 0).await.allowed);
        assert!(limiter.hit(LimitClass::Credential, client("2001:db8:0:1::1"), 0).await.allowed);
    }
}

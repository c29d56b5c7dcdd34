//! Redis: counts that several processes share, and hints between them. Nothing is kept there that may not be lost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::limit::{Decision, Gcra};
use domain::time::UnixMs;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, Client, Script};
use tokio::sync::mpsc;

use crate::SetupError;

/// How long one question may take. A limit that waits longer than this costs more than it protects.
const TIMEOUT: Duration = Duration::from_millis(200);
/// After a failure nobody asks for so long, so that a Redis that hangs slows down one request a second and no more.
const REST: Duration = Duration::from_secs(1);
/// Hints that wait to be taken.
const HINTS: usize = 256;

/// What processes tell each other. A hint saves somebody a second: who misses it looks by himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// There is a job.
    Work,
    /// The peers of the server with this id have changed.
    Peers,
}

impl Hint {
    fn channel(self) -> &'static str {
        match self {
            Hint::Work => "mirai:work",
            Hint::Peers => "mirai:peers",
        }
    }
}

/// The same arithmetic as [`Gcra::decide`], in whole numbers below 2^53, which Lua's doubles hold exactly. `now` is in
/// Unix milliseconds; empty for Redis's own clock.
const GCRA: &str = r"
local limit, period, now = tonumber(ARGV[1]), math.max(tonumber(ARGV[2]), 1) * 1000, 0
if ARGV[3] == '' then
  local time = redis.call('TIME')
  now = (tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)) * 1000
else
  now = tonumber(ARGV[3]) * 1000
end
local function ms(us) return math.ceil(us / 1000) end
if limit == 0 then return {0, now, 0, ms(period), ms(period)} end
local interval = math.ceil(period / limit)
local full = interval * limit
local tat = tonumber(redis.call('GET', KEYS[1]) or now)
local ahead = math.min(math.max(tat - now, 0), full)
local after = ahead + interval
local allowed = after <= full
local used = allowed and after or ahead
redis.call('SET', KEYS[1], string.format('%.0f', now + used), 'PX', ms(used) + 1)
return {allowed and 1 or 0, now + used, math.floor((full - used) / interval), ms(used), allowed and 0 or ms(after - full)}
";

/// Why Redis gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// It failed a moment ago and is left alone.
    #[error("Redis is resting after a failure")]
    Resting,
    /// It did not answer, or not what was asked.
    #[error("Redis: {0}")]
    Failed(String),
}

impl From<redis::RedisError> for RedisError {
    fn from(error: redis::RedisError) -> RedisError {
        // The library's text of a connection error has the address in it, which may have a password.
        RedisError::Failed(format!("{:?}", error.kind()))
    }
}

/// A client of Redis. It connects when it is first asked, and again whenever the connection is lost.
pub struct Redis {
    client: Client,
    connection: ConnectionManager,
    gcra: Script,
    began: Instant,
    /// Milliseconds after `began` until which nobody asks.
    resting_until: AtomicU64,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}

impl Redis {
    /// For `redis://…`, `rediss://…` (TLS) or `unix://…`. Nothing is sent yet. Must be called on a runtime.
    pub fn new(url: &str) -> Result<Redis, SetupError> {
        let client = Client::open(url).map_err(|_| SetupError::Redis)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(TIMEOUT))
            .set_connection_timeout(Some(TIMEOUT))
            .set_number_of_retries(0);
        let connection = client.get_connection_manager_lazy(config).map_err(|_| SetupError::Redis)?;
        let resting_until = AtomicU64::new(0);
        Ok(Redis { client, connection, gcra: Script::new(GCRA), began: Instant::now(), resting_until })
    }

    /// Counts a request at `key`; `now` is Redis's own time if there is none.
    pub async fn count(&self, key: &str, rule: Gcra, now: Option<UnixMs>) -> Result<Decision, RedisError> {
        let now = now.map(|now| now.to_string()).unwrap_or_default();
        let mut call = self.gcra.key(key);
        call.arg(rule.limit).arg(rule.period_ms).arg(now);
        let mut connection = self.connection.clone();
        let asked = self.ask(async move { call.invoke_async(&mut connection).await });
        let (allowed, new_tat, remaining, reset_ms, retry_after_ms): (i64, i64, u32, i64, i64) = asked.await?;
        Ok(Decision { allowed: allowed == 1, new_tat, remaining, reset_ms, retry_after_ms })
    }

    /// Tells all processes something.
    pub async fn tell(&self, hint: Hint, what: &str) -> Result<(), RedisError> {
        let mut connection = self.connection.clone();
        self.ask(async move { connection.publish::<_, _, ()>(hint.channel(), what).await }).await
    }

    /// What processes tell, this one too, from now on and until the connection is lost: then the channel ends. Of hints
    /// that nobody takes some are dropped.
    pub async fn hear(&self, hint: Hint) -> Result<mpsc::Receiver<String>, RedisError> {
        use futures_util::StreamExt as _;

        let timed = tokio::time::timeout(TIMEOUT * 5, async {
            let mut heard = self.client.get_async_pubsub().await?;
            heard.subscribe(hint.channel()).await?;
            Ok::<_, redis::RedisError>(heard)
        });
        let mut heard = timed.await.map_err(|_| RedisError::Failed("no answer".to_owned()))??;
        let (tell, hints) = mpsc::channel(HINTS);
        tokio::spawn(async move {
            let mut messages = heard.on_message();
            while let Some(message) = messages.next().await {
                let what = message.get_payload().unwrap_or_default();
                if matches!(tell.try_send(what), Err(mpsc::error::TrySendError::Closed(_))) {
                    break;
                }
            }
        });
        Ok(hints)
    }

    async fn ask<T>(&self, question: impl Future<Output = redis::RedisResult<T>>) -> Result<T, RedisError> {
        let at = || u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if at() < self.resting_until.load(Ordering::Relaxed) {
            return Err(RedisError::Resting);
        }
        let answer = match tokio::time::timeout(TIMEOUT, question).await {
            Ok(answer) => answer.map_err(RedisError::from),
            Err(_) => Err(RedisError::Failed("no answer".to_owned())),
        };
        if answer.is_err() {
            let rest = u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
            self.resting_until.store(at().saturating_add(rest), Ordering::Relaxed);
        }
        answer
    }
}

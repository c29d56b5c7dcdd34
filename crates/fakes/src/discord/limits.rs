//! Rate limits: a bucket per route and top-level resource, the global limit, and the eye on who ignores a 429.

use super::FakeDiscord;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Requests in a second over all routes but those by an interaction's token.
const GLOBAL: u32 = 50;
/// Renames and new topics of one channel in ten minutes; the headers do not tell of this limit.
const RENAMES: u32 = 2;
const RENAME_PERIOD: i64 = 600_000;
/// How long a 429 on demand asks to wait, in milliseconds.
const ON_DEMAND: i64 = 1_000;
/// A request that comes so soon after another was refused may have been under way.
const UNDER_WAY: Duration = Duration::from_millis(300);
/// Discord's network shuts out who makes so many invalid requests in ten minutes.
const MOST_INVALID: usize = 10_000;
const INVALID_PERIOD: i64 = 600_000;

/// Whose limit a 429 is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateScope {
    /// The bot's own, on this route and resource.
    User,
    /// The bot's own, over all routes.
    Global,
    /// The resource's, which others have used up.
    Shared,
}

impl RateScope {
    fn name(self) -> &'static str {
        match self {
            RateScope::User => "user",
            RateScope::Global => "global",
            RateScope::Shared => "shared",
        }
    }
}

/// A window that the first request opens.
#[derive(Debug, Default, Clone, Copy)]
struct Window {
    ends: i64,
    used: u32,
}

impl Window {
    /// Counts one request; whether it was one too many.
    fn exceeded(&mut self, now: i64, limit: u32, period: i64) -> bool {
        if now >= self.ends {
            *self = Window { ends: now + period, used: 0 };
        }
        let full = self.used >= limit;
        self.used += u32::from(!full);
        full
    }
}

#[derive(Debug, Default)]
pub(crate) struct Limits {
    lifted: bool,
    global: Window,
    buckets: BTreeMap<String, Window>,
    renames: BTreeMap<String, Window>,
    /// Buckets whose client was told to wait; the empty name is the global limit.
    told: BTreeMap<String, Told>,
    /// When the invalid requests of the last ten minutes were made.
    invalid: Vec<i64>,
}

/// That a client was told to wait.
#[derive(Debug)]
struct Told {
    until: i64,
    /// By the real clock.
    at: Instant,
    /// What was refused.
    request: String,
}

impl Told {
    /// Whether another request is to be taken amiss: the same one again, or any after a while.
    fn is_ignored_by(&self, request: &str) -> bool {
        self.request == request || self.at.elapsed() > UNDER_WAY
    }
}

/// A 429.
#[derive(Debug)]
pub(crate) struct Refusal {
    scope: RateScope,
    /// Milliseconds.
    wait: i64,
    code: Option<u32>,
}

/// What the limits say of one request.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) refusal: Option<Refusal>,
    /// Whose limit the client had been told to wait for, and did not.
    pub(crate) ignored: Option<RateScope>,
    headers: Vec<(&'static str, String)>,
}

/// A request as the limits see it: the route with its ids left out, and the top-level resource.
struct Place {
    route: String,
    resource: String,
    /// By an interaction's token: outside the global limit.
    by_token: bool,
}

fn place(method: &str, path: &str) -> Place {
    let parts: Vec<&str> = path.trim_start_matches("/api/v10/").split('/').collect();
    let (resource, by_token) = match parts.as_slice() {
        ["channels" | "guilds", id, ..] => ((*id).to_owned(), false),
        ["webhooks" | "interactions", id, token, ..] => (format!("{id}/{token}"), true),
        _ => (String::new(), false),
    };
    let mask = |(at, part): (usize, &&str)| {
        let is_token = by_token && at == 2;
        if is_token || part.parse::<u64>().is_ok() { "_".to_owned() } else { (*part).to_owned() }
    };
    let masked: Vec<String> = parts.iter().enumerate().map(mask).collect();
    Place { route: format!("{method} {}", masked.join("/")), resource, by_token }
}

/// Requests and milliseconds of a route, as Discord is seen to count.
fn limit_of(route: &str) -> (u32, i64) {
    match route {
        "POST channels/_/messages" | "PATCH channels/_/messages/_" | "PATCH channels/_" => (5, 5_000),
        "DELETE channels/_/messages/_" => (5, 1_000),
        "PUT guilds/_/members/_/roles/_" | "DELETE guilds/_/members/_/roles/_" => (10, 10_000),
        _ if route.contains(" webhooks/") => (5, 2_000),
        _ => (50, 1_000),
    }
}

/// A name for the bucket that tells nothing of its route (FNV-1a).
fn bucket_name(route: &str) -> String {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    format!("{:016x}", route.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}

/// Milliseconds as the seconds with a fraction that the headers hold.
fn seconds(milliseconds: i64) -> String {
    format!("{}.{:03}", milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000))
}

impl Limits {
    /// Whether a test has lifted them.
    pub(crate) fn lifted(&self) -> bool {
        self.lifted
    }

    /// Counts a request; `forced` is a 429 that a test asks for.
    pub(crate) fn admit(
        &mut self,
        now: i64,
        (method, path): (&str, &str),
        body: &Value,
        forced: Option<RateScope>,
    ) -> Verdict {
        let mut verdict = Verdict { refusal: None, ignored: None, headers: Vec::new() };
        let at = place(method, path);
        let (limit, period) = limit_of(&at.route);
        let key = format!("{} {}", at.route, at.resource);
        self.told.retain(|_, told| told.until > now);
        let request = format!("{method} {path} {body}");
        let (of_key, of_all) = (self.told.get(&key), self.told.get("").filter(|_| !at.by_token));
        let is_ignored = |told: &Option<&Told>| told.is_some_and(|told| told.is_ignored_by(&request));
        verdict.ignored =
            if is_ignored(&of_key) { Some(RateScope::User) } else { is_ignored(&of_all).then_some(RateScope::Global) };
        let (own, global) = (of_key.map(|told| told.until - now), of_all.map(|told| told.until - now));
        if self.lifted && forced.is_none() && own.is_none() && global.is_none() {
            return verdict;
        }
        let full = self.buckets.entry(key.clone()).or_default().exceeded(now, limit, period);
        let window = self.buckets.get(&key).copied().unwrap_or_default();
        let renames = at.route == "PATCH channels/_" && (body.get("name").is_some() || body.get("topic").is_some());
        verdict.refusal = if let Some(scope) = forced {
            Some(Refusal { scope, wait: ON_DEMAND, code: None })
        } else if let Some(wait) = global {
            Some(Refusal { scope: RateScope::Global, wait, code: None })
        } else if let Some(wait) = own {
            Some(Refusal { scope: RateScope::User, wait, code: None })
        } else if full {
            Some(Refusal { scope: RateScope::User, wait: window.ends - now, code: None })
        } else if !at.by_token && self.global.exceeded(now, GLOBAL, 1_000) {
            Some(Refusal { scope: RateScope::Global, wait: self.global.ends - now, code: None })
        } else if renames {
            let renamed = self.renames.entry(at.resource).or_default();
            let code = Some(20028);
            renamed.exceeded(now, RENAMES, RENAME_PERIOD).then(|| Refusal {
                scope: RateScope::User,
                wait: renamed.ends - now,
                code,
            })
        } else {
            None
        };
        if let Some(refusal) = &verdict.refusal {
            let told = if refusal.scope == RateScope::Global { String::new() } else { key };
            self.told.insert(told, Told { until: now + refusal.wait, at: Instant::now(), request });
        }
        // A global 429 says nothing of the route's own bucket.
        if verdict.refusal.as_ref().is_none_or(|refusal| refusal.scope != RateScope::Global) {
            let refused = verdict.refusal.as_ref().map(|refusal| now + refusal.wait);
            let left = if refused.is_some() { 0 } else { limit - window.used };
            let ends = refused.unwrap_or(window.ends);
            verdict.headers = vec![
                ("x-ratelimit-limit", limit.to_string()),
                ("x-ratelimit-remaining", left.to_string()),
                ("x-ratelimit-reset", seconds(ends)),
                ("x-ratelimit-reset-after", seconds(ends - now)),
                ("x-ratelimit-bucket", bucket_name(&at.route)),
            ];
        }
        verdict
    }

    /// Notes a request that Discord's network counts as invalid; whether they have become too many.
    pub(crate) fn count_invalid(&mut self, now: i64, status: u16, refusal: Option<&Refusal>) -> bool {
        let counts = match status {
            401 | 403 => true,
            429 => refusal.is_some_and(|refusal| refusal.scope != RateScope::Shared),
            _ => false,
        };
        if !counts {
            return false;
        }
        self.invalid.retain(|at| *at > now - INVALID_PERIOD);
        self.invalid.push(now);
        self.invalid.len() >= MOST_INVALID
    }
}

impl Verdict {
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

impl Refusal {
    pub(crate) fn response(&self) -> Response {
        let global = self.scope == RateScope::Global;
        let message = match self.scope {
            RateScope::Shared => "The resource is being rate limited.",
            _ => "You are being rate limited.",
        };
        let after: f64 = seconds(self.wait).parse().unwrap_or_default();
        let mut body = json!({ "message": message, "retry_after": after, "global": global });
        if let Some(code) = self.code {
            body["code"] = json!(code);
        }
        let mut response = (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        // This header holds whole seconds.
        let whole = (self.wait + 999).div_euclid(1000);
        headers.insert("retry-after", HeaderValue::from(whole));
        headers.insert("x-ratelimit-scope", HeaderValue::from_static(self.scope.name()));
        if global {
            headers.insert("x-ratelimit-global", HeaderValue::from_static("true"));
        }
        response
    }
}

impl FakeDiscord {
    /// From now on nothing is limited but by a [`super::Trouble::RateLimited`], identifies neither: for a test whose
    /// clock stands still, in which no window would ever end.
    pub fn lift_rate_limits(&self) {
        self.inner.lock().limits.lifted = true;
    }

    /// How many requests of the last ten minutes were invalid (401, 403, or 429 by the bot's own doing). At ten
    /// thousand Discord shuts out the address.
    #[must_use]
    pub fn invalid_requests(&self) -> usize {
        let now = self.inner.now();
        self.inner.lock().limits.invalid.iter().filter(|at| **at > now - INVALID_PERIOD).count()
    }
}

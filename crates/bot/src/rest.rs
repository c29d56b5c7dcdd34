//! Discord's API as the bot needs it. Limits are kept to before a request is made, and heeded after one was refused: what
//! twilight's own client does not do where all routes are meant (decision 28).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use twilight_http_ratelimiting as limits;
use twilight_http_ratelimiting::{Endpoint, RateLimitHeaders, RateLimiter};
use twilight_model::http::attachment::Attachment;
use url::Url;

use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::{CALL, Error};

/// What Discord asks a client to call itself: `DiscordBot (address, version)`.
const AGENT: &str = concat!("DiscordBot (", env!("CARGO_PKG_REPOSITORY"), ", ", env!("CARGO_PKG_VERSION"), ")");
/// Bytes of an answer at most.
const MOST: usize = 8 << 20;
/// What is told to wait for longer is not waited for: whoever asked tries again by themselves.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// A 429 that does not say for how long.
const SOME_WAIT: Duration = Duration::from_secs(1);

/// A client of Discord's API.
pub(crate) struct Rest {
    web: reqwest::Client,
    base: Url,
    token: SecretString,
    limits: RateLimiter,
    /// Until then nothing is asked for by the bot's token.
    quiet_until: Mutex<Option<Instant>>,
    /// Discord shuts out who keeps asking by a token that it refuses.
    is_refused: AtomicBool,
}

/// A request.
struct Call<'a> {
    method: Method,
    /// Below `/api/v10/`.
    path: &'a str,
    body: Option<&'a Value>,
    files: &'a [Attachment],
}

impl Call<'_> {
    /// Whether the token of an interaction is in its path: Discord counts those by themselves.
    fn is_by_interaction(&self) -> bool {
        self.path.starts_with("interactions/") || self.path.starts_with("webhooks/")
    }

    fn endpoint(&self) -> Endpoint {
        let method = match self.method {
            Method::DELETE => limits::Method::Delete,
            Method::PATCH => limits::Method::Patch,
            Method::POST => limits::Method::Post,
            Method::PUT => limits::Method::Put,
            _ => limits::Method::Get,
        };
        let path = self.path.split('?').next().unwrap_or_default();
        Endpoint { method, path: path.to_owned() }
    }
}

impl Rest {
    /// A client; needs a runtime.
    pub(crate) fn new(settings: &Settings) -> Result<Rest, Error> {
        let web =
            reqwest::Client::builder().user_agent(AGENT).timeout(CALL).redirect(reqwest::redirect::Policy::none());
        Ok(Rest {
            web: web.no_proxy().build().map_err(|error| Error::Defect(error.to_string()))?,
            base: settings.api_base.clone(),
            token: settings.token.clone(),
            limits: RateLimiter::default(),
            quiet_until: Mutex::default(),
            is_refused: AtomicBool::new(false),
        })
    }

    /// Fetches a file, by an address that was looked at.
    pub(crate) async fn file(&self, url: Url) -> reqwest::Result<Response> {
        self.web.get(url).send().await?.error_for_status()
    }

    /// Reads something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        read(&self.ask(&Call { method: Method::GET, path, body: None, files: &[] }).await?)
    }

    /// Sends something, and reads what came of it.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        files: &[Attachment],
    ) -> Result<T, Trouble> {
        read(&self.ask(&Call { method, path, body: Some(body), files }).await?)
    }

    /// Does something of which no answer is read.
    pub(crate) async fn tell(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(), Trouble> {
        self.ask(&Call { method, path, body, files: &[] }).await.map(drop)
    }

    /// Asks when it may, and again where Discord wants it later.
    async fn ask(&self, call: &Call<'_>) -> Result<Vec<u8>, Trouble> {
        loop {
            if self.is_refused.load(Ordering::Relaxed) {
                return Err(Trouble::TokenRefused);
            }
            // Each interaction would be a route of its own there, and be remembered for hours.
            let permit = if call.is_by_interaction() { None } else { Some(self.limits.acquire(call.endpoint()).await) };
            if permit.is_some()
                && let Some(rest) = self.quiet()
            {
                drop(permit);
                wait(rest).await?;
                continue;
            }
            let response = self.request(call).send().await.map_err(Trouble::of_connection)?;
            let (status, headers) = (response.status(), response.headers().clone());
            if let Some(permit) = permit {
                permit.complete(bucket(&headers));
            }
            let body = body_of(response).await?;
            match status {
                StatusCode::TOO_MANY_REQUESTS => wait(self.limited(&headers, &body)).await?,
                StatusCode::UNAUTHORIZED if !call.is_by_interaction() => {
                    self.is_refused.store(true, Ordering::Relaxed);
                    return Err(Trouble::TokenRefused);
                }
                _ if status.is_success() => return Ok(body),
                _ => return Err(Trouble::refused(status.as_u16(), &body)),
            }
        }
    }

    fn request(&self, call: &Call<'_>) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v10/{}", self.base.as_str().trim_end_matches('/'), call.path);
        let mut request = self.web.request(call.method.clone(), url);
        if !call.is_by_interaction()
            && let Ok(mut secret) = HeaderValue::from_str(&format!("Bot {}", self.token.expose_secret()))
        {
            secret.set_sensitive(true);
            request = request.header(AUTHORIZATION, secret);
        }
        match call.body {
            Some(body) if !call.files.is_empty() => {
                let file = |file: &Attachment| Part::bytes(file.file.clone()).file_name(file.filename.clone());
                let form = Form::new().text("payload_json", body.to_string());
                request.multipart(
                    call.files.iter().fold(form, |form, one| form.part(format!("files[{}]", one.id), file(one))),
                )
            }
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// How long it is still to be quiet.
    fn quiet(&self) -> Option<Duration> {
        let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.and_then(|until| until.checked_duration_since(Instant::now())).filter(|rest| !rest.is_zero())
    }

    /// What a 429 wants: its route alone waits, or, if it says nothing of a route, all that is asked for.
    fn limited(&self, headers: &HeaderMap, body: &[u8]) -> Duration {
        let said: Value = serde_json::from_slice(body).unwrap_or_default();
        let exact = said["retry_after"].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let whole = || Some(Duration::from_secs(text(headers, RETRY_AFTER.as_str())?.parse().ok()?));
        let rest = exact.or_else(whole).unwrap_or(SOME_WAIT);
        let is_of_a_route = matches!(text(headers, RateLimitHeaders::SCOPE), Some("user" | "shared"));
        if !is_of_a_route {
            let until = Instant::now() + rest;
            let mut known = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some(known.map_or(until, |known| known.max(until)));
        }
        tracing::info!(seconds = rest.as_secs_f64(), is_of_a_route, "Discord wants to be asked later");
        rest
    }
}

async fn wait(rest: Duration) -> Result<(), Trouble> {
    if rest > LONGEST_WAIT {
        return Err(Trouble::Limited(rest));
    }
    tokio::time::sleep(rest).await;
    Ok(())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What an answer says of the bucket that its route is in.
fn bucket(headers: &HeaderMap) -> Option<RateLimitHeaders> {
    let reset_after: f64 = text(headers, RateLimitHeaders::RESET_AFTER)?.parse().ok()?;
    Some(RateLimitHeaders {
        bucket: text(headers, RateLimitHeaders::BUCKET)?.as_bytes().to_vec(),
        limit: text(headers, RateLimitHeaders::LIMIT)?.parse().ok()?,
        remaining: text(headers, RateLimitHeaders::REMAINING)?.parse().ok()?,
        reset_at: Instant::now() + Duration::try_from_secs_f64(reset_after).ok()?,
    })
}

async fn body_of(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Trouble::of_connection)? {
        if body.len() + chunk.len() > MOST {
            return Err(Trouble::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|_| Trouble::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_bucket_is_known_by_its_headers_and_by_nothing_less() {
        let all = [
            ("x-ratelimit-bucket", "abcd"),
            ("x-ratelimit-limit", "5"),
            ("x-ratelimit-remaining", "4"),
            ("x-ratelimit-reset-after", "1.250"),
        ];
        let known = bucket(&headers(&all)).expect("a bucket");
        assert_eq!((known.bucket.as_slice(), known.limit, known.remaining), (b"abcd".as_slice(), 5, 4));
        assert!(known.reset_at > Instant::now() + Duration::from_millis(1_100));
        for left_out in 0..all.len() {
            let some: Vec<_> = all.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, one)| *one).collect();
            assert!(bucket(&headers(&some)).is_none(), "{some:?}");
        }
        let mut odd = all;
        odd[3].1 = "-1";
        assert!(bucket(&headers(&odd)).is_none());
    }

    #[test]
    fn routes_are_counted_without_their_query_and_interactions_by_themselves() {
        let call = |path| Call { method: Method::GET, path, body: None, files: &[] };
        assert_eq!(call("channels/1/messages?limit=50").endpoint().path, "channels/1/messages");
        assert!(call("interactions/1/token/callback").is_by_interaction());
        assert!(!call("channels/1/messages").is_by_interaction());
    }
}

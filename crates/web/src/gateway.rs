//! What gateways ask: enrolment, the stream of their peers, and what they have applied.
//!
//! The stream is written from the log of the server's list, one frame after the other: a gateway that reads slowly holds
//! up its own stream only, and gets what it lacks in one frame later; nothing waits for it in memory.

use std::time::Duration;

use api::gateway::{
    Ack, Counter, Enrol, Enrolled, Follow, Frame, Grant, LookAt, Looks, MAX_COUNTERS, MAX_SIGHTS, Op, Peer, Report,
    Reported, Rotate, ToLook, VERSION,
};
use app::gateway::{self, Gateway, NewGateway};
use app::gateway_peers::{self, Changes, News, Standing, WantedPeer};
use app::gateway_report;
use app::limiter::Subject;
use app::vantage::{self, Seen};
use app::{App, Error, LimitClass};
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::monitor::verdict::Verdict;
use domain::vpn::key::PublicKey;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use crate::client::ClientAddr;
use crate::context::Ctx;
use crate::error::ApiError;
use crate::extract::unreadable;
use crate::server::Stopping;

/// Silence after which a heartbeat is said.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often a stream asks whether its gateway's credential and start still count.
const CHECK: Duration = Duration::from_secs(5);
/// Frames that wait for the connection. Few: a revocation is not to wait behind a snapshot.
const WAITING: usize = 2;
/// Bytes of a report: one of [`MAX_COUNTERS`] has half of it.
const MAX_REPORT: usize = 512 * 1024;
/// Longest text about a gateway that is kept.
const MAX_WORD: usize = 16;
const MAX_VERSION: usize = 32;

/// The gateways' routes. They need no API key: a gateway has a credential of its own.
pub(crate) fn router() -> Router<Ctx> {
    Router::new()
        .route("/enrol", post(enrol))
        .route("/stream", get(stream))
        .route("/ack", post(ack))
        .route("/rotate", post(rotate))
        .route("/report", post(report).layer(DefaultBodyLimit::max(MAX_REPORT)))
        .route("/look", post(look))
        .route("/address", get(address))
        .fallback(|| async { ApiError::from(Error::NotFound) })
}

/// A body of a gateway's. Unknown fields are those of another release.
fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, ApiError> {
    let body = body.map_err(unreadable)?;
    serde_json::from_slice(&body)
        .map_err(|error| ApiError::request(StatusCode::BAD_REQUEST, "body_invalid", error.to_string()))
}

async fn enrol(
    State(ctx): State<Ctx>,
    Extension(ClientAddr(client)): Extension<ClientAddr>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Enrolled>, ApiError> {
    let app = &ctx.app;
    let counted = app.limiter.hit(LimitClass::Credential, Subject::Client(client), app.clock.now()).await;
    if !counted.allowed {
        return Err(Error::TooMany { retry_after_ms: counted.retry_after_ms }.into());
    }
    let asked: Enrol = read(body)?;
    if asked.protocol != VERSION {
        let detail = format!("this control plane speaks version {VERSION} of the gateways' protocol");
        return Err(ApiError::request(StatusCode::CONFLICT, "protocol_version", detail));
    }
    let is_short = |text: &str, most: usize| (1..=most).contains(&text.len());
    if !is_short(&asked.driver, MAX_WORD) || !is_short(&asked.version, MAX_VERSION) {
        return Err(Error::invalid("driver", "text_length", "driver and version are short words").into());
    }
    let public_key = PublicKey::parse(&asked.public_key)
        .map_err(|error| Error::invalid("public_key", error.code(), error.to_string()))?;
    let credential_hash = credential_hash(&asked.credential_hash)?;
    let new =
        NewGateway { token: asked.token, public_key, credential_hash, driver: asked.driver, version: asked.version };
    let server = gateway::enrol(app, &new).await?;
    let (v4, v6) = app.config.pool.gateway();
    Ok(Json(Enrolled {
        server_id: server.id,
        name: server.name,
        address_v4: (v4, app.config.pool.v4().prefix_len()),
        address_v6: (v6, app.config.pool.v6().prefix_len()),
    }))
}

/// The gateway that asks, and the credential that it shows. Whoever shows what is none may do so a few times a minute.
struct Known {
    gateway: Gateway,
    credential: String,
}

impl FromRequestParts<Ctx> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Known, ApiError> {
        let app = &ctx.app;
        let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let found = match shown.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(credential) => gateway::known(app, credential)
                .await
                .map(|gateway| Known { gateway, credential: credential.to_owned() }),
            None => Err(Error::Unauthorized {
                code: "gateway_unknown",
                detail: "send the gateway's credential in Authorization: Bearer",
            }),
        };
        if matches!(found, Err(Error::Unauthorized { .. }))
            && let Some(ClientAddr(client)) = parts.extensions.get::<ClientAddr>()
        {
            let counted = app.limiter.hit(LimitClass::Credential, Subject::Client(*client), app.clock.now()).await;
            if !counted.allowed {
                return Err(Error::TooMany { retry_after_ms: counted.retry_after_ms }.into());
            }
        }
        Ok(found?)
    }
}

async fn rotate(
    State(app): State<App>,
    Known { gateway, credential }: Known,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, ApiError> {
    let asked: Rotate = read(body)?;
    gateway::rotate(&app, &gateway, &credential, credential_hash(&asked.credential_hash)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn credential_hash(text: &str) -> Result<[u8; 32], Error> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash)
        .map_err(|_| Error::invalid("credential_hash", "hash", "64 hexadecimal digits"))?;
    Ok(hash)
}

async fn ack(
    State(app): State<App>,
    Known { gateway, .. }: Known,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, ApiError> {
    let said: Ack = read(body)?;
    for failure in &said.failures {
        tracing::warn!(server = %gateway.server_id, peer = failure.public_key, reason = failure.reason,
            "a gateway could not apply a peer");
    }
    gateway::applied(&app, &gateway, said.start.generation, &said.start.instance, said.revision).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn report(
    State(app): State<App>,
    Known { gateway, .. }: Known,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Reported>, ApiError> {
    let said: Report = read(body)?;
    if said.counters.len() > MAX_COUNTERS {
        let detail = format!("{MAX_COUNTERS} counters in a report at most");
        return Err(ApiError::request(StatusCode::PAYLOAD_TOO_LARGE, "counters_too_many", detail));
    }
    let counters: Vec<gateway_report::Counter> = said.counters.iter().map(counter).collect();
    let Report { start, now, revision, health, .. } = said;
    let health = gateway_report::Health {
        clock: now,
        revision,
        active_peers: i64::from(health.active_peers),
        rates: (within(health.rx_rate), within(health.tx_rate)),
        drops: within(health.drops),
        in_use: (health.cpu, health.memory),
        trouble: health.trouble,
    };
    gateway_report::health(&app, &gateway, start.generation, &start.instance, &health).await?;
    let grants = gateway_report::count(&app, gateway.server_id, &counters).await?;
    Ok(Json(Reported { grants: grants.into_iter().map(|(key, one)| (key, grant(one))).collect() }))
}

fn counter(said: &Counter) -> gateway_report::Counter {
    let Counter { public_key, generation, rx, tx } = said;
    gateway_report::Counter {
        public_key: public_key.clone(),
        generation: *generation,
        rx: within(*rx),
        tx: within(*tx),
    }
}

/// A number that a sum of a thousand such still has room for: half a petabyte.
fn within(said: u64) -> i64 {
    const MOST: u64 = 1 << 49;
    i64::try_from(said.min(MOST)).unwrap_or(0)
}

fn grant(one: gateway_peers::Grant) -> Grant {
    Grant { generation: one.generation, counted: one.counted, left: one.left }
}

async fn look(
    State(app): State<App>,
    Known { gateway, .. }: Known,
    Extension(ClientAddr(from)): Extension<ClientAddr>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ToLook>, ApiError> {
    let said: Looks = read(body)?;
    if said.sights.len() > MAX_SIGHTS {
        let detail = format!("{MAX_SIGHTS} sights in a request at most");
        return Err(ApiError::request(StatusCode::PAYLOAD_TOO_LARGE, "sights_too_many", detail));
    }
    let public_key = PublicKey::parse(&said.public_key)
        .map_err(|error| Error::invalid("public_key", error.code(), error.to_string()))?;
    let seen = said.sights.into_iter().map(|sight| Seen {
        server: sight.server_id,
        // A word of another release says nothing here.
        verdict: sight.verdict.parse().unwrap_or(Verdict::Unknown),
        latency_us: sight.latency_us,
        trouble: sight.trouble.filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')),
    });
    let said = vantage::Said { instance: said.start.instance, public_key, from, seen: seen.collect() };
    let wanted = vantage::report(&app, &gateway, &said).await?;
    let at = wanted.at.into_iter().filter_map(|(server, egress)| {
        Some(LookAt { server_id: server.id, endpoint: server.endpoint, public_key: server.public_key?, egress })
    });
    Ok(Json(ToLook { v4: wanted.address, page: wanted.page, at: at.collect() }))
}

/// The address that the request comes from, for whoever has fetched it through a tunnel. Nothing is counted or kept: the
/// customers of a gateway come from the same one.
async fn address(Extension(ClientAddr(from)): Extension<ClientAddr>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], from.to_string())
}

async fn stream(
    State(app): State<App>,
    Known { gateway, .. }: Known,
    Extension(Stopping(mut stopping)): Extension<Stopping>,
    follow: Result<Query<Follow>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(follow) =
        follow.map_err(|error| ApiError::request(StatusCode::BAD_REQUEST, "query_invalid", error.body_text()))?;
    gateway::start(&app, &gateway, follow.generation, &follow.instance).await?;
    let (frames, body) = mpsc::channel::<Bytes>(WAITING);
    let server = gateway.server_id;
    let telling =
        Telling { news: gateway_peers::news(&app, server), app, server, gateway, instance: follow.instance, frames };
    tokio::spawn(async move {
        tokio::select! {
            ended = telling.run(follow.after) => {
                if let Err(End::Failed(error)) = ended {
                    tracing::warn!(%server, error = error.chain(), "a gateway's stream broke off");
                }
            }
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    });
    let body = Body::from_stream(futures_util::stream::unfold(body, |mut body| async {
        body.recv().await.map(|frame| (Ok::<_, std::convert::Infallible>(frame), body))
    }));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// Why a stream ended.
enum End {
    /// The gateway went away, or another one has taken its place.
    Gone,
    /// The state could not be read; the gateway comes again.
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        End::Failed(error)
    }
}

/// What one gateway is told.
struct Telling {
    app: App,
    server: Uuid,
    gateway: Gateway,
    instance: String,
    news: News,
    frames: mpsc::Sender<Bytes>,
}

impl Telling {
    async fn run(mut self, after: Option<i64>) -> Result<(), End> {
        // So that the gateway knows at once that it is heard.
        self.say(&Frame::Heartbeat { revision: after.unwrap_or(0), now: self.app.clock.now() }).await?;
        let mut at = match after {
            Some(revision) => revision,
            None => self.snapshot().await?,
        };
        let (mut said, mut checked) = (Instant::now(), Instant::now());
        loop {
            if checked.elapsed() >= CHECK {
                if !gateway::is_current(&self.app, &self.gateway, &self.instance).await? {
                    return Err(End::Gone);
                }
                checked = Instant::now();
            }
            match gateway_peers::changes(&self.app, self.server, at).await? {
                Standing::Current => {
                    if said.elapsed() >= HEARTBEAT {
                        self.say(&Frame::Heartbeat { revision: at, now: self.app.clock.now() }).await?;
                        said = Instant::now();
                    }
                    tokio::select! {
                        () = self.news.heard() => {}
                        () = self.frames.closed() => return Err(End::Gone),
                    }
                }
                Standing::Behind(changes) => {
                    at = self.delta(at, changes).await?;
                    said = Instant::now();
                }
                Standing::Lost => {
                    at = self.snapshot().await?;
                    said = Instant::now();
                }
            }
        }
    }

    /// Says all peers. What changes meanwhile is said between the parts, so that nobody stays on the network for the
    /// length of a snapshot. Returns the revision that the gateway is at.
    async fn snapshot(&mut self) -> Result<i64, End> {
        let revision = gateway_peers::revision(&self.app, self.server).await?;
        let (mut at, mut after, mut part) = (revision, Uuid::nil(), 0);
        loop {
            let page = gateway_peers::page(&self.app, self.server, after).await?;
            let peers = page.peers.into_iter().map(peer).collect();
            self.say(&Frame::Snapshot { revision, part, is_last: page.next.is_none(), peers }).await?;
            let Some(next) = page.next else { return Ok(at) };
            (after, part) = (next, part + 1);
            while let Standing::Behind(changes) = gateway_peers::changes(&self.app, self.server, at).await? {
                at = self.delta(at, changes).await?;
            }
        }
    }

    async fn delta(&self, from: i64, changes: Changes) -> Result<i64, End> {
        let gone = changes.gone.into_iter().map(|public_key| Op::Remove { public_key });
        let ops = gone.chain(changes.served.into_iter().map(|wanted| Op::Upsert(peer(wanted)))).collect();
        self.say(&Frame::Delta { from, revision: changes.revision, ops }).await?;
        Ok(changes.revision)
    }

    async fn say(&self, frame: &Frame) -> Result<(), End> {
        let bytes = frame.encode().map_err(|error| Error::Internal(Box::new(error)))?;
        self.frames.send(bytes.into()).await.map_err(|_| End::Gone)
    }
}

fn peer(wanted: WantedPeer) -> Peer {
    Peer {
        public_key: wanted.public_key,
        preshared_key: STANDARD.encode(wanted.preshared_key),
        v4: wanted.addresses.0,
        v6: wanted.addresses.1,
        valid_until: wanted.valid_until,
        grant: wanted.grant.map(grant),
        speed_mbit: wanted.speed_mbit,
        is_probe: wanted.is_probe,
    }
}

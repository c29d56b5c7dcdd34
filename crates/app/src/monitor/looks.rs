//! Looking: all that is due at the same time, each with an end, and nothing believed of a monitor that is cut off itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::monitor::rollup::Mark;
use domain::monitor::round::{self, Sight};
use domain::monitor::target::{Target, Wants};
use domain::monitor::verdict::Verdict;
use domain::time::UnixMs;
use store::checks::{self, Model};
use store::vantages::sights;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Seen;
use crate::gateway::Gateway;
use crate::{App, vantage};

/// A gateway that is silent so long fails a look. It reports every few seconds; a restart, here or there, is shorter.
const SILENT_MS: i64 = 60_000;
/// What nobody has looked at for so long, and as long again as a look counts, is not known to be down any more.
const UNSEEN_MS: i64 = 600_000;
/// How many look at the same time.
const AT_ONCE: usize = 128;
/// Moments without the database are noted so far apart, and so many at most.
const AWAY_EVERY_MS: i64 = 60_000;
const MOST_AWAY: usize = 7 * 24 * 60;

/// When the database did not answer, for the time when it does: it can't be written down before.
#[derive(Debug, Default)]
pub(crate) struct Away(Mutex<Vec<UnixMs>>);

impl Away {
    /// It does not answer now.
    pub(crate) fn note(&self, now: UnixMs) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MOST_AWAY && noted.last().is_none_or(|last| now - last >= AWAY_EVERY_MS) {
            noted.push(now);
        }
    }

    /// What was noted, which is forgotten here.
    pub(crate) fn take(&self) -> Vec<UnixMs> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A sight and what comes with it.
#[derive(Debug, Default)]
struct Glance {
    verdict: Option<Verdict>,
    latency_us: Option<u64>,
    trouble: Option<String>,
    /// Whether it needs no network of ours, or proves that there is one.
    needs_no_network: bool,
    proves_network: bool,
    /// See [`Seen`].
    is_unseen: bool,
}

/// What is seen of these checks now.
pub(super) async fn at(
    app: &App,
    due: &[&Model],
    gateways: &HashMap<Uuid, Gateway>,
    sights: &HashMap<Uuid, Vec<sights::Model>>,
    now: UnixMs,
) -> HashMap<Uuid, Seen> {
    let mut looking: JoinSet<(Uuid, Glance)> = JoinSet::new();
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut glances: Vec<(Uuid, Glance)> = Vec::new();
    for check in due {
        let server = check.cause.strip_prefix("server:").and_then(|id| id.parse::<Uuid>().ok());
        let seen_by_others = match check.kind.as_str() {
            checks::HEARTBEAT => Some(heartbeat(server.and_then(|id| gateways.get(&id)), now)),
            checks::TUNNEL => Some(tunnel(check, server.and_then(|id| sights.get(&id)), now)),
            _ => None,
        };
        if let Some(glance) = seen_by_others {
            glances.push((check.id, glance));
            continue;
        }
        let (app, check, free) = (app.clone(), (*check).clone(), Arc::clone(&free));
        looking.spawn(async move {
            // It is never closed.
            let _turn = free.acquire().await;
            (check.id, glance(&app, &check, now).await)
        });
    }
    while let Some(done) = looking.join_next().await {
        // One that panicked has seen nothing.
        glances.extend(done.ok());
    }
    let any = |is: fn(&Glance) -> bool| glances.iter().any(|(_, glance)| is(glance));
    let is_in_doubt = any(|glance| glance.verdict == Some(Verdict::Fail) && !glance.needs_no_network);
    // Where the world answers somebody, what does not answer is itself the cause.
    let connected = !is_in_doubt || any(|glance| glance.proves_network) || app.stripe.answers().await;
    let away = if due.iter().any(|check| check.kind == checks::DATABASE) { app.away.take() } else { Vec::new() };
    let is_database = |id: Uuid| due.iter().any(|check| check.id == id && check.kind == checks::DATABASE);
    let seen = |(id, glance): (Uuid, Glance)| {
        let sight = |verdict| Sight { verdict, connected: connected || glance.needs_no_network };
        let verdict = round::judge(&glance.verdict.map(sight).into_iter().collect::<Vec<_>>(), 1);
        let past = away.iter().filter(|at| is_database(id) && **at < now).map(|at| Mark::new(*at, Verdict::Fail));
        let mark = Mark { at: now, verdict, latency_us: glance.latency_us.filter(|_| verdict == Verdict::Ok) };
        let marks = past.chain([mark]).collect();
        (id, Seen { marks, trouble: glance.trouble, is_unseen: glance.is_unseen })
    };
    glances.into_iter().map(seen).collect()
}

/// A server without an agent is never heard, and nobody knows how it is.
fn heartbeat(gateway: Option<&Gateway>, now: UnixMs) -> Glance {
    let verdict = gateway.map(|gateway| {
        let heard = gateway.reported_at.unwrap_or(gateway.enrolled_at);
        if now - heard < SILENT_MS { Verdict::Ok } else { Verdict::Fail }
    });
    Glance { verdict, proves_network: verdict == Some(Verdict::Ok), ..Glance::default() }
}

/// What other gateways have seen, who themselves found out whether they were cut off.
fn tunnel(check: &Model, sights: Option<&Vec<sights::Model>>, now: UnixMs) -> Glance {
    let sights = sights.map(Vec::as_slice).unwrap_or_default();
    let (verdict, latency_us, trouble) = vantage::judge(sights, check.checked_at, now);
    let is_unseen = !vantage::is_seen(sights, now - UNSEEN_MS);
    Glance { verdict: Some(verdict), latency_us, trouble, needs_no_network: true, is_unseen, ..Glance::default() }
}

async fn glance(app: &App, check: &Model, now: UnixMs) -> Glance {
    let timeout = Duration::from_millis(u64::try_from(check.timeout_ms).unwrap_or(0));
    let target = match check.kind.as_str() {
        checks::DATABASE => return database(app).await,
        checks::SITE => Target::new(domain::monitor::target::Kind::Http, &app.config.link("/"), Wants::default()),
        _ => target(check),
    };
    let Ok(target) = target else { return Glance::default() };
    let look = app.prober.look(&target, timeout, now, app.dice.number()).await;
    Glance {
        verdict: Some(look.verdict),
        latency_us: look.latency_us,
        trouble: look.trouble.map(|trouble| trouble.as_str().to_owned()),
        needs_no_network: false,
        // The site is this machine, by whatever name and address it is known.
        proves_network: look.is_from_afar && check.kind != checks::SITE,
        is_unseen: false,
    }
}

async fn database(app: &App) -> Glance {
    let began = Instant::now();
    let answers = app.store.ping().await.is_ok();
    let verdict = if answers { Verdict::Ok } else { Verdict::Fail };
    let latency_us = u64::try_from(began.elapsed().as_micros()).ok();
    Glance { verdict: Some(verdict), latency_us, needs_no_network: true, ..Glance::default() }
}

/// What an operator's check looks at.
pub(crate) fn target(check: &Model) -> Result<Target, domain::monitor::target::BadTarget> {
    let wants = Wants {
        status: check.want_status.and_then(|status| u16::try_from(status).ok()),
        text: check.want_text.clone(),
        certificate_days: check.want_days.and_then(|days| u16::try_from(days).ok()),
    };
    Target::new(check.kind.parse()?, check.target.as_deref().unwrap_or_default(), wants)
}

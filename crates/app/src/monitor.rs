//! Watching the service: each VPN server has a check of its gateway's heartbeat and one of what other gateways see through
//! its tunnel, the site and the database have one each, and operators define others. Checks of one server or part share
//! their cause, and make one incident.

mod enlist;
mod looks;
mod outage;

use std::collections::HashMap;

use domain::monitor::incident::{self, Member};
use domain::monitor::rollup::{Mark, Resolution, Span, Tally};
use domain::monitor::verdict::Verdict;
use domain::monitor::watch::Watch;
use domain::time::{DAY_MS, UnixMs};
use domain::vpn::balancer::ServerStatus;
use store::checks::{self, components};
use store::{Tx, gateways, incidents, probe_results, rollups, vps_servers};
use uuid::Uuid;

use crate::gateway::Gateway;
use crate::server::ServerRow;
use crate::{App, Result, maintenance, vantage};

pub(crate) use enlist::{cause_of, component_named, new_check};
pub(crate) use looks::{Away, target};
pub(crate) use outage::end;

/// A look counts for so many times as long as the next one takes to come, which may be late.
const HOLD: i64 = 3;
/// A look is due so long before its time: whoever looks comes by each minute, more or less.
const EARLY_MS: i64 = 30_000;
/// Who has not looked for so long was off, and nobody could report: silence is our own then.
const OFF_MS: i64 = 90_000;
/// How long what was seen is kept, and the rollups of it; those of days are kept for good.
const KEEP_RESULTS_MS: i64 = 7 * DAY_MS;
const KEEP_MINUTES_MS: i64 = 2 * DAY_MS;
const KEEP_HOURS_MS: i64 = 40 * DAY_MS;
/// After a longer pause than this the minutes of it are not counted one by one, but its hours and days are.
const MINUTES_BACK_MS: i64 = 2 * 3_600_000;

/// What the checks of one server or part have in common.
#[derive(Debug)]
struct Cause {
    key: String,
    /// The server's name, or the part's.
    name: String,
    /// Whether it should work; see [`is_watched`].
    is_watched: bool,
    /// When work on it was announced for, as far back as anything is counted.
    maintenance: Vec<Span>,
}

/// What was seen of a check.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// In the order of time; one, as a rule.
    marks: Vec<Mark>,
    /// What was wrong with the last, as a class.
    trouble: Option<String>,
    /// Nobody looks any more: that it was down says nothing now.
    is_unseen: bool,
}

/// One look at everything that is due. A process that is late, or comes second, looks at what is left. Nothing is held
/// locked meanwhile, and all checks together take not much longer than the slowest.
pub async fn watch(app: &App) -> Result<()> {
    let servers = vps_servers::all(&app.store).await?;
    let gateways: HashMap<Uuid, Gateway> =
        gateways::all(&app.store).await?.into_iter().map(|gateway| (gateway.server_id, gateway)).collect();
    // Who is to look at whom can wait; that anybody looks can't.
    if let Err(error) = vantage::choose(app, &servers, &gateways).await {
        tracing::warn!(error = error.chain(), "who looks at which gateway was not settled; it is tried again");
    }
    let sights = vantage::all(app).await?;
    enlist::all(app, &servers, &sights).await?;
    let now = app.clock.now();
    let mut due: Vec<checks::Model> = Vec::new();
    let mut causes: Vec<Cause> = Vec::new();
    let planned = maintenance::all(app).await?;
    // A gateway's silence during work may be noticed a little later.
    let counted = Span { from: now - KEEP_RESULTS_MS - DAY_MS, to: now + 1 };
    for (check, component) in checks::all(&app.store).await? {
        if now - check.checked_at < check.every_ms - EARLY_MS {
            continue;
        }
        if causes.iter().all(|cause| cause.key != check.cause) {
            let work = maintenance::spans(&planned, component.id, counted);
            causes.extend(cause(&component, &check, &servers, work));
        }
        due.push(check);
    }
    let watched: Vec<&checks::Model> =
        due.iter().filter(|check| causes.iter().any(|cause| cause.is_watched && cause.key == check.cause)).collect();
    let seen = looks::at(app, &watched, &gateways, &sights, now).await;
    for cause in &causes {
        app.retrying(|| take_in(app, cause, &seen, now)).await?;
    }
    app.status.forget();
    app.wake_worker();
    Ok(())
}

/// The database does not answer now: its check is told so as soon as it does.
pub fn database_is_away(app: &App) {
    app.away.note(app.clock.now());
}

fn cause(
    component: &components::Model,
    check: &checks::Model,
    servers: &[ServerRow],
    maintenance: Vec<Span>,
) -> Option<Cause> {
    let (name, is_watched) = match component.server_id {
        Some(id) => {
            let server = servers.iter().find(|server| server.id == id)?;
            (server.name.clone(), is_watched(server))
        }
        None => (component.name.clone().unwrap_or_default(), true),
    };
    Some(Cause { key: check.cause.clone(), name, is_watched, maintenance })
}

/// Forgets what is old.
pub(crate) async fn clean_up(app: &App, now: UnixMs) -> Result<()> {
    probe_results::prune(&app.store, now - KEEP_RESULTS_MS).await?;
    rollups::prune(&app.store, Resolution::Minute, now - KEEP_MINUTES_MS).await?;
    rollups::prune(&app.store, Resolution::Hour, now - KEEP_HOURS_MS).await?;
    Ok(())
}

/// Whether a server should be heard: not before it serves, and not once an operator has taken it out.
pub(crate) fn is_watched(server: &ServerRow) -> bool {
    matches!(server.status(), ServerStatus::Up | ServerStatus::Degraded | ServerStatus::Draining)
}

/// How long a look of a check counts.
pub(crate) fn hold_ms(check: &checks::Model) -> i64 {
    check.every_ms.saturating_mul(HOLD)
}

/// Takes in what was seen of the checks of a cause, and does what follows from it. What is not watched is seen by nobody.
async fn take_in(app: &App, cause: &Cause, seen: &HashMap<Uuid, Seen>, now: UnixMs) -> Result<()> {
    let tx = app.store.write_txn().await?;
    let mut rows = checks::lock_of_cause(&tx, &cause.key).await?;
    let nothing = Seen { marks: vec![Mark::new(now, Verdict::Unknown)], ..Seen::default() };
    for row in &mut rows {
        let seen = if cause.is_watched { seen.get(&row.id) } else { Some(&nothing) };
        let Some(seen) = seen.filter(|seen| seen.marks.last().is_some_and(|mark| mark.at > row.checked_at)) else {
            continue;
        };
        // One that was taken out and comes back begins anew.
        let mut watch = if cause.is_watched && !seen.is_unseen { row.watch() } else { Watch::new(now) };
        let before = row.checked_at;
        for mark in seen.marks.iter().filter(|mark| mark.at > before) {
            let mark = credible(row, *mark);
            probe_results::insert(&tx, row.id, mark).await?;
            watch.step(mark.verdict, mark.at, row.thresholds());
            mark.verdict.as_str().clone_into(&mut row.verdict);
            row.checked_at = mark.at;
            if mark.verdict == Verdict::Ok {
                row.ok_at = Some(mark.at);
            }
        }
        row.set_watch(watch);
        row.trouble.clone_from(&seen.trouble);
        roll_up(&tx, row, &cause.maintenance, now).await?;
        checks::save(&tx, row.clone()).await?;
    }
    let in_maintenance = cause.maintenance.iter().any(|work| work.contains(now));
    let member =
        |row: &checks::Model| Member { down_since: row.is_down.then(|| down_since(cause, row)), in_maintenance };
    // What an operator took out is no outage any more, and what nobody can tell makes one neither better nor worse.
    let is_counted = |row: &&checks::Model| cause.is_watched && (row.is_down || row.verdict() != Verdict::Unknown);
    let members: Vec<Member> = rows.iter().filter(is_counted).map(member).collect();
    let open = incidents::lock_open(&tx, &cause.key).await?;
    let step = incident::step(open.as_ref().map(incidents::Model::open), &members, now);
    outage::go_on(app, &tx, cause, open, &rows, step, now).await?;
    Ok(tx.commit().await?)
}

/// Since when a check is down without an excuse: what fails during work is an outage from its announced end on.
fn down_since(cause: &Cause, row: &checks::Model) -> UnixMs {
    let mut since = row.since;
    while let Some(work) = cause.maintenance.iter().find(|work| work.contains(since)) {
        since = work.to;
    }
    since
}

/// A failure that may be our own is none: silence after a pause in which nobody could report, and a site or a tunnel that
/// was never yet seen working, where the way to it may be closed from here.
fn credible(row: &checks::Model, mark: Mark) -> Mark {
    let is_doubtful = match row.kind.as_str() {
        checks::HEARTBEAT => mark.at - row.checked_at > OFF_MS,
        checks::SITE | checks::TUNNEL => row.ok_at.is_none(),
        _ => false,
    };
    if mark.verdict == Verdict::Fail && is_doubtful { Mark::new(mark.at, Verdict::Unknown) } else { mark }
}

/// Counts the minutes, hours and days that have ended. What is seen later does not change them.
async fn roll_up(tx: &Tx, row: &mut checks::Model, maintenance: &[Span], now: UnixMs) -> Result<()> {
    let back = |ms: i64| row.rolled_to.max(now - ms);
    let mut spans: Vec<(Resolution, Span)> = Vec::new();
    for (resolution, after) in [
        (Resolution::Minute, back(MINUTES_BACK_MS)),
        (Resolution::Hour, back(KEEP_RESULTS_MS)),
        (Resolution::Day, back(KEEP_RESULTS_MS)),
    ] {
        spans.extend(resolution.ended(after, now).map(|span| (resolution, span)));
    }
    let Some(first) = spans.iter().map(|(_, span)| span.from).min() else { return Ok(()) };
    let hold = hold_ms(row);
    let marks = probe_results::of(tx, row.id, Span { from: first - hold, to: now }).await?;
    let count = |(resolution, span): (Resolution, Span)| {
        rollups::Model::new(resolution, row.id, span.from, &Tally::of(span, &marks, hold, maintenance))
    };
    rollups::save(tx, spans.into_iter().map(count).collect()).await?;
    row.rolled_to = now;
    Ok(())
}

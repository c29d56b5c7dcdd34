//! Watching the VPN servers: each has a component and a check of its gateway's heartbeat, looked at each minute.

use std::collections::HashMap;

use domain::account::Role;
use domain::monitor::incident::{self, Member, Stage, Step};
use domain::monitor::rollup::{Mark, Resolution, Span, Tally};
use domain::monitor::round::{self, Sight};
use domain::monitor::verdict::Verdict;
use domain::monitor::watch::Watch;
use domain::time::{DAY_MS, UnixMs, minute};
use domain::vpn::balancer::ServerStatus;
use store::checks::{self, components};
use store::incidents::{self, updates};
use store::{Tx, gateways, probe_results, rollups, users, vps_servers};
use uuid::Uuid;

use crate::gateway::Gateway;
use crate::letter::Letter;
use crate::server::ServerRow;
use crate::{App, Result, mail};

/// How long a look counts: the next one is due after a minute, and may come late.
pub(crate) const HOLD_MS: i64 = 3 * 60_000;
/// A gateway that is silent so long fails a look. It reports every few seconds; a restart, here or there, is shorter.
const SILENT_MS: i64 = 60_000;
/// Whoever has not looked for so long was off, and nobody could report: silence is our own then.
const OFF_MS: i64 = 90_000;
/// Looks that a check needs to go down, and to come up.
const DOWN_AFTER: i64 = 2;
const UP_AFTER: i64 = 2;
/// How long what was seen is kept, and the rollups of it; those of days are kept for good.
const KEEP_RESULTS_MS: i64 = 7 * DAY_MS;
const KEEP_MINUTES_MS: i64 = 2 * DAY_MS;
const KEEP_HOURS_MS: i64 = 40 * DAY_MS;
/// After a longer pause than this the minutes of it are not counted one by one, but its hours and days are.
const MINUTES_BACK_MS: i64 = 2 * 3_600_000;

/// One look at everything. A process that is late, or comes second, looks at what is left.
pub async fn watch(app: &App) -> Result<()> {
    let servers = vps_servers::all(&app.store).await?;
    let gateways: HashMap<Uuid, Gateway> =
        gateways::all(&app.store).await?.into_iter().map(|gateway| (gateway.server_id, gateway)).collect();
    enlist(app, &servers).await?;
    let now = app.clock.now();
    let heard = |server: &ServerRow| heartbeat(gateways.get(&server.id), now);
    // Where at least one gateway is heard, or the world answers, silence is the server's own.
    let any = |verdict| servers.iter().any(|server| heard(server) == verdict);
    let connected = any(Verdict::Ok) || any(Verdict::Fail) && app.stripe.answers().await;
    for server in &servers {
        let verdict = round::judge(&[Sight { verdict: heard(server), connected }], 1);
        app.retrying(|| take_in(app, server, verdict, now)).await?;
    }
    app.wake_worker();
    Ok(())
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

fn cause(server: &ServerRow) -> String {
    format!("server:{}", server.id)
}

/// A server without an agent is never heard, and nobody knows how it is.
fn heartbeat(gateway: Option<&Gateway>, now: UnixMs) -> Verdict {
    match gateway {
        None => Verdict::Unknown,
        Some(gateway) if now - gateway.reported_at.unwrap_or(gateway.enrolled_at) < SILENT_MS => Verdict::Ok,
        Some(_) => Verdict::Fail,
    }
}

/// Gives new servers their component and check.
async fn enlist(app: &App, servers: &[ServerRow]) -> Result<()> {
    let known: Vec<Option<Uuid>> =
        checks::all(&app.store).await?.into_iter().map(|(_, component)| component.server_id).collect();
    for server in servers.iter().filter(|server| is_watched(server) && !known.contains(&Some(server.id))) {
        app.retrying(|| enlist_one(app, server)).await?;
    }
    Ok(())
}

async fn enlist_one(app: &App, server: &ServerRow) -> Result<()> {
    let now = app.clock.now();
    let component = components::Model { id: app.dice.id(now), server_id: Some(server.id), created_at: now };
    let mut check = checks::Model {
        id: app.dice.id(now),
        component_id: component.id,
        kind: "heartbeat".to_owned(),
        cause: cause(server),
        down_after: DOWN_AFTER,
        up_after: UP_AFTER,
        verdict: Verdict::Unknown.as_str().to_owned(),
        // The first look may come in this very millisecond.
        checked_at: now - 1,
        is_down: false,
        since: now,
        against: 0,
        against_since: now,
        rolled_to: now,
    };
    check.set_watch(Watch::new(now));
    let tx = app.store.write_txn().await?;
    match checks::insert(&tx, component, check).await {
        Ok(()) => Ok(tx.commit().await?),
        // Another process was quicker.
        Err(store::StoreError::Duplicate(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes in what was seen of a server, and does what follows from it.
async fn take_in(app: &App, server: &ServerRow, verdict: Verdict, now: UnixMs) -> Result<()> {
    let (cause, watched) = (cause(server), is_watched(server));
    let tx = app.store.write_txn().await?;
    let mut rows = checks::lock_of_cause(&tx, &cause).await?;
    for row in rows.iter_mut().filter(|row| row.checked_at < now) {
        let was_off = now - row.checked_at > OFF_MS;
        let verdict = match verdict {
            _ if !watched => Verdict::Unknown,
            Verdict::Fail if was_off => Verdict::Unknown,
            seen => seen,
        };
        probe_results::insert(&tx, row.id, Mark { at: now, verdict }).await?;
        // One that was taken out and comes back begins anew.
        let mut watch = if watched { row.watch() } else { Watch::new(now) };
        watch.step(verdict, now, row.thresholds());
        row.set_watch(watch);
        verdict.as_str().clone_into(&mut row.verdict);
        row.checked_at = now;
        roll_up(&tx, row, now).await?;
        checks::save(&tx, row.clone()).await?;
    }
    let member = |row: &checks::Model| Member { down_since: row.is_down.then_some(row.since), in_maintenance: false };
    // What an operator took out is no outage any more.
    let members: Vec<Member> = rows.iter().filter(|_| watched).map(member).collect();
    let open = incidents::lock_open(&tx, &cause).await?;
    let step = incident::step(open.as_ref().map(incidents::Model::open), &members, now);
    go_on(app, &tx, server, open, &rows, step, now).await?;
    Ok(tx.commit().await?)
}

/// Counts the minutes, hours and days that have ended. What is seen later does not change them.
async fn roll_up(tx: &Tx, row: &mut checks::Model, now: UnixMs) -> Result<()> {
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
    let marks = probe_results::of(tx, row.id, Span { from: first - HOLD_MS, to: now }).await?;
    let count = |(resolution, span): (Resolution, Span)| {
        rollups::Model::new(resolution, row.id, span.from, &Tally::of(span, &marks, HOLD_MS, &[]))
    };
    rollups::save(tx, spans.into_iter().map(count).collect()).await?;
    row.rolled_to = now;
    Ok(())
}

async fn go_on(
    app: &App,
    tx: &Tx,
    server: &ServerRow,
    open: Option<incidents::Model>,
    rows: &[checks::Model],
    step: Step,
    now: UnixMs,
) -> Result<()> {
    let note = async |incident_id: Uuid, stage: Stage| {
        let row = updates::Model { id: app.dice.id(now), incident_id, stage: stage.as_str().to_owned(), at: now };
        incidents::update(tx, row).await
    };
    match (step, open) {
        (Step::Open { since, impact }, _) => {
            let row = incidents::Model {
                id: app.dice.id(now),
                cause: cause(server),
                open_cause: Some(cause(server)),
                stage: Stage::Investigating.as_str().to_owned(),
                impact: impact.as_str().to_owned(),
                started_at: since,
                calm_since: None,
                resolved_at: None,
            };
            let touched: Vec<Uuid> = rows.iter().map(|row| row.component_id).collect();
            note_first(app, tx, row, &touched, now).await?;
            let link = app.config.link("/status");
            tell(app, tx, &Letter::Outage { server: server.name.clone(), since: words(since), link }, now).await?;
        }
        (Step::Worsen(impact), Some(mut row)) => {
            impact.as_str().clone_into(&mut row.impact);
            incidents::save(tx, row).await?;
        }
        (Step::Calm, Some(mut row)) => {
            note(row.id, Stage::Monitoring).await?;
            Stage::Monitoring.as_str().clone_into(&mut row.stage);
            row.calm_since = Some(now);
            incidents::save(tx, row).await?;
        }
        (Step::Relapse, Some(mut row)) => {
            note(row.id, Stage::Investigating).await?;
            Stage::Investigating.as_str().clone_into(&mut row.stage);
            row.calm_since = None;
            incidents::save(tx, row).await?;
        }
        (Step::Resolve, Some(mut row)) => {
            note(row.id, Stage::Resolved).await?;
            Stage::Resolved.as_str().clone_into(&mut row.stage);
            row.open_cause = None;
            // It was over when the last check came up; one that was taken out never did.
            let is_watched = is_watched(server);
            let came_up = rows.iter().map(|row| row.since).max().filter(|_| is_watched);
            row.resolved_at = came_up.or(row.calm_since);
            let (since, until) = (words(row.started_at), words(row.resolved_at.unwrap_or(now)));
            incidents::save(tx, row).await?;
            if is_watched {
                let link = app.config.link("/status");
                tell(app, tx, &Letter::OutageOver { server: server.name.clone(), since, until, link }, now).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Opens an incident and its first update.
async fn note_first(app: &App, tx: &Tx, row: incidents::Model, touched: &[Uuid], now: UnixMs) -> Result<()> {
    let update = updates::Model { id: app.dice.id(now), incident_id: row.id, stage: row.stage.clone(), at: now };
    incidents::insert(tx, row, touched).await?;
    incidents::update(tx, update).await?;
    Ok(())
}

/// A mail to each admin, in the transaction that changes the incident: once for each.
async fn tell(app: &App, tx: &Tx, letter: &Letter, now: UnixMs) -> Result<()> {
    for user in users::of_role(tx, Role::Admin).await? {
        mail::write(app, tx, &user.email, user.language(), letter, now).await?;
    }
    Ok(())
}

/// `2026-11-26 13:05 UTC`.
fn words(at: UnixMs) -> String {
    format!("{} UTC", minute(at))
}

//! What is watched without anybody's asking: each VPN server, the way through its tunnel, the site, and the database.

use std::collections::HashMap;

use domain::monitor::verdict::Verdict;
use domain::monitor::watch::Watch;
use domain::time::UnixMs;
use store::checks::{self, components};
use store::vantages::sights;
use store::{StoreError, Tx, vps_servers};
use uuid::Uuid;

use crate::monitor::is_watched;
use crate::server::ServerRow;
use crate::{App, Result};

/// Looks that a check needs to go down, and to come up, if nobody says otherwise.
pub(crate) const DOWN_AFTER: i64 = 2;
pub(crate) const UP_AFTER: i64 = 2;
pub(crate) const EVERY_MS: i64 = 60_000;
pub(crate) const TIMEOUT_MS: i64 = 10_000;

/// Gives what is new its component and check.
pub(super) async fn all(app: &App, servers: &[ServerRow], sights: &HashMap<Uuid, Vec<sights::Model>>) -> Result<()> {
    let known: Vec<(checks::Model, components::Model)> = checks::all(&app.store).await?;
    let has = |server: Uuid, kind: &str| {
        let is_its = |(check, component): &(checks::Model, components::Model)| {
            component.server_id == Some(server) && check.kind == kind
        };
        known.iter().any(is_its)
    };
    // Before it was seen to work, nothing is to be said of a tunnel: the way to it may be closed.
    let works = |row: &sights::Model| row.verdict == Verdict::Ok.as_str();
    let is_seen = |server: Uuid| sights.get(&server).is_some_and(|rows| rows.iter().any(works));
    for server in servers.iter().filter(|server| is_watched(server)) {
        if !has(server.id, checks::HEARTBEAT) {
            app.retrying(|| enlist(app, checks::HEARTBEAT, &server.name)).await?;
        }
        if is_seen(server.id) && !has(server.id, checks::TUNNEL) {
            app.retrying(|| enlist(app, checks::TUNNEL, &server.name)).await?;
        }
    }
    for (kind, name) in [(checks::SITE, components::WEBSITE), (checks::DATABASE, components::DATABASE)] {
        if known.iter().all(|(check, _)| check.kind != kind) {
            app.retrying(|| enlist(app, kind, name)).await?;
        }
    }
    Ok(())
}

async fn enlist(app: &App, kind: &str, name: &str) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let component = component_named(app, &tx, name, now).await?;
    let mut check = new_check(app, &component, kind, now);
    check.name = match component.server_id {
        Some(server) => Some(format!("{kind}:{server}")),
        None => Some(kind.to_owned()),
    };
    match checks::insert(&tx, check).await {
        Ok(()) => Ok(tx.commit().await?),
        // Another process was quicker.
        Err(StoreError::Duplicate(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The component of this name, a server's or a part's; a new part where there is none.
pub(crate) async fn component_named(app: &App, tx: &Tx, name: &str, now: UnixMs) -> Result<components::Model> {
    let server = vps_servers::lock_by_name(tx, name).await?.map(|server| server.id);
    let known = match server {
        Some(server) => checks::component_of_server(tx, server).await?,
        None => checks::component_by_name(tx, name).await?,
    };
    if let Some(known) = known {
        return Ok(known);
    }
    let own_name = server.is_none().then(|| name.to_owned());
    let new = components::Model { id: app.dice.id(now), server_id: server, name: own_name, created_at: now };
    checks::insert_component(tx, new.clone()).await?;
    Ok(new)
}

/// What the checks of a component share.
pub(crate) fn cause_of(component: &components::Model) -> String {
    match component.server_id {
        Some(server) => format!("server:{server}"),
        None => format!("component:{}", component.id),
    }
}

/// A check that was never looked at, without a name and a target.
pub(crate) fn new_check(app: &App, component: &components::Model, kind: &str, now: UnixMs) -> checks::Model {
    let mut check = checks::Model {
        id: app.dice.id(now),
        component_id: component.id,
        kind: kind.to_owned(),
        cause: cause_of(component),
        down_after: DOWN_AFTER,
        up_after: UP_AFTER,
        verdict: Verdict::Unknown.as_str().to_owned(),
        // The first look is due at once.
        checked_at: now - EVERY_MS,
        is_down: false,
        since: now,
        against: 0,
        against_since: now,
        rolled_to: now,
        name: None,
        target: None,
        want_status: None,
        want_text: None,
        want_days: None,
        every_ms: EVERY_MS,
        timeout_ms: TIMEOUT_MS,
        trouble: None,
        ok_at: None,
    };
    check.set_watch(Watch::new(now));
    check
}

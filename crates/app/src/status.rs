//! What the status page says: how each server is and was, and the incidents. Nothing of it names a host or an error.

use std::collections::HashMap;

use domain::monitor::component::{self, CheckState, Status};
use domain::monitor::incident::{Impact, Stage};
use domain::monitor::rollup::{Resolution, Tally};
use domain::time::{DAY_MS, UnixMs};
use store::checks::{self, components};
use store::{incidents, rollups, vps_servers};
use uuid::Uuid;

use crate::monitor::{HOLD_MS, is_watched};
use crate::server::ServerRow;
use crate::{App, Result};

/// How many days are shown, today among them.
pub const DAYS: i64 = 90;
/// How far back incidents are shown, and how many at most.
const INCIDENTS_MS: i64 = 14 * DAY_MS;
const MOST_INCIDENTS: u64 = 100;

/// The whole page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// When it was made.
    pub at: UnixMs,
    /// How the whole is.
    pub overall: Status,
    /// By region and name.
    pub components: Vec<Component>,
    /// Newest first.
    pub incidents: Vec<Incident>,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its city and country.
    pub place: String,
    /// How it is.
    pub status: Status,
    /// The last [`DAYS`] days, oldest first.
    pub days: Vec<Day>,
    /// In how much of their known time it worked, in millionths.
    pub uptime: Option<u32>,
}

/// A day of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its first moment.
    pub at: UnixMs,
    /// In how much of its known time it worked, in millionths.
    pub uptime: Option<u32>,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: Uuid,
    /// How far it is.
    pub stage: Stage,
    /// How bad it is.
    pub impact: Impact,
    /// When it began.
    pub started_at: UnixMs,
    /// When it was over.
    pub resolved_at: Option<UnixMs>,
    /// The servers that it touches.
    pub components: Vec<String>,
    /// How it went on, in the order of time.
    pub updates: Vec<(Stage, UnixMs)>,
}

/// Reads it.
pub async fn overview(app: &App) -> Result<Overview> {
    let now = app.clock.now();
    let servers: HashMap<Uuid, ServerRow> =
        vps_servers::all(&app.store).await?.into_iter().map(|server| (server.id, server)).collect();
    let rows = checks::all(&app.store).await?;
    let today = now - now.rem_euclid(DAY_MS);
    let first = today - (DAYS - 1) * DAY_MS;
    let mut tallies: HashMap<(Uuid, UnixMs), Tally> = HashMap::new();
    let days = rollups::since(&app.store, Resolution::Day, first).await?;
    // Today is made of its hours until it is over.
    let hours = rollups::since(&app.store, Resolution::Hour, today).await?;
    for row in days.iter().chain(&hours) {
        let day = row.starts_at - row.starts_at.rem_euclid(DAY_MS);
        tallies.entry((row.check_id, day)).or_default().merge(&row.tally());
    }
    let shown = |component: &components::Model| {
        let server = servers.get(&component.server_id?)?;
        server.status().is_shown().then_some(server)
    };
    let mut known: Vec<(&ServerRow, Component)> = Vec::new();
    for (check, component) in &rows {
        if let Some(server) = shown(component) {
            known.push((server, one(server, check, &tallies, first, now)));
        }
    }
    known.sort_by(|(one, _), (other, _)| (&one.region, &one.name).cmp(&(&other.region, &other.name)));
    let components: Vec<Component> = known.into_iter().map(|(_, component)| component).collect();
    let statuses: Vec<Status> = components.iter().map(|component| component.status).collect();
    let names: HashMap<Uuid, String> =
        rows.iter().filter_map(|(_, component)| Some((component.id, shown(component)?.name.clone()))).collect();
    let incidents = told(app, &names, now).await?;
    Ok(Overview { at: now, overall: component::overall(&statuses), components, incidents })
}

fn one(
    server: &ServerRow,
    check: &checks::Model,
    tallies: &HashMap<(Uuid, UnixMs), Tally>,
    first: UnixMs,
    now: UnixMs,
) -> Component {
    let mut sum = Tally::default();
    let mut days = Vec::new();
    for at in (0..DAYS).map(|day| first + day * DAY_MS) {
        let tally = tallies.get(&(check.id, at));
        if let Some(tally) = tally {
            sum.merge(tally);
        }
        days.push(Day { at, uptime: tally.and_then(Tally::uptime) });
    }
    // What was last seen long ago says nothing of now.
    let is_fresh = now - check.checked_at <= HOLD_MS;
    let last = if is_fresh { check.verdict() } else { domain::monitor::verdict::Verdict::Unknown };
    let state = CheckState { is_down: check.is_down, last };
    Component {
        name: server.name.clone(),
        place: format!("{}, {}", server.city, server.country),
        status: component::status(&[state], !is_watched(server)),
        days,
        uptime: sum.uptime(),
    }
}

async fn told(app: &App, names: &HashMap<Uuid, String>, now: UnixMs) -> Result<Vec<Incident>> {
    let rows = incidents::since(&app.store, now - INCIDENTS_MS, MOST_INCIDENTS).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let (updates, touched) =
        (incidents::updates_of(&app.store, &ids).await?, incidents::touched_by(&app.store, &ids).await?);
    let incident = |row: incidents::Model| {
        let is_its = |touched: &&incidents::touched::Model| touched.incident_id == row.id;
        let components =
            touched.iter().filter(is_its).filter_map(|touched| names.get(&touched.component_id).cloned()).collect();
        let stage = |word: &str| word.parse().unwrap_or(Stage::Investigating);
        let updates = updates.iter().filter(|update| update.incident_id == row.id);
        Incident {
            id: row.id,
            stage: row.stage(),
            impact: row.impact(),
            started_at: row.started_at,
            resolved_at: row.resolved_at,
            components,
            updates: updates.map(|update| (stage(&update.stage), update.at)).collect(),
        }
    };
    Ok(rows.into_iter().map(incident).filter(|incident| !incident.components.is_empty()).collect())
}

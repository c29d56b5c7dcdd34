//! What the status page says: how each server and part is and was, and the incidents. Nothing of it names a host or an error.

mod cache;
mod past;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::monitor::component::{self, CheckState, Status};
use domain::monitor::incident::{Impact, Stage};
use domain::monitor::rollup::Span;
use domain::monitor::verdict::Verdict;
use domain::time::UnixMs;
use store::checks::{self, components};
use store::{incidents, vps_servers};
use tokio::sync::watch;
use uuid::Uuid;

use crate::i18n::Translator;

use crate::maintenance::Planned;
use crate::monitor::{hold_ms, is_watched};
use crate::server::ServerRow;
use crate::{App, Result, maintenance};

pub(crate) use cache::Cache;
use past::History;
pub use past::{DAYS, WINDOWS};
pub use store::checks::components::{DATABASE, WEBSITE};

/// How far back incidents are shown, and how many at most.
const INCIDENTS_MS: i64 = 14 * domain::time::DAY_MS;
const MOST_INCIDENTS: u64 = 100;
/// How many works are shown at most.
const MOST_WORKS: usize = 20;

/// The whole page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// When it was made.
    pub at: UnixMs,
    /// How the whole is.
    pub overall: Status,
    /// Parts of the service by name, then servers by region and name.
    pub components: Vec<Component>,
    /// Work that is done now or soon, the first to begin first.
    pub works: Vec<Work>,
    /// Newest first.
    pub incidents: Vec<Incident>,
}

/// Work that is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its id.
    pub id: Uuid,
    /// What is done, in the operator's words.
    pub title: String,
    /// When.
    pub span: Span,
    /// Whether it is done now.
    pub is_running: bool,
    /// The servers and parts that it is done on; nothing there means everything.
    pub components: Vec<String>,
}

/// A server, or a part of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// The city and country of a server.
    pub place: Option<String>,
    /// How it is.
    pub status: Status,
    /// The last [`DAYS`] days, oldest first.
    pub days: Vec<Day>,
    /// Longer and longer spans, as in [`WINDOWS`].
    pub windows: Vec<Window>,
}

impl Component {
    /// In how much of the known time of [`DAYS`] days it worked, in millionths.
    pub fn uptime(&self) -> Option<u32> {
        self.windows.iter().find(|window| window.days == DAYS).and_then(|window| window.uptime)
    }
}

/// A day of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its first moment.
    pub at: UnixMs,
    /// In how much of its known time it worked, in millionths.
    pub uptime: Option<u32>,
}

/// How it was in a span of time that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many days: one is the last 24 hours, more are days of UTC with today.
    pub days: i64,
    /// In how much of its known time it worked, in millionths. One that is looked at in several ways is no better than by
    /// the worst.
    pub uptime: Option<u32>,
    /// How much of the time is known, of that which was no maintenance, in millionths.
    pub coverage: Option<u32>,
    /// The time within which half of the answers came, in microseconds.
    pub p50_us: Option<u64>,
    /// The time within which 95 of a hundred did.
    pub p95_us: Option<u64>,
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
    /// What an operator calls it, if no check has opened it.
    pub title: Option<String>,
    /// Whether it touches everything.
    pub everything: bool,
    /// The servers and parts that it touches, unless everything.
    pub components: Vec<String>,
    /// How it went on, in the order of time.
    pub updates: Vec<Update>,
}

/// A step of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// How far it is.
    pub stage: Stage,
    /// Since when.
    pub at: UnixMs,
    /// What an operator says of it.
    pub words: Option<String>,
}

/// A part's name, in the reader's language where it is the product's own and not an operator's.
pub fn part_name(t: Translator, name: &str) -> String {
    match name {
        WEBSITE => t.say("status-part-website"),
        DATABASE => t.say("status-part-database"),
        other => other.to_owned(),
    }
}

/// `23 November 2026, 12:05 UTC`.
pub fn moment(t: Translator, at: UnixMs) -> String {
    format!("{}, {} UTC", t.date(at), &domain::time::rfc3339(at)[11..16])
}

/// The message that says how far an incident is.
pub fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "status-investigating",
        Stage::Identified => "status-identified",
        Stage::Monitoring => "status-monitoring",
        Stage::Resolved => "status-resolved",
    }
}

/// The names of parts, one after the other.
pub fn part_names(t: Translator, names: &[String]) -> String {
    names.iter().map(|name| part_name(t, name)).collect::<Vec<_>>().join(", ")
}

/// What is shown, a few seconds old at most: the page is open to strangers, who may ask for it as often as they like.
pub async fn overview(app: &App) -> Result<Arc<Overview>> {
    app.status.overview(app).await
}

/// How often the days that are over are read while nobody waits: a third of the time for which they are kept.
const AHEAD: Duration = Duration::from_secs(300);

/// Keeps at hand what takes long to read, a year of days, until `stop` turns true. A visitor waits for it only if they are
/// the first after midnight: a process that begins finds what the last one kept.
pub async fn keep_ready(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = make_ready(&app).await {
            tracing::warn!(error = error.chain(), "the past of the status page can't be read; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(AHEAD) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Reads the days that are over, and keeps what they come to.
pub async fn make_ready(app: &App) -> Result<()> {
    app.status.make_ready(app, app.clock.now()).await
}

/// Reads it.
async fn read(app: &App, now: UnixMs) -> Result<Overview> {
    let servers: HashMap<Uuid, ServerRow> =
        vps_servers::all(&app.store).await?.into_iter().map(|server| (server.id, server)).collect();
    let rows = checks::all(&app.store).await?;
    let history = app.status.history(app, now).await?;
    let planned = maintenance::all(app).await?;
    let mut parts: Vec<(components::Model, Vec<checks::Model>)> = Vec::new();
    for (check, component) in rows {
        match parts.iter_mut().find(|(known, _)| known.id == component.id) {
            Some((_, checks)) => checks.push(check),
            None => parts.push((component, vec![check])),
        }
    }
    let mut shown: Vec<(Option<&ServerRow>, Uuid, Component)> = Vec::new();
    for (component, checks) in &parts {
        let server = component.server_id.and_then(|id| servers.get(&id));
        let is_shown = server.map_or(component.server_id.is_none(), |server| server.status().is_shown());
        if is_shown {
            let is_worked_on = planned.iter().any(|work| work.touches(component.id) && runs(work, now));
            shown.push((server, component.id, one(component, server, checks, &history, is_worked_on, now)));
        }
    }
    let order = |server: Option<&ServerRow>, name: &str| {
        (server.is_some(), server.map(|server| server.region.clone()), name.to_owned())
    };
    shown.sort_by_cached_key(|(server, _, component)| order(*server, &component.name));
    let names: HashMap<Uuid, String> = shown.iter().map(|(_, id, component)| (*id, component.name.clone())).collect();
    let mut components: Vec<Component> = shown.into_iter().map(|(_, _, component)| component).collect();
    let incidents = told(app, &names, now).await?;
    for incident in incidents.iter().filter(|incident| incident.title.is_some() && incident.stage != Stage::Resolved) {
        for component in &mut components {
            if incident.everything || incident.components.contains(&component.name) {
                component.status = component::with_incident(component.status, incident.impact);
            }
        }
    }
    let statuses: Vec<Status> = components.iter().map(|component| component.status).collect();
    let works = works(&planned, &names, now);
    Ok(Overview { at: now, overall: component::overall(&statuses), components, works, incidents })
}

fn runs(work: &Planned, now: UnixMs) -> bool {
    !work.windows(Span { from: now, to: now + 1 }).is_empty()
}

/// What runs or begins soon. Work on what is not shown is not told.
fn works(planned: &[Planned], names: &HashMap<Uuid, String>, now: UnixMs) -> Vec<Work> {
    let work = |one: &Planned| {
        let span = one.next(now)?;
        let mut components: Vec<String> = one.components().iter().filter_map(|id| names.get(id).cloned()).collect();
        components.sort_unstable();
        let is_told = one.row.everything || !components.is_empty();
        let (title, is_running) = (one.row.title.clone(), span.contains(now));
        is_told.then_some(Work { id: one.row.id, title, span, is_running, components })
    };
    let mut works: Vec<Work> = planned.iter().filter_map(work).collect();
    works.sort_by_key(|work| work.span.from);
    works.truncate(MOST_WORKS);
    works
}

fn one(
    component: &components::Model,
    server: Option<&ServerRow>,
    checks: &[checks::Model],
    history: &History,
    is_worked_on: bool,
    now: UnixMs,
) -> Component {
    // What was last seen long ago says nothing of now.
    let last = |check: &checks::Model| {
        if now - check.checked_at <= hold_ms(check) { check.verdict() } else { Verdict::Unknown }
    };
    let states: Vec<CheckState> =
        checks.iter().map(|check| CheckState { is_down: check.is_down, last: last(check) }).collect();
    let ids: Vec<Uuid> = checks.iter().map(|check| check.id).collect();
    Component {
        name: server.map(|server| server.name.clone()).or_else(|| component.name.clone()).unwrap_or_default(),
        place: server.map(|server| format!("{}, {}", server.city, server.country)),
        status: component::status(&states, is_worked_on || server.is_some_and(|server| !is_watched(server))),
        days: history.days(&ids),
        windows: history.windows(&ids),
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
            updates: updates
                .map(|update| Update { stage: stage(&update.stage), at: update.at, words: update.words.clone() })
                .collect(),
            title: row.title,
            everything: row.everything,
        }
    };
    // What touched only what is not shown is not told.
    let is_told = |one: &Incident| one.everything || !one.components.is_empty();
    Ok(rows.into_iter().map(incident).filter(is_told).collect())
}

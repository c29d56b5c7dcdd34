//! Work that is announced, by an operator's hand.

use std::collections::HashMap;

use domain::monitor::maintenance::{BadPlan, Plan, Repeat};
use domain::monitor::rollup::Span;
use domain::time::{DAY_MS, UnixMs};
use store::{checks, maintenances};
use uuid::Uuid;

use super::audit;
use crate::maintenance::{self, Planned};
use crate::{App, Error, Result, status_news};

/// Work, as an operator types it.
#[derive(Debug, Clone)]
pub struct NewMaintenance {
    /// What customers read.
    pub title: String,
    /// A name of the tz database.
    pub zone: String,
    /// The first time, by the clocks there, `2026-12-01T02:30`.
    pub starts: String,
    /// How long it takes.
    pub minutes: u32,
    /// How often.
    pub repeat: Repeat,
    /// The last day of UTC on which it may begin, `2027-03-01`.
    pub until: Option<String>,
    /// The servers and parts that it is done on; nothing there means everything.
    pub components: Vec<String>,
}

fn refused(error: BadPlan) -> Error {
    let (field, words) = match error {
        BadPlan::Zone => ("zone", "a name of the tz database, such as Europe/Berlin or UTC"),
        BadPlan::Start => ("start", "a time such as 2026-12-01T02:30"),
        BadPlan::Length => ("minutes", "a whole number from 1 to 10080"),
        BadPlan::Repeat => ("repeat", "once, daily, weekly or monthly"),
    };
    Error::invalid(field, "plan_invalid", words)
}

/// The first moment after a day.
fn end_of(day: &str) -> Option<UnixMs> {
    let parts: Vec<i64> = day.split('-').map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
    let [year, month, day] = parts[..] else { return None };
    domain::time::of_civil([year, month, day, 0, 0, 0]).map(|at| at + DAY_MS)
}

/// Announces work; returns its id.
pub async fn add(app: &App, actor: &str, new: &NewMaintenance) -> Result<Uuid> {
    let title = new.title.trim();
    if title.is_empty() || title.chars().count() > 120 || title.chars().any(char::is_control) {
        return Err(Error::invalid("title", "title_invalid", "a line of 1 to 120 characters"));
    }
    let day =
        |day: &String| end_of(day).ok_or_else(|| Error::invalid("until", "day_invalid", "a day such as 2027-03-01"));
    let until = new.until.as_ref().map(day).transpose()?;
    let plan = Plan::new(&new.zone, &new.starts, new.minutes, new.repeat, until).map_err(refused)?;
    let now = app.clock.now();
    // One that lies in the past would change what was counted, and is a slip as a rule.
    let Some(first) = plan.windows(Span { from: now, to: now + 400 * DAY_MS }).into_iter().next() else {
        return Err(Error::invalid("start", "plan_over", "a time that is not over, within a year"));
    };
    let components = components_named(app, &new.components).await?;
    let row = maintenances::Model {
        id: app.dice.id(now),
        title: title.to_owned(),
        zone: new.zone.clone(),
        starts: new.starts.clone(),
        minutes: i64::from(new.minutes),
        repeats: new.repeat.as_str().to_owned(),
        everything: components.is_empty(),
        until,
        ended_at: None,
        created_at: now,
    };
    let detail = format!("{} {}, {} minutes, {}", new.starts, new.zone, new.minutes, new.repeat.as_str());
    let tx = app.store.write_txn().await?;
    let id = row.id;
    status_news::of_maintenance(app, &tx, &row, &components, first, now).await?;
    maintenances::insert(&tx, row, &components).await?;
    audit(app, &tx, actor, "maintenance.add", title, &detail, now).await?;
    tx.commit().await?;
    app.status.forget();
    app.wake_worker();
    Ok(id)
}

/// Work, as it is seen.
#[derive(Debug, Clone)]
pub struct Listed {
    /// It.
    pub planned: Planned,
    /// What it is done on, unless on everything.
    pub components: Vec<String>,
    /// The window that runs, or the next one that begins soon.
    pub next: Option<Span>,
}

/// The names of all servers and parts that are watched.
pub(super) async fn names(app: &App) -> Result<HashMap<Uuid, String>> {
    let servers = store::vps_servers::all(&app.store).await?;
    let name = |one: checks::components::Model| {
        let server = servers.iter().find(|server| Some(server.id) == one.server_id);
        Some((one.id, server.map(|server| server.name.clone()).or(one.name)?))
    };
    Ok(checks::list_components(&app.store).await?.into_iter().filter_map(name).collect())
}

/// The servers and parts of these names.
pub(super) async fn components_named(app: &App, wanted: &[String]) -> Result<Vec<Uuid>> {
    let names = names(app).await?;
    let unknown = || Error::invalid("component", "component_unknown", "a name that /status shows");
    let id = |wanted: &String| names.iter().find(|(_, name)| *name == wanted).map(|(id, _)| *id).ok_or_else(unknown);
    let mut ids: Vec<Uuid> = wanted.iter().map(id).collect::<Result<_>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// What work can be done on, by name.
pub async fn component_names(app: &App) -> Result<Vec<String>> {
    let mut names: Vec<String> = names(app).await?.into_values().collect();
    names.sort_unstable();
    Ok(names)
}

/// All that is planned or was, newest first.
pub async fn list(app: &App) -> Result<Vec<Listed>> {
    let now = app.clock.now();
    let names = names(app).await?;
    let listed = |planned: Planned| Listed {
        components: planned.components().iter().filter_map(|id| names.get(id).cloned()).collect(),
        next: planned.next(now),
        planned,
    };
    Ok(maintenance::all(app).await?.into_iter().map(listed).collect())
}

/// Ends work: what runs is over, and nothing begins any more. What was counted as maintenance stays so. Whoever was told of
/// what would have come is told that it does not.
pub async fn end(app: &App, actor: &str, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let planned = maintenance::all(app).await?.into_iter().find(|planned| planned.row.id == id);
    let tx = app.store.write_txn().await?;
    let Some(mut row) = maintenances::lock(&tx, id).await? else { return Err(Error::NotFound) };
    if row.ended_at.is_none() {
        row.ended_at = Some(now);
        if let Some(planned) = planned
            && let Some(next) = planned.coming(now)
        {
            status_news::of_maintenance_canceled(app, &tx, &row, planned.components(), next, now).await?;
        }
        let title = row.title.clone();
        maintenances::save(&tx, row).await?;
        audit(app, &tx, actor, "maintenance.end", &title, "", now).await?;
    }
    tx.commit().await?;
    app.wake_worker();
    app.status.forget();
    Ok(())
}

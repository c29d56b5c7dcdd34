//! Incidents, by an operator's hand: words of what is seen, and those that no check sees.

use domain::monitor::incident::{Impact, Stage};
use domain::time::{DAY_MS, UnixMs};
use store::incidents::{self, Model, updates};
use uuid::Uuid;

use super::audit;
use super::maintenance::components_named;
use crate::{App, Error, Result, status_news};

/// How far back incidents are listed, and how many at most.
const BACK_MS: i64 = 90 * DAY_MS;
const MOST: u64 = 100;
/// The longest text, in characters.
const MAX_WORDS: usize = 1000;
/// What stands before the id in the cause of an incident that no check has opened.
const BY_HAND: &str = "hand:";

/// An incident that no check sees.
#[derive(Debug, Clone)]
pub struct NewIncident {
    /// What it is called.
    pub title: String,
    /// How bad it is.
    pub impact: Impact,
    /// The servers and parts that it touches; nothing there means everything.
    pub components: Vec<String>,
    /// What is to be told first.
    pub words: String,
}

fn words(text: &str) -> Result<String> {
    let text = text.trim().replace("\r\n", "\n");
    let is_odd = |c: char| c.is_control() && c != '\n';
    if text.is_empty() || text.chars().count() > MAX_WORDS || text.chars().any(is_odd) {
        return Err(Error::invalid("words", "words_invalid", "a text of 1 to 1000 characters"));
    }
    Ok(text)
}

/// Whether a check has opened it: it then ends when all is well, and not before.
pub fn is_by_hand(row: &Model) -> bool {
    row.cause.starts_with(BY_HAND)
}

/// How far a person may say that an incident is: what a check sees ends by itself, and what is over stays over.
pub fn stages(row: &Model) -> Vec<Stage> {
    let may_end = is_by_hand(row);
    let is_over = row.stage() == Stage::Resolved;
    let fits = |stage: &Stage| if is_over { *stage == Stage::Resolved } else { may_end || *stage != Stage::Resolved };
    Stage::ALL.into_iter().filter(fits).collect()
}

/// Opens an incident; returns its id.
pub async fn open(app: &App, actor: &str, new: &NewIncident) -> Result<Uuid> {
    let title = new.title.trim();
    if title.is_empty() || title.chars().count() > 120 || title.chars().any(char::is_control) {
        return Err(Error::invalid("title", "title_invalid", "a line of 1 to 120 characters"));
    }
    let words = words(&new.words)?;
    let components = components_named(app, &new.components).await?;
    let now = app.clock.now();
    let id = app.dice.id(now);
    let cause = format!("{BY_HAND}{id}");
    let row = Model {
        id,
        cause: cause.clone(),
        open_cause: Some(cause),
        stage: Stage::Investigating.as_str().to_owned(),
        impact: new.impact.as_str().to_owned(),
        started_at: now,
        calm_since: None,
        resolved_at: None,
        title: Some(title.to_owned()),
        everything: components.is_empty(),
    };
    let tx = app.store.write_txn().await?;
    incidents::insert(&tx, row.clone(), &components).await?;
    status_news::of_incident(app, &tx, &row, None, Some(&words), now).await?;
    incidents::update(&tx, said(app, id, Stage::Investigating, words, now)).await?;
    audit(app, &tx, actor, "incident.open", title, new.impact.as_str(), now).await?;
    tx.commit().await?;
    app.status.forget();
    app.wake_worker();
    Ok(id)
}

fn said(app: &App, incident_id: Uuid, stage: Stage, words: String, now: UnixMs) -> updates::Model {
    updates::Model { id: app.dice.id(now), incident_id, stage: stage.as_str().to_owned(), at: now, words: Some(words) }
}

/// Says how an incident goes on; of one that is over, what came of it.
pub async fn update(app: &App, actor: &str, id: Uuid, stage: Stage, text: &str) -> Result<()> {
    let words = words(text)?;
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let Some(mut row) = incidents::lock(&tx, id).await? else { return Err(Error::NotFound) };
    if !stages(&row).contains(&stage) {
        let detail = "what a check has opened ends when all is well, and what is over stays over";
        return Err(Error::invalid("stage", "stage_invalid", detail));
    }
    let subject = row.title.clone().unwrap_or_else(|| row.id.to_string());
    if stage == Stage::Resolved && row.resolved_at.is_none() {
        row.open_cause = None;
        row.resolved_at = Some(now);
    }
    let before = row.stage();
    stage.as_str().clone_into(&mut row.stage);
    status_news::of_incident(app, &tx, &row, Some(before), Some(&words), now).await?;
    incidents::save(&tx, row).await?;
    incidents::update(&tx, said(app, id, stage, words, now)).await?;
    audit(app, &tx, actor, "incident.update", &subject, stage.as_str(), now).await?;
    tx.commit().await?;
    app.status.forget();
    app.wake_worker();
    Ok(())
}

/// An incident with the names of what it touches.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The row.
    pub row: Model,
    /// The servers and parts that it touches, unless everything.
    pub components: Vec<String>,
}

/// Those of the last 90 days and all that are not over; newest first.
pub async fn list(app: &App) -> Result<Vec<Listed>> {
    let rows = incidents::since(&app.store, app.clock.now() - BACK_MS, MOST).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let touched = incidents::touched_by(&app.store, &ids).await?;
    let names = super::maintenance::names(app).await?;
    let listed = |row: Model| {
        let its = touched.iter().filter(|one| one.incident_id == row.id);
        Listed { components: its.filter_map(|one| names.get(&one.component_id).cloned()).collect(), row }
    };
    Ok(rows.into_iter().map(listed).collect())
}

//! What follows from how the checks of a cause are: an incident begins, goes on, ends, and is told.

use domain::account::Role;
use domain::monitor::incident::{Stage, Step};
use domain::time::{UnixMs, minute};
use store::checks;
use store::incidents::{self, updates};
use store::{Tx, users};
use uuid::Uuid;

use super::Cause;
use crate::letter::Letter;
use crate::{App, Result, mail, status_news};

/// Does a step, in the transaction that it was decided in.
pub(super) async fn go_on(
    app: &App,
    tx: &Tx,
    cause: &Cause,
    open: Option<incidents::Model>,
    rows: &[checks::Model],
    step: Step,
    now: UnixMs,
) -> Result<()> {
    match (step, open) {
        (Step::Open { since, impact }, _) => {
            let row = incidents::Model {
                id: app.dice.id(now),
                cause: cause.key.clone(),
                open_cause: Some(cause.key.clone()),
                stage: Stage::Investigating.as_str().to_owned(),
                impact: impact.as_str().to_owned(),
                started_at: since,
                calm_since: None,
                resolved_at: None,
                title: None,
                everything: false,
            };
            let mut touched: Vec<Uuid> = rows.iter().map(|row| row.component_id).collect();
            touched.sort_unstable();
            touched.dedup();
            incidents::insert(tx, row.clone(), &touched).await?;
            note(app, tx, row.id, Stage::Investigating, now).await?;
            status_news::of_incident(app, tx, &row, None, None, now).await?;
            let link = app.config.link("/status");
            tell(app, tx, &Letter::Outage { server: cause.name.clone(), since: words(since), link }, now).await?;
        }
        (Step::Worsen(impact), Some(mut row)) => {
            impact.as_str().clone_into(&mut row.impact);
            incidents::save(tx, row).await?;
        }
        (Step::Calm, Some(mut row)) => {
            note(app, tx, row.id, Stage::Monitoring, now).await?;
            Stage::Monitoring.as_str().clone_into(&mut row.stage);
            row.calm_since = Some(now);
            incidents::save(tx, row).await?;
        }
        (Step::Relapse, Some(mut row)) => {
            note(app, tx, row.id, Stage::Investigating, now).await?;
            Stage::Investigating.as_str().clone_into(&mut row.stage);
            row.calm_since = None;
            incidents::save(tx, row).await?;
        }
        (Step::Resolve, Some(row)) => {
            // It was over when the last check came up; one that was taken out never did.
            let came_up = rows.iter().map(|row| row.since).max().filter(|_| cause.is_watched);
            let (since, until) = (row.started_at, came_up.or(row.calm_since).unwrap_or(now));
            end(app, tx, row, until, now).await?;
            if cause.is_watched {
                let (since, until, link) = (words(since), words(until), app.config.link("/status"));
                tell(app, tx, &Letter::OutageOver { server: cause.name.clone(), since, until, link }, now).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Ends an incident. Admins are not told; subscribers of the status page are, since they were told of its beginning.
pub(crate) async fn end(app: &App, tx: &Tx, mut row: incidents::Model, until: UnixMs, now: UnixMs) -> Result<()> {
    note(app, tx, row.id, Stage::Resolved, now).await?;
    let before = row.stage();
    Stage::Resolved.as_str().clone_into(&mut row.stage);
    row.open_cause = None;
    row.resolved_at = Some(until);
    status_news::of_incident(app, tx, &row, Some(before), None, now).await?;
    incidents::save(tx, row).await?;
    Ok(())
}

async fn note(app: &App, tx: &Tx, incident_id: Uuid, stage: Stage, now: UnixMs) -> Result<()> {
    let row =
        updates::Model { id: app.dice.id(now), incident_id, stage: stage.as_str().to_owned(), at: now, words: None };
    incidents::update(tx, row).await?;
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

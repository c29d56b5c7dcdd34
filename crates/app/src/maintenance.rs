//! Work that is announced, as whoever watches and whoever reads the status page sees it.

use domain::monitor::maintenance::Plan;
use domain::monitor::rollup::Span;
use domain::time::{DAY_MS, UnixMs};
use store::maintenances::{self, Model};
use uuid::Uuid;

use crate::{App, Result};

/// How far ahead work is shown.
const AHEAD_MS: i64 = 30 * DAY_MS;

/// Work with its plan.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The row.
    pub row: Model,
    plan: Plan,
    components: Vec<Uuid>,
}

/// All that is planned or was, newest first.
pub async fn all(app: &App) -> Result<Vec<Planned>> {
    let planned = |(row, components): (Model, Vec<Uuid>)| match row.plan() {
        Ok(plan) => Some(Planned { row, plan, components }),
        Err(error) => {
            tracing::warn!(id = %row.id, %error, "a maintenance in the database is no plan, and is left out");
            None
        }
    };
    Ok(maintenances::all(&app.store).await?.into_iter().filter_map(planned).collect())
}

impl Planned {
    /// Whether it is done on a component.
    pub fn touches(&self, component: Uuid) -> bool {
        self.row.everything || self.components.contains(&component)
    }

    /// What it is done on, unless on everything.
    pub fn components(&self) -> &[Uuid] {
        &self.components
    }

    /// Its windows that have something in common with a span, each as long as it was before an operator ended it.
    pub fn windows(&self, span: Span) -> Vec<Span> {
        let end = self.row.ended_at.unwrap_or(UnixMs::MAX);
        let cut = |window: Span| Span { to: window.to.min(end), ..window };
        let windows = self.plan.windows(span).into_iter().map(cut);
        windows.filter(|window| window.common(span).ms() > 0).collect()
    }

    /// The window that runs, or the next one that begins soon.
    pub fn next(&self, now: UnixMs) -> Option<Span> {
        self.windows(Span { from: now, to: now + AHEAD_MS }).into_iter().next()
    }

    /// The next window that has not begun, if one begins within a year.
    pub(crate) fn coming(&self, now: UnixMs) -> Option<Span> {
        self.windows(Span { from: now, to: now + 366 * DAY_MS }).into_iter().find(|window| window.from > now)
    }
}

/// When a component was, and is, in maintenance.
pub(crate) fn spans(planned: &[Planned], component: Uuid, span: Span) -> Vec<Span> {
    planned.iter().filter(|one| one.touches(component)).flat_map(|one| one.windows(span)).collect()
}

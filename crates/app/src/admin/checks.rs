//! What is watched, by an operator's hand.

use domain::monitor::target::{BadTarget, Kind, Target, Wants};
use store::{checks, incidents};
use url::Url;

use super::audit;
use crate::monitor::{cause_of, component_named, end, new_check, target};
use crate::{App, Error, Result};

/// A check, as an operator types it.
#[derive(Debug, Clone)]
pub struct NewCheck {
    /// What it is called here; customers never see it.
    pub name: String,
    /// The server or the part that it tells of; a part that is new is made.
    pub component: String,
    /// How it looks.
    pub kind: Kind,
    /// Where; see [`Target::new`].
    pub target: String,
    /// For what.
    pub wants: Wants,
    /// Minutes from one look to the next, 1 to 60.
    pub every_minutes: u32,
    /// Seconds that a look may take, 1 to 30.
    pub timeout_seconds: u32,
    /// Failures in a row, to go down, 1 to 100.
    pub down_after: u32,
    /// Successes in a row, to come up, 1 to 100.
    pub up_after: u32,
}

fn name(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err(Error::invalid("name", "name_invalid", "a name of 1 to 64 printable characters"));
    }
    Ok(text.to_owned())
}

/// A part's name: it is a file's too, that of its badge.
fn part_name(text: &str) -> Result<String> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if text.len() <= 40 && text.split(' ').all(is_word) {
        return Ok(text.to_owned());
    }
    let words = "1 to 40 letters from A to Z, digits, hyphens and single spaces";
    Err(Error::invalid("component", "name_invalid", words))
}

fn within(field: &'static str, number: u32, most: u32) -> Result<i64> {
    if (1..=most).contains(&number) {
        Ok(i64::from(number))
    } else {
        Err(Error::invalid(field, "number_invalid", format!("a number from 1 to {most}")))
    }
}

fn parsed(new: &NewCheck) -> Result<()> {
    let refused = |error: BadTarget| {
        let field = if error == BadTarget::Wants { "wants" } else { "target" };
        Error::invalid(field, "target_invalid", error.to_string())
    };
    let target = Target::new(new.kind, &new.target, new.wants.clone()).map_err(refused)?;
    if let Target::Http { url, .. } = target
        && !Url::parse(&url).is_ok_and(|url| url.has_host())
    {
        return Err(refused(BadTarget::Target));
    }
    Ok(())
}

/// Adds a check; the first look comes within a minute.
pub async fn add(app: &App, actor: &str, new: &NewCheck) -> Result<()> {
    parsed(new)?;
    let (own_name, component) = (name(&new.name)?, part_name(new.component.trim())?);
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let component = component_named(app, &tx, &component, now).await?;
    let row = checks::Model {
        name: Some(own_name.clone()),
        target: Some(new.target.clone()),
        want_status: new.wants.status.map(i64::from),
        want_text: new.wants.text.clone(),
        want_days: new.wants.certificate_days.map(i64::from),
        every_ms: within("every", new.every_minutes, 60)? * 60_000,
        timeout_ms: within("timeout", new.timeout_seconds, 30)? * 1000,
        down_after: within("down_after", new.down_after, 100)?,
        up_after: within("up_after", new.up_after, 100)?,
        ..new_check(app, &component, new.kind.as_str(), now)
    };
    let row = checks::Model { checked_at: now - row.every_ms, ..row };
    let detail = format!("{} {} for {}", new.kind.as_str(), new.target, new.component);
    checks::insert(&tx, row).await.map_err(|error| {
        if error.is_duplicate_of("name") {
            Error::invalid("name", "name_in_use", "a check has this name already")
        } else {
            error.into()
        }
    })?;
    audit(app, &tx, actor, "check.add", &own_name, &detail, now).await?;
    tx.commit().await?;
    app.status.forget();
    Ok(())
}

/// A check, as it is seen.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The row.
    pub check: checks::Model,
    /// The server or part.
    pub component: String,
}

/// All checks, those of the oldest component first.
pub async fn list(app: &App) -> Result<Vec<Listed>> {
    let servers = store::vps_servers::all(&app.store).await?;
    let named = |(check, component): (checks::Model, checks::components::Model)| {
        let server = servers.iter().find(|server| Some(server.id) == component.server_id);
        let component = server.map(|server| server.name.clone()).or(component.name).unwrap_or_default();
        Listed { check, component }
    };
    Ok(checks::all(&app.store).await?.into_iter().map(named).collect())
}

/// Removes a check that an operator has added, with all that it has seen. The incident of a part that nothing watches any
/// more ends; a part without checks goes.
pub async fn remove(app: &App, actor: &str, name: &str) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let known = checks::by_name(&tx, name).await?.filter(|(check, _)| target(check).is_ok());
    let Some((check, component)) = known else { return Err(Error::NotFound) };
    checks::delete(&tx, check.id).await?;
    let cause = cause_of(&component);
    if checks::lock_of_cause(&tx, &cause).await?.is_empty() {
        if let Some(open) = incidents::lock_open(&tx, &cause).await? {
            end(app, &tx, open, now, now).await?;
        }
        if component.server_id.is_none() {
            checks::delete_component(&tx, component.id).await?;
        }
    }
    audit(app, &tx, actor, "check.remove", name, "", now).await?;
    tx.commit().await?;
    app.status.forget();
    Ok(())
}

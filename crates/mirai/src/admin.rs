//! `mirai admin`: parse, call one use case, print.

mod api_key;
mod audit;
mod check;
mod credit;
mod job;
mod plan;
mod server;
mod stripe;
mod user;

use anyhow::Context as _;
use app::{App, Error};
use serde_json::{Value, json};

use crate::cli::{Admin, Format, KeysCommand, UserCommand};
use crate::{out, serve, settings, wiring};

pub(crate) async fn run(command: Admin) -> anyhow::Result<()> {
    let mut values = serve::load()?;
    if command.sends_mail() {
        for name in ["APP_URL", "MAIL_FROM", "DATA_KEYS"] {
            values.text(name).with_context(|| format!("{name} is missing: the mail needs it (or use --verified)"))?;
        }
    }
    if matches!(command, Admin::Stripe(_)) {
        values.text("STRIPE_SECRET_KEY").context("STRIPE_SECRET_KEY is missing: sk_live_… or sk_test_…")?;
    }
    values.stand_in();
    let (app, _) = wiring::app(settings::parse(&values)?, store::Patience::Command).await?;
    let done = match command {
        Admin::User(command) => user::run(&app, command).await,
        Admin::Server(command) => server::run(&app, command).await,
        Admin::Plan(command) => plan::run(&app, command).await,
        Admin::Stripe(command) => stripe::run(&app, command).await,
        Admin::Credit(command) => credit::run(&app, command).await,
        Admin::ApiKey(command) => api_key::run(&app, command).await,
        Admin::Job(command) => job::run(&app, command).await,
        Admin::Keys(KeysCommand::Rotate { format }) => {
            let done = app::admin::keys::rotate(&app).await.map_err(words)?;
            print_one(&json!({ "resealed": done.resealed, "current": done.current }), format)
        }
        Admin::Audit { about, limit, format } => audit::run(&app, about, limit, format).await,
        Admin::Check { format } => check::run(&app, format).await,
    };
    close(app).await;
    done
}

impl Admin {
    /// Whether a mail is written that must have the site's address in it.
    fn sends_mail(&self) -> bool {
        matches!(self, Admin::User(UserCommand::Create { verified: false, .. }))
    }
}

async fn close(app: App) {
    if let Err(error) = app.store.close().await {
        tracing::debug!(%error, "the database was not closed cleanly");
    }
}

/// A use case's error as one line.
pub(crate) fn words(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(fields) => {
            let list: Vec<String> = fields.iter().map(|f| format!("{}: {}", f.field, f.detail)).collect();
            anyhow::anyhow!(list.join("; "))
        }
        Error::NotFound => anyhow::anyhow!("there is no such thing"),
        other => anyhow::anyhow!(other.chain()),
    }
}

/// A table for people, JSON for programs. Each row is an object with the same keys.
fn print_rows(rows: &[Value], format: Format) -> anyhow::Result<()> {
    if format.json {
        out::line(&serde_json::to_string_pretty(rows)?);
        return Ok(());
    }
    let Some(Value::Object(first)) = rows.first() else {
        out::line("(none)");
        return Ok(());
    };
    let heads: Vec<String> = first.keys().cloned().collect();
    let mut lines = vec![heads.clone()];
    lines.extend(rows.iter().map(|row| heads.iter().map(|head| cell(&row[head.as_str()])).collect()));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    for line in &lines {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        out::line(padded.join("  ").trim_end());
    }
    Ok(())
}

/// One thing: a line a field for people, an object for programs.
pub(crate) fn print_one(row: &Value, format: Format) -> anyhow::Result<()> {
    if format.json {
        out::line(&serde_json::to_string_pretty(row)?);
    } else if let Value::Object(fields) = row {
        for (name, value) in fields {
            out::line(&format!("{name:<18} {}", cell(value)));
        }
    }
    Ok(())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A moment for people and programs.
fn time(at: i64) -> String {
    domain::time::rfc3339(at)
}

//! `mirai import`.

use std::path::{Path, PathBuf};

use app::import_php::{self, Mode, Report};
use serde_json::json;

use crate::cli::ImportCommand;
use crate::{admin, out, serve, settings, wiring};

pub(crate) async fn run(command: ImportCommand) -> anyhow::Result<()> {
    let ImportCommand::Php { from, configs, dry_run, format } = command;
    let mut values = serve::load()?;
    anyhow::ensure!(values.text("DATA_KEYS").is_some(), "DATA_KEYS is missing: keys of devices are sealed under it");
    values.stand_in();
    let (app, _) = wiring::app(settings::parse(&values)?, store::Patience::Command).await?;
    let mode = if dry_run { Mode::DryRun } else { Mode::Real };
    let read = |path: &str| std::fs::read_to_string(place(configs.as_deref(), path));
    let report = import_php::run(&app, &from, &read, mode).await.map_err(admin::words)?;
    if format.json {
        out::line(&serde_json::to_string_pretty(&json(&report, mode))?);
    } else {
        print(&report, mode);
    }
    app.store.close().await?;
    Ok(())
}

/// A path of the old machine, below the folder that holds its files here.
fn place(configs: Option<&Path>, path: &str) -> PathBuf {
    match configs {
        Some(folder) => folder.join(path.trim_start_matches('/')),
        None => PathBuf::from(path),
    }
}

fn json(report: &Report, mode: Mode) -> serde_json::Value {
    let refused: Vec<_> =
        report.refused.iter().map(|one| json!({ "table": one.table, "id": one.id, "why": one.why })).collect();
    json!({ "dry_run": mode == Mode::DryRun, "taken": report.taken, "known": report.known, "refused": refused })
}

fn print(report: &Report, mode: Mode) {
    let verb = if mode == Mode::DryRun { "would be taken over" } else { "taken over" };
    for (table, count) in &report.taken {
        let known = report.known.get(table).copied().unwrap_or(0);
        out::line(&format!("{table:<18} {count} {verb}, {known} known already"));
    }
    for (table, count) in report.known.iter().filter(|(table, _)| !report.taken.contains_key(*table)) {
        out::line(&format!("{table:<18} 0 {verb}, {count} known already"));
    }
    for one in &report.refused {
        out::line(&format!("left out: {} {}: {}", one.table, one.id, one.why));
    }
    if mode == Mode::DryRun {
        out::line("nothing was changed: this was a dry run");
    }
}

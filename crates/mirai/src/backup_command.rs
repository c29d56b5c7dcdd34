//! `mirai backup`: parse, call one use case, print.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use app::backup::key::{self, Identities, Recipients};
use app::backup::parcel::{Content, Header};
use app::backup::{self as backups, Drilled, Setup, Stop};
use app::{Clock, Dice};
use domain::time::rfc3339;
use serde_json::{Value, json};
use store::backup::Tools;

use crate::cli::{BackupCommand, Format};
use crate::settings::{self, Backup};
use crate::{out, serve, signals, wiring};

pub(crate) async fn run(command: BackupCommand) -> anyhow::Result<()> {
    if let BackupCommand::Key { out, format } = command {
        return make_key(&out, format);
    }
    let values = serve::load()?;
    let parsed = settings::backup(&values)?;
    let setup = setup(&parsed)?;
    match command {
        BackupCommand::Key { .. } => Ok(()),
        BackupCommand::Create { format } => create(&setup, &parsed, format).await,
        BackupCommand::Verify { which, identity, format } => {
            let file = chosen(which.file, &setup.dir)?;
            let done = backups::verify(&setup, &file, opener(identity.identity, &parsed)?).await?;
            let mut row = about(&done.file, &done.header, &done.content);
            row["seconds"] = seconds(done.took);
            out::print_one(&row, format)?;
            say(format, "whole: the key opens it, every byte is as it was written, and nothing is missing");
            Ok(())
        }
        BackupCommand::Restore { which, into, identity, format } => {
            let file = chosen(which.file, &setup.dir)?;
            let place =
                into.as_deref().map_or(Ok(parsed.database.clone()), |url| settings::restore_into(&values, url))?;
            restore(&setup, &file, (opener(identity.identity, &parsed)?, &place), format).await
        }
        BackupCommand::Settle { format } => {
            let store = wiring::open(&parsed.database).await?;
            let servers = backups::settle(&store).await?;
            store.close().await?;
            out::print_one(&json!({ "servers": servers }), format)
        }
        BackupCommand::Drill { file, latest: _, identity, format } => {
            let file = chosen(file, &setup.dir)?;
            let done = backups::drill(&setup, &file, opener(identity.identity, &parsed)?).await?;
            show_drill(&file, &done, format)
        }
    }
}

fn make_key(out: &Path, format: Format) -> anyhow::Result<()> {
    let public = key::make(out)?;
    if format.json {
        return out::print_one(&json!({ "file": out, "recipient": public }), format);
    }
    out::line(&format!("the secret key is in {}: without it no backup can be opened.", out.display()));
    out::line("Copy it to where you keep keys, more than once, and then remove it from this machine.");
    out::line("Add this line to the settings:");
    out::line(&format!("BACKUP_RECIPIENTS={public}"));
    Ok(())
}

fn setup(parsed: &Backup) -> anyhow::Result<Setup> {
    let (stop, mut asked) = (Stop::default(), signals::stop()?);
    let told = stop.clone();
    tokio::spawn(async move {
        if asked.wait_for(|stop| *stop).await.is_ok() {
            told.ask();
        }
    });
    Ok(Setup {
        database: parsed.database.clone(),
        dir: parsed.dir.clone(),
        tools: Tools { path: std::env::var_os("PATH") },
        clock: Clock::System,
        dice: Arc::new(Dice::System),
        stop,
    })
}

/// A path, or the name of one in the folder of the backups, or the newest.
fn chosen(file: Option<PathBuf>, dir: &Path) -> anyhow::Result<PathBuf> {
    match file {
        None => Ok(backups::latest(dir)?),
        Some(name) if !name.exists() && dir.join(&name).exists() => Ok(dir.join(name)),
        Some(path) => Ok(path),
    }
}

fn opener(option: Option<PathBuf>, parsed: &Backup) -> anyhow::Result<Arc<Identities>> {
    let path = option.or_else(|| parsed.identity.clone());
    let path = path.context("which key opens it? Give --identity FILE, or set BACKUP_IDENTITY_FILE")?;
    Ok(Arc::new(Identities::read(&path)?))
}

async fn create(setup: &Setup, parsed: &Backup, format: Format) -> anyhow::Result<()> {
    let done = backups::create(setup, Recipients::parse(&parsed.recipients)?, parsed.keep).await?;
    let row = json!({
        "file": done.file,
        "engine": done.engine.as_str(),
        "taken_at": rfc3339(done.taken_at),
        "bytes": done.bytes,
        "content_bytes": done.content.bytes,
        "sha256": done.content.sha256,
        "rows": done.rows.map(|rows| rows.values().sum::<u64>()),
        "removed": done.removed,
        "seconds": seconds(done.took),
    });
    out::print_one(&row, format)
}

async fn restore(
    setup: &Setup,
    file: &Path,
    (identities, place): (Arc<Identities>, &store::Settings),
    format: Format,
) -> anyhow::Result<()> {
    let done = backups::restore(setup, file, identities, place).await?;
    let mut row = about(file, &done.header, &done.content);
    row["into"] = json!(done.place);
    row["equal"] = json!(true);
    figures(&mut row, done.age, done.took);
    out::print_one(&row, format)?;
    say(format, &in_words(done.age, done.took));
    say(
        format,
        match done.is_older {
            true => "the backup is of an older program. Before the start: `mirai migrate`, then `mirai backup settle`",
            false => "before the start: `mirai backup settle`",
        },
    );
    Ok(())
}

fn show_drill(file: &Path, done: &Drilled, format: Format) -> anyhow::Result<()> {
    let broken: Vec<Value> = done
        .findings
        .iter()
        .filter(|one| one.broken != 0)
        .map(|one| json!({ "rule": one.rule, "broken": one.broken }))
        .collect();
    let mut row = about(file, &done.header, &done.content);
    row["equal"] = json!(true);
    row["migrated"] = json!(done.migrated);
    row["rules"] = json!(done.findings.len());
    row["broken"] = json!(broken);
    figures(&mut row, done.age, done.took);
    out::print_one(&row, format)?;
    say(format, &in_words(done.age, done.took));
    match broken.len() {
        0 => Ok(()),
        count => bail!("{count} of {} rules are broken in the backup; see docs/operations.md", done.findings.len()),
    }
}

fn about(file: &Path, header: &Header, content: &Content) -> Value {
    json!({
        "file": file,
        "engine": header.engine.as_str(),
        "taken_at": rfc3339(header.taken_at),
        "program": header.program,
        "migration": header.migration,
        "content_bytes": content.bytes,
        "sha256": content.sha256,
        "rows": header.rows.as_ref().map(|rows| rows.values().sum::<u64>()),
    })
}

fn figures(row: &mut Value, age: Duration, took: Duration) {
    row["rpo_seconds"] = json!(age.as_secs());
    row["rto_seconds"] = seconds(took);
}

fn in_words(age: Duration, took: Duration) -> String {
    format!(
        "equal to the backup. RPO {}: what came since is not in it. RTO {}: so long it took, with the comparison",
        span(age),
        span(took)
    )
}

/// To the millisecond.
fn seconds(took: Duration) -> Value {
    json!(took.as_millis() as f64 / 1000.0)
}

fn say(format: Format, line: &str) {
    if !format.json {
        out::line(line);
    }
}

/// `3 d 4 h`, `2 h 5 min`, `1 min 5 s`, `1.8 s`, `24 ms`.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units_at_the_most() {
        let table = [
            (24, "24 ms"),
            (1_800, "1.8 s"),
            (65_000, "1 min 5 s"),
            (7_500_000, "2 h 5 min"),
            (273_600_000, "3 d 4 h"),
        ];
        for (ms, expect) in table {
            assert_eq!(span(Duration::from_millis(ms)), expect);
        }
    }
}

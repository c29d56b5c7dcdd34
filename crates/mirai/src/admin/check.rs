//! `mirai admin check`.

use anyhow::bail;
use app::{App, admin};
use serde_json::json;

use super::{print_rows, words};
use crate::cli::Format;

/// Prints every rule with how many rows break it; fails if any does.
pub(super) async fn run(app: &App, format: Format) -> anyhow::Result<()> {
    let findings = admin::check(app).await.map_err(words)?;
    let rows: Vec<_> = findings.iter().map(|one| json!({ "broken": one.broken, "rule": one.rule })).collect();
    print_rows(&rows, format)?;
    let broken = findings.iter().filter(|one| one.broken != 0).count();
    if broken > 0 {
        bail!("{broken} of {} rules are broken; see docs/operations.md", findings.len());
    }
    Ok(())
}

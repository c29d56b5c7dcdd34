//! `mirai admin check`, and how findings are shown.

use anyhow::bail;
use app::admin::Finding;
use app::{App, admin};
use serde_json::json;

use super::words;
use crate::cli::Format;
use crate::out::print_rows;

/// Prints every rule with how many rows break it; fails if any does.
pub(super) async fn run(app: &App, format: Format) -> anyhow::Result<()> {
    show(&admin::check(app).await.map_err(words)?, format)
}

/// Prints rules with how many rows break them; fails if any does.
pub(super) fn show(findings: &[Finding], format: Format) -> anyhow::Result<()> {
    let rows: Vec<_> = findings.iter().map(|one| json!({ "broken": one.broken, "rule": one.rule })).collect();
    print_rows(&rows, format)?;
    let broken = findings.iter().filter(|one| one.broken != 0).count();
    if broken > 0 {
        bail!("{broken} of {} rules are broken; see docs/operations.md", findings.len());
    }
    Ok(())
}

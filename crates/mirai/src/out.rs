//! The one place that prints.

use std::io::Write as _;

#[cfg(any(feature = "control", feature = "gateway"))]
use serde_json::Value;

#[cfg(any(feature = "control", feature = "gateway"))]
use crate::cli::Format;

/// A line on standard output. A reader that has gone away (`mirai … | head`) is no error.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line on standard error.
pub(crate) fn error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A table for people, JSON for programs. Each row is an object with the same keys.
#[cfg(feature = "control")]
pub(crate) fn print_rows(rows: &[Value], format: Format) -> anyhow::Result<()> {
    if format.json {
        line(&serde_json::to_string_pretty(rows)?);
        return Ok(());
    }
    let Some(Value::Object(first)) = rows.first() else {
        line("(none)");
        return Ok(());
    };
    let heads: Vec<String> = first.keys().cloned().collect();
    let mut lines = vec![heads.clone()];
    lines.extend(rows.iter().map(|row| heads.iter().map(|head| cell(&row[head.as_str()])).collect()));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    for row in &lines {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(padded.join("  ").trim_end());
    }
    Ok(())
}

/// One thing: a line a field for people, an object for programs.
#[cfg(any(feature = "control", feature = "gateway"))]
pub(crate) fn print_one(row: &Value, format: Format) -> anyhow::Result<()> {
    if format.json {
        line(&serde_json::to_string_pretty(row)?);
    } else if let Value::Object(fields) = row {
        for (name, value) in fields {
            line(&format!("{name:<18} {}", cell(value)));
        }
    }
    Ok(())
}

#[cfg(any(feature = "control", feature = "gateway"))]
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

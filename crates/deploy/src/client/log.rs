//! What was done, on this side: a file for people and one for programs.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use crate::logs;

/// Where they lie.
pub const FOLDER: &str = "deploy-logs";

/// The two files of one command.
#[derive(Debug)]
pub struct Log {
    text: Option<File>,
    lines: Option<File>,
}

impl Log {
    /// Begins them. `now_ms` is the time in Unix milliseconds.
    pub fn begin(folder: &Path, environment: &str, verb: &str, now_ms: i64) -> Log {
        let open = |ending: &str| logs::begin(&folder.join(FOLDER), now_ms, &format!("{environment}_{verb}.{ending}"));
        Log { text: open("log"), lines: open("jsonl") }
    }

    /// A line.
    pub fn line(&mut self, now_ms: i64, text: &str) {
        if let Some(file) = &mut self.text {
            let _ = writeln!(file, "{text}");
        }
        if let Some(file) = &mut self.lines {
            let _ = writeln!(file, "{}", json!({ "at_ms": now_ms, "text": text }));
        }
    }
}

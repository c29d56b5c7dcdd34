//! What was done, on this side: a file for people and one for programs.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

/// Where they lie.
pub const FOLDER: &str = "deploy-logs";

/// The two files of one command. What can't be written is not worth a failed deployment.
#[derive(Debug)]
pub struct Log {
    text: Option<File>,
    lines: Option<File>,
}

impl Log {
    /// Begins them. `now_ms` is the time in Unix milliseconds.
    pub fn begin(folder: &Path, environment: &str, verb: &str, now_ms: i64) -> Log {
        let folder = folder.join(FOLDER);
        let _ = fs::create_dir_all(&folder);
        let open = |ending: &str| {
            let path: PathBuf = folder.join(format!("{now_ms}_{environment}_{verb}.{ending}"));
            OpenOptions::new().create(true).append(true).open(path).ok()
        };
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

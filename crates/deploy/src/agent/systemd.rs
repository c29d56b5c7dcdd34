//! The units, by `systemctl`.

use std::process::Command;

/// The unit of a release that is being looked at.
pub(super) const CANDIDATE: &str = "mirai-candidate.service";

/// Lines of a log at the most, and characters of each: what a reader wants, and a frame holds.
const MOST_LINES: u32 = 300;
const MOST_LINE: usize = 500;

/// How a unit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Whether it runs and has said that it is ready.
    pub(super) is_active: bool,
    /// Its process; 0 without one.
    pub(super) pid: u32,
}

/// Asks a unit; `None` while systemd does not answer, as when it is being renewed.
pub(super) fn unit(name: &str) -> Option<Unit> {
    let shown = text(&["show", "--property=ActiveState,MainPID", name]);
    let value = |key: &str| shown.lines().find_map(|line| line.strip_prefix(key));
    // A socket has no process.
    let pid = value("MainPID=").and_then(|pid| pid.parse().ok()).unwrap_or(0);
    Some(Unit { is_active: value("ActiveState=")? == "active", pid })
}

/// Whether a unit is known to run.
pub(super) fn is_active(name: &str) -> bool {
    unit(name).is_some_and(|unit| unit.is_active)
}

/// When a unit's process began, in Unix seconds.
pub(super) fn began(name: &str) -> Option<i64> {
    let shown = text(&["show", "--timestamp=unix", "--property=ExecMainStartTimestamp", name]);
    shown.trim().strip_prefix("ExecMainStartTimestamp=@")?.parse().ok()
}

/// Whether a unit is started at boot.
pub(super) fn is_enabled(name: &str) -> bool {
    Command::new("systemctl").args(["--quiet", "is-enabled", name]).status().is_ok_and(|status| status.success())
}

/// Whether a unit runs, or is about to: one whose process has died is started again after a moment.
pub(super) fn is_under_way(name: &str) -> bool {
    let shown = text(&["show", "--property=ActiveState", name]);
    !["ActiveState=inactive", "ActiveState=failed", ""].contains(&shown.trim())
}

/// Whether systemd knows a unit's file.
pub(super) fn is_installed(name: &str) -> bool {
    text(&["show", "--property=LoadState", name]).trim() == "LoadState=loaded"
}

/// Whether a unit does something and ends.
pub(super) fn is_oneshot(name: &str) -> bool {
    text(&["show", "--property=Type", name]).trim() == "Type=oneshot"
}

/// `start`, `stop` or `restart`: waits until the unit has done so.
pub(super) fn tell(verb: &str, name: &str) -> Result<(), String> {
    let done = Command::new("systemctl").args(["--quiet", verb, name]).output();
    match done {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(format!("systemctl {verb} {name}: {}", String::from_utf8_lossy(&done.stderr).trim())),
        Err(error) => Err(format!("systemctl can't be run: {error}")),
    }
}

/// Starts a unit from new, whatever became of it before: one that failed too often has that forgotten.
pub(super) fn start(name: &str) -> Result<(), String> {
    let _ = tell("reset-failed", name);
    tell("start", name)
}

/// Stops a unit. How it ended is forgotten, so that no `restart 'mirai@*'` brings it back.
pub(super) fn stop(name: &str) -> Result<(), String> {
    let stopped = tell("stop", name);
    let _ = tell("reset-failed", name);
    stopped
}

/// The last lines of a unit's log, each and all of a length that fits into a frame.
pub(super) fn journal(name: &str, lines: u32) -> Vec<String> {
    let lines = format!("--lines={}", lines.min(MOST_LINES));
    let done = Command::new("journalctl").args(["--no-pager", "--output=cat", &lines, "--unit", name]).output();
    let text = done.map(|done| String::from_utf8_lossy(&done.stdout).into_owned()).unwrap_or_default();
    text.lines().filter_map(readable).map(|line| line.chars().take(MOST_LINE).collect()).collect()
}

/// A line of the program's log for a person: what it said, not that it answered.
fn readable(line: &str) -> Option<String> {
    let Ok(said) = serde_json::from_str::<serde_json::Value>(line) else { return Some(line.to_owned()) };
    let (level, fields) = (said["level"].as_str()?, said["fields"].as_object()?);
    let message = fields.get("message")?.as_str()?;
    let more = fields.iter().filter(|(name, _)| *name != "message").map(|(name, value)| format!(" {name}={value}"));
    (message != "answered").then(|| format!("{level} {message}{}", more.collect::<String>()))
}

fn text(args: &[&str]) -> String {
    let done = Command::new("systemctl").args(args).output();
    done.map(|done| String::from_utf8_lossy(&done.stdout).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_shown_as_sentences_without_what_was_merely_answered() {
        let answered = r#"{"level":"INFO","fields":{"message":"answered","status":200},"target":"web"}"#;
        let failed = r#"{"level":"ERROR","fields":{"message":"the database is away","ms":500},"target":"app"}"#;
        assert_eq!(readable(answered), None);
        assert_eq!(readable(failed).as_deref(), Some("ERROR the database is away ms=500"));
        assert_eq!(readable("mirai: LISTEN: taken").as_deref(), Some("mirai: LISTEN: taken"));
    }
}

//! How a command ends, for people and for scripts.

use serde::{Deserialize, Serialize};

/// The cause of an ending when the host is not any more as the plan took it to be.
pub const CHANGED: &str = "the host has changed since the plan was made";

/// How a command ended; its exit code is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What was asked for is so: the release is live and good, or was already.
    Good,
    /// Refused before anything was changed.
    Refused,
    /// It failed; what served before serves still, and was never interrupted.
    Failed,
    /// It failed after the switch, and the release from before serves again.
    RolledBack,
    /// It failed after the switch, and going back failed too: a person is needed now.
    Stranded,
}

impl Outcome {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Outcome::Good => 0,
            Outcome::Refused => 10,
            Outcome::Failed => 20,
            Outcome::RolledBack => 21,
            Outcome::Stranded => 22,
        }
    }
}

/// The end of a command, which explains itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub outcome: Outcome,
    /// What happened, in a sentence.
    pub cause: String,
    /// What was seen: the last lines of the candidate's log, a command's own words.
    pub evidence: Vec<String>,
    /// How the host is now.
    pub host: String,
    /// What to type next; empty when nothing is to be done.
    pub next: String,
}

impl Ending {
    /// As it had to be: nothing to explain but how the host is.
    pub fn good(cause: impl Into<String>, host: impl Into<String>) -> Ending {
        Ending {
            outcome: Outcome::Good,
            cause: cause.into(),
            evidence: Vec::new(),
            host: host.into(),
            next: String::new(),
        }
    }

    /// Refused before anything was changed.
    pub fn refused(cause: impl Into<String>, next: impl Into<String>) -> Ending {
        Ending {
            outcome: Outcome::Refused,
            cause: cause.into(),
            evidence: Vec::new(),
            host: "nothing was changed".to_owned(),
            next: next.into(),
        }
    }

    /// The lines for a person.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.cause.clone()];
        lines.extend(self.evidence.iter().map(|line| format!("  | {line}")));
        if !self.host.is_empty() {
            lines.push(format!("the host: {}", self.host));
        }
        if !self.next.is_empty() {
            lines.push(format!("next: {}", self.next));
        }
        lines.iter().map(|line| plain(line)).collect()
    }
}

/// A line as a terminal may have it: what a host says is not to be believed, and a sign that steers a terminal is no text.
pub fn plain(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_does_not_steer_the_operators_terminal() {
        let ending = Ending::good("it is \u{1b}[2Jlive\u{9b}", "well\r");
        assert_eq!(ending.lines(), ["it is \u{fffd}[2Jlive\u{fffd}", "the host: well\u{fffd}"]);
    }
}

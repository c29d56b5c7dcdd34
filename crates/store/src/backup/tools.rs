//! The programs that come with MariaDB and MySQL.

use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use super::unusable;
use crate::Result;

/// As much of a program's complaints as is kept: the last of them say what ended it.
const COMPLAINTS: usize = 4096;

/// Where programs are looked for.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    /// `PATH`; the system's own if absent.
    pub path: Option<OsString>,
}

/// Whose program it is: they name some options differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    MariaDb,
    MySql,
}

/// A program that is installed.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    path: Option<OsString>,
}

impl Tools {
    /// The first of `names` that is installed.
    pub(super) fn find(&self, names: &[&'static str]) -> Result<Tool> {
        for &name in names {
            let mut tool = Tool { name, kind: Kind::MySql, path: self.path.clone() };
            match tool.command().arg("--version").output() {
                Ok(said) if said.status.success() => {
                    if String::from_utf8_lossy(&said.stdout).contains("MariaDB") {
                        tool.kind = Kind::MariaDb;
                    }
                    return Ok(tool);
                }
                Ok(said) => {
                    return Err(unusable(format!("`{name} --version` failed: {}", last_lines(&said.stderr))));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(unusable(format!("`{name}` can't be started: {error}"))),
            }
        }
        Err(unusable(format!("`{}` is not installed: apt-get install mariadb-client", names.join("` or `"))))
    }
}

impl Tool {
    /// The program with nothing of this process's environment, which holds secrets, but where programs are.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(self.name);
        command.env_clear().env("LC_ALL", "C").stdin(Stdio::null());
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    /// Whether it takes an option.
    pub(super) fn takes(&self, option: &str) -> bool {
        let help = self.command().arg("--no-defaults").arg("--help").output();
        help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains(option))
    }
}

/// Reads what a program complains of in a thread of its own, so that it never waits for us.
pub(super) fn complaints(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let (mut kept, mut piece) = (Vec::new(), [0; 1024]);
        while let Ok(count @ 1..) = from.read(&mut piece) {
            kept.extend_from_slice(&piece[..count]);
            let extra = kept.len().saturating_sub(COMPLAINTS);
            kept.drain(..extra);
        }
        kept
    })
}

/// The last three lines, as one.
pub(super) fn last_lines(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(3)..];
    if last.is_empty() { "it said nothing".to_owned() } else { last.join("; ") }
}

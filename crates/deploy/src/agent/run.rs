//! Running a release's own commands, as the user whom what it keeps belongs to.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::store::file_error;
use super::{AgentError, Host};
use crate::id::ReleaseId;

/// The last lines of a command that failed that are shown.
const SHOWN: usize = 20;

/// What a command has said, or its last lines, if it failed.
pub(super) type Said = Result<String, Vec<String>>;

impl Host {
    /// Runs `mirai ARGS` of a release where it keeps what it keeps.
    pub(super) fn run(&self, release: &ReleaseId, args: &[&str]) -> Result<Said, AgentError> {
        run_as_owner(&self.layout.program(release), args, &self.home(), "")
    }
}

/// Runs a program in a folder, as the folder's owner, with this on its standard input.
pub(super) fn run_as_owner(program: &Path, args: &[&str], folder: &Path, input: &str) -> Result<Said, AgentError> {
    let owner = std::fs::metadata(folder).map_err(file_error(folder))?;
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if owner.uid() != 0 {
        command.gid(owner.gid()).uid(owner.uid());
    }
    let mut run = || {
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read it ends as it would without.
            let _ = stdin.write_all(input.as_bytes());
        }
        child.wait_with_output()
    };
    let done = match run() {
        Ok(done) => done,
        Err(error) => return Ok(Err(vec![format!("it can't be started: {error}")])),
    };
    if done.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&done.stdout).into_owned()));
    }
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    Ok(Err(lines[lines.len().saturating_sub(SHOWN)..].to_vec()))
}

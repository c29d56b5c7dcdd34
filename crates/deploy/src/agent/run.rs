//! Running a release's own commands, as the user whom the settings belong to.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use super::store::file_error;
use super::{AgentError, Host};
use crate::id::ReleaseId;

/// The last lines of a command that failed that are shown.
const SHOWN: usize = 20;

impl Host {
    /// Runs `mirai ARGS` of a release in the folder of the settings; its last lines, if it fails.
    pub(super) fn run(&self, release: &ReleaseId, args: &[&str]) -> Result<Result<(), Vec<String>>, AgentError> {
        let shared = self.layout.shared();
        let owner = std::fs::metadata(&shared).map_err(file_error(&shared))?;
        let mut command = Command::new(self.layout.program(release));
        command
            .args(args)
            .current_dir(&shared)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::null());
        if owner.uid() != 0 {
            command.gid(owner.gid()).uid(owner.uid());
        }
        let done = match command.output() {
            Ok(done) => done,
            Err(error) => return Ok(Err(vec![format!("it can't be started: {error}")])),
        };
        if done.status.success() {
            return Ok(Ok(()));
        }
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let lines: Vec<String> = said.lines().map(str::to_owned).collect();
        Ok(Err(lines[lines.len().saturating_sub(SHOWN)..].to_vec()))
    }
}

//! Running a release's own commands, as the user whom what it keeps belongs to.

use std::io::{self, Read, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::store::file_error;
use super::{AgentError, Host};
use crate::id::ReleaseId;

/// Where its programs are found: `nft` is the administrator's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The last lines of a command that failed that are shown.
const SHOWN: usize = 20;

/// How long a command may take that only looks.
const TO_ANSWER: Duration = Duration::from_secs(10);
/// How long one may that works, such as a backup of a large database: it holds all other deploys up.
pub(super) const TO_WORK: Duration = Duration::from_secs(3_600);
/// How much any may say, in bytes.
const MOST_SAID: u64 = 1 << 20;

/// What a command has said, or its last lines, if it failed.
pub(super) type Said = Result<String, Vec<String>>;

impl Host {
    /// Runs `mirai ARGS` of a release where it keeps what it keeps, for an hour at most.
    pub(super) fn run(&self, release: &ReleaseId, args: &[&str]) -> Result<Said, AgentError> {
        run_as_owner(&self.layout.program(release), args, &self.home(), "", TO_WORK)
    }

    /// The same for what looks and answers: a user who makes it wait must not make everybody wait.
    pub(super) fn ask(&self, release: &ReleaseId, args: &[&str]) -> Result<Said, AgentError> {
        run_as_owner(&self.layout.program(release), args, &self.home(), "", TO_ANSWER)
    }
}

/// Runs a program in a folder, as the folder's owner, with this on its standard input. It is ended when it takes too long, with
/// all that it has started.
pub(super) fn run_as_owner(
    program: &Path,
    args: &[&str],
    folder: &Path,
    input: &str,
    within: Duration,
) -> Result<Said, AgentError> {
    let owner = std::fs::metadata(folder).map_err(file_error(folder))?;
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_clear().env("PATH", PATH);
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if owner.uid() != 0 {
        command.gid(owner.gid()).uid(owner.uid());
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Err(vec![format!("it can't be started: {error}")])),
    };
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read it ends as it would without.
        let _ = stdin.write_all(input.as_bytes());
    }
    let (said, complained) = (listen(child.stdout.take()), listen(child.stderr.take()));
    let done = wait(&mut child, within);
    let (said, complained) = (said.join().unwrap_or_default(), complained.join().unwrap_or_default());
    match done {
        Ok(Some(status)) if status.success() => Ok(Ok(said)),
        Ok(Some(_)) => {
            let lines: Vec<String> = complained.lines().map(str::to_owned).collect();
            Ok(Err(lines[lines.len().saturating_sub(SHOWN)..].to_vec()))
        }
        Ok(None) => Ok(Err(vec![format!("it was ended: it took more than {} seconds", within.as_secs())])),
        Err(error) => Ok(Err(vec![format!("it can't be waited for: {error}")])),
    }
}

fn listen(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.by_ref().take(MOST_SAID).read_to_end(&mut text);
            // What is beyond is nobody's, and must not hold the command up.
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// How it ended; `None` if it had to be ended.
fn wait(child: &mut Child, within: Duration) -> io::Result<Option<ExitStatus>> {
    let until = Instant::now() + within;
    while Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // Whoever is left of its group would hold its output open.
    rustix::process::kill_process_group(rustix::process::Pid::from_child(child), rustix::process::Signal::KILL)?;
    child.wait().map(|_| None)
}

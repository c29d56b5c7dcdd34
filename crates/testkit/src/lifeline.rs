//! A helper process that cannot outlive the test: see `lifeline.sh` for what happens on the other side.

use anyhow::{Context as _, bail};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

const SCRIPT: &str = include_str!("lifeline.sh");

/// How long the helper may take to end; a database writes its pages back in this time.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running helper. Dropping it kills the helper at once and removes its folder.
#[derive(Debug)]
pub(crate) struct Lifeline {
    shell: Child,
    line: Option<ChildStdin>,
    pid: u32,
}

impl Lifeline {
    /// Starts `program` with its output appended to `log`. `dir` must be private to this helper and named in `args`.
    /// The environment holds only `PATH`, the language, and places for temporary files inside `dir`.
    pub(crate) fn start<S: AsRef<OsStr>>(dir: &Path, program: &Path, args: &[S], log: &Path) -> anyhow::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "lifeline"])
            .arg(program)
            .args(args)
            .env_clear()
            .env("PATH", crate::setting::setting("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()))
            .env("LANG", "C.UTF-8")
            .env("HOME", dir)
            .env("TMPDIR", dir)
            .env("LIFELINE_DIR", dir)
            .env("LIFELINE_LOG", log)
            .current_dir(dir)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start /bin/sh")?;
        let line = shell.stdin.take();
        let mut first = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout).read_line(&mut first)?;
        }
        let pid = first.trim().parse().with_context(|| format!("{} did not start", program.display()))?;
        Ok(Self { shell, line, pid })
    }

    /// The process id of the helper itself.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// True when the helper has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        is_gone(self.pid)
    }

    /// Ends the helper gently (SIGTERM), waits for it, and leaves its folder in place.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        if let Some(mut line) = self.line.take() {
            line.write_all(b"stop\n").context("the helper's shell is gone")?;
        }
        if !self.wait() {
            bail!("process {} did not end within {} s", self.pid, PATIENCE.as_secs());
        }
        Ok(())
    }

    fn wait(&mut self) -> bool {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if !matches!(self.shell.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

/// True when no process has this id, or only the remains of one that its parent has yet to collect.
fn is_gone(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        drop(self.line.take());
        if !self.wait() {
            // Ending the shell by force loses the sweep, but never leaves the test hanging.
            drop(self.shell.kill());
            drop(self.shell.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::private_dir::PrivateDir;

    /// A helper that starts a second process, as a browser does, and waits.
    fn helper_with_child(dir: &PrivateDir) -> (Lifeline, u32) {
        let script = "sh -c 'while :; do sleep 0.1; done' \"$0\" & echo $! > \"$0/child\"; wait";
        let dir_arg = dir.path().to_string_lossy().into_owned();
        let life =
            Lifeline::start(dir.path(), Path::new("/bin/sh"), &["-c", script, &dir_arg], &dir.join("log")).unwrap();
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            if let Ok(pid) = std::fs::read_to_string(dir.join("child")).unwrap_or_default().trim().parse() {
                return (life, pid);
            }
            assert!(Instant::now() < until, "the helper never came up");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn dropping_the_lifeline_kills_the_helper_and_removes_its_folder() {
        let dir = PrivateDir::new("lifeline").unwrap();
        let (life, child) = helper_with_child(&dir);
        let pid = life.pid();
        assert!(!is_gone(pid) && !is_gone(child) && !life.has_ended());
        drop(life);
        assert!(is_gone(pid));
        assert!(!dir.path().exists());
        assert!(is_gone(child), "what the helper started is gone too");
    }

    #[test]
    fn a_gentle_stop_keeps_the_folder() {
        let dir = PrivateDir::new("lifeline").unwrap();
        let path = dir.path().to_string_lossy().into_owned();
        let script = "trap 'echo bye > \"$0/bye\"; exit' TERM; echo up > \"$0/up\"; while :; do sleep 0.02; done";
        let life = Lifeline::start(dir.path(), Path::new("/bin/sh"), &["-c", script, &path], &dir.join("log")).unwrap();
        while !dir.join("up").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        life.stop().unwrap();
        assert!(dir.join("bye").exists());
    }

    #[test]
    fn a_helper_that_ends_by_itself_is_noticed() {
        let dir = PrivateDir::new("lifeline").unwrap();
        let life = Lifeline::start::<&str>(dir.path(), Path::new("/bin/true"), &[], &dir.join("log")).unwrap();
        let until = Instant::now() + Duration::from_secs(5);
        while !life.has_ended() {
            assert!(Instant::now() < until);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

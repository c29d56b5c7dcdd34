//! Child processes under test: a clean environment, their output line by line, and the signals an operator would send.

use crate::setting::setting;
use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// An executable that tests start.
#[derive(Debug, Clone)]
pub struct Bin {
    path: PathBuf,
}

impl Bin {
    /// The built `mirai` executable: `MIRAI_BIN` when xtask has built it, else built now by cargo.
    ///
    /// # Errors
    /// When the build fails.
    pub async fn mirai() -> anyhow::Result<Self> {
        if let Some(path) = setting("MIRAI_BIN") {
            return Self::at(path);
        }
        // Cargo itself knows whether the executable is fresh; an old one would test yesterday's program.
        let output = Command::new(setting("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--package", "mirai", "--locked", "--message-format=json-render-diagnostics"])
            .current_dir(crate::house::root())
            .stdin(Stdio::null())
            .output()
            .await
            .context("cannot run cargo")?;
        if !output.status.success() {
            bail!("cannot build mirai: {}", String::from_utf8_lossy(&output.stderr));
        }
        let executable = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|message| message["target"]["name"] == "mirai")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from));
        Self::at(executable.context("cargo built mirai but named no executable")?)
    }

    /// What a VPN server runs: `MIRAI_GATEWAY_BIN`, a build with the gateway alone, when xtask has made one, else the same as
    /// [`Bin::mirai`].
    ///
    /// # Errors
    /// When the build fails.
    pub async fn gateway() -> anyhow::Result<Self> {
        match setting("MIRAI_GATEWAY_BIN") {
            Some(path) => Self::at(path),
            None => Self::mirai().await,
        }
    }

    /// An executable by its path.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn at(path: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let path = path.into();
        if !path.is_file() {
            bail!("there is no executable at {}", path.display());
        }
        Ok(Self { path })
    }

    /// Where the executable lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Prepares a start with an empty environment but for `PATH`, `TMPDIR` and `LANG=C.UTF-8`.
    #[must_use]
    pub fn launch(&self) -> Launch {
        let mut env = vec![("LANG".into(), "C.UTF-8".into())];
        for name in ["PATH", "TMPDIR"] {
            env.extend(setting(name).map(|value| (name.into(), value.into())));
        }
        Launch { bin: self.path.clone(), args: Vec::new(), env, dir: None, input: None, handles: None }
    }
}

/// What to start, before it runs.
#[derive(Debug, Clone)]
pub struct Launch {
    bin: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
    input: Option<Vec<u8>>,
    handles: Option<u32>,
}

impl Launch {
    /// Gives the process so many file handles and no more.
    #[must_use]
    pub fn handles(mut self, most: u32) -> Self {
        self.handles = Some(most);
        self
    }

    /// Appends an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Appends arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets the working folder.
    #[must_use]
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Text for standard input, which is closed after it; without it, standard input is empty.
    #[must_use]
    pub fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Starts the process. It is killed when the returned value is dropped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(self) -> anyhow::Result<Running> {
        let mut command = match self.handles {
            None => Command::new(&self.bin),
            Some(most) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]).arg(&self.bin);
                shell
            }
        };
        command.args(&self.args).env_clear().envs(self.env);
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.bin.display()))?;
        if let (Some(input), Some(mut stdin)) = (self.input, child.stdin.take()) {
            // A child may rightly end without reading; that is its caller's to see, not an error here.
            drop(stdin.write_all(&input).await);
        }
        let output = Arc::new(Mutex::new(Output::default()));
        let readers = [
            child.stdout.take().map(|pipe| tokio::spawn(read_lines(pipe, Stream::Out, Arc::clone(&output)))),
            child.stderr.take().map(|pipe| tokio::spawn(read_lines(pipe, Stream::Err, Arc::clone(&output)))),
        ];
        Ok(Running { child, output, readers: readers.into_iter().flatten().collect() })
    }

    /// Runs the process to its end.
    ///
    /// # Errors
    /// When it cannot be started or is still running after `limit`.
    pub async fn run(self, limit: Duration) -> anyhow::Result<Finished> {
        self.start().await?.wait(limit).await
    }
}

#[derive(Debug, Default)]
struct Output {
    out: String,
    err: String,
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Out,
    Err,
}

async fn read_lines(pipe: impl AsyncRead + Unpin, stream: Stream, output: Arc<Mutex<Output>>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&line);
        let mut output = lock(&output);
        match stream {
            Stream::Out => output.out.push_str(&text),
            Stream::Err => output.err.push_str(&text),
        }
        drop(output);
        line.clear();
    }
}

/// A started process; dropping it kills it (SIGKILL).
#[derive(Debug)]
pub struct Running {
    child: Child,
    output: Arc<Mutex<Output>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Its process id; `None` once it has been waited for.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has written to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        lock(&self.output).out.clone()
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        lock(&self.output).err.clone()
    }

    /// Waits for the first line, on either stream, that contains `needle`, and returns it.
    ///
    /// # Errors
    /// When the process ends, or `limit` passes, without such a line; the error holds all output.
    pub async fn wait_for_line(&mut self, needle: &str, limit: Duration) -> anyhow::Result<String> {
        let until = tokio::time::Instant::now() + limit;
        loop {
            let ended = self.child.try_wait()?;
            if ended.is_some() {
                self.drain().await;
            }
            if let Some(line) = self.find_line(needle) {
                return Ok(line);
            }
            let why = match ended {
                Some(status) => format!("it ended ({status})"),
                None if tokio::time::Instant::now() > until => format!("{} s passed", limit.as_secs_f32()),
                None => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            };
            bail!("no line with {needle:?}: {why}\nstdout:\n{}\nstderr:\n{}", self.stdout(), self.stderr());
        }
    }

    fn find_line(&self, needle: &str) -> Option<String> {
        let output = lock(&self.output);
        output.out.lines().chain(output.err.lines()).find(|line| line.contains(needle)).map(str::to_owned)
    }

    /// Asks it to end (SIGTERM).
    ///
    /// # Errors
    /// When it has ended already.
    pub fn terminate(&self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends it at once (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn kill9(self) -> anyhow::Result<Finished> {
        self.signal(Signal::KILL)?;
        self.wait(Duration::from_secs(10)).await
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(pid.context("the process has ended already")?, signal)?;
        Ok(())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it is still running after `limit`; it is killed then, and the error holds all output.
    pub async fn wait(mut self, limit: Duration) -> anyhow::Result<Finished> {
        let Ok(status) = tokio::time::timeout(limit, self.child.wait()).await else {
            bail!("still running after {limit:?}\nstdout:\n{}\nstderr:\n{}", self.stdout(), self.stderr());
        };
        let status = status?;
        self.drain().await;
        Ok(Finished { code: status.code(), signal: status.signal(), stdout: self.stdout(), stderr: self.stderr() })
    }

    /// Lets the readers take in what the dead process left in its pipes. A grandchild may hold a pipe open, so not for ever.
    async fn drain(&mut self) {
        for reader in self.readers.drain(..) {
            drop(tokio::time::timeout(Duration::from_secs(2), reader).await);
        }
    }
}

/// How a process ended, and all that it said.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

fn lock(output: &Mutex<Output>) -> std::sync::MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

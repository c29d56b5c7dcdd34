//! A real Redis server of a test's own, which it may stop, freeze and wipe.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::lifeline::Lifeline;
use crate::missing::need;
use crate::ports::free_port;
use crate::private_dir::PrivateDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// A running server that keeps nothing on disk.
#[derive(Debug)]
pub struct RedisServer {
    life: Mutex<Option<Lifeline>>,
    port: u16,
    dir: PrivateDir,
}

impl RedisServer {
    /// Starts one; `Ok(None)` when Redis is not installed and the run may skip.
    ///
    /// # Errors
    /// When it can't be started, or is not installed and skipping was not asked for.
    pub async fn start() -> anyhow::Result<Option<RedisServer>> {
        if need("redis-server", "redis-server")?.is_none() {
            return Ok(None);
        }
        let server = RedisServer { life: Mutex::default(), port: free_port()?, dir: PrivateDir::new("redis")? };
        server.revive().await?;
        Ok(Some(server))
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn revive(&self) -> anyhow::Result<()> {
        let program = need("redis-server", "redis-server")?.context("Redis is gone")?;
        let port = self.port.to_string();
        let args = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let life = Lifeline::start(self.dir.path(), &program, &args, &self.dir.join("redis.log"))?;
        *self.lock() = Some(life);
        let until = Instant::now() + PATIENCE;
        while self.ask("PING").await.is_err() {
            anyhow::ensure!(Instant::now() < until, "Redis does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Lifeline>> {
        self.life.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// `redis://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let life = self.lock().take().context("Redis is stopped already")?;
        tokio::task::spawn_blocking(|| life.stop()).await?
    }

    /// It keeps its connections and does nothing any more.
    ///
    /// # Errors
    /// When it has ended.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// It goes on.
    ///
    /// # Errors
    /// When it has ended.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.lock().as_ref().map(Lifeline::pid).context("Redis is stopped")?;
        let pid = Pid::from_raw(i32::try_from(pid)?).context("no process")?;
        Ok(kill_process(pid, signal)?)
    }

    /// What it would keep on disk, as one file, uncompressed.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn saved(&self) -> anyhow::Result<Vec<u8>> {
        for command in ["CONFIG SET rdbcompression no", "SAVE"] {
            let answer = self.ask(command).await?;
            anyhow::ensure!(answer.starts_with("+OK"), "{command}: {answer}");
        }
        Ok(std::fs::read(self.dir.join("dump.rdb"))?)
    }

    /// One command as one would type it, such as `FLUSHALL`; the first part of the answer.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn ask(&self, command: &str) -> anyhow::Result<String> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).await?;
        connection.write_all(format!("{command}\r\n").as_bytes()).await?;
        let mut answer = vec![0; 65_536];
        let length = tokio::time::timeout(PATIENCE, connection.read(&mut answer)).await??;
        Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
    }
}

//! A real MariaDB server for one test run: private data folder, free loopback port, a fresh database per test.
//!
//! Under `cargo xtask test` one server serves all suites (`MIRAI_TEST_MARIADB`); without it each test process starts its
//! own. The settings trade durability for speed, except that a gentle stop keeps everything.

use crate::lifeline::Lifeline;
use crate::missing::need;
use crate::ports::free_port;
use crate::private_dir::PrivateDir;
use crate::setting::setting;
use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;
use url::Url;

/// The Debian package with `mariadbd` and `mariadb-install-db`.
const PACKAGE: &str = "mariadb-server-core";
/// How long a server may take until it answers, on a loaded machine.
const START_PATIENCE: Duration = Duration::from_secs(60);

static SHARED: OnceCell<Option<MariaDb>> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A running server, or the address of one that `cargo xtask test` started.
#[derive(Debug)]
pub struct MariaDb {
    admin: Url,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    /// Before `dir`: the server ends first, then its folder goes.
    life: Mutex<Option<Lifeline>>,
    port: u16,
    data: PathBuf,
    settings: Vec<String>,
    dir: PrivateDir,
}

impl MariaDb {
    /// The server that this test run shares; `Ok(None)` when MariaDB is not installed and the run may skip.
    ///
    /// # Errors
    /// When the server cannot be started, or is not installed and skipping was not asked for.
    pub async fn shared() -> anyhow::Result<Option<&'static Self>> {
        let found = SHARED
            .get_or_try_init(|| async {
                match setting("MIRAI_TEST_MARIADB") {
                    Some(url) => {
                        let admin = Url::parse(&url).context("MIRAI_TEST_MARIADB is not a URL")?;
                        anyhow::Ok(Some(Self { admin, own: None }))
                    }
                    None => Self::start().await,
                }
            })
            .await?;
        Ok(found.as_ref())
    }

    /// A server of this test's own, which it may stop and start; `Ok(None)` as with [`MariaDb::shared`].
    ///
    /// # Errors
    /// When the server cannot be started, or is not installed and skipping was not asked for.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        Self::start_with(None, &[]).await
    }

    /// The same with its data in the folder `data`, which must not exist yet, and with more settings.
    ///
    /// # Errors
    /// As with [`MariaDb::start`].
    pub async fn start_with(data: Option<&Path>, settings: &[&str]) -> anyhow::Result<Option<Self>> {
        let (Some(install), Some(server)) = (need("mariadb-install-db", PACKAGE)?, need("mariadbd", PACKAGE)?) else {
            return Ok(None);
        };
        // The port may be taken between the choice and the server's own bind.
        let mut attempts_left = 3;
        loop {
            let password = random_hex();
            attempts_left -= 1;
            match Own::start(&install, &server, &password, data, settings).await {
                Ok(own) => return Ok(Some(Self { admin: own.admin(&password)?, own: Some(own) })),
                Err(error) if attempts_left == 0 => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// The administrator's URL: may create databases and users.
    #[must_use]
    pub fn admin_url(&self) -> &str {
        self.admin.as_str()
    }

    /// Makes an empty database (utf8mb4) that no other test uses; returns its URL, `mysql://user:password@host:port/name`.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn fresh_database(&self) -> anyhow::Result<String> {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}_{}", std::process::id(), &random_hex()[..8]);
        let mut connection = connect(&self.admin).await.context("cannot reach the test MariaDB")?;
        let sql = format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
        connection.execute(AssertSqlSafe(sql)).await?;
        connection.close().await?;
        let mut url = self.admin.clone();
        url.set_path(&name);
        Ok(url.into())
    }

    /// Ends the server gently, as an operator would; its data stay. Only for a server from [`MariaDb::start`].
    ///
    /// # Errors
    /// When the server is the shared one, is stopped already, or does not end.
    pub async fn stop_server(&self) -> anyhow::Result<()> {
        let own = self.own.as_ref().context("the shared MariaDB is not this test's to stop")?;
        let life = lock(&own.life).take().context("the server is stopped already")?;
        tokio::task::spawn_blocking(|| life.stop()).await?
    }

    /// The folder of its data. Only for a server from [`MariaDb::start`].
    ///
    /// # Errors
    /// When the server is the shared one.
    pub fn data(&self) -> anyhow::Result<&Path> {
        Ok(&self.own.as_ref().context("the shared MariaDB's data are elsewhere")?.data)
    }

    /// Sends the server a signal: `STOP` freezes it, `CONT` thaws it, `KILL` ends it at once, and
    /// [`MariaDb::stop_server`] then tidies up. Only for a server from [`MariaDb::start`].
    ///
    /// # Errors
    /// When the server is the shared one, or does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let own = self.own.as_ref().context("the shared MariaDB is not this test's")?;
        let pid = lock(&own.life).as_ref().context("the server is stopped")?.pid();
        Ok(kill_process(Pid::from_raw(pid.try_into()?).context("a pid")?, signal)?)
    }

    /// Starts a stopped server again, on the same port with the same data, and waits until it answers.
    ///
    /// # Errors
    /// When the server is the shared one, runs already, or does not come up.
    pub async fn start_server(&self) -> anyhow::Result<()> {
        let own = self.own.as_ref().context("the shared MariaDB is not this test's to start")?;
        let Some(server) = need("mariadbd", PACKAGE)? else { bail!("mariadbd went away during the test") };
        if lock(&own.life).is_some() {
            bail!("the server is running already");
        }
        own.launch(&server).await?;
        own.wait_until_ready(&self.admin).await
    }
}

impl Own {
    async fn start(
        install: &Path,
        server: &Path,
        password: &str,
        data: Option<&Path>,
        settings: &[&str],
    ) -> anyhow::Result<Self> {
        let dir = PrivateDir::new("db")?;
        let data = data.map_or_else(|| dir.join("data"), Path::to_owned);
        let mut command = Command::new(install);
        command
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg("--skip-name-resolve")
            .arg(format!("--datadir={}", data.display()))
            .args(as_root());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        if !output.status.success() {
            bail!("mariadb-install-db failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        // Runs at each start, so it must be repeatable.
        let sql = format!(
            "CREATE OR REPLACE USER 'mirai'@'%' IDENTIFIED BY '{password}';\n\
             GRANT ALL ON *.* TO 'mirai'@'%' WITH GRANT OPTION;\n\
             ALTER USER 'root'@'localhost' IDENTIFIED BY '{password}';\n"
        );
        std::fs::write(dir.join("init.sql"), sql)?;
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let own = Self { life: Mutex::new(None), port: free_port()?, data, settings, dir };
        own.launch(server).await?;
        own.wait_until_ready(&own.admin(password)?).await?;
        Ok(own)
    }

    fn admin(&self, password: &str) -> anyhow::Result<Url> {
        Ok(Url::parse(&format!("mysql://mirai:{password}@127.0.0.1:{}/mysql", self.port))?)
    }

    async fn launch(&self, server: &Path) -> anyhow::Result<()> {
        let path = |name: &str| self.dir.join(name).display().to_string();
        let mut args = vec![
            "--no-defaults".to_owned(),
            format!("--datadir={}", self.data.display()),
            format!("--socket={}", path("sock")),
            format!("--pid-file={}", path("pid")),
            format!("--init-file={}", path("init.sql")),
            format!("--port={}", self.port),
        ];
        args.extend(SETTINGS.iter().map(|&setting| setting.to_owned()));
        args.extend(self.settings.iter().cloned());
        args.extend(as_root());
        let (dir, log, server) = (self.dir.path().to_owned(), self.dir.join("log"), server.to_owned());
        let life = tokio::task::spawn_blocking(move || Lifeline::start(&dir, &server, &args, &log)).await??;
        *lock(&self.life) = Some(life);
        Ok(())
    }

    async fn wait_until_ready(&self, admin: &Url) -> anyhow::Result<()> {
        let until = Instant::now() + START_PATIENCE;
        loop {
            let error = match connect(admin).await {
                Ok(connection) => return Ok(connection.close().await?),
                Err(error) => error,
            };
            let ended = lock(&self.life).as_ref().is_none_or(Lifeline::has_ended);
            if ended || Instant::now() > until {
                let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(15).collect();
                let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                bail!("the test MariaDB did not come up ({error}); the end of its log:\n{tail}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Loopback only, production's character set and SQL mode, and no waiting for the disk.
const SETTINGS: [&str; 15] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    "--max-connections=600",
    "--table-open-cache=4000",
    "--innodb-buffer-pool-size=96M",
    "--innodb-log-file-size=48M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--skip-innodb-doublewrite",
    "--skip-innodb-file-per-table",
    "--sync-frm=0",
    "--skip-log-bin",
    "--aria-log-purge-type=immediate",
];

async fn connect(url: &Url) -> sqlx::Result<sqlx::MySqlConnection> {
    sqlx::mysql::MySqlConnectOptions::from_str(url.as_str())?.disable_statement_logging().connect().await
}

/// mariadbd refuses to run as root unless told so.
fn as_root() -> Option<String> {
    rustix::process::getuid().is_root().then(|| "--user=root".to_owned())
}

/// 32 hexadecimal digits from the seeds that the standard library takes from the system for its hash maps.
fn random_hex() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

//! Opening a database, and the only two ways to use one: read, or a write transaction.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlSslMode};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection as _, Executor as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};

use crate::patience::{Limited, Patience, Worries};
use crate::server_news::{Changed, ServerNews};
use crate::{Result, StoreError};

/// How long SQLite waits for a writer in another process before the transaction is tried again: with all tries of a
/// use case below the same two seconds.
const BUSY_TIMEOUT: Duration = Duration::from_millis(250);

/// Said once for a connection: said for each transaction it would cost each a round trip.
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// How long a row may be held by another transaction before ours is tried again; MariaDB takes whole seconds, and a
/// statement is waited for longer than this. And how long MariaDB (MySQL has no such setting) keeps a transaction whose
/// program has vanished without a word, with all its locks: ours never pause.
const SHORT_WAITS: &str =
    "SET /*M!100300 SESSION idle_transaction_timeout = 3, */ SESSION innodb_lock_wait_timeout = 1";
/// How long a command's step waits for a table that others are reading, each time that it is tried: while it waits, so do all who
/// come after it.
const SHORT_TABLE_WAITS: &str = "SET SESSION lock_wait_timeout = 3";
/// How long a connection is looked at before it is used again, when there is doubt.
const LOOK: Duration = Duration::from_secs(1);

/// How often, and with which pauses, a new SQLite file is tried that another process is just making: two seconds.
const OPEN_TRIES: u32 = 40;
const OPEN_PAUSE: Duration = Duration::from_millis(50);

/// The kind of database behind a [`Store`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A SQLite file.
    Sqlite,
    /// MariaDB or MySQL.
    MySql,
}

/// TLS towards a remote database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// No TLS; right for a socket or the loopback.
    Off,
    /// TLS with the certificate checked against this CA file, or against the built-in roots.
    Required {
        /// Path of a PEM file.
        ca: Option<String>,
    },
}

/// Where the database is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sqlite://path` or `mysql://user:password@host:port/database`.
    pub url: String,
    /// TLS; ignored for SQLite.
    pub tls: Tls,
    /// Most connections in the pool.
    pub max_connections: u32,
    /// How long to wait for it.
    pub patience: Patience,
}

/// A database to read from, and to begin write transactions on.
#[derive(Debug, Clone)]
pub struct Store {
    db: Limited<DatabaseConnection>,
    patience: Patience,
    backend: Backend,
    /// SQLite has one writer. Waiting here is fair and wakes at once; its own busy handler sleeps and may starve.
    writer: Option<Arc<Semaphore>>,
    news: Arc<ServerNews>,
}

/// A write transaction. Dropped without [`Tx::commit`] it rolls back.
#[derive(Debug)]
pub struct Tx {
    tx: Limited<DatabaseTransaction>,
    _writer: Option<OwnedSemaphorePermit>,
    changed: Mutex<Changed>,
    news: Arc<ServerNews>,
}

/// What a query can run on: a [`Store`], or a [`Tx`].
pub trait Db: Sync {
    /// The connection type behind it.
    #[doc(hidden)]
    type Conn: ConnectionTrait;
    /// The connection.
    #[doc(hidden)]
    fn conn(&self) -> &Self::Conn;
}

impl Db for Store {
    type Conn = Limited<DatabaseConnection>;
    fn conn(&self) -> &Limited<DatabaseConnection> {
        &self.db
    }
}

impl Db for Tx {
    type Conn = Limited<DatabaseTransaction>;
    fn conn(&self) -> &Limited<DatabaseTransaction> {
        &self.tx
    }
}

impl Store {
    /// Opens the database without touching its tables. A server that is away is an error.
    pub async fn connect(settings: &Settings) -> Result<Store> {
        let backend = backend_of(&settings.url)?;
        let worries = Worries::default();
        let mut options = ConnectOptions::new(settings.url.clone());
        options
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.patience.to_acquire())
            .connect_timeout(settings.patience.to_acquire())
            .test_before_acquire_if_idle_for(Duration::from_secs(30))
            .sqlx_logging(false);
        match backend {
            Backend::Sqlite => {
                options.map_sqlx_sqlite_opts(|o| {
                    o.create_if_missing(true)
                        .journal_mode(SqliteJournalMode::Wal)
                        .synchronous(SqliteSynchronous::Normal)
                        .busy_timeout(BUSY_TIMEOUT)
                        .foreign_keys(true)
                });
            }
            Backend::MySql => {
                let tls = settings.tls.clone();
                options.map_sqlx_mysql_opts(move |o| with_tls(o, &tls));
                let (patience, worries) = (settings.patience, worries.clone());
                options.map_sqlx_mysql_pool_opts(move |o| match patience {
                    Patience::Serving => without_endless_waits(o, &worries),
                    Patience::Command => with_session(o, &[ISOLATION, SHORT_TABLE_WAITS]),
                });
            }
        }
        let db = open(options).await?;
        let writer = (backend == Backend::Sqlite).then(|| Arc::new(Semaphore::new(1)));
        Ok(Store {
            db: Limited::new(db, settings.patience, worries),
            patience: settings.patience,
            backend,
            writer,
            news: Arc::default(),
        })
    }

    /// How often a commit of this process has changed servers: what was read of them at one count is as this process
    /// left it while the count is the same.
    pub fn server_changes(&self) -> u64 {
        self.news.commits()
    }

    /// Turns new whenever a commit of this process, or one that was told of, has changed a server's list of peers.
    pub fn peer_news(&self, server: Uuid) -> watch::Receiver<()> {
        self.news.follow(server)
    }

    /// The servers whose peers this process changes, commit by commit.
    pub fn changed_peers(&self) -> broadcast::Receiver<Uuid> {
        self.news.all()
    }

    /// Turns [`Store::peer_news`] of a server new: another process has told that its peers have changed.
    pub fn wake_followers(&self, server: Uuid) {
        self.news.wake(server);
    }

    /// The connections without a limit for a statement.
    pub(crate) fn unlimited(&self) -> &DatabaseConnection {
        &self.db.inner
    }

    /// Lets `see` look at each statement that has run (its SQL without any value) and the time that it took.
    #[must_use]
    pub fn observed(mut self, see: impl Fn(&str, Duration) + Send + Sync + 'static) -> Store {
        self.db.inner.set_metric_callback(move |info| see(&info.statement.sql, info.elapsed));
        self
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Begins a write transaction: immediate on SQLite, READ COMMITTED on MariaDB, where every read that a write
    /// depends on takes its lock. Contention before the first statement is an error to be tried again.
    pub async fn write_txn(&self) -> Result<Tx> {
        let writer = match &self.writer {
            None => None,
            Some(gate) => {
                let permit = tokio::time::timeout(self.patience.to_acquire(), gate.clone().acquire_owned()).await;
                match permit {
                    Ok(Ok(permit)) => Some(permit),
                    _ => return Err(StoreError::Away(sea_orm::DbErr::Custom("the one writer is taken".into()))),
                }
            }
        };
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        // In a task of its own, which goes on where nobody waits for it any more: if a request vanishes while MariaDB answers
        // BEGIN, sqlx takes the connection back without knowing of its transaction, and what the next one writes on it by a
        // statement alone would be neither committed nor let go.
        let (db, more) = (self.db.clone(), self.patience.to_acquire());
        let beginning = tokio::spawn(async move {
            let tx = db.wait(more, db.inner.begin_with_options(options)).await?;
            // The transaction ends before another writer may begin.
            Ok::<_, DbErr>((db.with(tx), writer))
        });
        let (tx, writer) = beginning.await.map_err(|error| DbErr::Custom(error.to_string()))??;
        Ok(Tx { tx, _writer: writer, changed: Mutex::default(), news: Arc::clone(&self.news) })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.db.wait(self.patience.to_acquire(), self.db.inner.ping()).await?)
    }

    /// Closes the pool; statements under way end first.
    pub async fn close(&self) -> Result<()> {
        Ok(self.db.inner.close_by_ref().await?)
    }
}

/// Processes that open a new SQLite file at the same moment stumble over each other's switch to its write-ahead log,
/// for which SQLite itself does not wait.
async fn open(options: ConnectOptions) -> Result<DatabaseConnection> {
    for _ in 0..OPEN_TRIES {
        match Database::connect(options.clone()).await.map_err(StoreError::from) {
            Err(StoreError::Contention(_)) => tokio::time::sleep(OPEN_PAUSE).await,
            opened => return opened,
        }
    }
    Ok(Database::connect(options).await?)
}

impl Tx {
    /// Makes all of it true at once. Where the database does not answer, nobody knows whether it is: an error, and
    /// the caller asks again.
    pub async fn commit(self) -> Result<()> {
        let rest = self.tx.with(());
        let done = rest.wait(Duration::ZERO, self.tx.inner.commit()).await;
        self.news.tell(&self.changed.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(done?)
    }

    /// Notes that this transaction changes servers.
    pub(crate) fn servers_change(&self) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).any = true;
    }

    /// Notes that this transaction changes a server's list of peers. The servers themselves count as they were: that one has
    /// a device more is no reason to read all of them again.
    pub(crate) fn peers_change(&self, server: Uuid) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if !changed.peers_of.contains(&server) {
            changed.peers_of.push(server);
        }
    }
}

pub(crate) fn backend_of(url: &str) -> Result<Backend> {
    match url.split_once("://").map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(Backend::Sqlite),
        Some("mysql" | "mariadb") => Ok(Backend::MySql),
        _ => Err(StoreError::Unusable("DATABASE_URL must begin with sqlite:// or mysql://".into())),
    }
}

fn with_tls(options: MySqlConnectOptions, tls: &Tls) -> MySqlConnectOptions {
    match tls {
        Tls::Off => options.ssl_mode(MySqlSslMode::Disabled),
        Tls::Required { ca: None } => options.ssl_mode(MySqlSslMode::VerifyIdentity),
        Tls::Required { ca: Some(path) } => options.ssl_mode(MySqlSslMode::VerifyIdentity).ssl_ca(path),
    }
}

/// Connections that begin with these statements.
fn with_session(options: MySqlPoolOptions, statements: &'static [&'static str]) -> MySqlPoolOptions {
    options.after_connect(move |connection, _| {
        Box::pin(async move {
            for statement in statements {
                connection.execute(*statement).await?;
            }
            Ok(())
        })
    })
}

/// Connections that don't wait long for a row, and that are closed where a statement was given up and nobody answers
/// any more: the other end may have vanished without a word, and TCP would take minutes to see it.
fn without_endless_waits(options: MySqlPoolOptions, worries: &Worries) -> MySqlPoolOptions {
    let worries = worries.clone();
    with_session(options, &[ISOLATION, SHORT_WAITS]).after_release(move |connection, _| {
        let is_in_doubt = worries.are_fresh();
        Box::pin(async move {
            if is_in_doubt {
                let answer = tokio::time::timeout(LOOK, connection.ping()).await;
                answer.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
            }
            Ok(true)
        })
    })
}

pub(crate) fn is_mysql(backend: DbBackend) -> bool {
    backend == DbBackend::MySql
}

//! A limit on how long a statement is waited for, around a connection of any kind.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};

/// How long the database is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As people wait for a page: see [`STATEMENT_TIMEOUT`]. A statement that is not answered counts as a database
    /// that is away, and a row that another transaction holds as contention.
    Serving,
    /// As long as it takes: for commands and migrations.
    Command,
}

/// How long a served request waits for one statement. Together with [`ACQUIRE_TIMEOUT`] below the two seconds after
/// which a caller is owed a 503.
pub(crate) const STATEMENT_TIMEOUT: Duration = Duration::from_millis(1_200);
/// How long a served request waits for a connection or for SQLite's one writer.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(700);
/// How long a command does.
const COMMAND_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// For so long after an unanswered statement connections are looked at before they are used again.
const WARY_FOR: Duration = Duration::from_secs(60);

impl Patience {
    pub(crate) fn to_acquire(self) -> Duration {
        match self {
            Patience::Serving => ACQUIRE_TIMEOUT,
            Patience::Command => COMMAND_ACQUIRE_TIMEOUT,
        }
    }

    fn for_a_statement(self) -> Option<Duration> {
        (self == Patience::Serving).then_some(STATEMENT_TIMEOUT)
    }
}

/// When a statement was last given up, so that connections that lead nowhere are found.
#[derive(Debug, Clone)]
pub(crate) struct Worries {
    began: Instant,
    /// Milliseconds from `began` to the last unanswered statement, plus one; zero means never.
    last: Arc<AtomicU64>,
}

impl Default for Worries {
    fn default() -> Worries {
        Worries { began: Instant::now(), last: Arc::default() }
    }
}

impl Worries {
    fn note(&self) {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.last.store(ms + 1, Ordering::Relaxed);
    }

    pub(crate) fn are_fresh(&self) -> bool {
        match self.last.load(Ordering::Relaxed) {
            0 => false,
            last => self.began.elapsed() < Duration::from_millis(last - 1) + WARY_FOR,
        }
    }
}

/// A connection on which no statement is waited for longer than its patience allows.
#[derive(Debug, Clone)]
pub struct Limited<C> {
    pub(crate) inner: C,
    patience: Patience,
    worries: Worries,
}

impl<C> Limited<C> {
    pub(crate) fn new(inner: C, patience: Patience, worries: Worries) -> Limited<C> {
        Limited { inner, patience, worries }
    }

    /// Another connection with the same limit.
    pub(crate) fn with<D>(&self, inner: D) -> Limited<D> {
        Limited { inner, patience: self.patience, worries: self.worries.clone() }
    }

    /// Waits for `work`, at most for a statement's time and `more`.
    pub(crate) async fn wait<T>(
        &self,
        more: Duration,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let Some(limit) = self.patience.for_a_statement() else { return work.await };
        let mut work = pin!(work);
        match tokio::time::timeout(limit + more, work.as_mut()).await {
            Ok(done) => done,
            Err(_) => {
                // Before `work` is dropped, and its connection is looked at.
                self.worries.note();
                Err(DbErr::Conn(RuntimeErr::Internal("the database did not answer in time".to_owned())))
            }
        }
    }
}

#[async_trait]
impl<C: ConnectionTrait + Send> ConnectionTrait for Limited<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.wait(Duration::ZERO, self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.wait(Duration::ZERO, self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.wait(Duration::ZERO, self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.wait(Duration::ZERO, self.inner.query_all_raw(statement)).await
    }
}

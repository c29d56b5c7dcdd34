//! Bringing a database to this program's tables.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::MigratorTrait;

use crate::connect::is_mysql;
use crate::migration::Migrator;
use crate::{Backend, Db, Result, Store, StoreError};

/// How often, and with which pauses, a process looks whether another one has done the work: five seconds in all.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// How often it then goes on by itself: two that start at the same moment may be in each other's way.
const AGAIN: u32 = 3;

/// A log directive that keeps the migration library quiet: it greets at each start, whether it has work or not, and what
/// was done is in [`MigrationReport`].
pub const QUIET_MIGRATOR: &str = "sea_orm_migration=warn";

/// What `migrate` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Steps applied now.
    pub applied: usize,
    /// Steps in all.
    pub total: usize,
    /// Steps beyond these that a newer release has applied.
    pub newer: usize,
}

/// A step whose name begins so takes away what earlier releases rest on; all others only add (docs/decisions/0031).
pub(crate) const CONTRACT: char = 'c';

impl Store {
    /// Applies the steps that are missing. A database that holds tables and no record of ours is refused untouched. One that
    /// a newer release has added to is taken as it is, so that there is a way back from a release.
    pub async fn migrate(&self) -> Result<MigrationReport> {
        let tables = self.tables().await?;
        let ours = tables.iter().any(|name| name == "seaql_migrations");
        if !ours && let Some(first) = tables.first() {
            return Err(StoreError::Unusable(format!(
                "the database holds {} table(s) that mirai did not make (`{first}` for one): give it an empty database",
                tables.len()
            )));
        }
        let total = Migrator::migrations().len();
        let (pending, newer) = self.history(ours).await?;
        if newer > 0 {
            return Ok(MigrationReport { applied: 0, total, newer });
        }
        let mut again = AGAIN;
        loop {
            match Migrator::up(self.unlimited(), None).await {
                Ok(()) => return Ok(MigrationReport { applied: pending, total, newer }),
                // Replicas start at the same moment: whoever comes second stumbles over the first one's table.
                Err(_) if self.is_migrated_soon().await? => return Ok(MigrationReport { applied: 0, total, newer }),
                Err(error) if again == 0 => return Err(error.into()),
                // Each step looks for what is there already.
                Err(_) => again -= 1,
            }
        }
    }

    /// How many of our steps are missing, and how many are there that we don't know. With some of both, or one that takes
    /// something away, the database is not for this release.
    async fn history(&self, has_record: bool) -> Result<(usize, usize)> {
        let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
        let applied = if has_record { self.applied_steps().await? } else { Vec::new() };
        let pending = known.iter().filter(|name| !applied.contains(name)).count();
        let newer: Vec<&String> = applied.iter().filter(|name| !known.contains(name)).collect();
        let breaking = newer.iter().find(|name| pending > 0 || name.starts_with(CONTRACT));
        match breaking {
            Some(step) => Err(StoreError::Unusable(format!(
                "a newer release has changed the database (`{step}`) so that this one can't work with it: run that release, \
                 or restore a backup from before it"
            ))),
            None => Ok((pending, newer.len())),
        }
    }

    /// Names of the steps that the database has been through, in order.
    pub async fn applied_steps(&self) -> Result<Vec<String>> {
        self.names("SELECT version AS name FROM seaql_migrations ORDER BY version").await
    }

    /// Whether another process brings the database up to date within a few seconds.
    async fn is_migrated_soon(&self) -> Result<bool> {
        for _ in 0..LOOKS {
            if self.is_migrated().await? {
                return Ok(true);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(false)
    }

    /// Whether all steps have been applied.
    pub async fn is_migrated(&self) -> Result<bool> {
        if !self.tables().await?.iter().any(|name| name == "seaql_migrations") {
            return Ok(false);
        }
        let (pending, _) = self.history(true).await?;
        Ok(pending == 0)
    }

    pub(crate) async fn tables(&self) -> Result<Vec<String>> {
        let sql = match self.backend() {
            Backend::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            }
            Backend::MySql => {
                "SELECT CAST(table_name AS CHAR) AS name FROM information_schema.tables \
                 WHERE table_schema = DATABASE() ORDER BY table_name"
            }
        };
        self.names(sql).await
    }

    async fn names(&self, sql: &str) -> Result<Vec<String>> {
        let backend = self.conn().get_database_backend();
        debug_assert_eq!(is_mysql(backend), self.backend() == Backend::MySql);
        let rows = self.conn().query_all_raw(Statement::from_string(backend, sql)).await?;
        rows.iter().map(|row| Ok(row.try_get::<String>("", "name")?)).collect()
    }
}

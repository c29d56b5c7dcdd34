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
}

impl Store {
    /// Applies the steps that are missing. A database that holds tables and no record of ours is refused untouched.
    pub async fn migrate(&self) -> Result<MigrationReport> {
        let tables = self.tables().await?;
        let ours = tables.iter().any(|name| name == "seaql_migrations");
        if !ours && let Some(first) = tables.first() {
            return Err(StoreError::Unusable(format!(
                "the database holds {} table(s) that mirai did not make (`{first}` for one): give it an empty database",
                tables.len()
            )));
        }
        let pending = Migrator::get_pending_migrations(self.unlimited()).await?.len();
        let total = Migrator::migrations().len();
        let mut again = AGAIN;
        loop {
            match Migrator::up(self.unlimited(), None).await {
                Ok(()) => return Ok(MigrationReport { applied: pending, total }),
                // Replicas start at the same moment: whoever comes second stumbles over the first one's table.
                Err(_) if self.is_migrated_soon().await? => return Ok(MigrationReport { applied: 0, total }),
                Err(error) if again == 0 => return Err(error.into()),
                // Each step looks for what is there already.
                Err(_) => again -= 1,
            }
        }
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
        Ok(Migrator::get_pending_migrations(self.unlimited()).await?.is_empty())
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
        let backend = self.conn().get_database_backend();
        debug_assert_eq!(is_mysql(backend), self.backend() == Backend::MySql);
        let rows = self.conn().query_all_raw(Statement::from_string(backend, sql)).await?;
        rows.iter().map(|row| Ok(row.try_get::<String>("", "name")?)).collect()
    }
}

//! Bringing a database to this program's tables.

use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::MigratorTrait;

use crate::connect::is_mysql;
use crate::migration::Migrator;
use crate::{Backend, Db, Result, Store, StoreError};

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
        let pending = Migrator::get_pending_migrations(self.conn()).await?.len();
        Migrator::up(self.conn(), None).await?;
        Ok(MigrationReport { applied: pending, total: Migrator::migrations().len() })
    }

    /// Whether all steps have been applied.
    pub async fn is_migrated(&self) -> Result<bool> {
        if !self.tables().await?.iter().any(|name| name == "seaql_migrations") {
            return Ok(false);
        }
        Ok(Migrator::get_pending_migrations(self.conn()).await?.is_empty())
    }

    async fn tables(&self) -> Result<Vec<String>> {
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

//! Databases that are migrated once for all suites of a run. Most tests need one of their own, and the steps that a real one
//! takes over the years take seconds on MariaDB.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection};
use store::{Patience, Store, Tls};

use crate::app::{Database, empty_database};
use crate::mariadb::MariaDb;
use crate::private_dir::PrivateDir;
use crate::setting::setting;

/// The folder of the templates, for the suites.
pub const SETTING: &str = "MIRAI_TEST_TEMPLATES";
/// In it: the database of SQLite, and what makes one of MariaDB.
const SQLITE: &str = "mirai.db";
const MARIADB: &str = "mariadb.sql";

/// Makes the templates for a run whose suites share this server.
///
/// # Errors
/// When a migration fails.
pub async fn make(server: &MariaDb, folder: &Path) -> anyhow::Result<()> {
    migrate(format!("sqlite://{}", folder.join(SQLITE).display())).await?;
    let url = server.fresh_database().await?;
    migrate(url.clone()).await?;
    std::fs::write(folder.join(MARIADB), statements(&url).await?)?;
    Ok(())
}

async fn migrate(url: String) -> anyhow::Result<()> {
    let settings = store::Settings { url, tls: Tls::Off, max_connections: 2, patience: Patience::Command };
    let store = Store::connect(&settings).await?;
    store.migrate().await?;
    Ok(store.close().await?)
}

/// What makes another database on the same server like this one.
async fn statements(url: &str) -> anyhow::Result<String> {
    let mut connection = MySqlConnection::connect(url).await?;
    let name: String = sqlx::query_scalar("SELECT DATABASE()").fetch_one(&mut connection).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME",
    )
    .fetch_all(&mut connection)
    .await?;
    let mut sql = String::from("SET FOREIGN_KEY_CHECKS = 0;\n");
    for table in &tables {
        let show = AssertSqlSafe(format!("SHOW CREATE TABLE `{table}`"));
        let (_, create): (String, String) = sqlx::query_as(show).fetch_one(&mut connection).await?;
        writeln!(sql, "{create};")?;
        let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM `{table}`"));
        let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await?;
        if rows > 0 {
            writeln!(sql, "INSERT INTO `{table}` SELECT * FROM `{name}`.`{table}`;")?;
        }
    }
    connection.close().await?;
    sql.push_str("SET FOREIGN_KEY_CHECKS = 1;\n");
    Ok(sql)
}

/// A database of the test's own: migrated where the run has templates, else empty. `None` where MariaDB is missing and may
/// be skipped.
///
/// # Errors
/// When MariaDB does not start, or the template can't be used.
pub async fn database(database: Database, dir: &PrivateDir) -> anyhow::Result<Option<String>> {
    let Some(url) = empty_database(database, dir).await? else { return Ok(None) };
    if let Some(folder) = setting(SETTING).map(PathBuf::from) {
        match database {
            Database::Sqlite => drop(std::fs::copy(folder.join(SQLITE), dir.join(SQLITE))?),
            Database::MariaDb => {
                let sql = std::fs::read_to_string(folder.join(MARIADB))?;
                let mut connection = MySqlConnection::connect(&url).await?;
                connection.execute(AssertSqlSafe(sql)).await?;
                connection.close().await?;
            }
        }
    }
    Ok(Some(url))
}

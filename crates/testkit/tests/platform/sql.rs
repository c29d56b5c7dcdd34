//! Statements past the program, as somebody with the database's password would run them.

use sqlx::{Connection as _, Executor as _};

/// Runs one on the database at `url`.
pub(crate) async fn run_sql(url: &str, sql: &'static str) -> anyhow::Result<()> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut connection = sqlx::sqlite::SqliteConnection::connect_with(&options).await?;
        connection.execute(sql).await?;
    } else {
        sqlx::MySqlConnection::connect(url).await?.execute(sql).await?;
    }
    Ok(())
}

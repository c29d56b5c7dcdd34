//! Statements past the program, as somebody with the database's password would run them.

use sqlx::{Connection as _, Executor as _};

/// Runs one on the database at `url`.
pub(crate) async fn run_sql(url: &str, sql: &'static str) -> anyhow::Result<()> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        sqlite(path).await?.execute(sql).await?;
    } else {
        sqlx::MySqlConnection::connect(url).await?.execute(sql).await?;
    }
    Ok(())
}

/// The one column of text that a query answers with.
pub(crate) async fn rows(url: &str, sql: &'static str) -> anyhow::Result<Vec<String>> {
    Ok(match url.strip_prefix("sqlite://") {
        Some(path) => sqlx::query_scalar(sql).fetch_all(&mut sqlite(path).await?).await?,
        None => sqlx::query_scalar(sql).fetch_all(&mut sqlx::MySqlConnection::connect(url).await?).await?,
    })
}

async fn sqlite(path: &str) -> anyhow::Result<sqlx::sqlite::SqliteConnection> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    Ok(sqlx::sqlite::SqliteConnection::connect_with(&options).await?)
}

//! Where a text still stands in a database: for tests of what must be gone.

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Column, ColumnIndex, Connection as _, Database, Decode, Executor, IntoArguments, Row, Type};
use url::Url;

/// Every `table.column` of the database at `url` that holds a text, once for each row.
///
/// # Errors
/// When the database is away.
pub async fn traces(url: &str, text: &str) -> anyhow::Result<Vec<String>> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = sqlx::sqlite::SqliteConnection::connect_with(&options).await?;
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table'";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await?;
        return traces_in::<sqlx::Sqlite>(&mut connection, &tables, text).await;
    }
    let schema = Url::parse(url)?;
    let schema = schema.path().trim_start_matches('/');
    let mut connection = sqlx::mysql::MySqlConnection::connect(url).await?;
    let tables = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = ?";
    let tables: Vec<String> = sqlx::query_scalar(tables).bind(schema).fetch_all(&mut connection).await?;
    traces_in::<sqlx::MySql>(&mut connection, &tables, text).await
}

async fn traces_in<D>(connection: &mut D::Connection, tables: &[String], text: &str) -> anyhow::Result<Vec<String>>
where
    D: Database,
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    for<'q> D::Arguments: IntoArguments<D>,
    for<'r> Vec<u8>: Decode<'r, D>,
    Vec<u8>: Type<D>,
    usize: ColumnIndex<D::Row>,
{
    anyhow::ensure!(!tables.is_empty(), "a database without tables has no traces of anything");
    let mut found = Vec::new();
    for table in tables {
        let rows = sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(&mut *connection).await;
        for row in rows.context(table.clone())? {
            for column in row.columns() {
                let value: Option<Vec<u8>> = row.try_get_unchecked(column.ordinal()).ok();
                if value.is_some_and(|value| String::from_utf8_lossy(&value).contains(text)) {
                    found.push(format!("{table}.{}", column.name()));
                }
            }
        }
    }
    Ok(found)
}

//! Reading the database of another program, to take its data over: whole tables as text, whatever their columns are.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

use crate::{Result, StoreError};

/// A row: the columns that are not NULL, as text. Times are Unix seconds.
pub type Row = BTreeMap<String, String>;

/// A MariaDB or MySQL database that is only read.
#[derive(Debug)]
pub struct Foreign(DatabaseConnection);

impl Foreign {
    /// Opens `mysql://user:password@host:port/database`.
    pub async fn connect(url: &str) -> Result<Foreign> {
        if !url.starts_with("mysql://") && !url.starts_with("mariadb://") {
            return Err(StoreError::Unusable("--from takes mysql://USER:PASSWORD@HOST:PORT/DATABASE".into()));
        }
        let mut options = sea_orm::ConnectOptions::new(url.to_owned());
        options.max_connections(1).sqlx_logging(false);
        Ok(Foreign(Database::connect(options).await?))
    }

    /// A table in the order of its first column; `None` if there is no such table.
    pub async fn table(&self, name: &str) -> Result<Option<Vec<Row>>> {
        let backend = self.0.get_database_backend();
        let columns = "SELECT CAST(column_name AS CHAR), CAST(data_type AS CHAR) FROM information_schema.columns \
                       WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position";
        let columns = Statement::from_sql_and_values(backend, columns, [name.into()]);
        let mut names = Vec::new();
        let mut parts = Vec::new();
        for row in self.0.query_all_raw(columns).await? {
            let (column, kind): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let quoted = format!("`{}`", column.replace('`', "``"));
            let is_time = matches!(kind.to_ascii_lowercase().as_str(), "datetime" | "timestamp" | "date");
            // Stored without a zone; this session's is UTC.
            let value = if is_time { format!("UNIX_TIMESTAMP({quoted})") } else { quoted };
            parts.push(format!("CAST({value} AS CHAR CHARACTER SET utf8mb4)"));
            names.push(column);
        }
        if names.is_empty() {
            return Ok(None);
        }
        self.0.execute_unprepared("SET time_zone = '+00:00'").await?;
        let all = format!("SELECT {} FROM `{name}` ORDER BY 1", parts.join(", "));
        let mut rows = Vec::new();
        for row in self.0.query_all_raw(Statement::from_string(backend, all)).await? {
            let mut fields = Row::new();
            for (at, column) in names.iter().enumerate() {
                if let Some(text) = row.try_get_by_index::<Option<String>>(at)? {
                    fields.insert(column.to_ascii_lowercase(), text);
                }
            }
            rows.push(fields);
        }
        Ok(Some(rows))
    }
}

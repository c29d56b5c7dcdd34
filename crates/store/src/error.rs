//! One error for all queries, cut by what a caller can do about it.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Result of a query.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What went wrong in the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique index said no; the text names the index or its columns.
    #[error("a row with this key exists already ({0})")]
    Duplicate(String),
    /// Deadlock, lock wait timeout or SQLITE_BUSY: the same transaction may be tried again at once.
    #[error("the database is busy")]
    Contention(#[source] DbErr),
    /// The database can't be reached, or gave no connection in time.
    #[error("the database is away")]
    Away(#[source] DbErr),
    /// The settings or the database itself are not what this program needs.
    #[error("{0}")]
    Unusable(String),
    /// Anything else; a defect or a damaged database.
    #[error("database error")]
    Other(#[source] DbErr),
}

impl StoreError {
    /// Whether a unique index that covers `column` refused the row.
    pub fn is_duplicate_of(&self, column: &str) -> bool {
        matches!(self, StoreError::Duplicate(text) if text.contains(column))
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(text)) = error.sql_err() {
            // MariaDB's text starts with the offending value, which may be an address or a key: keep only the index.
            let index = text.rsplit("for key").next().unwrap_or_default();
            return StoreError::Duplicate(index.trim().to_owned());
        }
        match sqlx_error(&error) {
            Some(sqlx::Error::Database(e)) if is_contention(e.as_ref()) => StoreError::Contention(error),
            Some(sqlx::Error::Database(e)) if is_away(e.as_ref()) => StoreError::Away(error),
            Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_)) => {
                StoreError::Away(error)
            }
            // sqlx reports a server that hung up in the middle of a packet as a protocol error.
            Some(sqlx::Error::Protocol(_)) => StoreError::Away(error),
            _ if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => StoreError::Away(error),
            _ => StoreError::Other(error),
        }
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e))
        | DbErr::Conn(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
}

/// MariaDB 1205 lock wait timeout, 1213 deadlock, 1020 record changed since last read; SQLite's primary codes 5
/// (BUSY) and 6 (LOCKED) with their extended forms.
fn is_contention(error: &dyn sqlx::error::DatabaseError) -> bool {
    if let Some(mysql) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return matches!(mysql.number(), 1020 | 1205 | 1213);
    }
    let code = error.code().and_then(|c| c.parse::<u32>().ok()).unwrap_or(0);
    matches!(code & 0xff, 5 | 6)
}

/// MariaDB 1021 disk full, 1026 error writing a file, 1040 too many connections, 1053 shutting down, 1114 no room for the
/// table, 1290 read-only, 1927 connection killed; SQLite 8 READONLY, 10 IOERR, 13 FULL, 14 CANTOPEN.
fn is_away(error: &dyn sqlx::error::DatabaseError) -> bool {
    if let Some(mysql) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return matches!(mysql.number(), 1021 | 1026 | 1040 | 1053 | 1114 | 1290 | 1927);
    }
    let code = error.code().and_then(|c| c.parse::<u32>().ok()).unwrap_or(0);
    matches!(code & 0xff, 8 | 10 | 13 | 14)
}

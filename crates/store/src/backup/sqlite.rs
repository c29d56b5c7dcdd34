//! Copies of a SQLite database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _};
use sea_orm::{ConnectionTrait as _, DbErr, RuntimeErr, Statement};

use super::{Contents, unusable};
use crate::{Result, Settings, Store, StoreError};

/// The file that a `sqlite://` URL names.
///
/// # Errors
/// When the URL names none: a database in memory can't be backed up.
pub fn file_of(settings: &Settings) -> Result<PathBuf> {
    if settings.url.contains(":memory:") || settings.url.contains("mode=memory") {
        return Err(unusable("a database in memory can't be backed up or restored"));
    }
    let options = SqliteConnectOptions::from_str(&settings.url).map_err(of_sqlx)?;
    Ok(options.get_filename().to_path_buf())
}

/// Settings that open a file.
///
/// # Errors
/// When its path is not UTF-8.
pub fn settings_of(file: &Path) -> Result<Settings> {
    let path = percent_encoding::utf8_percent_encode(&text(file)?, PATH).to_string();
    let url = format!("sqlite://{path}");
    Ok(Settings { url, tls: crate::Tls::Off, max_connections: 1, patience: crate::Patience::Command })
}

/// What would end the path in a URL.
const PATH: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS.add(b'%').add(b'?').add(b'#');

/// Writes the database as it is at this moment into the file `to`, which is absent or empty. Writers go on meanwhile.
///
/// # Errors
/// When there is no database, or no room for its copy.
pub async fn snapshot(settings: &Settings, to: &Path) -> Result<()> {
    let file = file_of(settings)?;
    if !file.is_file() {
        return Err(unusable(format!("there is no database at {}", file.display())));
    }
    let store = Store::connect(settings).await?;
    let db = store.unlimited();
    let into = Statement::from_sql_and_values(db.get_database_backend(), "VACUUM INTO ?", [text(to)?.into()]);
    let done = db.execute_raw(into).await;
    store.close().await?;
    match done {
        Ok(_) => Ok(()),
        Err(error) if error.to_string().contains("is full") => Err(unusable(format!(
            "the disk is full: there is no room for a copy of the database in {}",
            to.parent().unwrap_or(to).display()
        ))),
        Err(error) => Err(error.into()),
    }
}

/// What a copy holds.
///
/// # Errors
/// When the file is no database.
pub async fn contents(file: &Path) -> Result<Contents> {
    let mut look = open_as_it_is(file).await?;
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .fetch_all(&mut look)
    .await
    .map_err(of_sqlx)?;
    let mut rows = BTreeMap::new();
    for name in names {
        let count = format!("SELECT COUNT(*) FROM \"{}\"", name.replace('"', "\"\""));
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut look).await.map_err(of_sqlx)?;
        rows.insert(name, u64::try_from(count).unwrap_or(0));
    }
    let migration = match rows.contains_key("seaql_migrations") {
        true => sqlx::query_scalar("SELECT MAX(version) FROM seaql_migrations").fetch_one(&mut look).await,
        false => Ok(None),
    };
    let contents = Contents { migration: migration.map_err(of_sqlx)?, rows: Some(rows) };
    look.close().await.map_err(of_sqlx)?;
    Ok(contents)
}

/// What SQLite finds wrong in a copy; nothing when it is whole.
///
/// # Errors
/// When the file is no database.
pub async fn defects(file: &Path) -> Result<Vec<String>> {
    let mut look = open_as_it_is(file).await?;
    let said: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check(10)").fetch_all(&mut look).await.map_err(of_sqlx)?;
    let mut found: Vec<String> = said.into_iter().filter(|line| line != "ok").collect();
    let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut look).await.map_err(of_sqlx)?;
    if !orphans.is_empty() {
        found.push(format!("{} row(s) point at rows that are not there", orphans.len()));
    }
    look.close().await.map_err(of_sqlx)?;
    Ok(found)
}

/// Only for a file that nobody else has open: not a byte of it changes, and nothing is put beside it.
async fn open_as_it_is(file: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    SqliteConnection::connect_with(&options).await.map_err(of_sqlx)
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| unusable(format!("{} is not UTF-8", path.display())))
}

pub(super) fn of_sqlx(error: sqlx::Error) -> StoreError {
    DbErr::Query(RuntimeErr::SqlxError(error.into())).into()
}

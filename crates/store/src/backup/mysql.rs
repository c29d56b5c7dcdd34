//! Databases of a MariaDB or MySQL server: what one holds, and throw-away ones.

use sea_orm::{ConnectionTrait as _, DbErr, Statement};

use super::{Access, Contents, unusable};
use crate::{Result, Store, StoreError};

/// What a database holds. Its rows are not counted: that would not be at the moment of the dump.
///
/// # Errors
/// When the server is away.
pub async fn contents(access: &Access) -> Result<Contents> {
    let store = Store::connect(access.settings()).await?;
    let mut migration = None;
    if store.tables().await?.iter().any(|name| name == "seaql_migrations") {
        let db = store.unlimited();
        let last = "SELECT CAST(MAX(version) AS CHAR) FROM seaql_migrations";
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), last)).await?;
        migration = row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten();
    }
    store.close().await?;
    Ok(Contents { migration, rows: None })
}

/// The tables and views of a database.
///
/// # Errors
/// When the server is away, or has no such database.
pub async fn tables(access: &Access) -> Result<Vec<String>> {
    let store = Store::connect(access.settings()).await?;
    let tables = store.tables().await?;
    store.close().await?;
    Ok(tables)
}

/// Makes the database `name` beside the one of `access`, with the same character set.
///
/// # Errors
/// When there is one, or the user lacks the right.
pub async fn create_database(access: &Access, name: &str) -> Result<()> {
    let store = Store::connect(access.settings()).await?;
    let db = store.unlimited();
    let like = "SELECT CAST(@@character_set_database AS CHAR), CAST(@@collation_database AS CHAR)";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), like)).await?;
    let row = row.ok_or_else(|| unusable("the server does not say its character set"))?;
    let (set, order): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let create = format!("CREATE DATABASE {} CHARACTER SET {set} COLLATE {order}", quoted(name));
    let done = db.execute_unprepared(&create).await;
    store.close().await?;
    match done {
        Ok(_) => Ok(()),
        Err(error) if is_denied(&error) => Err(unusable(format!(
            "the user `{user}` may not make a database for the drill: as an administrator, type \
             GRANT ALL ON `{like}`.* TO '{user}'@'HOST'",
            user = access.user(),
            like = format_args!("{}\\_drill\\_%", access.database().replace('_', "\\_")),
        ))),
        Err(error) => Err(error.into()),
    }
}

/// Removes the database `name`, which was made by [`create_database`].
///
/// # Errors
/// When the server is away.
pub async fn drop_database(access: &Access, name: &str) -> Result<()> {
    let store = Store::connect(access.settings()).await?;
    let done = store.unlimited().execute_unprepared(&format!("DROP DATABASE IF EXISTS {}", quoted(name))).await;
    store.close().await?;
    done.map(|_| ()).map_err(StoreError::from)
}

/// 1044 access denied to the database, 1227 access denied for want of a privilege.
fn is_denied(error: &DbErr) -> bool {
    let text = error.to_string();
    text.contains("1044") || text.contains("1227")
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

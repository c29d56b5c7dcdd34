//! What is left to do once a backup was put back, before the program serves from it.

use store::{Store, vps_servers};

use super::Result;

/// Has every gateway ask for its whole list. One may have heard of changes that came after the backup; when others are made
/// under the same numbers, it would take them for those that it has. Returns how many servers there are.
///
/// # Errors
/// When the database is away.
pub async fn settle(store: &Store) -> Result<u64> {
    let tx = store.write_txn().await?;
    let servers = vps_servers::leap(&tx).await?;
    tx.commit().await?;
    Ok(servers)
}

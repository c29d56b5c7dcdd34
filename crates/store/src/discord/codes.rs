//! Codes with which people prove on Discord whose account with us is theirs. Only hashes are kept.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `discord_codes`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_codes")]
pub struct Model {
    /// SHA-256 of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: Vec<u8>,
    /// Whose account it links; one code at a time.
    pub user_id: Uuid,
    /// Refused from this moment on.
    pub expires_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one in the place of the account's last.
pub async fn replace(tx: &Tx, row: Model) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(row.user_id)).exec(tx.conn()).await?;
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By hash, locked until the transaction ends: two uses at once are told apart here.
pub async fn lock(tx: &Tx, hash: &[u8]) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(hash.to_vec()).lock_exclusive().one(tx.conn()).await?)
}

/// Removes one that was used.
pub async fn delete(tx: &Tx, hash: &[u8]) -> Result<()> {
    Entity::delete_by_id(hash.to_vec()).exec(tx.conn()).await?;
    Ok(())
}

/// Removes those that expired before `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

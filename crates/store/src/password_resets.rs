//! Single-use tokens that let a new password be set. Only their hashes are kept.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `password_resets`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_resets")]
pub struct Model {
    /// SHA-256 of the token's text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Whose password it resets.
    pub user_id: Uuid,
    /// Refused from this moment on.
    pub expires_at: UnixMs,
    /// When it was used; a used token stays until it expires, so that a second use can be told from nonsense.
    pub used_at: Option<UnixMs>,
    /// When it was made.
    pub created_at: UnixMs,
}

/// No relations are declared: joins are written where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds a token.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By hash, locked until the transaction ends: two uses at once are told apart here.
pub async fn lock(tx: &Tx, hash: &[u8]) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(hash.to_vec()).lock_exclusive().one(tx.conn()).await?)
}

/// Marks a token as used.
pub async fn mark_used(tx: &Tx, hash: &[u8], now: UnixMs) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::UsedAt, now.into())
        .filter(Column::TokenHash.eq(hash.to_vec()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Removes tokens that expired before `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

/// Removes all tokens of an account that were not used.
pub async fn delete_unused_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).filter(Column::UsedAt.is_null()).exec(tx.conn()).await?;
    Ok(())
}

/// Removes all tokens of an account.
pub async fn delete_all_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

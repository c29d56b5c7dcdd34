//! Changes of address that wait for the link in the mail to the new one. Only the hashes of the tokens are kept.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `email_changes`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_changes")]
pub struct Model {
    /// SHA-256 of the token's text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Whose address is to change.
    pub user_id: Uuid,
    /// The new address as typed.
    pub email: String,
    /// Its canonical form.
    pub email_canonical: String,
    /// Refused from this moment on.
    pub expires_at: UnixMs,
}

/// Addresses never reach a log by way of `{:?}`.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailChange").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// No relations are declared: joins are written where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds a change.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By hash, locked until the transaction ends: two uses at once are told apart here.
pub async fn lock(tx: &Tx, hash: &[u8]) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(hash.to_vec()).lock_exclusive().one(tx.conn()).await?)
}

/// A user's changes that wait.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).all(db.conn()).await?)
}

/// Removes a user's changes: they were made, or are not wanted any more.
pub async fn delete_all_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

/// Removes those that expired before `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

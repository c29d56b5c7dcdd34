//! Browsers from which an account was used before: a cookie each, of which only the hash is kept.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use crate::{Db, Result, Tx};

/// A row of `known_devices`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_devices")]
pub struct Model {
    /// SHA-256 of the cookie.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Whose account was used.
    pub user_id: Uuid,
    /// Unknown again from this moment on.
    pub expires_at: UnixMs,
}

/// No relations are declared: joins are written where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Remembers a device.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Whose account was used from the device with this cookie.
pub async fn owner(db: &impl Db, hash: &[u8], now: UnixMs) -> Result<Option<Uuid>> {
    let row = Entity::find_by_id(hash.to_vec()).filter(Column::ExpiresAt.gt(now)).one(db.conn()).await?;
    Ok(row.map(|row| row.user_id))
}

/// A user's devices.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).all(db.conn()).await?)
}

/// Forgets a user's devices.
pub async fn delete_all_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

/// Removes those that expired before `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

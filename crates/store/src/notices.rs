//! What customers were told, so that each cause is told once.

use domain::notice::Kind;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder};

use crate::{Db, Result, StoreError, Tx};

/// A row of `notices`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notices")]
pub struct Model {
    /// Who was told.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// A word of [`Kind`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Why: ids and moments, such as a subscription and its end.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cause: String,
    /// When.
    pub created_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Notes that an account is told; false if it was before.
pub async fn insert_new(tx: &Tx, row: Model) -> Result<bool> {
    match Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await.map_err(Into::into) {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Whether an account was told.
pub async fn is_told(db: &impl Db, user: Uuid, kind: Kind, cause: &str) -> Result<bool> {
    let key = (user, kind.as_str().to_owned(), cause.to_owned());
    Ok(Entity::find_by_id(key).one(db.conn()).await?.is_some())
}

/// All that an account was told, oldest first.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).order_by_asc(Column::CreatedAt).all(db.conn()).await?)
}

/// Forgets what an account was told.
pub async fn delete_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

/// Removes what was told before `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::CreatedAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

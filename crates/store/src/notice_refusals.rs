//! Kinds of notices that customers do without.

use domain::notice::Kind;
use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::{Db, Result, Tx};

/// A row of `notice_refusals`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_refusals")]
pub struct Model {
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// A word of [`Kind`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Since when.
    pub created_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Whether an account does without a kind.
pub async fn has(db: &impl Db, user: Uuid, kind: Kind) -> Result<bool> {
    Ok(Entity::find_by_id((user, kind.as_str().to_owned())).one(db.conn()).await?.is_some())
}

/// The kinds that an account does without.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).all(db.conn()).await?)
}

/// An account does without a kind from now on.
pub async fn add(tx: &Tx, user: Uuid, kind: Kind, now: UnixMs) -> Result<()> {
    let row = Model { user_id: user, kind: kind.as_str().to_owned(), created_at: now };
    let again = OnConflict::columns([Column::UserId, Column::Kind]).update_column(Column::Kind).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// An account wants a kind again.
pub async fn remove(tx: &Tx, user: Uuid, kind: Kind) -> Result<()> {
    Entity::delete_by_id((user, kind.as_str().to_owned())).exec(tx.conn()).await?;
    Ok(())
}

/// Forgets the choices of an account.
pub async fn delete_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

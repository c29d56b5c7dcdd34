//! Movements of customers' credit: rows are added, never changed.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `credit_ledger`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_ledger")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose credit.
    pub user_id: Uuid,
    /// In minor units; below zero takes away.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// `opening`: what was there when it was taken over.
    pub kind: String,
    /// The movement's own name, unique: it happens once.
    pub movement: String,
    /// When.
    pub created_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds a movement. Duplicate of `movement` is an error.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// A user's movements.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).limit(10_000).all(db.conn()).await?)
}

//! Movements of customers' credit: rows are added, never changed.

use domain::page::Place;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, Expr};
use sea_orm::{ExprTrait as _, IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx, seek};

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
    /// `opening`: what was there when it was taken over; `granted` and `taken` by an operator.
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

/// A page of a user's movements, newest first: those after `after`.
pub async fn page(db: &impl Db, user: Uuid, after: Option<Place>, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(user));
    let query = seek::newest_first(query, Column::CreatedAt, Column::Id, after, limit);
    Ok(query.all(db.conn()).await?)
}

/// What a user has in each currency, by currency.
pub async fn balances(db: &impl Db, user: Uuid) -> Result<Vec<(String, i64)>> {
    let query = Entity::find()
        .select_only()
        .column(Column::Currency)
        .column_as(sum(), "balance")
        .filter(Column::UserId.eq(user))
        .group_by(Column::Currency)
        .order_by_asc(Column::Currency);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// What a user has in one currency. Read under the lock of the user's row.
pub async fn balance(tx: &Tx, user: Uuid, currency: &str) -> Result<i64> {
    let query = Entity::find()
        .select_only()
        .column_as(sum(), "balance")
        .filter(Column::UserId.eq(user))
        .filter(Column::Currency.eq(currency));
    Ok(query.into_tuple::<Option<i64>>().one(tx.conn()).await?.flatten().unwrap_or(0))
}

/// MariaDB adds integers up to a decimal number.
fn sum() -> Expr {
    Expr::col(Column::Amount).sum().cast_as(Alias::new("SIGNED"))
}

//! What plans cost beyond the price in their own row: for other periods and in other currencies.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::plan_prices::{self, Terms};
use crate::{Db, Result, Tx};

/// A row of `plan_offers`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "plan_offers")]
pub struct Model {
    /// The plan's code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub plan: String,
    /// `month`, `quarter` or `year`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period: String,
    /// ISO 4217, lower case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
    /// Price of one period in minor units.
    pub amount: i64,
    /// `price_…` at Stripe; without one it can't be bought.
    pub stripe_price_id: Option<String>,
    /// Last change of the row.
    pub updated_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// All of all plans.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    let query = Entity::find().order_by_asc(Column::Plan).order_by_asc(Column::Currency);
    Ok(query.order_by_asc(Column::Period).all(db.conn()).await?)
}

/// One, locked until the transaction ends.
pub async fn lock(tx: &Tx, plan: &str, period: &str, currency: &str) -> Result<Option<Model>> {
    let key = (plan.to_owned(), period.to_owned(), currency.to_owned());
    Ok(Entity::find_by_id(key).lock_exclusive().one(tx.conn()).await?)
}

/// Saves one, whether or not it is there. A price that another plan is or was sold at is a duplicate of
/// `stripe_price_id`.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    if let Some(price) = &row.stripe_price_id {
        let terms = Terms { period: &row.period, currency: &row.currency, amount: row.amount };
        plan_prices::note(tx, price, &row.plan, &terms, row.updated_at).await?;
    }
    let or_change = OnConflict::columns([Column::Plan, Column::Period, Column::Currency])
        .update_columns([Column::Amount, Column::StripePriceId, Column::UpdatedAt])
        .to_owned();
    Entity::insert(row.into_active_model()).on_conflict(or_change).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Takes one off the price list; whoever has bought at it keeps it.
pub async fn delete(tx: &Tx, plan: &str, period: &str, currency: &str) -> Result<bool> {
    let key = (plan.to_owned(), period.to_owned(), currency.to_owned());
    Ok(Entity::delete_by_id(key).exec(tx.conn()).await?.rows_affected == 1)
}

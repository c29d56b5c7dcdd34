//! What is sold. Rows that an operator edits.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, PaginatorTrait, QueryOrder, QuerySelect};

use crate::plan_prices::{self, Terms};
use crate::{Db, Result, Tx};

/// A row of `plans`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "plans")]
pub struct Model {
    /// `basic`, `premium`, `vip` …
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// The name a customer reads.
    pub name: String,
    /// Price of one interval in minor units.
    pub price_cents: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// `month`, `quarter` or `year`.
    pub period: String,
    /// Devices at the same time; NULL is no limit (the fair-use cap holds).
    pub devices: Option<i64>,
    /// Bytes an interval; NULL is no quota.
    pub quota_bytes: Option<i64>,
    /// How fast each device may be, in Mbit/s each way; NULL is as fast as it goes.
    pub speed_mbit: Option<i64>,
    /// How fast each device may be once the quota is used up; NULL is not at all.
    pub slow_mbit: Option<i64>,
    /// `price_…` at Stripe; a plan without one can't be bought.
    pub stripe_price_id: Option<String>,
    /// Place in the list.
    pub position: i64,
    /// Last change of the row.
    pub updated_at: UnixMs,
    /// Days that somebody's first subscription costs nothing.
    pub trial_days: i64,
    /// Whether it is on the price list. One that isn't can't be bought; whoever has it keeps it.
    pub is_listed: bool,
    /// Regions that its devices can be in, separated by commas; NULL is all.
    pub regions: Option<String>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// All plans, in the order of the price list.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_asc(Column::Position).order_by_asc(Column::Code).all(db.conn()).await?)
}

/// By code.
pub async fn by_code(db: &impl Db, code: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(code.to_owned()).one(db.conn()).await?)
}

/// By code, locked until the transaction ends.
pub async fn lock(tx: &Tx, code: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(code.to_owned()).lock_exclusive().one(tx.conn()).await?)
}

/// The plan that is, or once was, sold at a price of Stripe's.
pub async fn by_stripe_price(db: &impl Db, price: &str) -> Result<Option<Model>> {
    match plan_prices::plan_of(db, price).await? {
        Some(code) => by_code(db, &code).await,
        None => Ok(None),
    }
}

/// Saves all columns of a row that was loaded with [`lock`]. A price that another plan is or was sold at is a duplicate of
/// `stripe_price_id`.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    if let Some(price) = &row.stripe_price_id {
        let terms = Terms { period: &row.period, currency: &row.currency, amount: row.price_cents };
        plan_prices::note(tx, price, &row.code, &terms, row.updated_at).await?;
    }
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Adds the given plans if there are none at all.
pub async fn insert_if_empty(tx: &Tx, rows: Vec<Model>) -> Result<()> {
    if Entity::find().count(tx.conn()).await? == 0 {
        Entity::insert_many(rows.into_iter().map(Model::into_active_model)).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

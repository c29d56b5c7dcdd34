//! The prices at Stripe that plans are and were sold at.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder};

use crate::{Db, Result, Tx};

/// A row of `plan_prices`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "plan_prices")]
pub struct Model {
    /// `price_…`
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_price_id: String,
    /// The plan's code.
    pub plan: String,
    /// Since when.
    pub since: UnixMs,
    /// What it is for one period, in minor units; NULL for one from before that was noted, as the two below.
    pub price_cents: Option<i64>,
    /// ISO 4217, lower case.
    pub currency: Option<String>,
    /// `month`, `quarter` or `year`.
    pub period: Option<String>,
}

/// What is paid at a price, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) period: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) amount: i64,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The code of the plan that is or was sold at a price.
pub async fn plan_of(db: &impl Db, price: &str) -> Result<Option<String>> {
    Ok(Entity::find_by_id(price.to_owned()).one(db.conn()).await?.map(|row| row.plan))
}

/// Every price that a plan is or was sold at, the newest first.
pub async fn of_plan(db: &impl Db, plan: &str) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::Plan.eq(plan)).order_by_desc(Column::Since);
    Ok(query.order_by_asc(Column::StripePriceId).all(db.conn()).await?)
}

/// Notes that a plan is sold at a price. Another plan's price is a duplicate of `stripe_price_id`.
pub(crate) async fn note(tx: &Tx, price: &str, plan: &str, terms: &Terms<'_>, since: UnixMs) -> Result<()> {
    match plan_of(tx, price).await? {
        Some(known) if known == plan => Ok(()),
        Some(_) => Err(crate::StoreError::Duplicate("plan_prices.stripe_price_id".to_owned())),
        None => {
            let row = Model {
                stripe_price_id: price.to_owned(),
                plan: plan.to_owned(),
                since,
                price_cents: Some(terms.amount),
                currency: Some(terms.currency.to_owned()),
                period: Some(terms.period.to_owned()),
            };
            Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
            Ok(())
        }
    }
}

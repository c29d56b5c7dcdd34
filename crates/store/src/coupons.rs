//! Coupons of ours, see [`domain::coupon`].

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `coupons`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coupons")]
pub struct Model {
    /// UUIDv7; also in the id of the coupon at Stripe.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What customers type, in capitals.
    pub code: String,
    /// How much of the price it takes off, in percent; or an amount.
    pub percent: Option<i64>,
    /// What it takes off in minor units.
    pub amount: Option<i64>,
    /// ISO 4217, lower case; with an amount.
    pub currency: Option<String>,
    /// A word of [`domain::coupon::Lasts`].
    pub duration: String,
    /// How many months, if it lasts so.
    pub months: Option<i64>,
    /// Codes of the plans that it holds for, with commas between them; all if empty.
    pub plans: String,
    /// The periods that it holds for, likewise.
    pub periods: String,
    /// Uses in all.
    pub most_uses: Option<i64>,
    /// Uses by one customer.
    pub most_per_customer: Option<i64>,
    /// From when on it holds no more.
    pub expires_at: Option<UnixMs>,
    /// Whether it holds for a first purchase only.
    pub first_only: bool,
    /// Whether it was not withdrawn.
    pub active: bool,
    /// `promo_…` at Stripe; without it nobody can use the coupon yet.
    pub stripe_promotion: Option<String>,
    /// When it was made.
    pub created_at: UnixMs,
    /// Last change of the row.
    pub updated_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one. Duplicate of `code` is an error.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By its code.
pub async fn by_code(db: &impl Db, code: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::Code.eq(code)).one(db.conn()).await?)
}

/// By its code, locked until the transaction ends: uses of one coupon are reserved one after the other.
pub async fn lock_by_code(tx: &Tx, code: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::Code.eq(code)).lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Removes one that nobody could use yet.
pub async fn delete_unmade(tx: &Tx, id: Uuid) -> Result<()> {
    let query = Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::StripePromotion.is_null());
    query.exec(tx.conn()).await?;
    Ok(())
}

/// All of them, newest first.
pub async fn all(db: &impl Db, limit: u64) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_desc(Column::Id).limit(limit).all(db.conn()).await?)
}

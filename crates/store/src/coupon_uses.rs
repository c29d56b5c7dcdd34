//! Who uses which coupon: one row for each purchase that was begun with one. It is made in the transaction that saves the
//! intent, under the lock of the coupon, so that no more are reserved than there are.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// The purchase is under way.
pub const RESERVED: &str = "reserved";
/// It was paid.
pub const USED: &str = "used";
/// It came to nothing.
pub const RELEASED: &str = "released";

/// A row of `coupon_uses`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coupon_uses")]
pub struct Model {
    /// The intent's id in `checkouts`, whose row goes with its account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub checkout_id: Uuid,
    /// Which coupon.
    pub coupon_id: Uuid,
    /// Whose purchase.
    pub user_id: Uuid,
    /// [`RESERVED`], [`USED`] or [`RELEASED`].
    pub state: String,
    /// When it was reserved.
    pub created_at: UnixMs,
    /// Last change of the row.
    pub updated_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// How many of a coupon's uses are taken, in all and by one customer.
pub async fn taken(db: &impl Db, coupon: Uuid, user: Uuid) -> Result<(u64, u64)> {
    let of_coupon = || Entity::find().filter(Column::CouponId.eq(coupon)).filter(Column::State.ne(RELEASED));
    let own = of_coupon().filter(Column::UserId.eq(user));
    Ok((of_coupon().count(db.conn()).await?, own.count(db.conn()).await?))
}

/// A customer's purchases that are under way with a coupon.
pub async fn reserved_of(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(user)).filter(Column::State.eq(RESERVED));
    Ok(query.all(db.conn()).await?)
}

/// What is under way since before a moment, the oldest first.
pub async fn reserved_before(db: &impl Db, moment: UnixMs, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::State.eq(RESERVED)).filter(Column::CreatedAt.lt(moment));
    Ok(query.order_by_asc(Column::CreatedAt).limit(limit).all(db.conn()).await?)
}

/// The purchase was paid, whatever was thought of it before.
pub async fn mark_used(tx: &Tx, checkout: Uuid, now: UnixMs) -> Result<()> {
    mark(tx, checkout, &[RESERVED, RELEASED], USED, now).await
}

/// The purchase came to nothing.
pub async fn mark_released(tx: &Tx, checkout: Uuid, now: UnixMs) -> Result<()> {
    mark(tx, checkout, &[RESERVED], RELEASED, now).await
}

async fn mark(tx: &Tx, checkout: Uuid, from: &[&str], to: &str, now: UnixMs) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(to))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::CheckoutId.eq(checkout))
        .filter(Column::State.is_in(from.iter().copied()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// How many uses there are, by coupon and state.
pub async fn totals(db: &impl Db) -> Result<Vec<(Uuid, String, i64)>> {
    let query = Entity::find().select_only().column(Column::CouponId).column(Column::State);
    let query = query.column_as(Column::CheckoutId.count(), "uses");
    let query = query.group_by(Column::CouponId).group_by(Column::State);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// A customer's uses, newest first.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(user)).order_by_desc(Column::CreatedAt);
    Ok(query.all(db.conn()).await?)
}

/// Removes what a customer has not paid; what was paid counts on, without a name.
pub async fn forget_unpaid_of(tx: &Tx, user: Uuid) -> Result<()> {
    let query = Entity::delete_many().filter(Column::UserId.eq(user)).filter(Column::State.ne(USED));
    query.exec(tx.conn()).await?;
    Ok(())
}

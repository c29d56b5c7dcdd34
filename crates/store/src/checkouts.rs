//! Intents to buy: saved before Stripe is asked, with the idempotency key that makes asking twice harmless.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, QueryOrder};

use crate::{Db, Result, Tx};

/// A row of `checkouts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkouts")]
pub struct Model {
    /// UUIDv7; also Stripe's idempotency key, as `checkout-{id}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who buys.
    pub user_id: Uuid,
    /// Which plan.
    pub plan: String,
    /// Wished region.
    pub region: Option<String>,
    /// Code of the coupon.
    pub coupon: Option<String>,
    /// `cs_…`, once Stripe has answered.
    pub stripe_session_id: Option<String>,
    /// Hosted page, once Stripe has answered.
    pub url: Option<String>,
    /// `intent`, `open`, `complete` or `expired`.
    pub status: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// Last change of the row.
    pub updated_at: UnixMs,
    /// `price_…` that is paid; NULL in a row from before that was noted.
    pub price: Option<String>,
    /// Days before the first payment; NULL for none.
    pub trial_days: Option<i64>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds an intent.
pub async fn insert(db: &impl Db, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(db.conn()).await?;
    Ok(())
}

/// By Stripe's session id.
pub async fn by_session(db: &impl Db, session: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::StripeSessionId.eq(session)).one(db.conn()).await?)
}

/// The newest intent that is younger than `since`, not over, and for the very purchase that `wanted` is for.
pub async fn reusable(db: &impl Db, wanted: &Model, since: UnixMs) -> Result<Option<Model>> {
    // Nothing equals NULL.
    let same = |column: Column, text: &Option<String>| match text {
        Some(text) => column.eq(text),
        None => column.is_null(),
    };
    let trial = match wanted.trial_days {
        Some(days) => Column::TrialDays.eq(days),
        None => Column::TrialDays.is_null(),
    };
    let query = Entity::find()
        .filter(Column::UserId.eq(wanted.user_id))
        .filter(same(Column::Price, &wanted.price))
        .filter(same(Column::Region, &wanted.region))
        .filter(same(Column::Coupon, &wanted.coupon))
        .filter(trial)
        .filter(Column::Status.is_in(["intent", "open"]))
        .filter(Column::CreatedAt.gt(since));
    Ok(query.order_by_desc(Column::Id).one(db.conn()).await?)
}

/// By id.
pub async fn by_id(db: &impl Db, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db.conn()).await?)
}

/// Another purchase took the place of this one: it is `expired`, if it was not paid.
pub async fn give_up(tx: &Tx, id: Uuid, now: UnixMs) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value("expired"))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.is_in(["intent", "open"]))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Saves Stripe's answer to an intent. False if the intent was given up meanwhile; the same answer once more is fine.
pub async fn opened(db: &impl Db, id: Uuid, session: &str, url: &str, now: UnixMs) -> Result<bool> {
    let saved = Entity::update_many()
        .col_expr(Column::StripeSessionId, Expr::value(session))
        .col_expr(Column::Url, Expr::value(url))
        .col_expr(Column::Status, Expr::value("open"))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq("intent"))
        .exec(db.conn())
        .await?;
    if saved.rows_affected > 0 {
        return Ok(true);
    }
    let known = by_id(db, id).await?;
    Ok(known.is_some_and(|row| row.status != "expired" && row.stripe_session_id.as_deref() == Some(session)))
}

/// Ends an intent as `complete` or `expired`.
pub async fn close(tx: &Tx, session: &str, status: &str, now: UnixMs) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::StripeSessionId.eq(session))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// A user's purchases, finished or not, newest first.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).order_by_desc(Column::Id).all(db.conn()).await?)
}

/// Removes the traces of a user's purchases; what came of them is in the subscriptions and invoices.
pub async fn delete_all_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

//! Prices that subscriptions will have from a later renewal on, as their owners were told.

use domain::subscription::Status;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ExprTrait as _, IntoActiveModel, JoinType, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx, subscriptions};

/// A row of `price_moves`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "price_moves")]
pub struct Model {
    /// The subscription.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subscription_id: Uuid,
    /// The plan that it has; another one has its own price.
    pub plan: String,
    /// `month`, `quarter` or `year`; another one has its own price.
    pub period: String,
    /// ISO 4217, lower case.
    pub currency: String,
    /// What a period will cost, in minor units.
    pub amount: i64,
    /// `price_…`.
    pub stripe_price_id: String,
    /// The first renewal at or after this moment is at the new price.
    pub due_at: UnixMs,
    /// When the owner was told.
    pub announced_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// That of a subscription.
pub async fn of(db: &impl Db, subscription: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(subscription).one(db.conn()).await?)
}

/// Those of these subscriptions.
pub async fn of_all(db: &impl Db, subscriptions: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::SubscriptionId.is_in(subscriptions.iter().copied())).all(db.conn()).await?)
}

/// Saves one; the one before it holds no more.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    let all = [
        Column::Plan,
        Column::Period,
        Column::Currency,
        Column::Amount,
        Column::StripePriceId,
        Column::DueAt,
        Column::AnnouncedAt,
    ];
    let again = OnConflict::column(Column::SubscriptionId).update_columns(all).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Forgets that of a subscription.
pub async fn forget(tx: &Tx, subscription: Uuid) -> Result<()> {
    Entity::delete_by_id(subscription).exec(tx.conn()).await?;
    Ok(())
}

/// Those whose renewal comes until `until` and is not before they are due, with their subscriptions, in the order of these
/// after `after`. What does not renew, or rests, waits.
pub async fn due(
    db: &impl Db,
    until: UnixMs,
    after: Uuid,
    limit: u64,
) -> Result<Vec<(Model, Option<subscriptions::Model>)>> {
    use subscriptions::Column as Paying;
    let renews = [Status::Trialing, Status::Active, Status::PastDue].map(Status::as_str);
    let join = Entity::belongs_to(subscriptions::Entity).from(Column::SubscriptionId).to(Paying::Id);
    let query = Entity::find().join(JoinType::InnerJoin, join.into()).select_also(subscriptions::Entity);
    let query = query.filter(Paying::PeriodEnd.lte(until)).filter(Paying::Status.is_in(renews));
    let query =
        query.filter(Expr::col((subscriptions::Entity, Paying::PeriodEnd)).gte(Expr::col((Entity, Column::DueAt))));
    let query = query.filter(Paying::CancelAtPeriodEnd.eq(false)).filter(Paying::Held.eq(false));
    let query = query.filter(Column::SubscriptionId.gt(after)).order_by_asc(Column::SubscriptionId).limit(limit);
    Ok(query.all(db.conn()).await?)
}

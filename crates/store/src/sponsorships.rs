//! Who brought in whom, and what it is worth.

use domain::reward::State;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `sponsorships`: made with the friend's first payment, whatever comes of it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sponsorships")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose code was used.
    pub sponsor_id: Uuid,
    /// Who used it; once in a life.
    pub user_id: Uuid,
    /// A word of [`State`].
    pub state: String,
    /// When.
    pub created_at: UnixMs,
    /// `in_…` of the friend's first payment.
    pub invoice: Option<String>,
    /// What the sponsor has of it now, in minor units.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: Option<String>,
    /// When it is confirmed, if the payment stays.
    pub due_at: Option<UnixMs>,
    /// Why there is nothing.
    pub reason: Option<String>,
    /// Last change of the row.
    pub updated_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one. Duplicate of `user_id` is an error.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// That of a friend.
pub async fn of_friend(db: &impl Db, friend: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(friend)).one(db.conn()).await?)
}

/// Those of these friends.
pub async fn of_friends(db: &impl Db, friends: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.is_in(friends.iter().copied())).all(db.conn()).await?)
}

/// The newest of those whom a sponsor brought in.
pub async fn of_sponsor(db: &impl Db, sponsor: Uuid, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::SponsorId.eq(sponsor)).order_by_desc(Column::Id).limit(limit);
    Ok(query.all(db.conn()).await?)
}

/// By id, locked until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?)
}

/// That of a friend's first payment, locked until the transaction ends.
pub async fn lock_of_invoice(tx: &Tx, friend: Uuid, invoice: &str) -> Result<Option<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(friend)).filter(Column::Invoice.eq(invoice));
    Ok(query.lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Rewards whose time has come at `now`, the first of them first.
pub async fn due(db: &impl Db, now: UnixMs, limit: u64) -> Result<Vec<Uuid>> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::State.eq(State::Pending.as_str()));
    let query = query.filter(Column::DueAt.lte(now)).order_by_asc(Column::DueAt).limit(limit);
    Ok(query.into_tuple().all(db.conn()).await?)
}

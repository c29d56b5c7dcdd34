//! Until when the cards are good that pay for subscriptions.

use domain::page::Place;
use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::{Db, Result, Tx, seek};

/// A row of `subscription_cards`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription_cards")]
pub struct Model {
    /// What it pays for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subscription_id: Uuid,
    /// SHA-256 of what Stripe knows the card by.
    pub card_hash: Vec<u8>,
    /// The first moment after the month that is printed on it.
    pub expires_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Notes the card of a subscription.
pub async fn note(tx: &Tx, row: Model) -> Result<()> {
    let again =
        OnConflict::column(Column::SubscriptionId).update_columns([Column::CardHash, Column::ExpiresAt]).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// That of a subscription.
pub async fn of(db: &impl Db, subscription: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(subscription).one(db.conn()).await?)
}

/// Those of these subscriptions.
pub async fn of_all(db: &impl Db, subscriptions: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::SubscriptionId.is_in(subscriptions.iter().copied())).all(db.conn()).await?)
}

/// A page of those that are good until `until` at the latest, in the order of their ends: those after `after`.
pub async fn good_until(db: &impl Db, after: Place, until: UnixMs, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::ExpiresAt.lte(until));
    let query = seek::oldest_first(query, Column::ExpiresAt, Column::SubscriptionId, after, limit);
    Ok(query.all(db.conn()).await?)
}

/// Forgets the card of a subscription.
pub async fn forget(tx: &Tx, subscription: Uuid) -> Result<()> {
    Entity::delete_by_id(subscription).exec(tx.conn()).await?;
    Ok(())
}

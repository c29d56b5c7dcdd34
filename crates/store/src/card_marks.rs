//! Cards that accounts have paid with first, as hashes, so that one person with two accounts is noticed.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `card_marks`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "card_marks")]
pub struct Model {
    /// Who paid.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// SHA-256 of what Stripe knows the card by.
    #[sea_orm(primary_key, auto_increment = false)]
    pub card_hash: Vec<u8>,
    /// When.
    pub created_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Notes that an account has paid with a card.
pub async fn note(tx: &Tx, user: Uuid, card_hash: &[u8], now: UnixMs) -> Result<()> {
    let row = Model { user_id: user, card_hash: card_hash.to_vec(), created_at: now };
    let again = OnConflict::columns([Column::UserId, Column::CardHash]).update_column(Column::CardHash).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Whether two accounts have paid with one card.
pub async fn have_one(db: &impl Db, one: Uuid, other: Uuid) -> Result<bool> {
    let cards = Entity::find().select_only().column(Column::CardHash).filter(Column::UserId.eq(one));
    let cards: Vec<Vec<u8>> = cards.into_tuple().all(db.conn()).await?;
    let common = Entity::find().filter(Column::UserId.eq(other)).filter(Column::CardHash.is_in(cards));
    Ok(common.count(db.conn()).await? > 0)
}

/// How many cards an account has paid with first.
pub async fn count(db: &impl Db, user: Uuid) -> Result<u64> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).count(db.conn()).await?)
}

/// Forgets the cards of an account.
pub async fn delete_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

//! Who the bot does not answer.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, QueryOrder};

use crate::{Db, Result, Tx};

/// A row of `discord_blocks`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_blocks")]
pub struct Model {
    /// The account on Discord.
    #[sea_orm(primary_key, auto_increment = false)]
    pub discord_id: i64,
    /// Why.
    pub reason: String,
    /// Since when.
    pub blocked_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one, or gives it another reason.
pub async fn put(tx: &Tx, row: Model) -> Result<()> {
    let again = OnConflict::column(Column::DiscordId).update_column(Column::Reason).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Whether one is blocked.
pub async fn has(db: &impl Db, discord: i64) -> Result<bool> {
    Ok(Entity::find_by_id(discord).one(db.conn()).await?.is_some())
}

/// All of them, newest first.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_desc(Column::BlockedAt).all(db.conn()).await?)
}

/// Removes one; false if there is none.
pub async fn delete(tx: &Tx, discord: i64) -> Result<bool> {
    Ok(Entity::delete_by_id(discord).exec(tx.conn()).await?.rows_affected == 1)
}

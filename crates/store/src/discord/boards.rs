//! Messages of the bot that it keeps as they should be: the panel, and one for each incident.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::{Db, Result};

/// A row of `discord_boards`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_boards")]
pub struct Model {
    /// `panel`, or `incident:` and its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Where it is.
    pub channel_id: i64,
    /// The message.
    pub message_id: i64,
    /// SHA-256 of what it says, in base64.
    pub shown: String,
    /// Since when it says so.
    pub updated_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// By name.
pub async fn by_name(db: &impl Db, name: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(name.to_owned()).one(db.conn()).await?)
}

/// Saves one, new or not.
pub async fn put(db: &impl Db, row: Model) -> Result<()> {
    let columns = [Column::ChannelId, Column::MessageId, Column::Shown, Column::UpdatedAt];
    let again = OnConflict::column(Column::Name).update_columns(columns).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(db.conn()).await?;
    Ok(())
}

/// A message is not there any more.
pub async fn forget_message(db: &impl Db, message: i64) -> Result<()> {
    Entity::delete_many().filter(Column::MessageId.eq(message)).exec(db.conn()).await?;
    Ok(())
}

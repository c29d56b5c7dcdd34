//! The bot's session at Discord's gateway, which a process that starts takes over from the one before.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::{Db, Result};

/// A row of `discord_sessions`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_sessions")]
pub struct Model {
    /// `bot`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// What Discord calls it.
    pub session_id: String,
    /// Where it is resumed.
    pub resume_url: String,
    /// The last event that was taken.
    pub sequence: i64,
    /// When it was saved.
    pub saved_at: UnixMs,
}

/// Whoever has the id and the token has the session.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscordSession").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The last one that was saved.
pub async fn get(db: &impl Db, name: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(name.to_owned()).one(db.conn()).await?)
}

/// Saves one, new or not.
pub async fn put(db: &impl Db, row: Model) -> Result<()> {
    let columns = [Column::SessionId, Column::ResumeUrl, Column::Sequence, Column::SavedAt];
    let again = OnConflict::column(Column::Name).update_columns(columns).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(db.conn()).await?;
    Ok(())
}

/// Forgets it.
pub async fn delete(db: &impl Db, name: &str) -> Result<()> {
    Entity::delete_by_id(name.to_owned()).exec(db.conn()).await?;
    Ok(())
}

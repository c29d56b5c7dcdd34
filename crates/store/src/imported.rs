//! What was taken over from another program, so that taking over again adds only what is new.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use crate::{Db, Result, Tx};

/// A row of `imported`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imported")]
pub struct Model {
    /// What it was there: `php:users:17`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// What it is here.
    pub new_id: Uuid,
    /// When it was taken over.
    pub imported_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What a thing of the other program is here.
pub async fn get(db: &impl Db, source: &str) -> Result<Option<Uuid>> {
    Ok(Entity::find_by_id(source.to_owned()).one(db.conn()).await?.map(|row| row.new_id))
}

/// Notes that a thing was taken over.
pub async fn insert(tx: &Tx, source: &str, new_id: Uuid, now: UnixMs) -> Result<()> {
    let row = Model { source: source.to_owned(), new_id, imported_at: now };
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

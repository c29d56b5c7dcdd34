//! Who brought in whom.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use crate::{Db, Result, Tx};

/// A row of `sponsorships`.
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
    /// `imported`.
    pub state: String,
    /// When.
    pub created_at: UnixMs,
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

//! Who of the team is on duty.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::{Db, Result, Tx};

/// A row of `staff`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staff")]
pub struct Model {
    /// One of the team.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Whether they are.
    pub is_on_duty: bool,
    /// Since when it is so.
    pub since: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// All who ever said so.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().all(db.conn()).await?)
}

/// Saves what one says.
pub async fn put(tx: &Tx, row: Model) -> Result<()> {
    let columns = [Column::IsOnDuty, Column::Since];
    let again = OnConflict::column(Column::UserId).update_columns(columns).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

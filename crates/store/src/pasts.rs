//! What the days that are over come to for each check, so that nobody has to add up a year of them to show it. All of it can
//! be made anew from the rollups.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use crate::{Db, Result, Tx};

/// Rows that are written by one statement.
const AT_ONCE: usize = 100;

/// A row of `pasts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pasts")]
pub struct Model {
    /// The check.
    #[sea_orm(primary_key, auto_increment = false)]
    pub check_id: Uuid,
    /// The first moment of the day before which all is over.
    pub today: UnixMs,
    /// What it comes to, in the words of who shows it.
    pub body: String,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Those that were made on a day.
pub async fn of_day(db: &impl Db, today: UnixMs) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::Today.eq(today)).all(db.conn()).await?)
}

/// Replaces all of them.
pub async fn replace(tx: &Tx, rows: &[Model]) -> Result<()> {
    Entity::delete_many().exec(tx.conn()).await?;
    for some in rows.chunks(AT_ONCE) {
        let some = some.iter().cloned().map(IntoActiveModel::into_active_model);
        Entity::insert_many(some).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

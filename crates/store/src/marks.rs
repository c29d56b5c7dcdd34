//! How far something was done: a moment by name.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use crate::{Db, Result, Tx};

/// A row of `marks`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "marks")]
pub struct Model {
    /// `stripe_events`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Done up to here.
    pub at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How far it is done; `None` for never.
pub async fn get(db: &impl Db, name: &str) -> Result<Option<UnixMs>> {
    Ok(Entity::find_by_id(name.to_owned()).one(db.conn()).await?.map(|row| row.at))
}

/// Moves a mark on, never back.
pub async fn advance(tx: &Tx, name: &str, at: UnixMs) -> Result<()> {
    let row = Model { name: name.to_owned(), at };
    match get(tx, name).await? {
        None => {
            Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
        }
        Some(known) if known < at => {
            row.into_active_model().reset_all().update(tx.conn()).await?;
        }
        Some(_) => {}
    }
    Ok(())
}

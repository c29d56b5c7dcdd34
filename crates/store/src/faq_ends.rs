//! How often the help without waiting ended well, by node and day.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, ExprTrait as _, OnConflict};
use sea_orm::{FromQueryResult, IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `faq_ends`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "faq_ends")]
pub struct Model {
    /// The node's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub node: String,
    /// Days since 1970-01-01 (UTC).
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i64,
    /// How many ways ended well there.
    pub solved: i64,
    /// How many ended with a human.
    pub human: i64,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A node's ends of several days.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Sum {
    /// The node's name.
    pub node: String,
    /// How many ways ended well there.
    pub solved: i64,
    /// How many ended with a human.
    pub human: i64,
}

/// Counts one end.
pub async fn add(tx: &Tx, node: &str, day: i64, solved: bool) -> Result<()> {
    let (solved, human) = (i64::from(solved), i64::from(!solved));
    let row = Model { node: node.to_owned(), day, solved, human };
    let more = OnConflict::columns([Column::Node, Column::Day])
        .value(Column::Solved, Expr::col((Entity, Column::Solved)).add(solved))
        .value(Column::Human, Expr::col((Entity, Column::Human)).add(human))
        .to_owned();
    Entity::insert(row.into_active_model()).on_conflict(more).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The sums since a day, by node.
pub async fn since(db: &impl Db, day: i64) -> Result<Vec<Sum>> {
    let query = Entity::find().select_only().column(Column::Node).filter(Column::Day.gte(day));
    // A sum of integers is a decimal on MariaDB.
    let sum = |column: Column| Expr::col(column).sum().cast_as(Alias::new("SIGNED"));
    let query = query.column_as(sum(Column::Solved), "solved").column_as(sum(Column::Human), "human");
    Ok(query.group_by(Column::Node).order_by_asc(Column::Node).into_model().all(db.conn()).await?)
}

//! What is to be taken back on Discord: a role of those who are not ours any more, a thread, a conversation in the log.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result};

/// A row of `discord_undo`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_undo")]
pub struct Model {
    /// `role`, `thread`, `member` or `log`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Whose role, which thread, or which message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub target: i64,
    /// When it is to be tried.
    pub due_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one, or has it tried earlier.
pub async fn put(db: &impl Db, row: Model) -> Result<()> {
    let again = OnConflict::columns([Column::Kind, Column::Target]).update_column(Column::DueAt).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(db.conn()).await?;
    Ok(())
}

/// One is tried at another time, if it is still wanted.
pub async fn put_off(db: &impl Db, kind: &str, target: i64, due_at: UnixMs) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::DueAt, Expr::value(due_at));
    query.filter(Column::Kind.eq(kind)).filter(Column::Target.eq(target)).exec(db.conn()).await?;
    Ok(())
}

/// Those that are due.
pub async fn due(db: &impl Db, now: UnixMs, limit: u64) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::DueAt.lte(now)).order_by_asc(Column::DueAt).limit(limit).all(db.conn()).await?)
}

/// Targets of a kind.
pub async fn targets(db: &impl Db, kind: &str) -> Result<Vec<i64>> {
    let query = Entity::find().filter(Column::Kind.eq(kind)).select_only().column(Column::Target);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// One is done, or not wanted any more.
pub async fn done(db: &impl Db, kind: &str, target: i64) -> Result<()> {
    Entity::delete_by_id((kind.to_owned(), target)).exec(db.conn()).await?;
    Ok(())
}

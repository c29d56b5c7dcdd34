//! Entries of tickets that are still to be posted on Discord.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `discord_posts`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_posts")]
pub struct Model {
    /// The entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_id: Uuid,
    /// Its ticket.
    pub ticket_id: Uuid,
    /// When the entry was made: they are posted in this order.
    pub made_at: UnixMs,
    /// How often it was begun.
    pub tries: i64,
    /// When it is to be posted.
    pub due_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one.
pub async fn insert(tx: &Tx, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// A ticket's, in their order.
pub async fn of_ticket(db: &impl Db, ticket: Uuid) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::TicketId.eq(ticket));
    Ok(query.order_by_asc(Column::MadeAt).order_by_asc(Column::EntryId).all(db.conn()).await?)
}

/// The tickets that have some that are due.
pub async fn due_tickets(db: &impl Db, now: UnixMs, limit: u64) -> Result<Vec<Uuid>> {
    let query = Entity::find().select_only().column(Column::TicketId).distinct().filter(Column::DueAt.lte(now));
    Ok(query.limit(limit).into_tuple().all(db.conn()).await?)
}

/// Notes that one is begun, and when it is to be tried again if it comes to nothing.
pub async fn begin(db: &impl Db, entry: Uuid, tries: i64, due_at: UnixMs) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::Tries, Expr::value(tries));
    query.col_expr(Column::DueAt, Expr::value(due_at)).filter(Column::EntryId.eq(entry)).exec(db.conn()).await?;
    Ok(())
}

/// A ticket's have no place any more.
pub async fn forget(tx: &Tx, ticket: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::TicketId.eq(ticket)).exec(tx.conn()).await?;
    Ok(())
}

/// One is posted, or can't be any more.
pub async fn done(db: &impl Db, entry: Uuid) -> Result<()> {
    Entity::delete_by_id(entry).exec(db.conn()).await?;
    Ok(())
}

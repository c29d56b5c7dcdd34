//! What is written in tickets. The texts are sealed: people write there what they tell nobody else.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `ticket_messages`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket_messages")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it is written.
    pub ticket_id: Uuid,
    /// By whom; NULL for the clock, and for who is gone.
    pub author_id: Option<Uuid>,
    /// A word of [`domain::ticket::Side`].
    pub side: String,
    /// A word of [`domain::ticket::Entry`].
    pub entry: String,
    /// Where it came from: `site`, `api` or `discord`.
    pub source: String,
    /// The text.
    pub body_sealed: Vec<u8>,
    /// When: they are read in this order.
    pub created_at: UnixMs,
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

/// All of a ticket, oldest first.
pub async fn of_ticket(db: &impl Db, ticket: Uuid) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::TicketId.eq(ticket));
    Ok(query.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).all(db.conn()).await?)
}

/// By id.
pub async fn by_id(db: &impl Db, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db.conn()).await?)
}

/// Those that somebody has written since a moment, in any ticket.
pub async fn by_author(db: &impl Db, author: Uuid, from: UnixMs) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::AuthorId.eq(author)).filter(Column::CreatedAt.gte(from));
    Ok(query.all(db.conn()).await?)
}

/// How many there are in a ticket.
pub async fn count(db: &impl Db, ticket: Uuid) -> Result<u64> {
    Ok(Entity::find().filter(Column::TicketId.eq(ticket)).count(db.conn()).await?)
}

/// A page of sealed texts, by id.
pub async fn sealed_after(db: &impl Db, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::BodySealed);
    let query = query.filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(limit);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// Replaces a sealed text while it is still `old`; false if it is gone.
pub async fn reseal(db: &impl Db, id: Uuid, old: &[u8], new: Vec<u8>) -> Result<bool> {
    let query = Entity::update_many().col_expr(Column::BodySealed, Expr::value(new)).filter(Column::Id.eq(id));
    let done = query.filter(Column::BodySealed.eq(old.to_vec())).exec(db.conn()).await?;
    Ok(done.rows_affected == 1)
}

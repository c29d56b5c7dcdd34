//! Files of tickets, sealed as the texts are.

use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait as _};

use crate::{Db, Result, Tx, tickets};

/// A row of `ticket_files`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket_files")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The ticket.
    pub ticket_id: Uuid,
    /// The message that it is attached to.
    pub message_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its media type, by its content.
    pub media_type: String,
    /// Its size in bytes, before it was sealed.
    pub bytes: i64,
    /// Its content.
    pub content_sealed: Vec<u8>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A file without its content.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Info {
    /// Its id.
    pub id: Uuid,
    /// The message that it is attached to.
    pub message_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub bytes: i64,
}

/// Adds one.
pub async fn insert(tx: &Tx, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Those of a ticket, without their content, in the order in which they were attached.
pub async fn of_ticket(db: &impl Db, ticket: Uuid) -> Result<Vec<Info>> {
    let columns = [Column::Id, Column::MessageId, Column::Name, Column::MediaType, Column::Bytes];
    let query = Entity::find().select_only().columns(columns).filter(Column::TicketId.eq(ticket));
    Ok(query.order_by_asc(Column::Id).into_model().all(db.conn()).await?)
}

/// One of a ticket.
pub async fn by_id(db: &impl Db, ticket: Uuid, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::TicketId.eq(ticket)).one(db.conn()).await?)
}

/// How many bytes the files of a customer's tickets have.
pub async fn bytes_of_user(db: &impl Db, user: Uuid) -> Result<i64> {
    let own = tickets::Entity::find().select_only().column(tickets::Column::Id);
    let own = own.filter(tickets::Column::UserId.eq(user)).into_query();
    let query = Entity::find().select_only().column(Column::Bytes).filter(Column::TicketId.in_subquery(own));
    let sizes: Vec<i64> = query.into_tuple().all(db.conn()).await?;
    Ok(sizes.into_iter().sum())
}

/// A page of sealed contents, by id.
pub async fn sealed_after(db: &impl Db, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::ContentSealed);
    let query = query.filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(limit);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// Replaces a sealed content; false if it is gone. A file's content never changes otherwise.
pub async fn reseal(db: &impl Db, id: Uuid, new: Vec<u8>) -> Result<bool> {
    let query = Entity::update_many().col_expr(Column::ContentSealed, Expr::value(new)).filter(Column::Id.eq(id));
    Ok(query.exec(db.conn()).await?.rows_affected == 1)
}

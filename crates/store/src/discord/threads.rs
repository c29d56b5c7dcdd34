//! Where tickets are on Discord. The row is written with the ticket, before there is a thread: it is the intent that
//! whoever starts after a crash carries out.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx, tickets};

/// A row of `discord_threads`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_threads")]
pub struct Model {
    /// The ticket.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ticket_id: Uuid,
    /// The guild in which it was asked.
    pub guild_id: i64,
    /// Who asked.
    pub discord_id: i64,
    /// The language that they have on Discord.
    pub locale: String,
    /// The thread, once there is one.
    pub channel_id: Option<i64>,
    /// The first message in it, once there is one.
    pub intro_id: Option<i64>,
    /// The message of the team's log with its conversation, once it was closed.
    pub log_id: Option<i64>,
    /// With this the one who asked can be answered for fifteen minutes; gone once they were.
    pub reply_token: Option<String>,
    /// Whether they were told where the thread is.
    pub told: bool,
    /// Whether the thread was shut, since the ticket is closed.
    pub shut: bool,
    /// The last message of the thread that was read.
    pub read_to: i64,
    /// How often it was tried to bring the thread to where it should be.
    pub tries: i64,
    /// When it is to be tried; NULL if the thread is as it should be.
    pub due_at: Option<UnixMs>,
    /// When it was asked for.
    pub created_at: UnixMs,
}

/// The token never reaches a log by way of `{:?}`.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscordThread").field("ticket_id", &self.ticket_id).finish_non_exhaustive()
    }
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

/// By ticket.
pub async fn of_ticket(db: &impl Db, ticket: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(ticket).one(db.conn()).await?)
}

/// By ticket, locked until the transaction ends.
pub async fn lock(tx: &Tx, ticket: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(ticket).lock_exclusive().one(tx.conn()).await?)
}

/// By thread.
pub async fn of_channel(db: &impl Db, channel: i64) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::ChannelId.eq(channel)).one(db.conn()).await?)
}

/// Those that are not as they should be, longest due first.
pub async fn due(db: &impl Db, now: UnixMs, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::DueAt.lte(now)).order_by_asc(Column::DueAt);
    Ok(query.limit(limit).all(db.conn()).await?)
}

/// Those with a thread that is not shut.
pub async fn live(db: &impl Db) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::Shut.eq(false)).filter(Column::ChannelId.is_not_null());
    Ok(query.all(db.conn()).await?)
}

/// Those of a customer's tickets.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    let tickets = Query::select()
        .column(tickets::Column::Id)
        .from(tickets::Entity)
        .and_where(tickets::Column::UserId.eq(user))
        .to_owned();
    Ok(Entity::find().filter(Column::TicketId.in_subquery(tickets)).all(db.conn()).await?)
}

/// Saves all columns of a row that was loaded with [`lock`].
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Notes that messages of a thread were read up to one; what was read further stays.
pub async fn read(db: &impl Db, ticket: Uuid, message: i64) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::ReadTo, Expr::value(message));
    query.filter(Column::TicketId.eq(ticket)).filter(Column::ReadTo.lt(message)).exec(db.conn()).await?;
    Ok(())
}

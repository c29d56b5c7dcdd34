//! Mails to be sent. What a mail says is sealed, because it holds addresses and tokens, and is dropped once sent.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `outbox`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// UUIDv7; Resend's idempotency key and the Message-ID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which letter it is.
    pub letter: String,
    /// Recipient, subject, text and HTML as sealed JSON; NULL once sent or given up.
    pub sealed: Option<Vec<u8>>,
    /// When it was written.
    pub created_at: UnixMs,
    /// When the mail service took it.
    pub sent_at: Option<UnixMs>,
    /// Whose account it is about, if the address was an account's when it was written.
    pub user_id: Option<Uuid>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds a mail.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By id.
pub async fn by_id(db: &impl Db, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db.conn()).await?)
}

/// Notes that a mail was taken, and drops what it said.
pub async fn sent(db: &impl Db, id: Uuid, now: UnixMs) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::SentAt, Expr::value(now))
        .col_expr(Column::Sealed, Expr::value(Option::<Vec<u8>>::None))
        .filter(Column::Id.eq(id))
        .exec(db.conn())
        .await?;
    Ok(())
}

/// The ids of mails that wait.
pub async fn waiting(db: &impl Db, limit: u64) -> Result<Vec<Uuid>> {
    let rows = Entity::find()
        .filter(Column::SentAt.is_null())
        .filter(Column::Sealed.is_not_null())
        .limit(limit)
        .all(db.conn())
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// A mail without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// See [`Model::id`].
    pub id: Uuid,
    /// See [`Model::letter`].
    pub letter: String,
    /// See [`Model::created_at`].
    pub created_at: UnixMs,
    /// See [`Model::sent_at`].
    pub sent_at: Option<UnixMs>,
    /// See [`Model::user_id`].
    pub user_id: Option<Uuid>,
}

fn line(row: Model) -> Line {
    Line { id: row.id, letter: row.letter, created_at: row.created_at, sent_at: row.sent_at, user_id: row.user_id }
}

/// The newest mails about an account.
pub async fn of_user(db: &impl Db, user: Uuid, limit: u64) -> Result<Vec<Line>> {
    let query = Entity::find().filter(Column::UserId.eq(user)).order_by_desc(Column::Id).limit(limit);
    Ok(query.all(db.conn()).await?.into_iter().map(line).collect())
}

/// A page of all mails, newest first: those after `after`.
pub async fn page(db: &impl Db, after: Option<Uuid>, limit: u64) -> Result<Vec<Line>> {
    let mut query = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.all(db.conn()).await?.into_iter().map(line).collect())
}

/// The account is gone: its mails are nobody's.
pub async fn forget_user(tx: &Tx, user: Uuid) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::UserId, Expr::value(Option::<Uuid>::None));
    query.filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

/// Removes rows written before `before`, sent or not: nobody waits for a mail that old.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::CreatedAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

/// Sealed values with the ids of their mails, in the order of ids, after `after`.
pub async fn sealed_after(db: &impl Db, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::Sealed);
    let query =
        query.filter(Column::Id.gt(after)).filter(Column::Sealed.is_not_null()).order_by_asc(Column::Id).limit(limit);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// Replaces a sealed value while it is still `old`; false if it was changed or is gone.
pub async fn reseal(db: &impl Db, id: Uuid, old: &[u8], new: Vec<u8>) -> Result<bool> {
    let query = Entity::update_many().col_expr(Column::Sealed, Expr::value(new)).filter(Column::Id.eq(id));
    let done = query.filter(Column::Sealed.eq(old.to_vec())).exec(db.conn()).await?;
    Ok(done.rows_affected == 1)
}

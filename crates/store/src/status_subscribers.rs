//! Who wants mails of incidents.

use domain::account::Language;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder as _, QuerySelect as _};

use crate::{Db, Result, Tx};

/// A row of `status_subscribers`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "status_subscribers")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// As it was typed.
    pub email: String,
    /// As it is compared, unique.
    pub email_canonical: String,
    /// The language of the mails.
    pub language: String,
    /// SHA-256 of the text of the token that confirms, unique.
    pub token_hash: Vec<u8>,
    /// When that was mailed.
    pub asked_at: UnixMs,
    /// Since when mails are sent; before that, none but the question.
    pub confirmed_at: Option<UnixMs>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The language of the mails.
    pub fn language(&self) -> Language {
        self.language.parse().unwrap_or(Language::En)
    }
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Who gets mails.
    pub confirmed: u64,
    /// Who was asked, and has not said yes.
    pub waiting: u64,
}

/// Adds one. Duplicate of `email_canonical` is an error.
pub async fn insert(tx: &Tx, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By address, locked until the transaction ends.
pub async fn lock_by_email(tx: &Tx, canonical: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::EmailCanonical.eq(canonical)).lock_exclusive().one(tx.conn()).await?)
}

/// By address.
pub async fn by_email(db: &impl Db, canonical: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::EmailCanonical.eq(canonical)).one(db.conn()).await?)
}

/// By the hash of the token that confirms, locked until the transaction ends.
pub async fn lock_by_token(tx: &Tx, hash: &[u8]) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::TokenHash.eq(hash.to_vec())).lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// A page of those who had said yes by `confirmed_by`, in the order of ids, after `after`. Locked until the transaction
/// ends: one who unsubscribes meanwhile does so before the page or after it.
pub async fn lock_page(tx: &Tx, confirmed_by: UnixMs, after: Uuid, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::Id.gt(after)).filter(Column::ConfirmedAt.lte(confirmed_by));
    Ok(query.order_by_asc(Column::Id).limit(limit).lock_exclusive().all(tx.conn()).await?)
}

/// Removes one; false if there was none.
pub async fn delete(tx: &Tx, id: Uuid) -> Result<bool> {
    Ok(Entity::delete_by_id(id).exec(tx.conn()).await?.rows_affected == 1)
}

/// How many there are.
pub async fn count(db: &impl Db) -> Result<Count> {
    let confirmed = Entity::find().filter(Column::ConfirmedAt.is_not_null()).count(db.conn()).await?;
    let waiting = Entity::find().filter(Column::ConfirmedAt.is_null()).count(db.conn()).await?;
    Ok(Count { confirmed, waiting })
}

/// Removes those who were asked before `before` and have not said yes.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    let query = Entity::delete_many().filter(Column::ConfirmedAt.is_null()).filter(Column::AskedAt.lt(before));
    Ok(query.exec(db.conn()).await?.rows_affected)
}

//! Keys of the API's callers (`X-API-KEY`). Only their hashes are kept.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, QueryOrder};

use crate::{Db, Result};

/// A row of `api_keys`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What the operator calls it; unique.
    pub name: String,
    /// SHA-256 of the key's text.
    pub key_hash: Vec<u8>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it was withdrawn.
    pub revoked_at: Option<UnixMs>,
    /// What it opens, words by spaces; NULL is everything.
    pub scopes: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<UnixMs>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds a key. Duplicate of `name` is an error.
pub async fn insert(db: &impl Db, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(db.conn()).await?;
    Ok(())
}

/// All keys, by name.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_asc(Column::Name).all(db.conn()).await?)
}

/// The keys that were not withdrawn.
pub async fn live(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::RevokedAt.is_null()).all(db.conn()).await?)
}

/// Withdraws a key; tells whether there was one in force with this name.
pub async fn revoke(db: &impl Db, name: &str, now: UnixMs) -> Result<bool> {
    let done = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .filter(Column::Name.eq(name))
        .filter(Column::RevokedAt.is_null())
        .exec(db.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

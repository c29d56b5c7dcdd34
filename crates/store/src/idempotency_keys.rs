//! Requests that must have one effect however often they come, and the replies that they got.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use crate::{Db, Result, StoreError};

/// A row of `idempotency_keys`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// SHA-256 of user, route and key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_hash: Vec<u8>,
    /// SHA-256 of the body.
    pub body_hash: Vec<u8>,
    /// A request that has no reply by then has died.
    pub claimed_until: UnixMs,
    /// Status of the reply; NULL while the request is under way.
    pub status: Option<i64>,
    /// Body of the reply, sealed under DATA_KEYS.
    pub reply_sealed: Option<Vec<u8>>,
    /// Forgotten from this moment on.
    pub expires_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Claims a scope; false if it is known.
pub async fn insert_new(db: &impl Db, row: &Model) -> Result<bool> {
    match Entity::insert(row.clone().into_active_model()).exec_without_returning(db.conn()).await.map_err(Into::into) {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// By scope.
pub async fn get(db: &impl Db, scope: &[u8]) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(scope.to_vec()).one(db.conn()).await?)
}

/// Takes over what a request that died has left, or what is forgotten; false if another was faster.
pub async fn take_over(db: &impl Db, known: &Model, row: &Model) -> Result<bool> {
    let done = Entity::update_many()
        .col_expr(Column::BodyHash, Expr::value(row.body_hash.clone()))
        .col_expr(Column::ClaimedUntil, Expr::value(row.claimed_until))
        .col_expr(Column::Status, Expr::value(Option::<i64>::None))
        .col_expr(Column::ReplySealed, Expr::value(Option::<Vec<u8>>::None))
        .col_expr(Column::ExpiresAt, Expr::value(row.expires_at))
        .filter(Column::ScopeHash.eq(known.scope_hash.clone()))
        .filter(Column::ClaimedUntil.eq(known.claimed_until))
        .exec(db.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Keeps a reply.
pub async fn finish(db: &impl Db, scope: &[u8], status: i64, reply_sealed: Vec<u8>) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::ReplySealed, Expr::value(reply_sealed))
        .filter(Column::ScopeHash.eq(scope.to_vec()))
        .exec(db.conn())
        .await?;
    Ok(())
}

/// Forgets a scope: its request had no effect, and may be tried again.
pub async fn forget(db: &impl Db, scope: &[u8]) -> Result<()> {
    Entity::delete_by_id(scope.to_vec()).exec(db.conn()).await?;
    Ok(())
}

/// Removes what expired before `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

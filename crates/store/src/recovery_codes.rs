//! Recovery codes: each stands in for the authenticator app once. Only their hashes are kept.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, PaginatorTrait};

use crate::{Db, Result, Tx};

/// A row of `recovery_codes`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_codes")]
pub struct Model {
    /// SHA-256 of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: Vec<u8>,
    /// Whose it is.
    pub user_id: Uuid,
    /// When it was used.
    pub used_at: Option<UnixMs>,
}

/// No relations are declared: joins are written where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Replaces a user's codes; none takes them all away.
pub async fn replace(tx: &Tx, user: Uuid, hashes: &[[u8; 32]]) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    if hashes.is_empty() {
        return Ok(());
    }
    let row = |hash: &[u8; 32]| Model { code_hash: hash.to_vec(), user_id: user, used_at: None }.into_active_model();
    Entity::insert_many(hashes.iter().map(row)).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Uses up a code; false if it is unknown or was used.
pub async fn use_up(tx: &Tx, user: Uuid, hash: &[u8], now: UnixMs) -> Result<bool> {
    let done = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::CodeHash.eq(hash.to_vec()))
        .filter(Column::UserId.eq(user))
        .filter(Column::UsedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// How many codes a user has left.
pub async fn count_left(db: &impl Db, user: Uuid) -> Result<u64> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).filter(Column::UsedAt.is_null()).count(db.conn()).await?)
}

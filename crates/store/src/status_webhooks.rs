//! Addresses of operators' own programs that are told of incidents.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, QueryOrder as _, QuerySelect as _};

use crate::{Db, Result, Tx};

/// A row of `status_webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "status_webhooks")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it is posted to.
    pub url: String,
    /// What it is signed with, sealed.
    pub secret_sealed: Vec<u8>,
    /// When it was added.
    pub created_at: UnixMs,
    /// Since when nothing gets through.
    pub failing_since: Option<UnixMs>,
    /// What was wrong at the last try, as a class.
    pub trouble: Option<String>,
    /// When it was given up; nothing is posted from then on.
    pub disabled_at: Option<UnixMs>,
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

/// All of them, oldest first.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_asc(Column::Id).all(db.conn()).await?)
}

/// By id.
pub async fn by_id(db: &impl Db, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db.conn()).await?)
}

/// By id, locked until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Removes one.
pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// Sealed values with the ids of their rows, in the order of ids, after `after`.
pub async fn sealed_after(db: &impl Db, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::SecretSealed);
    Ok(query.filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(limit).into_tuple().all(db.conn()).await?)
}

/// Replaces a sealed value while it is still `old`; false if it was changed or is gone.
pub async fn reseal(db: &impl Db, id: Uuid, old: &[u8], new: Vec<u8>) -> Result<bool> {
    let query = Entity::update_many().col_expr(Column::SecretSealed, Expr::value(new)).filter(Column::Id.eq(id));
    Ok(query.filter(Column::SecretSealed.eq(old.to_vec())).exec(db.conn()).await?.rows_affected == 1)
}

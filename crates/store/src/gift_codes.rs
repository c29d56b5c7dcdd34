//! Gift codes, by their hashes: nobody can read one again once it was made.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// Rows that are written in one statement.
const AT_ONCE: usize = 500;

/// A row of `gift_codes`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gift_codes")]
pub struct Model {
    /// UUIDv7; the movement of the books is `gift:` with it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its batch.
    pub batch_id: Uuid,
    /// SHA-256 of the code.
    pub code_hash: Vec<u8>,
    /// Who has redeemed it.
    pub redeemed_by: Option<Uuid>,
    /// When.
    pub redeemed_at: Option<UnixMs>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds the codes of a batch.
pub async fn insert_all(tx: &Tx, rows: &[Model]) -> Result<()> {
    for part in rows.chunks(AT_ONCE) {
        let rows = part.iter().cloned().map(IntoActiveModel::into_active_model);
        Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// By the hash of its code, locked until the transaction ends.
pub async fn lock_by_hash(tx: &Tx, hash: &[u8]) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::CodeHash.eq(hash)).lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// How many codes of each batch are redeemed, where any is.
pub async fn redeemed(db: &impl Db, batches: &[Uuid]) -> Result<Vec<(Uuid, i64)>> {
    let query = Entity::find().select_only().column(Column::BatchId).column_as(Column::Id.count(), "redeemed");
    let query = query.filter(Column::BatchId.is_in(batches.iter().copied())).filter(Column::RedeemedAt.is_not_null());
    Ok(query.group_by(Column::BatchId).into_tuple().all(db.conn()).await?)
}

/// Those that a customer has redeemed, newest first.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::RedeemedBy.eq(user)).order_by_desc(Column::RedeemedAt);
    Ok(query.all(db.conn()).await?)
}

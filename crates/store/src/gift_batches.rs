//! Batches of gift codes: what each code of one is worth, and until when.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `gift_batches`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gift_batches")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What an operator wrote about it.
    pub note: String,
    /// What a code is worth, in minor units.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// How many codes were made.
    pub codes: i64,
    /// From when on they can't be redeemed.
    pub expires_at: Option<UnixMs>,
    /// When an operator took them out of use.
    pub voided_at: Option<UnixMs>,
    /// When it was made.
    pub created_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By id, locked until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?)
}

/// These.
pub async fn by_ids(db: &impl Db, ids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::Id.is_in(ids.iter().copied())).all(db.conn()).await?)
}

/// Saves all columns of a row that was loaded with [`lock`].
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// The newest, newest first.
pub async fn newest(db: &impl Db, limit: u64) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_desc(Column::Id).limit(limit).all(db.conn()).await?)
}

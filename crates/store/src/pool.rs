//! The network-wide address pool: a high-water mark, and the addresses that were given back.

use std::ops::RangeInclusive;

use domain::time::UnixMs;
use domain::vpn::pool::Freed;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, Statement};

use crate::{Db, Result, StoreError, Tx, connect};

/// The one row of `pool_state`.
mod state {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "pool_state")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub high_water: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A row of `freed_addresses`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "freed_addresses")]
pub struct Model {
    /// Index in the pool.
    #[sea_orm(primary_key, auto_increment = false)]
    pub address: i64,
    /// When its device was removed.
    pub freed_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The pool as it is now.
#[derive(Debug, Clone, Copy)]
pub struct PoolState {
    /// The address that was freed first.
    pub oldest_freed: Option<Freed>,
    /// The highest index ever given out.
    pub high_water: i64,
}

/// The row of the pool with the address that was freed first. A statement's view is from before it has waited for the
/// lock; the joined row is read under its own lock and as it is then, so that an address that was taken meanwhile is
/// merely not there.
const STATE: &str = "SELECT p.high_water, f.address, f.freed_at FROM pool_state p LEFT JOIN freed_addresses f \
     ON f.address = (SELECT address FROM freed_addresses ORDER BY freed_at, address LIMIT 1) WHERE p.id = 1";

/// Locks the pool until the transaction ends and tells its state. Every allocation holds this lock.
pub async fn lock(tx: &Tx) -> Result<PoolState> {
    let backend = tx.conn().get_database_backend();
    // SQLite has one writer and no word for a lock.
    let lock = if connect::is_mysql(backend) { " FOR UPDATE" } else { "" };
    let Some(row) = tx.conn().query_one_raw(Statement::from_string(backend, format!("{STATE}{lock}"))).await? else {
        return Err(StoreError::Unusable("pool_state has no row: run `mirai migrate`".into()));
    };
    let (index, freed_at): (Option<i64>, Option<i64>) = (row.try_get_by(1)?, row.try_get_by(2)?);
    let oldest_freed = index.zip(freed_at).map(|(index, freed_at)| Freed { index, freed_at });
    Ok(PoolState { oldest_freed, high_water: row.try_get_by(0)? })
}

/// Raises the high-water mark by one and tells it, if it was one of `marks` and no address waits that was freed at or before
/// `rested`; locks the pool until the transaction ends. One statement where [`lock`] and [`set_high_water`] are two, because
/// every new device passes here; `None` leaves the choice to them.
pub async fn raise(tx: &Tx, marks: RangeInclusive<i64>, rested: UnixMs) -> Result<Option<i64>> {
    let backend = tx.conn().get_database_backend();
    let set = |value: &str, more: &str| {
        let sql = format!(
            "UPDATE pool_state SET high_water = {value} WHERE id = 1 AND high_water BETWEEN ? AND ? \
             AND NOT EXISTS (SELECT 1 FROM freed_addresses WHERE freed_at <= ?){more}"
        );
        Statement::from_sql_and_values(backend, sql, [(*marks.start()).into(), (*marks.end()).into(), rested.into()])
    };
    if connect::is_mysql(backend) {
        let done = tx.conn().execute_raw(set("LAST_INSERT_ID(high_water + 1)", "")).await?;
        return Ok((done.rows_affected() == 1).then(|| done.last_insert_id()).and_then(|mark| mark.try_into().ok()));
    }
    let raised = tx.conn().query_one_raw(set("high_water + 1", " RETURNING high_water")).await?;
    Ok(raised.map(|row| row.try_get_by(0)).transpose()?)
}

/// Raises the high-water mark. Under [`lock`].
pub async fn set_high_water(tx: &Tx, high_water: i64) -> Result<()> {
    // Not by the row: that reads it back, and every new device passes here.
    let update = state::Entity::update_many().col_expr(state::Column::HighWater, Expr::value(high_water));
    update.filter(state::Column::Id.eq(1)).exec(tx.conn()).await?;
    Ok(())
}

/// Takes a freed address out of the list. Under [`lock`].
pub async fn take_freed(tx: &Tx, address: i64) -> Result<()> {
    Entity::delete_by_id(address).exec(tx.conn()).await?;
    Ok(())
}

/// Whether an address was given back. Under [`lock`].
pub async fn is_freed(tx: &Tx, address: i64) -> Result<bool> {
    Ok(Entity::find_by_id(address).one(tx.conn()).await?.is_some())
}

/// Gives an address back.
pub async fn free(tx: &Tx, address: i64, now: UnixMs) -> Result<()> {
    let row = Model { address, freed_at: now };
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

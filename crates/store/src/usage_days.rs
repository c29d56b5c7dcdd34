//! What each subscription has carried on each day, for its owner.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, QueryOrder as _, Statement, Value};

use crate::{Db, Result, Tx};

/// A row of `usage_days`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_days")]
pub struct Model {
    /// The subscription.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subscription_id: Uuid,
    /// Days since 1970-01-01, UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i64,
    /// Bytes from the clients.
    pub rx: i64,
    /// Bytes to the clients.
    pub tx: i64,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds to the days of these rows.
pub async fn add(tx: &Tx, rows: &[Model]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let places = vec!["(?, ?, ?, ?)"; rows.len()].join(", ");
    let backend = tx.conn().get_database_backend();
    let more = match backend {
        DbBackend::Sqlite => {
            "ON CONFLICT (subscription_id, day) DO UPDATE SET rx = rx + excluded.rx, tx = tx + excluded.tx"
        }
        _ => "ON DUPLICATE KEY UPDATE rx = rx + VALUES(rx), tx = tx + VALUES(tx)",
    };
    let sql = format!("INSERT INTO usage_days (subscription_id, day, rx, tx) VALUES {places} {more}");
    let values = rows
        .iter()
        .flat_map(|row| -> [Value; 4] { [row.subscription_id.into(), row.day.into(), row.rx.into(), row.tx.into()] });
    tx.conn().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// The days of these subscriptions since `day`, oldest first.
pub async fn since(db: &impl Db, subscriptions: &[Uuid], day: i64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::SubscriptionId.is_in(subscriptions.iter().copied()));
    Ok(query.filter(Column::Day.gte(day)).order_by_asc(Column::Day).all(db.conn()).await?)
}

/// Forgets the days before `day`.
pub async fn prune(db: &impl Db, day: i64) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::Day.lt(day)).exec(db.conn()).await?.rows_affected)
}

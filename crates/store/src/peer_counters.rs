//! What each peer has carried at each server, as far as it is counted: the base that the next report is measured from, so
//! that no byte counts twice, however often a report is sent.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::QueryOrder as _;
use sea_orm::QuerySelect as _;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{OnConflict, Query};

use crate::{Db, Result, Tx, wireguard_peers};

/// A row of `peer_counters`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "peer_counters")]
pub struct Model {
    /// The server.
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    /// The peer's WireGuard key (base64).
    #[sea_orm(primary_key, auto_increment = false)]
    pub public_key: String,
    /// What its bytes count for: also when the device is gone.
    pub subscription_id: Uuid,
    /// Which stay of the peer at the server these are of; a later stay has a higher number.
    pub generation: i64,
    /// Bytes from the client in this stay.
    pub rx: i64,
    /// Bytes to the client in this stay.
    pub tx: i64,
    /// When they were counted.
    pub counted_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What is counted of these keys at a server.
pub async fn of_keys(db: &impl Db, server: Uuid, keys: &[&str]) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::ServerId.eq(server));
    Ok(query.filter(Column::PublicKey.is_in(keys.iter().copied())).all(db.conn()).await?)
}

/// The same, locked until the transaction ends. The subscriptions are locked before.
pub async fn lock_keys(tx: &Tx, server: Uuid, keys: &[&str]) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::ServerId.eq(server));
    let query = query.filter(Column::PublicKey.is_in(keys.iter().copied())).order_by_asc(Column::PublicKey);
    Ok(query.lock_exclusive().all(tx.conn()).await?)
}

/// Saves what is counted now.
pub async fn save(tx: &Tx, rows: Vec<Model>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let newer = [Column::SubscriptionId, Column::Generation, Column::Rx, Column::Tx, Column::CountedAt];
    let conflict = OnConflict::columns([Column::ServerId, Column::PublicKey]).update_columns(newer).to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Notes who pays for a key that its device is about to lose: a report of what it carried up to now comes later.
pub async fn remember(tx: &Tx, device: &wireguard_peers::Model, key: &str, now: UnixMs) -> Result<()> {
    let servers = [Some(device.server_id), device.previous_server_id].into_iter().flatten();
    let rows = servers.map(|server_id| Model {
        server_id,
        public_key: key.to_owned(),
        subscription_id: device.subscription_id,
        generation: 0,
        rx: 0,
        tx: 0,
        counted_at: now,
    });
    // What is counted stays.
    let conflict =
        OnConflict::columns([Column::ServerId, Column::PublicKey]).update_column(Column::CountedAt).to_owned();
    let rows = rows.map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Forgets the bases of a server: another gateway numbers its peers' stays from the beginning.
pub async fn forget_server(tx: &Tx, server: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::ServerId.eq(server)).exec(tx.conn()).await?;
    Ok(())
}

/// Forgets what was last counted before `before` of keys that no device has any more. Of all others the base stays: a
/// device may rest for a year, and its bytes of before must not count again.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    let known = Query::select().column(wireguard_peers::Column::PublicKey).from(wireguard_peers::Entity).to_owned();
    let query = Entity::delete_many().filter(Column::CountedAt.lt(before));
    Ok(query.filter(Column::PublicKey.not_in_subquery(known)).exec(db.conn()).await?.rows_affected)
}

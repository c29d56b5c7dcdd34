//! Devices: each is a WireGuard peer of a subscription.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ExprTrait as _, IntoActiveModel, Iterable as _, JoinType, QueryOrder, QuerySelect, SelectTwo};

use crate::vps_servers::PeerChange;
use crate::{Db, Result, StoreError, Tx, peer_counters, subscriptions, vantages, vps_servers};

/// A row of `wireguard_peers`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wireguard_peers")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The subscription that pays for it.
    pub subscription_id: Uuid,
    /// Its place among the subscription's devices, from 0; unique with the subscription.
    pub slot: i64,
    /// The server it connects to.
    pub server_id: Uuid,
    /// The server it came from, which keeps the peer until the new one has seen a handshake.
    pub previous_server_id: Option<Uuid>,
    /// When it moved.
    pub moved_at: Option<UnixMs>,
    /// What the customer calls it.
    pub name: String,
    /// Index of its addresses in the pool, unique.
    pub address: i64,
    /// WireGuard public key (base64), unique.
    pub public_key: String,
    /// Pre-shared key, sealed under DATA_KEYS.
    pub preshared_key_sealed: Vec<u8>,
    /// 1420, 1380 or 1280.
    pub mtu: i64,
    /// `all` or `all_but_local`.
    pub routes: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// Last change of the row.
    pub updated_at: UnixMs,
    /// The request with an idempotency key that made it, unique: should that request come again, this is its device.
    pub request_hash: Option<Vec<u8>>,
    /// `plain`, `ad_blocking` or `family`.
    pub dns: String,
    /// When its owner was told that its server is away or to be left; NULL while it is neither.
    pub told_away_at: Option<UnixMs>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds a device, and announces it to its server; false if a gateway looks at others with its key. Duplicate of `address`,
/// `public_key` or the subscription's `slot` is an error. Under the pool's lock, which keeps such a gateway out meanwhile.
pub async fn insert(tx: &Tx, row: &Model) -> Result<bool> {
    let mut gateways = Query::select();
    gateways.expr(Expr::val(1)).from(vantages::Entity).and_where(vantages::Column::PublicKey.eq(&row.public_key));
    let active = row.clone().into_active_model();
    let values = Column::iter().filter_map(|column| active.get(column).into_value());
    let values = Query::select().exprs(values.map(Expr::val)).and_where(Expr::exists(gateways).not()).to_owned();
    let mut insert = Query::insert().into_table(Entity).columns(Column::iter()).to_owned();
    let insert = insert.select_from(values).map_err(|error| StoreError::Unusable(error.to_string()))?;
    if tx.conn().execute(insert).await?.rows_affected() == 0 {
        return Ok(false);
    }
    vps_servers::announce(tx, row.server_id, &row.public_key, PeerChange::Came, row.created_at).await?;
    Ok(true)
}

/// Saves all columns of a row that was loaded with [`lock`]; its server stays.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Puts a device on another server, and announces it to all servers concerned. The one that it leaves keeps the peer for
/// the time being; one that it had left before forgets it, so that at most two servers know a device.
pub async fn relocate(tx: &Tx, mut row: Model, to: Uuid, now: UnixMs) -> Result<()> {
    peer_counters::remember(tx, &row, &row.public_key, now).await?;
    let (from, before) = (row.server_id, row.previous_server_id);
    row.server_id = to;
    row.previous_server_id = Some(from);
    row.moved_at = Some(now);
    row.told_away_at = None;
    row.updated_at = now;
    let key = row.public_key.clone();
    save(tx, row).await?;
    vps_servers::announce(tx, to, &key, PeerChange::Came, now).await?;
    vps_servers::announce(tx, from, &key, PeerChange::Went, now).await?;
    match before.filter(|third| *third != to) {
        Some(third) => vps_servers::announce(tx, third, &key, PeerChange::Other, now).await,
        None => Ok(()),
    }
}

/// A user's device by id; another's is none.
pub async fn of_user(db: &impl Db, user: Uuid, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::UserId.eq(user)).one(db.conn()).await?)
}

/// A user's device by id, locked until the transaction ends; another's is none.
pub async fn lock(tx: &Tx, user: Uuid, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::UserId.eq(user)).lock_exclusive().one(tx.conn()).await?)
}

/// A subscription's devices, locked until the transaction ends.
pub async fn lock_of_subscription(tx: &Tx, subscription: Uuid) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::SubscriptionId.eq(subscription)).order_by_asc(Column::Id);
    Ok(query.lock_exclusive().all(tx.conn()).await?)
}

/// The device that a request has made.
pub async fn by_request(tx: &Tx, user: Uuid, request: &[u8]) -> Result<Option<Model>> {
    let query = Entity::find().filter(Column::RequestHash.eq(request.to_vec())).filter(Column::UserId.eq(user));
    Ok(query.one(tx.conn()).await?)
}

/// Forgets which requests made the devices that were made before `before`: their keys may be used anew.
pub async fn forget_requests(db: &impl Db, before: UnixMs) -> Result<u64> {
    let query = Entity::update_many()
        .col_expr(Column::RequestHash, Expr::value(Option::<Vec<u8>>::None))
        .filter(Column::RequestHash.is_not_null())
        .filter(Column::CreatedAt.lt(before));
    Ok(query.exec(db.conn()).await?.rows_affected)
}

/// A user's devices, locked until the transaction ends, oldest first.
pub async fn lock_of_user(tx: &Tx, user: Uuid) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(user)).order_by_asc(Column::Id);
    Ok(query.lock_exclusive().all(tx.conn()).await?)
}

/// A user's devices, oldest first.
pub async fn all_of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).order_by_asc(Column::Id).all(db.conn()).await?)
}

/// The slots in use of a subscription, ascending. Read under the subscription's lock.
pub async fn slots(tx: &Tx, subscription: Uuid) -> Result<Vec<i64>> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Slot)
        .filter(Column::SubscriptionId.eq(subscription))
        .order_by_asc(Column::Slot)
        .into_tuple()
        .all(tx.conn())
        .await?)
}

/// Announces all peers of a subscription, at the servers where they are and where they came from.
pub async fn announce_all_of(tx: &Tx, subscription: Uuid, now: UnixMs) -> Result<()> {
    let rows = Entity::find().filter(Column::SubscriptionId.eq(subscription)).all(tx.conn()).await?;
    announce(tx, rows.iter().map(|row| (row, row.public_key.as_str())), now).await
}

/// Announces keys that devices have or had, at the servers of these devices and at those that they came from. Servers
/// are locked in the order of their ids, so that two that announce at the same time don't wait for each other.
pub async fn announce(tx: &Tx, keys: impl IntoIterator<Item = (&Model, &str)>, now: UnixMs) -> Result<()> {
    let at = |(row, key)| {
        let Model { server_id, previous_server_id, .. }: &Model = row;
        [Some(*server_id), *previous_server_id].into_iter().flatten().map(move |server| (server, key))
    };
    let mut changes: Vec<(Uuid, &str)> = keys.into_iter().flat_map(at).collect();
    changes.sort_unstable();
    for (server, key) in changes {
        vps_servers::announce(tx, server, key, PeerChange::Other, now).await?;
    }
    Ok(())
}

/// A peer of a server with what decides whether it is served.
#[derive(Debug, Clone)]
pub struct Served {
    /// The device.
    pub peer: Model,
    /// What pays for it.
    pub subscription: subscriptions::Model,
}

/// A page of the peers that a server should know, where they are and where they came from, by id after `after`.
pub async fn page_of_server(db: &impl Db, server: Uuid, after: Uuid, limit: u64) -> Result<Vec<Served>> {
    let query = of_server(server).filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(limit);
    served(query.all(db.conn()).await?)
}

/// Those of these keys that a server should know.
pub async fn with_keys(db: &impl Db, server: Uuid, keys: &[&str]) -> Result<Vec<Served>> {
    let query = of_server(server).filter(Column::PublicKey.is_in(keys.iter().copied()));
    served(query.all(db.conn()).await?)
}

/// Those of these keys, wherever they are.
pub async fn by_keys(db: &impl Db, keys: &[&str]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::PublicKey.is_in(keys.iter().copied())).all(db.conn()).await?)
}

/// By its number in the pool of addresses.
pub async fn by_address(db: &impl Db, address: i64) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::Address.eq(address)).one(db.conn()).await?)
}

/// How many devices each of these subscriptions has.
pub async fn count_of_subscriptions(db: &impl Db, subscriptions: &[Uuid]) -> Result<Vec<(Uuid, i64)>> {
    Ok(Entity::find()
        .select_only()
        .column(Column::SubscriptionId)
        .column_as(Column::Id.count(), "devices")
        .filter(Column::SubscriptionId.is_in(subscriptions.iter().copied()))
        .group_by(Column::SubscriptionId)
        .into_tuple()
        .all(db.conn())
        .await?)
}

/// The server that a device came from forgets it, if it still comes from there and is where it went.
pub async fn leave_previous(tx: &Tx, row: &Model, now: UnixMs) -> Result<()> {
    let Some(previous) = row.previous_server_id else { return Ok(()) };
    let query = Entity::update_many()
        .col_expr(Column::PreviousServerId, Expr::value(Option::<Uuid>::None))
        .filter(Column::Id.eq(row.id))
        .filter(Column::ServerId.eq(row.server_id))
        .filter(Column::PreviousServerId.eq(previous));
    if query.exec(tx.conn()).await?.rows_affected == 1 {
        vps_servers::announce(tx, previous, &row.public_key, PeerChange::Other, now).await?;
    }
    Ok(())
}

/// Devices that moved before `before` and are still known where they came from.
pub async fn still_at_previous(db: &impl Db, before: UnixMs, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::PreviousServerId.is_not_null()).filter(Column::MovedAt.lt(before));
    Ok(query.limit(limit).all(db.conn()).await?)
}

/// Devices of a server whose owners were not told that it is away, owner by owner, locked until the transaction ends.
pub async fn lock_untold(tx: &Tx, server: Uuid, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::ServerId.eq(server)).filter(Column::ToldAwayAt.is_null());
    let query = query.order_by_asc(Column::UserId).order_by_asc(Column::Id).limit(limit);
    Ok(query.lock_exclusive().all(tx.conn()).await?)
}

/// Notes that the owners of these devices were told.
pub async fn told_away(tx: &Tx, ids: &[Uuid], now: UnixMs) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::ToldAwayAt, Expr::value(now));
    query.filter(Column::Id.is_in(ids.iter().copied())).exec(tx.conn()).await?;
    Ok(())
}

/// A server is there again: the next time that it is away its devices' owners are told anew.
pub async fn forget_told(db: &impl Db, server: Uuid) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::ToldAwayAt, Expr::value(Option::<UnixMs>::None));
    query.filter(Column::ServerId.eq(server)).filter(Column::ToldAwayAt.is_not_null()).exec(db.conn()).await?;
    Ok(())
}

fn of_server(server: Uuid) -> SelectTwo<Entity, subscriptions::Entity> {
    let holds = Column::ServerId.eq(server).or(Column::PreviousServerId.eq(server));
    let join = Entity::belongs_to(subscriptions::Entity).from(Column::SubscriptionId).to(subscriptions::Column::Id);
    Entity::find().join(JoinType::InnerJoin, join.into()).select_also(subscriptions::Entity).filter(holds)
}

fn served(rows: Vec<(Model, Option<subscriptions::Model>)>) -> Result<Vec<Served>> {
    let both = |(peer, subscription): (Model, Option<subscriptions::Model>)| {
        Some(Served { peer, subscription: subscription? })
    };
    Ok(rows.into_iter().filter_map(both).collect())
}

/// Removes a device that was loaded with a lock, and announces that to the servers that know it.
pub async fn delete(tx: &Tx, row: &Model, now: UnixMs) -> Result<()> {
    Entity::delete_by_id(row.id).exec(tx.conn()).await?;
    peer_counters::remember(tx, row, &row.public_key, now).await?;
    vps_servers::announce(tx, row.server_id, &row.public_key, PeerChange::Went, now).await?;
    match row.previous_server_id {
        Some(previous) => vps_servers::announce(tx, previous, &row.public_key, PeerChange::Other, now).await,
        None => Ok(()),
    }
}

/// Sealed values with the ids of their devices, in the order of ids, after `after`.
pub async fn sealed_after(db: &impl Db, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::PresharedKeySealed);
    let query = query.filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(limit);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// Replaces a sealed value while it is still `old`; false if it was changed or is gone.
pub async fn reseal(db: &impl Db, id: Uuid, old: &[u8], new: Vec<u8>) -> Result<bool> {
    let query = Entity::update_many().col_expr(Column::PresharedKeySealed, Expr::value(new)).filter(Column::Id.eq(id));
    let done = query.filter(Column::PresharedKeySealed.eq(old.to_vec())).exec(db.conn()).await?;
    Ok(done.rows_affected == 1)
}

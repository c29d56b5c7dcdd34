//! VPN servers.

use domain::time::UnixMs;
use domain::vpn::balancer::ServerStatus;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect, Statement};

use crate::{Db, Result, Tx};

/// A row of `vps_servers`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "vps_servers")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `osaka-1`, unique.
    pub name: String,
    /// `jp`, `eu` …
    pub region: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// City.
    pub city: String,
    /// `host:port` of the WireGuard endpoint.
    pub endpoint: String,
    /// WireGuard public key (base64); NULL until the gateway has enrolled.
    pub public_key: Option<String>,
    /// See [`ServerStatus`].
    pub status: String,
    /// How many devices it is meant for.
    pub capacity: i64,
    /// 0..1, as the server measures it; NULL until it has reported.
    pub load: Option<f64>,
    /// Round trip in milliseconds; NULL until measured.
    pub ping_ms: Option<i64>,
    /// SHA-256 of the one-time enrolment token.
    pub enrol_token_hash: Option<Vec<u8>>,
    /// Until when that token is good.
    pub enrol_until: Option<UnixMs>,
    /// Counts the changes of the server's peer list.
    pub revision: i64,
    /// When it was added.
    pub created_at: UnixMs,
    /// Last change of the row.
    pub updated_at: UnixMs,
    /// How many devices have it as theirs: kept by the writes of `wireguard_peers`, so that nobody counts rows.
    pub peers: i64,
    /// Traffic that it is meant for, in Mbit/s each way.
    pub bandwidth_mbit: i64,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The status; an unknown word counts as down.
    pub fn status(&self) -> ServerStatus {
        self.status.parse().unwrap_or(ServerStatus::Down)
    }
}

/// Adds a server. Duplicate of `name` or `public_key` is an error.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    tx.servers_change();
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// All servers, by region and name.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_asc(Column::Region).order_by_asc(Column::Name).all(db.conn()).await?)
}

/// By id.
pub async fn by_id(db: &impl Db, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db.conn()).await?)
}

/// By name, locked until the transaction ends.
pub async fn lock_by_name(tx: &Tx, name: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::Name.eq(name)).lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    tx.servers_change();
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// What happened to a server's list of peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerChange {
    /// A device came that has the server as its own.
    Came,
    /// A device went that had it as its own.
    Went,
    /// A peer changed, or one left that belongs elsewhere by now.
    Other,
}

/// Leads every server's list far beyond what any gateway can have: each then asks for the whole of it. Returns how many.
pub async fn leap(tx: &Tx) -> Result<u64> {
    tx.servers_change();
    let sql = "UPDATE vps_servers SET revision = revision + 1000000";
    let done = tx.conn().execute_raw(Statement::from_string(tx.conn().get_database_backend(), sql)).await?;
    Ok(done.rows_affected())
}

/// Announces that a peer of a server's list changed: the list's next revision is that of this peer.
pub async fn announce(tx: &Tx, id: Uuid, peer: &str, change: PeerChange, now: UnixMs) -> Result<()> {
    let more = match change {
        PeerChange::Came => 1_i64,
        PeerChange::Went => -1,
        PeerChange::Other => 0,
    };
    tx.peers_change(id);
    let backend = tx.conn().get_database_backend();
    let sql = "UPDATE vps_servers SET revision = revision + 1, peers = peers + ? WHERE id = ?";
    tx.conn().execute_raw(Statement::from_sql_and_values(backend, sql, [more.into(), id.into()])).await?;
    let sql = "INSERT INTO peer_changes (server_id, revision, public_key, changed_at) \
               SELECT id, revision, ?, ? FROM vps_servers WHERE id = ?";
    let values = [peer.into(), now.into(), id.into()];
    tx.conn().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// The revision of a server's list of peers.
pub async fn revision(db: &impl Db, id: Uuid) -> Result<Option<i64>> {
    Ok(Entity::find_by_id(id).select_only().column(Column::Revision).into_tuple().one(db.conn()).await?)
}

/// The server for which this enrolment token was made, locked until the transaction ends.
pub async fn lock_by_token(tx: &Tx, hash: &[u8]) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::EnrolTokenHash.eq(hash.to_vec())).lock_exclusive().one(tx.conn()).await?)
}

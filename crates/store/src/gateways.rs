//! Gateways: the agent on a VPN server, as it enrolled.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{ExprTrait as _, IntoActiveModel};

use crate::{Db, Result, Tx};

/// A row of `gateways`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gateways")]
pub struct Model {
    /// Its server.
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    /// SHA-256 of its credential, unique.
    pub credential_hash: Vec<u8>,
    /// Counts the starts of the agent, as the agent does.
    pub generation: i64,
    /// Random, of one start: tells a copy of the agent's folder from the agent. NULL until it has started.
    pub instance: Option<String>,
    /// `kernel`, `embedded`, `uapi` or `fake`.
    pub driver: String,
    /// Of its program.
    pub version: String,
    /// When it enrolled.
    pub enrolled_at: UnixMs,
    /// The revision of its peer list that it has applied.
    pub applied_revision: i64,
    /// When it last said so.
    pub applied_at: Option<UnixMs>,
    /// When it last reported, by the clock here.
    pub reported_at: Option<UnixMs>,
    /// How far its clock is ahead, in milliseconds.
    pub skew_ms: Option<i64>,
    /// Peers that have shaken hands within three minutes.
    pub active_peers: i64,
    /// Bytes a second from clients.
    pub rx_rate: i64,
    /// Bytes a second to clients.
    pub tx_rate: i64,
    /// Packets a second that its outer interface or its tunnel has dropped.
    pub drops: i64,
    /// Processors in use, 0..1.
    pub cpu: f64,
    /// Memory in use, 0..1.
    pub memory: f64,
    /// SHA-256 of the credential before, good until the one that replaces it is shown.
    pub former_hash: Option<Vec<u8>>,
    /// What is wrong, by its own words.
    pub trouble: Option<String>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Puts a gateway in the place of the server's former one, if it had one.
pub async fn replace(tx: &Tx, row: &Model) -> Result<()> {
    Entity::delete_by_id(row.server_id).exec(tx.conn()).await?;
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The gateway with this credential, or whose credential it was before the present one, which was not shown yet.
pub async fn by_credential(db: &impl Db, hash: &[u8]) -> Result<Option<Model>> {
    let is_its = Column::CredentialHash.eq(hash.to_vec()).or(Column::FormerHash.eq(hash.to_vec()));
    Ok(Entity::find().filter(is_its).one(db.conn()).await?)
}

/// Puts a credential in the place of the one that was shown. The same one again changes nothing.
pub async fn rotate(db: &impl Db, server: Uuid, shown: &[u8], next: &[u8]) -> Result<()> {
    let query = Entity::update_many()
        .col_expr(Column::CredentialHash, Expr::value(next.to_vec()))
        .col_expr(Column::FormerHash, Expr::value(Some(shown.to_vec())))
        .filter(Column::ServerId.eq(server))
        .filter(Column::CredentialHash.ne(next.to_vec()));
    query.exec(db.conn()).await?;
    Ok(())
}

/// The present credential was shown: the one before is void.
pub async fn forget_former(db: &impl Db, server: Uuid) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::FormerHash, Expr::value(Option::<Vec<u8>>::None));
    query.filter(Column::ServerId.eq(server)).exec(db.conn()).await?;
    Ok(())
}

/// Voids a server's gateway; false if it has none.
pub async fn revoke(tx: &Tx, server: Uuid) -> Result<bool> {
    Ok(Entity::delete_by_id(server).exec(tx.conn()).await?.rows_affected == 1)
}

/// A server's gateway.
pub async fn of_server(db: &impl Db, server: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(server).one(db.conn()).await?)
}

/// Notes a start of the agent, unless a later one was noted, or another one of the same number.
pub async fn started(db: &impl Db, server: Uuid, generation: i64, instance: &str) -> Result<bool> {
    let is_later = Column::Generation.lt(generation);
    let is_same = Column::Generation.eq(generation).and(Column::Instance.eq(instance));
    let query = Entity::update_many()
        .col_expr(Column::Generation, Expr::value(generation))
        .col_expr(Column::Instance, Expr::value(instance))
        .filter(Column::ServerId.eq(server))
        .filter(is_later.or(is_same));
    if query.exec(db.conn()).await?.rows_affected == 1 {
        return Ok(true);
    }
    // MariaDB counts the rows that were changed, not those that were found.
    let row = of_server(db, server).await?;
    Ok(row.is_some_and(|row| row.generation == generation && row.instance.as_deref() == Some(instance)))
}

/// All gateways.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().all(db.conn()).await?)
}

/// Saves a gateway's report, which is in the row; false if another agent has started since, or it was replaced.
pub async fn report(db: &impl Db, row: &Model) -> Result<bool> {
    let query = Entity::update_many()
        .col_expr(Column::AppliedRevision, Expr::value(row.applied_revision))
        .col_expr(Column::ReportedAt, Expr::value(row.reported_at))
        .col_expr(Column::SkewMs, Expr::value(row.skew_ms))
        .col_expr(Column::ActivePeers, Expr::value(row.active_peers))
        .col_expr(Column::RxRate, Expr::value(row.rx_rate))
        .col_expr(Column::TxRate, Expr::value(row.tx_rate))
        .col_expr(Column::Drops, Expr::value(row.drops))
        .col_expr(Column::Cpu, Expr::value(row.cpu))
        .col_expr(Column::Memory, Expr::value(row.memory))
        .col_expr(Column::Trouble, Expr::value(row.trouble.clone()))
        .filter(Column::ServerId.eq(row.server_id))
        // Not by its credential: that may be replaced while the report is on its way.
        .filter(Column::EnrolledAt.eq(row.enrolled_at))
        .filter(Column::Generation.eq(row.generation))
        .filter(Column::Instance.eq(row.instance.clone()));
    // The time of the report differs from the last one's, so that MariaDB counts the row as changed.
    Ok(query.exec(db.conn()).await?.rows_affected == 1)
}

/// Notes what an agent of this start has applied; false if another one has started since.
pub async fn applied(
    db: &impl Db,
    server: Uuid,
    generation: i64,
    instance: &str,
    revision: i64,
    now: UnixMs,
) -> Result<bool> {
    let query = Entity::update_many()
        .col_expr(Column::AppliedRevision, Expr::value(revision))
        .col_expr(Column::AppliedAt, Expr::value(now))
        .filter(Column::ServerId.eq(server))
        .filter(Column::Generation.eq(generation))
        .filter(Column::Instance.eq(instance));
    Ok(query.exec(db.conn()).await?.rows_affected == 1)
}

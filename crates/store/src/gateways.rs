//! Gateways: the agent on a VPN server, as it enrolled.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{ExprTrait as _, IntoActiveModel};

use crate::{Db, Result, Tx};

/// A row of `gateways`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
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

/// The gateway with this credential.
pub async fn by_credential(db: &impl Db, hash: &[u8]) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::CredentialHash.eq(hash.to_vec())).one(db.conn()).await?)
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

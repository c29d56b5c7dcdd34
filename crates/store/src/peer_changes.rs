//! The log of each server's peer list: which peer a revision touched. What became of the peer is not in it: whoever reads
//! the log looks at the peer as it is now, so that a state never comes back that has been left.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use crate::{Db, Result};

/// A row of `peer_changes`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "peer_changes")]
pub struct Model {
    /// Whose list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    /// The list's revision since then: one for each change, without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    /// The peer's WireGuard key (base64).
    pub public_key: String,
    /// When.
    pub changed_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A server's changes after a revision, the first `limit` of them.
pub async fn after(db: &impl Db, server: Uuid, revision: i64, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::ServerId.eq(server)).filter(Column::Revision.gt(revision));
    Ok(query.order_by_asc(Column::Revision).limit(limit).all(db.conn()).await?)
}

/// When a revision of a server's list was made; `None` if that was forgotten.
pub async fn made_at(db: &impl Db, server: Uuid, revision: i64) -> Result<Option<UnixMs>> {
    Ok(Entity::find_by_id((server, revision)).one(db.conn()).await?.map(|row| row.changed_at))
}

/// Forgets what changed before `before`: a gateway that was away longer gets the whole list.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::ChangedAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

//! Gateways that look at others through their tunnels, and what they have seen there.

use domain::monitor::verdict::Verdict;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, JoinType, QueryOrder, QuerySelect};

use crate::vps_servers::{self, PeerChange};
use crate::{Db, Result, Tx};

/// A row of `vantages`: a gateway that looks.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "vantages")]
pub struct Model {
    /// Its server.
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    /// The WireGuard key (base64) with which it looks; another one with each start of its agent. Unique.
    pub public_key: String,
    /// Index of the address it has in others' tunnels, of the same pool as those of devices. Unique.
    pub address: i64,
    /// The address that it comes to us from.
    pub egress: Option<String>,
    /// When it last said what it had seen.
    pub heard_at: UnixMs,
}

/// No relations are declared; [`sights`] joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Rows of `sights`: who looks at whom, and what they saw last.
pub mod sights {
    use domain::time::UnixMs;
    use sea_orm::entity::prelude::*;

    /// A row of `sights`. While it is there the server has the other as a peer.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sights")]
    pub struct Model {
        /// Who is looked at.
        #[sea_orm(primary_key, auto_increment = false)]
        pub server_id: Uuid,
        /// Who looks.
        #[sea_orm(primary_key, auto_increment = false)]
        pub vantage_id: Uuid,
        /// When; NULL before the first look.
        pub at: Option<UnixMs>,
        /// See [`domain::monitor::verdict::Verdict`].
        pub verdict: String,
        /// How long the page took through the tunnel, in microseconds.
        pub latency_us: Option<i64>,
        /// What was wrong, as a word.
        pub trouble: Option<String>,
    }

    /// Of the one who looks.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        /// Who looks.
        #[sea_orm(belongs_to = "super::Entity", from = "Column::VantageId", to = "super::Column::ServerId")]
        Vantage,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// All that look.
pub async fn all(db: &impl Db) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_asc(Column::ServerId).all(db.conn()).await?)
}

/// One of them, locked until the transaction ends.
pub async fn lock(tx: &Tx, server: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(server).lock_exclusive().one(tx.conn()).await?)
}

/// Adds one. Duplicate of `server_id`, `public_key` or `address` is an error.
pub async fn insert(tx: &Tx, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Saves one. Duplicate of `public_key` is an error.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Forgets one that looks nowhere any more.
pub async fn delete(tx: &Tx, server: Uuid) -> Result<()> {
    Entity::delete_by_id(server).exec(tx.conn()).await?;
    Ok(())
}

/// Who looks at whom, by who is looked at.
pub async fn all_sights(db: &impl Db) -> Result<Vec<sights::Model>> {
    let query = sights::Entity::find().order_by_asc(sights::Column::ServerId);
    Ok(query.order_by_asc(sights::Column::VantageId).all(db.conn()).await?)
}

/// Where one looks, in the order in which servers are locked.
pub async fn sights_of(db: &impl Db, vantage: Uuid) -> Result<Vec<sights::Model>> {
    let query = sights::Entity::find().filter(sights::Column::VantageId.eq(vantage));
    Ok(query.order_by_asc(sights::Column::ServerId).all(db.conn()).await?)
}

/// Has one look at a server from now on, which is announced to that server. Duplicate is an error.
pub async fn begin(tx: &Tx, server: Uuid, vantage: &Model, now: UnixMs) -> Result<()> {
    let row = sights::Model {
        server_id: server,
        vantage_id: vantage.server_id,
        at: None,
        verdict: Verdict::Unknown.as_str().to_owned(),
        latency_us: None,
        trouble: None,
    };
    sights::Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    vps_servers::announce(tx, server, &vantage.public_key, PeerChange::Other, now).await
}

/// Has one look at a server no more, which is announced to that server.
pub async fn end(tx: &Tx, server: Uuid, vantage: &Model, now: UnixMs) -> Result<()> {
    sights::Entity::delete_by_id((server, vantage.server_id)).exec(tx.conn()).await?;
    vps_servers::announce(tx, server, &vantage.public_key, PeerChange::Other, now).await
}

/// Saves what was seen, if whoever saw it is still to look there.
pub async fn saw(tx: &Tx, row: sights::Model) -> Result<()> {
    let (server, vantage) = (row.server_id, row.vantage_id);
    let mut row = row.into_active_model();
    for column in [sights::Column::At, sights::Column::Verdict, sights::Column::LatencyUs, sights::Column::Trouble] {
        row.reset(column);
    }
    let query = sights::Entity::update_many().set(row).filter(sights::Column::ServerId.eq(server));
    query.filter(sights::Column::VantageId.eq(vantage)).exec(tx.conn()).await?;
    Ok(())
}

/// Those that look at a server.
pub async fn of_server(db: &impl Db, server: Uuid) -> Result<Vec<Model>> {
    Ok(looking_at(server).all(db.conn()).await?)
}

/// Those of these keys that look at a server.
pub async fn of_server_with_keys(db: &impl Db, server: Uuid, keys: &[&str]) -> Result<Vec<Model>> {
    let query = looking_at(server).filter(Column::PublicKey.is_in(keys.iter().copied()));
    Ok(query.all(db.conn()).await?)
}

fn looking_at(server: Uuid) -> Select<Entity> {
    Entity::find()
        .join_rev(JoinType::InnerJoin, sights::Relation::Vantage.def())
        .filter(sights::Column::ServerId.eq(server))
        .order_by_asc(Column::ServerId)
}

/// Those of these keys, wherever they look.
pub async fn with_keys(db: &impl Db, keys: &[&str]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::PublicKey.is_in(keys.iter().copied())).all(db.conn()).await?)
}

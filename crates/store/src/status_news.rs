//! What subscribers to the status page are told, and whom it was told, so that each is told once.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use crate::{Db, Result, StoreError, Tx};

/// A row of `status_news`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "status_news")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The incident or maintenance.
    pub about: Uuid,
    /// What is told (JSON).
    pub content: String,
    /// When it happened.
    pub created_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Rows of `status_tellings`.
pub mod tellings {
    use domain::time::UnixMs;
    use sea_orm::entity::prelude::*;

    /// A row of `status_tellings`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "status_tellings")]
    pub struct Model {
        /// What.
        #[sea_orm(primary_key, auto_increment = false)]
        pub news_id: Uuid,
        /// A subscriber or a webhook.
        #[sea_orm(primary_key, auto_increment = false)]
        pub whom: Uuid,
        /// When.
        pub told_at: UnixMs,
    }

    /// No relations are declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Adds what is to be told.
pub async fn insert(tx: &Tx, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By id.
pub async fn by_id(db: &impl Db, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db.conn()).await?)
}

/// Whether anything was told of an incident.
pub async fn is_told(db: &impl Db, about: Uuid) -> Result<bool> {
    Ok(Entity::find().filter(Column::About.eq(about)).one(db.conn()).await?.is_some())
}

/// Notes that somebody is told; false if it was told before.
pub async fn tell(tx: &Tx, row: tellings::Model) -> Result<bool> {
    let done = tellings::Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await;
    match done.map_err(Into::into) {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Forgets what somebody was told.
pub async fn forget(tx: &Tx, whom: Uuid) -> Result<()> {
    tellings::Entity::delete_many().filter(tellings::Column::Whom.eq(whom)).exec(tx.conn()).await?;
    Ok(())
}

/// Removes what happened before `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::CreatedAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

/// Removes whom was told before `before`.
pub async fn prune_tellings(db: &impl Db, before: UnixMs) -> Result<u64> {
    let query = tellings::Entity::delete_many().filter(tellings::Column::ToldAt.lt(before));
    Ok(query.exec(db.conn()).await?.rows_affected)
}

//! Incidents, what they touch, and how they went on.

use domain::monitor::incident::{Impact, Open, Stage};
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder as _, QuerySelect as _};

use crate::{Db, Result, Tx};

/// A row of `incidents`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incidents")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What the checks share that fail; `hand:ID` for one that no check has opened.
    pub cause: String,
    /// The same while it is not over, unique: a cause has one incident at a time.
    pub open_cause: Option<String>,
    /// See [`Stage`].
    pub stage: String,
    /// See [`Impact`].
    pub impact: String,
    /// When the first probe failed.
    pub started_at: UnixMs,
    /// Since when all is well again.
    pub calm_since: Option<UnixMs>,
    /// When it was over.
    pub resolved_at: Option<UnixMs>,
    /// What an operator calls it, if one has opened it.
    pub title: Option<String>,
    /// Whether it touches everything, and what comes to it.
    pub everything: bool,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Rows of `incident_updates`.
pub mod updates {
    use domain::time::UnixMs;
    use sea_orm::entity::prelude::*;

    /// A row of `incident_updates`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "incident_updates")]
    pub struct Model {
        /// UUIDv7.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The incident.
        pub incident_id: Uuid,
        /// Which stage it came to.
        pub stage: String,
        /// When.
        pub at: UnixMs,
        /// What an operator says of it.
        pub words: Option<String>,
    }

    /// No relations are declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Rows of `incident_components`.
pub mod touched {
    use sea_orm::entity::prelude::*;

    /// A row of `incident_components`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "incident_components")]
    pub struct Model {
        /// The incident.
        #[sea_orm(primary_key, auto_increment = false)]
        pub incident_id: Uuid,
        /// What it touches.
        #[sea_orm(primary_key, auto_increment = false)]
        pub component_id: Uuid,
    }

    /// No relations are declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Model {
    /// How far it is.
    pub fn stage(&self) -> Stage {
        self.stage.parse().unwrap_or(Stage::Investigating)
    }

    /// How bad it is.
    pub fn impact(&self) -> Impact {
        self.impact.parse().unwrap_or(Impact::Major)
    }

    /// What a decision about it needs.
    pub fn open(&self) -> Open {
        Open { stage: self.stage(), impact: self.impact(), calm_since: self.calm_since }
    }
}

/// Adds one, with what it touches. Duplicate of `open_cause` is an error.
pub async fn insert(tx: &Tx, row: Model, components: &[Uuid]) -> Result<()> {
    let incident_id = row.id;
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    for &component_id in components {
        let row = touched::Model { incident_id, component_id };
        touched::Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// The one of a cause that is not over, locked until the transaction ends.
pub async fn lock_open(tx: &Tx, cause: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::OpenCause.eq(cause)).lock_exclusive().one(tx.conn()).await?)
}

/// One, locked until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Notes how it goes on.
pub async fn update(tx: &Tx, row: updates::Model) -> Result<()> {
    updates::Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Those that began at or after a moment, and all that are not over; newest first, so many at most of each.
pub async fn since(db: &impl Db, from: UnixMs, limit: u64) -> Result<Vec<Model>> {
    // Two questions, since one with "or" is answered by a walk through all that ever was.
    let recent = Entity::find().filter(Column::StartedAt.gte(from)).order_by_desc(Column::StartedAt).limit(limit);
    let open = Entity::find().filter(Column::OpenCause.is_not_null()).filter(Column::StartedAt.lt(from)).limit(limit);
    let mut rows = recent.all(db.conn()).await?;
    let mut old = open.all(db.conn()).await?;
    old.sort_by_key(|row| std::cmp::Reverse(row.started_at));
    rows.append(&mut old);
    Ok(rows)
}

/// How these went on, in the order of time.
pub async fn updates_of(db: &impl Db, incidents: &[Uuid]) -> Result<Vec<updates::Model>> {
    if incidents.is_empty() {
        return Ok(Vec::new());
    }
    let query = updates::Entity::find().filter(updates::Column::IncidentId.is_in(incidents.iter().copied()));
    Ok(query.order_by_asc(updates::Column::At).order_by_asc(updates::Column::Id).all(db.conn()).await?)
}

/// What these touch.
pub async fn touched_by(db: &impl Db, incidents: &[Uuid]) -> Result<Vec<touched::Model>> {
    if incidents.is_empty() {
        return Ok(Vec::new());
    }
    let query = touched::Entity::find().filter(touched::Column::IncidentId.is_in(incidents.iter().copied()));
    Ok(query.all(db.conn()).await?)
}

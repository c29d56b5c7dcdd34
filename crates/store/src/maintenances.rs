//! Work that is announced, and what it is done on.

use domain::monitor::maintenance::{BadPlan, Plan};
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder as _, QuerySelect as _};

use crate::{Db, Result, Tx};

/// A row of `maintenances`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "maintenances")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What customers read.
    pub title: String,
    /// A name of the tz database.
    pub zone: String,
    /// The first time, by the clocks there.
    pub starts: String,
    /// How long it takes.
    pub minutes: i64,
    /// See [`domain::monitor::maintenance::Repeat`].
    pub repeats: String,
    /// Whether it is done on everything, and on what comes to it.
    pub everything: bool,
    /// From when on nothing begins any more.
    pub until: Option<UnixMs>,
    /// When an operator ended it, before its time.
    pub ended_at: Option<UnixMs>,
    /// When it was announced.
    pub created_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Rows of `maintenance_components`.
pub mod touched {
    use sea_orm::entity::prelude::*;

    /// A row of `maintenance_components`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "maintenance_components")]
    pub struct Model {
        /// The work.
        #[sea_orm(primary_key, auto_increment = false)]
        pub maintenance_id: Uuid,
        /// What it is done on.
        #[sea_orm(primary_key, auto_increment = false)]
        pub component_id: Uuid,
    }

    /// No relations are declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Model {
    /// When work is done.
    ///
    /// # Errors
    /// When a hand has written into the table what is no plan.
    pub fn plan(&self) -> std::result::Result<Plan, BadPlan> {
        let minutes = u32::try_from(self.minutes).map_err(|_| BadPlan::Length)?;
        Plan::new(&self.zone, &self.starts, minutes, self.repeats.parse()?, self.until)
    }
}

/// Adds one, with what it is done on.
pub async fn insert(tx: &Tx, row: Model, components: &[Uuid]) -> Result<()> {
    let maintenance_id = row.id;
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    for &component_id in components {
        let row = touched::Model { maintenance_id, component_id };
        touched::Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// All of them, newest first, with what each is done on.
pub async fn all(db: &impl Db) -> Result<Vec<(Model, Vec<Uuid>)>> {
    let rows = Entity::find().order_by_desc(Column::Id).all(db.conn()).await?;
    let touched = touched::Entity::find().all(db.conn()).await?;
    let of = |id: Uuid| touched.iter().filter(|one| one.maintenance_id == id).map(|one| one.component_id).collect();
    Ok(rows.into_iter().map(|row| (row.clone(), of(row.id))).collect())
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

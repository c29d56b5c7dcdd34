//! The parts of the service that are watched, and the checks that watch them.

use std::num::NonZeroU32;

use domain::monitor::verdict::Verdict;
use domain::monitor::watch::{Thresholds, Watch};
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder as _, QuerySelect as _};

use crate::{Db, Result, Tx};

/// Rows of `components`.
pub mod components {
    use domain::time::UnixMs;
    use sea_orm::entity::prelude::*;

    /// A row of `components`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "components")]
    pub struct Model {
        /// UUIDv7.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The VPN server that it is, unique.
        pub server_id: Option<Uuid>,
        /// When it was added.
        pub created_at: UnixMs,
    }

    /// No relations are declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A row of `checks`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checks")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it watches.
    pub component_id: Uuid,
    /// `heartbeat`.
    pub kind: String,
    /// What it shares with the checks that fail together with it: `server:ID`.
    pub cause: String,
    /// Failures in a row, to go down.
    pub down_after: i64,
    /// Successes in a row, to come up.
    pub up_after: i64,
    /// The last one; see [`Verdict`].
    pub verdict: String,
    /// When that was.
    pub checked_at: UnixMs,
    /// See [`Watch`].
    pub is_down: bool,
    /// See [`Watch`].
    pub since: UnixMs,
    /// See [`Watch`].
    pub against: i64,
    /// See [`Watch`].
    pub against_since: UnixMs,
    /// Up to where its rollups are made.
    pub rolled_to: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Model {
    /// The last verdict.
    pub fn verdict(&self) -> Verdict {
        self.verdict.parse().unwrap_or(Verdict::Unknown)
    }

    /// How many verdicts in a row it takes.
    pub fn thresholds(&self) -> Thresholds {
        let number = |n| NonZeroU32::new(count(n)).unwrap_or(NonZeroU32::MIN);
        Thresholds { down_after: number(self.down_after), up_after: number(self.up_after) }
    }

    /// Its state.
    pub fn watch(&self) -> Watch {
        let (against, against_since) = (count(self.against), self.against_since);
        Watch { is_down: self.is_down, since: self.since, against, against_since }
    }

    /// Puts a state in the place of its own.
    pub fn set_watch(&mut self, watch: Watch) {
        (self.is_down, self.since) = (watch.is_down, watch.since);
        (self.against, self.against_since) = (i64::from(watch.against), watch.against_since);
    }
}

/// Adds a component with its check. Duplicate of the component's `server_id` is an error.
pub async fn insert(tx: &Tx, component: components::Model, check: Model) -> Result<()> {
    components::Entity::insert(component.into_active_model()).exec_without_returning(tx.conn()).await?;
    Entity::insert(check.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// All checks with their components, oldest component first.
pub async fn all(db: &impl Db) -> Result<Vec<(Model, components::Model)>> {
    let join = Entity::belongs_to(components::Entity).from(Column::ComponentId).to(components::Column::Id);
    let query = Entity::find().join(sea_orm::JoinType::InnerJoin, join.into()).select_also(components::Entity);
    let rows = query.order_by_asc(Column::ComponentId).order_by_asc(Column::Kind).all(db.conn()).await?;
    Ok(rows.into_iter().filter_map(|(check, component)| component.map(|component| (check, component))).collect())
}

/// Those that share a cause, locked until the transaction ends.
pub async fn lock_of_cause(tx: &Tx, cause: &str) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::Cause.eq(cause)).order_by_asc(Column::Id);
    Ok(query.lock_exclusive().all(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

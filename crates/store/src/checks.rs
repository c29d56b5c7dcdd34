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
        /// What customers know it by, unique, if it is no server.
        pub name: Option<String>,
        /// When it was added.
        pub created_at: UnixMs,
    }

    /// No relations are declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    /// The name of the part that is the site.
    pub const WEBSITE: &str = "Website";
    /// The name of the part that is the database.
    pub const DATABASE: &str = "Database";
}

/// The kind of a check of a gateway's reports; others are in [`domain::monitor::target::Kind`].
pub const HEARTBEAT: &str = "heartbeat";
/// The kind of a check of what other gateways see through a gateway's tunnel.
pub const TUNNEL: &str = "tunnel";
/// The kind of the check of our own site.
pub const SITE: &str = "site";
/// The kind of the check of our own database.
pub const DATABASE: &str = "database";

/// A row of `checks`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checks")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it watches.
    pub component_id: Uuid,
    /// [`HEARTBEAT`], [`TUNNEL`], [`SITE`], [`DATABASE`], or a word of [`domain::monitor::target::Kind`].
    pub kind: String,
    /// What it shares with the checks that fail together with it: `server:ID`, `component:ID`.
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
    /// What operators know it by, unique.
    pub name: Option<String>,
    /// Where it looks; see [`domain::monitor::target::Target`].
    pub target: Option<String>,
    /// The status that a page must have.
    pub want_status: Option<i64>,
    /// What must stand in it.
    pub want_text: Option<String>,
    /// For how many days its certificate must be good.
    pub want_days: Option<i64>,
    /// How long from one look to the next.
    pub every_ms: i64,
    /// How long a look may take.
    pub timeout_ms: i64,
    /// What was wrong at the last look, as a class.
    pub trouble: Option<String>,
    /// When it last worked.
    pub ok_at: Option<UnixMs>,
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

/// Adds a component. Duplicate of `server_id` or `name` is an error.
pub async fn insert_component(tx: &Tx, component: components::Model) -> Result<()> {
    components::Entity::insert(component.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Adds a check of a component. Duplicate of `name` is an error.
pub async fn insert(tx: &Tx, check: Model) -> Result<()> {
    Entity::insert(check.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// All components, oldest first.
pub async fn list_components(db: &impl Db) -> Result<Vec<components::Model>> {
    Ok(components::Entity::find().order_by_asc(components::Column::Id).all(db.conn()).await?)
}

/// The component that is a server.
pub async fn component_of_server(db: &impl Db, server: Uuid) -> Result<Option<components::Model>> {
    let query = components::Entity::find().filter(components::Column::ServerId.eq(server));
    Ok(query.one(db.conn()).await?)
}

/// The component that is no server, by its name.
pub async fn component_by_name(db: &impl Db, name: &str) -> Result<Option<components::Model>> {
    Ok(components::Entity::find().filter(components::Column::Name.eq(name)).one(db.conn()).await?)
}

/// The check of this name, with its component.
pub async fn by_name(db: &impl Db, name: &str) -> Result<Option<(Model, components::Model)>> {
    let Some(check) = Entity::find().filter(Column::Name.eq(name)).one(db.conn()).await? else { return Ok(None) };
    let component = components::Entity::find_by_id(check.component_id).one(db.conn()).await?;
    Ok(component.map(|component| (check, component)))
}

/// Removes a check with all that it has seen.
pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// Removes a component with its checks.
pub async fn delete_component(tx: &Tx, id: Uuid) -> Result<()> {
    components::Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// All checks with their components, oldest component first.
pub async fn all(db: &impl Db) -> Result<Vec<(Model, components::Model)>> {
    let join = Entity::belongs_to(components::Entity).from(Column::ComponentId).to(components::Column::Id);
    let query = Entity::find().join(sea_orm::JoinType::InnerJoin, join.into()).select_also(components::Entity);
    let rows = query.order_by_asc(Column::ComponentId).order_by_asc(Column::Id).all(db.conn()).await?;
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

//! What operators and the program did, and to whom. No addresses.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Condition;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `audit_log`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When.
    pub at: UnixMs,
    /// A user's id, `command line` or `system`.
    pub actor: String,
    /// `user.create`, `session.reuse` …
    pub action: String,
    /// The id or name of what it was done to.
    pub subject: String,
    /// More, in a few plain words.
    pub detail: String,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds an entry.
pub async fn insert(tx: &Tx, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The newest entries.
pub async fn newest(db: &impl Db, limit: u64) -> Result<Vec<Model>> {
    Ok(Entity::find().order_by_desc(Column::Id).limit(limit).all(db.conn()).await?)
}

/// Which entries a reader wants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// An id or a name that acts or is acted on.
    pub whom: Option<&'a str>,
    /// How the action begins, `user.` for all that is done to accounts.
    pub action: Option<&'a str>,
}

/// A page of entries, newest first: those after `after`.
pub async fn page(db: &impl Db, filter: Filter<'_>, after: Option<Uuid>, limit: u64) -> Result<Vec<Model>> {
    let mut query = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(whom) = filter.whom {
        query = query.filter(Condition::any().add(Column::Actor.eq(whom)).add(Column::Subject.eq(whom)));
    }
    if let Some(action) = filter.action {
        // Actions are ASCII: a range of the index, and nothing that somebody types is a pattern.
        query = query.filter(Column::Action.gte(action)).filter(Column::Action.lt(format!("{action}\u{7f}")));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.all(db.conn()).await?)
}

/// The newest entries in which `whom`, an id or a name, acts or is acted on.
pub async fn about(db: &impl Db, whom: &str, limit: u64) -> Result<Vec<Model>> {
    let either = Condition::any().add(Column::Actor.eq(whom)).add(Column::Subject.eq(whom));
    Ok(Entity::find().filter(either).order_by_desc(Column::Id).limit(limit).all(db.conn()).await?)
}

//! What each look at something has said, for a week.

use domain::monitor::rollup::{Mark, Span};
use domain::monitor::verdict::Verdict;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder as _};

use crate::{Db, Result, Tx};

/// A row of `probe_results`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "probe_results")]
pub struct Model {
    /// The check.
    #[sea_orm(primary_key, auto_increment = false)]
    pub check_id: Uuid,
    /// When it looked.
    #[sea_orm(primary_key, auto_increment = false)]
    pub at: UnixMs,
    /// See [`Verdict`].
    pub verdict: String,
    /// How long the answer took, in microseconds.
    pub latency_us: Option<i64>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one. Duplicate of check and moment is an error.
pub async fn insert(tx: &Tx, check: Uuid, mark: Mark) -> Result<()> {
    let latency_us = mark.latency_us.and_then(|us| i64::try_from(us).ok());
    let row = Model { check_id: check, at: mark.at, verdict: mark.verdict.as_str().to_owned(), latency_us };
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Those of a check in a span of time, in its order.
pub async fn of(db: &impl Db, check: Uuid, span: Span) -> Result<Vec<Mark>> {
    let query = Entity::find().filter(Column::CheckId.eq(check));
    let query = query.filter(Column::At.gte(span.from)).filter(Column::At.lt(span.to)).order_by_asc(Column::At);
    let mark = |row: Model| Mark {
        at: row.at,
        verdict: row.verdict.parse().unwrap_or(Verdict::Unknown),
        latency_us: row.latency_us.and_then(|us| u64::try_from(us).ok()),
    };
    Ok(query.all(db.conn()).await?.into_iter().map(mark).collect())
}

/// Forgets those before a moment.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    Ok(Entity::delete_many().filter(Column::At.lt(before)).exec(db.conn()).await?.rows_affected)
}

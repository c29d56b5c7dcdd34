//! How long each check's thing worked, by minute, hour and day.

use domain::monitor::rollup::{Resolution, Span, Tally};
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, QueryOrder as _, QuerySelect as _};

use crate::{Db, Result, Tx};

/// A row of `rollups`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rollups")]
pub struct Model {
    /// See [`word`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub resolution: String,
    /// The check.
    #[sea_orm(primary_key, auto_increment = false)]
    pub check_id: Uuid,
    /// The first moment of the span.
    #[sea_orm(primary_key, auto_increment = false)]
    pub starts_at: UnixMs,
    /// How long it worked.
    pub ok_ms: i64,
    /// How long it did not.
    pub fail_ms: i64,
    /// How long nobody knew.
    pub unknown_ms: i64,
    /// How long it was in maintenance.
    pub maint_ms: i64,
    /// How long answers took; see [`domain::monitor::latency::Latency`].
    pub latency: String,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The word for a resolution.
fn word(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Minute => "1m",
        Resolution::Hour => "1h",
        Resolution::Day => "1d",
    }
}

impl Model {
    /// A row for a span.
    pub fn new(resolution: Resolution, check_id: Uuid, starts_at: UnixMs, tally: &Tally) -> Model {
        let Tally { ok_ms, fail_ms, unknown_ms, maint_ms, ref latency } = *tally;
        let (resolution, latency) = (word(resolution).to_owned(), latency.to_string());
        Model { resolution, check_id, starts_at, ok_ms, fail_ms, unknown_ms, maint_ms, latency }
    }

    /// What it counts.
    pub fn tally(&self) -> Tally {
        let Model { ok_ms, fail_ms, unknown_ms, maint_ms, .. } = *self;
        Tally { ok_ms, fail_ms, unknown_ms, maint_ms, latency: self.latency.parse().unwrap_or_default() }
    }
}

/// Saves them; what was counted of the same spans before is replaced.
pub async fn save(tx: &Tx, rows: Vec<Model>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let again = OnConflict::columns([Column::Resolution, Column::CheckId, Column::StartsAt])
        .update_columns([Column::OkMs, Column::FailMs, Column::UnknownMs, Column::MaintMs, Column::Latency])
        .to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Those of all checks that start at or after a moment, in the order of time.
pub async fn since(db: &impl Db, resolution: Resolution, from: UnixMs) -> Result<Vec<Model>> {
    Ok(within(resolution, Span { from, to: UnixMs::MAX }).all(db.conn()).await?)
}

/// Check, first moment and count of all that start in a span, in the order of time. For many of them: read by position,
/// since a row by its columns' names takes longer than all the rest.
pub async fn tallies(db: &impl Db, resolution: Resolution, span: Span) -> Result<Vec<(Uuid, UnixMs, Tally)>> {
    type Row = (Uuid, UnixMs, i64, i64, i64, i64, String);
    let columns = [Column::CheckId, Column::StartsAt, Column::OkMs, Column::FailMs, Column::UnknownMs, Column::MaintMs];
    let query = within(resolution, span).select_only().columns(columns).column(Column::Latency);
    let rows: Vec<Row> = query.into_tuple().all(db.conn()).await?;
    let tally = |(check, starts_at, ok_ms, fail_ms, unknown_ms, maint_ms, latency): Row| {
        let latency = latency.parse().unwrap_or_default();
        (check, starts_at, Tally { ok_ms, fail_ms, unknown_ms, maint_ms, latency })
    };
    Ok(rows.into_iter().map(tally).collect())
}

fn within(resolution: Resolution, span: Span) -> Select<Entity> {
    let query = Entity::find().filter(Column::Resolution.eq(word(resolution)));
    let query = query.filter(Column::StartsAt.gte(span.from)).filter(Column::StartsAt.lt(span.to));
    query.order_by_asc(Column::StartsAt)
}

/// Forgets those that start before a moment.
pub async fn prune(db: &impl Db, resolution: Resolution, before: UnixMs) -> Result<u64> {
    let query = Entity::delete_many().filter(Column::Resolution.eq(word(resolution)));
    Ok(query.filter(Column::StartsAt.lt(before)).exec(db.conn()).await?.rows_affected)
}

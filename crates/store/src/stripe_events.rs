//! Events that Stripe sent, each once.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{IntoActiveModel, PaginatorTrait, QueryOrder, QuerySelect};

use crate::{Db, Result, StoreError, Tx};

/// A row of `stripe_events`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stripe_events")]
pub struct Model {
    /// `evt_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// `invoice.paid` and the like.
    pub kind: String,
    /// `cus_…` of the object, where it has one.
    pub customer: Option<String>,
    /// The id of the object that it is about, as `{"id": …}`.
    pub object: String,
    /// When Stripe made the event.
    pub created_at: UnixMs,
    /// When it was stored here.
    pub received_at: UnixMs,
    /// When it was applied.
    pub applied_at: Option<UnixMs>,
    /// What came of it: `applied`, `unchanged`, `stale`, `foreign`.
    pub outcome: Option<String>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Stores an event; false if it is here already.
pub async fn insert_new(tx: &Tx, row: &Model) -> Result<bool> {
    match Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await.map_err(Into::into) {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// By id.
pub async fn by_id(db: &impl Db, id: &str) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id.to_owned()).one(db.conn()).await?)
}

/// Which of these events are here already.
pub async fn known(db: &impl Db, ids: &[&str]) -> Result<Vec<String>> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(ids.iter().copied()));
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// Notes what came of an event. The first outcome stays.
pub async fn settle(tx: &Tx, id: &str, outcome: &str, now: UnixMs) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::AppliedAt, Expr::value(now))
        .col_expr(Column::Outcome, Expr::value(outcome))
        .filter(Column::Id.eq(id))
        .filter(Column::AppliedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// A page of events, those that came last first: those after `after`.
pub async fn page(db: &impl Db, after: Option<&Model>, limit: u64) -> Result<Vec<Model>> {
    let mut query = Entity::find().order_by_desc(Column::ReceivedAt).order_by_desc(Column::Id).limit(limit);
    if let Some(last) = after {
        let same = Condition::all().add(Column::ReceivedAt.eq(last.received_at)).add(Column::Id.lt(last.id.as_str()));
        query = query.filter(Condition::any().add(Column::ReceivedAt.lt(last.received_at)).add(same));
    }
    Ok(query.all(db.conn()).await?)
}

/// How many events wait to be applied.
pub async fn count_waiting(db: &impl Db) -> Result<u64> {
    Ok(Entity::find().filter(Column::AppliedAt.is_null()).count(db.conn()).await?)
}

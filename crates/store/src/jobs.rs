//! Work to be done after a commit: claimed by compare-and-set, retried with backoff, kept as dead when it never works.

use std::collections::HashSet;

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, Condition, Expr, Query};
use sea_orm::{ExprTrait as _, IntoActiveModel, PaginatorTrait, QueryOrder, QuerySelect};

use crate::{Db, Result, StoreError, Tx};

/// A row of `jobs`. Done jobs are deleted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What is to be done.
    pub kind: String,
    /// Its arguments (JSON); ids only, never a secret or an address.
    pub payload: String,
    /// Jobs with the same key run one at a time.
    pub lock_key: Option<String>,
    /// The lock key while the job runs, else NULL; unique, so that the index decides who runs.
    pub running_key: Option<String>,
    /// `queued`, `running` or `dead`.
    pub state: String,
    /// Not before.
    pub run_at: UnixMs,
    /// How often it was tried.
    pub attempts: i64,
    /// A running job whose worker is silent past this moment may be claimed again.
    pub claimed_until: Option<UnixMs>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A job to be added.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// UUIDv7.
    pub id: Uuid,
    /// What is to be done.
    pub kind: String,
    /// Its arguments (JSON).
    pub payload: String,
    /// Jobs with the same key run one at a time.
    pub lock_key: Option<String>,
}

/// Adds a job that may run from `run_at` on.
pub async fn insert(tx: &Tx, job: NewJob, run_at: UnixMs, now: UnixMs) -> Result<()> {
    let row = Model {
        id: job.id,
        kind: job.kind,
        payload: job.payload,
        lock_key: job.lock_key,
        running_key: None,
        state: "queued".to_owned(),
        run_at,
        attempts: 0,
        claimed_until: None,
        last_error: None,
        created_at: now,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Jobs that are looked at together: as many workers as this find one each, without meeting at the oldest.
const AT_ONCE: u64 = 8;

/// Which job a worker takes of those that are due; the one that is due longest by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Turn {
    /// Tells the workers of a process apart: each begins with another job.
    pub number: usize,
    /// A kind that comes before all others.
    pub first: Option<&'static str>,
}

/// Claims the next job that may run, until `until`. None if there is none, or if other workers keep being faster.
pub async fn claim(db: &impl Db, now: UnixMs, until: UnixMs, turn: Turn) -> Result<Option<Model>> {
    for _ in 0..8 {
        let mut due = next_due(db, now, turn.first).await?;
        if due.is_empty() {
            return Ok(None);
        }
        let begin = turn.number % due.len();
        due.rotate_left(begin);
        for job in due {
            if let Some(claimed) = claim_this(db, job, until).await? {
                return Ok(Some(claimed));
            }
        }
    }
    Ok(None)
}

/// Those whose worker has died come first, then the queued ones that are due longest, one for each key. Several questions,
/// since one with an OR would sort all that is queued.
async fn next_due(db: &impl Db, now: UnixMs, first: Option<&str>) -> Result<Vec<Model>> {
    let orphans = Entity::find()
        .filter(Column::State.eq("running"))
        .filter(Column::ClaimedUntil.lt(now))
        .filter(key_is_free(now))
        .order_by_asc(Column::RunAt);
    let queued = || {
        Entity::find()
            .filter(Column::State.eq("queued"))
            .filter(Column::RunAt.lte(now))
            .filter(key_is_free(now))
            .order_by_asc(Column::RunAt)
            .order_by_asc(Column::Id)
    };
    let preferred = first.map(|kind| queued().filter(Column::Kind.eq(kind)));
    for question in [Some(orphans), preferred, Some(queued())].into_iter().flatten() {
        let found = question.limit(AT_ONCE).all(db.conn()).await?;
        if !found.is_empty() {
            let mut keys = HashSet::new();
            let is_first = |job: &Model| job.lock_key.as_ref().is_none_or(|key| keys.insert(key.clone()));
            return Ok(found.into_iter().filter(is_first).collect());
        }
    }
    Ok(Vec::new())
}

/// No living worker runs a job with the same key.
fn key_is_free(now: UnixMs) -> Condition {
    let busy_keys = Query::select()
        .column(Column::RunningKey)
        .from_as(Entity, Alias::new("busy"))
        .and_where(Expr::col(Column::State).eq("running"))
        .and_where(Expr::col(Column::RunningKey).is_not_null())
        .and_where(Expr::col(Column::ClaimedUntil).gte(now))
        .to_owned();
    Condition::any().add(Column::LockKey.is_null()).add(Column::LockKey.not_in_subquery(busy_keys))
}

/// The compare-and-set: on the row as it was read, and on the unique index over the keys that run.
async fn claim_this(db: &impl Db, mut job: Model, until: UnixMs) -> Result<Option<Model>> {
    let claimed = Entity::update_many()
        .col_expr(Column::State, Expr::value("running"))
        .col_expr(Column::RunningKey, Expr::value(job.lock_key.clone()))
        .col_expr(Column::ClaimedUntil, Expr::value(until))
        .col_expr(Column::Attempts, Expr::value(job.attempts + 1))
        .filter(Column::Id.eq(job.id))
        .filter(Column::State.eq(job.state.as_str()))
        .filter(Column::Attempts.eq(job.attempts))
        .exec(db.conn())
        .await
        .map_err(StoreError::from);
    match claimed {
        Ok(done) if done.rows_affected == 1 => {
            job.attempts += 1;
            job.state = "running".to_owned();
            job.claimed_until = Some(until);
            Ok(Some(job))
        }
        Ok(_) | Err(StoreError::Duplicate(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// A job is done: forget it, unless somebody else claimed it meanwhile.
pub async fn done(db: &impl Db, job: &Model) -> Result<()> {
    Entity::delete_many()
        .filter(Column::Id.eq(job.id))
        .filter(Column::Attempts.eq(job.attempts))
        .exec(db.conn())
        .await?;
    Ok(())
}

/// What becomes of a job that failed.
#[derive(Debug, Clone, Copy)]
pub enum Next {
    /// It is tried again at this moment.
    Retry(UnixMs),
    /// It is kept for an operator to look at.
    Dead,
}

/// A try failed.
pub async fn failed(db: &impl Db, job: &Model, next: Next, error: &str) -> Result<()> {
    let (state, run_at) = match next {
        Next::Retry(at) => ("queued", at),
        Next::Dead => ("dead", job.run_at),
    };
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::RunAt, Expr::value(run_at))
        .col_expr(Column::RunningKey, Expr::value(Option::<String>::None))
        .col_expr(Column::ClaimedUntil, Expr::value(Option::<i64>::None))
        .col_expr(Column::LastError, Expr::value(error))
        .filter(Column::Id.eq(job.id))
        .filter(Column::Attempts.eq(job.attempts))
        .exec(db.conn())
        .await?;
    Ok(())
}

/// Jobs for `admin job list`: all, or those in one state; oldest first.
pub async fn list(db: &impl Db, state: Option<&str>, limit: u64) -> Result<Vec<Model>> {
    let mut query = Entity::find().order_by_asc(Column::Id).limit(limit);
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state));
    }
    Ok(query.all(db.conn()).await?)
}

/// Gives dead jobs a new life; all of them, or one. Tells how many.
pub async fn revive(db: &impl Db, id: Option<Uuid>, now: UnixMs) -> Result<u64> {
    let mut query = Entity::update_many()
        .col_expr(Column::State, Expr::value("queued"))
        .col_expr(Column::RunAt, Expr::value(now))
        .col_expr(Column::Attempts, Expr::value(0))
        .filter(Column::State.eq("dead"));
    if let Some(id) = id {
        query = query.filter(Column::Id.eq(id));
    }
    Ok(query.exec(db.conn()).await?.rows_affected)
}

/// How many jobs are in a state.
pub async fn count(db: &impl Db, state: &str) -> Result<u64> {
    Ok(Entity::find().filter(Column::State.eq(state)).count(db.conn()).await?)
}

//! Limits of the bot, counted where all its processes see them and a restart forgets nothing.

use domain::limit::{Decision, Gcra};
use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;

use crate::{Db, Result, StoreError};

/// A row of `discord_buckets`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_buckets")]
pub struct Model {
    /// Whose and of what.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The theoretical arrival time, in Unix microseconds.
    pub full_at: i64,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How often a count is tried when others count at the same moment.
const ROUNDS: u32 = 20;

/// Counts one, if the rule lets it pass.
pub async fn hit(db: &impl Db, name: &str, rule: Gcra, now: UnixMs) -> Result<Decision> {
    for _ in 0..ROUNDS {
        let known = Entity::find_by_id(name.to_owned()).one(db.conn()).await?.map(|row| row.full_at);
        let decision = rule.decide(known, now);
        if !decision.allowed || take(db, name, known, decision.new_tat).await? {
            return Ok(decision);
        }
    }
    Err(StoreError::Contention(DbErr::Custom("others counted at the same moment".into())))
}

async fn take(db: &impl Db, name: &str, known: Option<i64>, new: i64) -> Result<bool> {
    let Some(known) = known else {
        let row = Model { name: name.to_owned(), full_at: new };
        return match Entity::insert(row.into_active_model()).exec_without_returning(db.conn()).await.map_err(Into::into)
        {
            Ok(_) => Ok(true),
            Err(StoreError::Duplicate(_)) => Ok(false),
            Err(other) => Err(other),
        };
    };
    let query = Entity::update_many().col_expr(Column::FullAt, Expr::value(new)).filter(Column::Name.eq(name));
    Ok(query.filter(Column::FullAt.eq(known)).exec(db.conn()).await?.rows_affected == 1)
}

/// Removes those that have been empty since `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    let query = Entity::delete_many().filter(Column::FullAt.lt(before.saturating_mul(1000)));
    Ok(query.exec(db.conn()).await?.rows_affected)
}

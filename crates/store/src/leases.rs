//! Named leases: of several replicas one holds a lease, until it stops renewing it.

use domain::time::UnixMs;
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr};

use crate::{Db, Result, StoreError};

/// A row of `leases`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub struct Model {
    /// What the lease is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Which process holds it.
    pub holder: Uuid,
    /// Until when.
    pub held_until: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Takes or renews a lease until `until`; false while another holds it.
pub async fn acquire(db: &impl Db, name: &str, holder: Uuid, now: UnixMs, until: UnixMs) -> Result<bool> {
    let mine_or_free = Condition::any().add(Column::Holder.eq(holder)).add(Column::HeldUntil.lt(now));
    let done = Entity::update_many()
        .col_expr(Column::Holder, Expr::value(holder))
        .col_expr(Column::HeldUntil, Expr::value(until))
        .filter(Column::Name.eq(name))
        .filter(mine_or_free)
        .exec(db.conn())
        .await?;
    if done.rows_affected == 1 {
        return Ok(true);
    }
    let row = Model { name: name.to_owned(), holder, held_until: until };
    match Entity::insert(row.into_active_model()).exec_without_returning(db.conn()).await.map_err(Into::into) {
        Ok(_) => Ok(true),
        Err(StoreError::Duplicate(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Who holds a lease, or held it last.
pub async fn holder(db: &impl Db, name: &str) -> Result<Option<Uuid>> {
    Ok(Entity::find_by_id(name.to_owned()).one(db.conn()).await?.map(|row| row.holder))
}

/// Gives a lease back.
pub async fn release(db: &impl Db, name: &str, holder: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::Name.eq(name)).filter(Column::Holder.eq(holder)).exec(db.conn()).await?;
    Ok(())
}

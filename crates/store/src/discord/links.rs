//! Which account on Discord is whose.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `discord_links`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discord_links")]
pub struct Model {
    /// The account with us.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// The account on Discord; it is nobody else's.
    pub discord_id: i64,
    /// Whether the role of subscribers was last given or taken; NULL if neither was.
    pub has_role: Option<bool>,
    /// Since when.
    pub linked_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds one. An account that is linked already, on either side, is [`crate::StoreError::Duplicate`].
pub async fn insert(tx: &Tx, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By the account with us.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(user).one(db.conn()).await?)
}

/// By the account on Discord.
pub async fn of_discord(db: &impl Db, discord: i64) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::DiscordId.eq(discord)).one(db.conn()).await?)
}

/// A page of all, by the account with us.
pub async fn page(db: &impl Db, after: Uuid, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::UserId.gt(after)).order_by_asc(Column::UserId).limit(limit);
    Ok(query.all(db.conn()).await?)
}

/// Notes whether the role was given or taken; false if the link is another by now.
pub async fn set_role(db: &impl Db, row: &Model, has_role: bool) -> Result<bool> {
    let query = Entity::update_many().col_expr(Column::HasRole, Expr::value(has_role));
    let query = query.filter(Column::UserId.eq(row.user_id)).filter(Column::DiscordId.eq(row.discord_id));
    Ok(query.exec(db.conn()).await?.rows_affected == 1)
}

/// Somebody's role was taken, whatever was noted of it.
pub async fn forget_role(db: &impl Db, discord: i64) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::HasRole, Expr::value(Option::<bool>::None));
    query.filter(Column::DiscordId.eq(discord)).exec(db.conn()).await?;
    Ok(())
}

/// Removes one; false if there is none.
pub async fn delete(tx: &Tx, user: Uuid) -> Result<bool> {
    Ok(Entity::delete_by_id(user).exec(tx.conn()).await?.rows_affected == 1)
}

//! Sessions: the site's opaque cookies and the API's families of refresh tokens.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{IntoActiveModel, JoinType, QueryOrder, QuerySelect, SelectTwo};

use crate::{Db, Result, Tx, users};

/// A row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// UUIDv7; for the API also the family that a refresh token belongs to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose session it is.
    pub user_id: Uuid,
    /// `site` or `api`.
    pub kind: String,
    /// SHA-256 of the cookie, or of the refresh token that is valid now.
    pub token_hash: Vec<u8>,
    /// How often the refresh token was rotated; it stands in the token too.
    pub generation: i64,
    /// When it was rotated last.
    pub rotated_at: Option<UnixMs>,
    /// Browser family, such as `Firefox on Linux`; never an address or a full user agent.
    pub client: String,
    /// Start of the UTC day on which it was last seen.
    pub seen_day: UnixMs,
    /// When it began.
    pub created_at: UnixMs,
    /// When it ends by itself.
    pub expires_at: UnixMs,
    /// When it was ended.
    pub revoked_at: Option<UnixMs>,
    /// When its user last showed the password, and the second factor if there is one.
    pub proved_at: UnixMs,
}

/// Sessions belong to users.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The owner.
    #[sea_orm(belongs_to = "users::Entity", from = "Column::UserId", to = "users::Column::Id")]
    User,
}

impl Related<users::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Adds a session.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By id, locked until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with [`lock`].
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

fn live(now: UnixMs) -> SelectTwo<Entity, users::Entity> {
    Entity::find()
        .join(JoinType::InnerJoin, Relation::User.def())
        .select_also(users::Entity)
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
}

/// The session with this cookie that is live at `now`, with its user, in one query.
pub async fn live_by_token(db: &impl Db, hash: &[u8], now: UnixMs) -> Result<Option<(Model, users::Model)>> {
    let found =
        live(now).filter(Column::TokenHash.eq(hash.to_vec())).filter(Column::Kind.eq("site")).one(db.conn()).await?;
    Ok(found.and_then(|(session, user)| Some((session, user?))))
}

/// The API session with this id that is live at `now`, with its user, in one query.
pub async fn live_by_id(db: &impl Db, id: Uuid, now: UnixMs) -> Result<Option<(Model, users::Model)>> {
    let found = live(now).filter(Column::Id.eq(id)).filter(Column::Kind.eq("api")).one(db.conn()).await?;
    Ok(found.and_then(|(session, user)| Some((session, user?))))
}

/// A user's live sessions, newest first.
pub async fn live_of(db: &impl Db, user: Uuid, now: UnixMs) -> Result<Vec<Model>> {
    Ok(Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .order_by_desc(Column::Id)
        .all(db.conn())
        .await?)
}

/// Notes the day a session was last seen.
pub async fn touch(db: &impl Db, id: Uuid, day: UnixMs) -> Result<()> {
    Entity::update_many().col_expr(Column::SeenDay, Expr::value(day)).filter(Column::Id.eq(id)).exec(db.conn()).await?;
    Ok(())
}

/// Notes when the user of a session last proved who they are.
pub async fn prove(db: &impl Db, id: Uuid, now: UnixMs) -> Result<()> {
    let query = Entity::update_many().col_expr(Column::ProvedAt, Expr::value(now)).filter(Column::Id.eq(id));
    query.exec(db.conn()).await?;
    Ok(())
}

/// The kinds of client (see [`Model::client`]) that a user's sessions of the last time had, ended ones too.
pub async fn clients_of(db: &impl Db, user: Uuid) -> Result<Vec<String>> {
    let query = Entity::find().select_only().column(Column::Client).filter(Column::UserId.eq(user)).distinct();
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// Removes every trace of a user's sessions.
pub async fn delete_all_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

/// Which sessions of a user to end.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// All of them.
    All,
    /// All but this one.
    AllBut(Uuid),
    /// One.
    One(Uuid),
}

/// Ends live sessions of a user; tells how many.
pub async fn revoke(db: &impl Db, user: Uuid, which: Which, now: UnixMs) -> Result<u64> {
    let mut condition = Condition::all().add(Column::UserId.eq(user)).add(Column::RevokedAt.is_null());
    condition = match which {
        Which::All => condition,
        Which::AllBut(id) => condition.add(Column::Id.ne(id)),
        Which::One(id) => condition.add(Column::Id.eq(id)),
    };
    let done =
        Entity::update_many().col_expr(Column::RevokedAt, Expr::value(now)).filter(condition).exec(db.conn()).await?;
    Ok(done.rows_affected)
}

/// Removes sessions that ended or expired before `before`.
pub async fn prune(db: &impl Db, before: UnixMs) -> Result<u64> {
    let over = Condition::any().add(Column::ExpiresAt.lt(before)).add(Column::RevokedAt.lt(before));
    Ok(Entity::delete_many().filter(over).exec(db.conn()).await?.rows_affected)
}

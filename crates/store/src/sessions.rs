//! Sessions: the site's opaque cookies and the API's families of refresh tokens.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect, Statement};

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

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

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

/// What a request needs to know of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// The session's id.
    pub id: Uuid,
    /// Start of the UTC day on which it was last seen.
    pub seen_day: UnixMs,
    /// When its user last showed the password, and the second factor if there is one.
    pub proved_at: UnixMs,
}

/// A session and its user in one row. Said in SQL itself and read by position, with no column more than needed: every
/// request asks this, and what a query costs most is its columns and their names (docs/performance.md).
macro_rules! live {
    ($by:literal) => {
        concat!(
            "SELECT s.id, s.seen_day, s.proved_at, u.id, u.email, u.role, u.language, u.verified_at, u.suspended_at, ",
            "u.stripe_customer_id, u.referral_code, u.totp_since, u.created_at ",
            "FROM sessions s JOIN users u ON u.id = s.user_id ",
            "WHERE s.revoked_at IS NULL AND s.expires_at > ? AND ",
            $by
        )
    };
}

async fn live(
    db: &impl Db,
    sql: &'static str,
    now: UnixMs,
    by: sea_orm::Value,
) -> Result<Option<(Live, users::Account)>> {
    let statement = Statement::from_sql_and_values(db.conn().get_database_backend(), sql, [now.into(), by]);
    let Some(row) = db.conn().query_one_raw(statement).await? else { return Ok(None) };
    let session = Live { id: row.try_get_by(0)?, seen_day: row.try_get_by(1)?, proved_at: row.try_get_by(2)? };
    let user = users::Account {
        id: row.try_get_by(3)?,
        email: row.try_get_by(4)?,
        role: row.try_get_by(5)?,
        language: row.try_get_by(6)?,
        verified_at: row.try_get_by(7)?,
        suspended_at: row.try_get_by(8)?,
        stripe_customer_id: row.try_get_by(9)?,
        referral_code: row.try_get_by(10)?,
        totp_since: row.try_get_by(11)?,
        created_at: row.try_get_by(12)?,
    };
    Ok(Some((session, user)))
}

/// The session with this cookie that is live at `now`, with its user, in one query.
pub async fn live_by_token(db: &impl Db, hash: &[u8], now: UnixMs) -> Result<Option<(Live, users::Account)>> {
    live(db, live!("s.token_hash = ? AND s.kind = 'site'"), now, hash.into()).await
}

/// The API session with this id that is live at `now`, with its user, in one query.
pub async fn live_by_id(db: &impl Db, id: Uuid, now: UnixMs) -> Result<Option<(Live, users::Account)>> {
    live(db, live!("s.id = ? AND s.kind = 'api'"), now, id.into()).await
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

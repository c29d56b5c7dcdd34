//! Sessions: the site's opaque cookies and the API's families of refresh tokens.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{FromQueryResult as _, IntoActiveModel, QueryOrder, QuerySelect, Statement};

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

/// A session and its user in one row. Said in SQL itself, since every request asks this and building the query costs as
/// much as running it (docs/performance.md).
macro_rules! live {
    ($by:literal) => {
        concat!(
            "SELECT s.id AS s_id, s.user_id AS s_user_id, s.kind AS s_kind, s.token_hash AS s_token_hash, ",
            "s.generation AS s_generation, s.rotated_at AS s_rotated_at, s.client AS s_client, ",
            "s.seen_day AS s_seen_day, s.created_at AS s_created_at, s.expires_at AS s_expires_at, ",
            "s.revoked_at AS s_revoked_at, s.proved_at AS s_proved_at, u.id AS u_id, u.email AS u_email, ",
            "u.email_canonical AS u_email_canonical, u.password_hash AS u_password_hash, u.role AS u_role, ",
            "u.language AS u_language, u.verified_at AS u_verified_at, u.suspended_at AS u_suspended_at, ",
            "u.stripe_customer_id AS u_stripe_customer_id, u.referral_code AS u_referral_code, ",
            "u.referred_by AS u_referred_by, u.created_at AS u_created_at, u.updated_at AS u_updated_at, ",
            "u.totp_sealed AS u_totp_sealed, u.totp_since AS u_totp_since, u.totp_step AS u_totp_step, ",
            "u.deleted_at AS u_deleted_at ",
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
) -> Result<Option<(Model, users::Model)>> {
    let statement = Statement::from_sql_and_values(db.conn().get_database_backend(), sql, [now.into(), by]);
    let row = db.conn().query_one_raw(statement).await?;
    row.map(|row| Ok((Model::from_query_result(&row, "s_")?, users::Model::from_query_result(&row, "u_")?))).transpose()
}

/// The session with this cookie that is live at `now`, with its user, in one query.
pub async fn live_by_token(db: &impl Db, hash: &[u8], now: UnixMs) -> Result<Option<(Model, users::Model)>> {
    live(db, live!("s.token_hash = ? AND s.kind = 'site'"), now, hash.into()).await
}

/// The API session with this id that is live at `now`, with its user, in one query.
pub async fn live_by_id(db: &impl Db, id: Uuid, now: UnixMs) -> Result<Option<(Model, users::Model)>> {
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

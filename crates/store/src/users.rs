//! Accounts.

use domain::account::{Language, Role};
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

/// A row of `users`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The address as typed; mail goes here.
    pub email: String,
    /// The one canonical form, unique.
    pub email_canonical: String,
    /// Argon2id in PHC form, or bcrypt as PHP wrote it.
    pub password_hash: String,
    /// `user`, `support` or `admin`.
    pub role: String,
    /// Two-letter code.
    pub language: String,
    /// When the address was verified.
    pub verified_at: Option<UnixMs>,
    /// When an operator suspended the account.
    pub suspended_at: Option<UnixMs>,
    /// `cus_…`, once Stripe has told it.
    pub stripe_customer_id: Option<String>,
    /// What this customer gives to friends.
    pub referral_code: String,
    /// Whose code was used at sign-up.
    pub referred_by: Option<Uuid>,
    /// Sign-up.
    pub created_at: UnixMs,
    /// Last change of the row.
    pub updated_at: UnixMs,
    /// Secret of the authenticator app, sealed under DATA_KEYS; without `totp_since` it waits for its first code.
    pub totp_sealed: Option<Vec<u8>>,
    /// Since when a login needs a code.
    pub totp_since: Option<UnixMs>,
    /// The time step of the last code that was accepted: no code works twice.
    pub totp_step: Option<i64>,
    /// When its owner deleted the account. What is left of it belongs to the invoices.
    pub deleted_at: Option<UnixMs>,
}

/// Addresses and hashes never reach a log by way of `{:?}`.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// What a request needs to know of its user: no secret among it.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// See [`Model::id`].
    pub id: Uuid,
    /// See [`Model::email`].
    pub email: String,
    /// See [`Model::role`].
    pub role: String,
    /// See [`Model::language`].
    pub language: String,
    /// See [`Model::verified_at`].
    pub verified_at: Option<UnixMs>,
    /// See [`Model::suspended_at`].
    pub suspended_at: Option<UnixMs>,
    /// See [`Model::stripe_customer_id`].
    pub stripe_customer_id: Option<String>,
    /// See [`Model::referral_code`].
    pub referral_code: String,
    /// See [`Model::totp_since`].
    pub totp_since: Option<UnixMs>,
    /// See [`Model::created_at`].
    pub created_at: UnixMs,
}

impl From<Model> for Account {
    fn from(row: Model) -> Account {
        Account {
            id: row.id,
            email: row.email,
            role: row.role,
            language: row.language,
            verified_at: row.verified_at,
            suspended_at: row.suspended_at,
            stripe_customer_id: row.stripe_customer_id,
            referral_code: row.referral_code,
            totp_since: row.totp_since,
            created_at: row.created_at,
        }
    }
}

impl Account {
    /// The role; an unknown word counts as the least.
    pub fn role(&self) -> Role {
        self.role.parse().unwrap_or(Role::User)
    }

    /// The language; an unknown word counts as English.
    pub fn language(&self) -> Language {
        self.language.parse().unwrap_or(Language::En)
    }
}

/// As of [`Model`].
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// No relations are declared: joins are written where they are used.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The role; an unknown word counts as the least.
    pub fn role(&self) -> Role {
        self.role.parse().unwrap_or(Role::User)
    }

    /// The language; an unknown word counts as English.
    pub fn language(&self) -> Language {
        self.language.parse().unwrap_or(Language::En)
    }

    /// Verified and not suspended.
    pub fn may_sign_in(&self) -> bool {
        self.verified_at.is_some() && self.suspended_at.is_none()
    }
}

/// Adds an account. Duplicate of `email_canonical` or `referral_code` is an error.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// By id.
pub async fn by_id(db: &impl Db, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db.conn()).await?)
}

/// By id, locked until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?)
}

/// By canonical address.
pub async fn by_email(db: &impl Db, canonical: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::EmailCanonical.eq(canonical)).one(db.conn()).await?)
}

/// By Stripe's customer id.
pub async fn by_stripe_customer(db: &impl Db, customer: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::StripeCustomerId.eq(customer)).one(db.conn()).await?)
}

/// By referral code.
pub async fn by_referral_code(db: &impl Db, code: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::ReferralCode.eq(code)).one(db.conn()).await?)
}

/// Saves all columns of a row that was loaded with [`lock`].
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Replaces the hash only while it is still `old`, so that an upgrade never undoes a change of password.
pub async fn replace_hash(db: &impl Db, id: Uuid, old: &str, new: &str, now: UnixMs) -> Result<bool> {
    let done = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(new))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::PasswordHash.eq(old))
        .exec(db.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// All accounts, oldest first, after `after`.
pub async fn page(db: &impl Db, after: Option<Uuid>, limit: u64) -> Result<Vec<Model>> {
    let mut query = Entity::find().order_by_asc(Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    Ok(query.all(db.conn()).await?)
}

/// A page of whom an account has brought in by its code, newest first: those after `after`.
pub async fn referred_page(db: &impl Db, friend: Uuid, after: Option<Uuid>, limit: u64) -> Result<Vec<Model>> {
    let mut query = Entity::find().filter(Column::ReferredBy.eq(friend)).filter(Column::DeletedAt.is_null());
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.order_by_desc(Column::Id).limit(limit).all(db.conn()).await?)
}

/// Accounts of this role that can sign in.
pub async fn of_role(db: &impl Db, role: Role) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::Role.eq(role.as_str())).filter(Column::DeletedAt.is_null());
    let query = query.filter(Column::SuspendedAt.is_null()).filter(Column::VerifiedAt.is_not_null());
    Ok(query.order_by_asc(Column::Id).all(db.conn()).await?)
}

/// Whom an account has brought in by its code.
pub async fn referred_by(db: &impl Db, friend: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::ReferredBy.eq(friend)).order_by_asc(Column::Id).all(db.conn()).await?)
}

/// Removes the account and, by foreign keys, everything that hangs on it.
pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// How many accounts there are.
pub async fn count(db: &impl Db) -> Result<u64> {
    Ok(Entity::find().count(db.conn()).await?)
}

/// Sealed values with the ids of their accounts, in the order of ids, after `after`.
pub async fn sealed_after(db: &impl Db, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::TotpSealed);
    let query = query
        .filter(Column::Id.gt(after))
        .filter(Column::TotpSealed.is_not_null())
        .order_by_asc(Column::Id)
        .limit(limit);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// Replaces a sealed value while it is still `old`; false if it was changed or is gone.
pub async fn reseal(db: &impl Db, id: Uuid, old: &[u8], new: Vec<u8>) -> Result<bool> {
    let query = Entity::update_many().col_expr(Column::TotpSealed, Expr::value(new)).filter(Column::Id.eq(id));
    let done = query.filter(Column::TotpSealed.eq(old.to_vec())).exec(db.conn()).await?;
    Ok(done.rows_affected == 1)
}

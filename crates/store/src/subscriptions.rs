//! Subscriptions: what a customer has paid for.

use domain::page::Place;
use domain::quota::Quota;
use domain::subscription::{Status, Subscription};
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{ExprTrait as _, FromQueryResult, IntoActiveModel, JoinType, QueryOrder, QuerySelect};

use crate::{Db, Result, StoreError, Tx, seek, wireguard_peers};

/// A row of `subscriptions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriptions")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// Code of the plan.
    pub plan: String,
    /// Region wished at checkout.
    pub region: Option<String>,
    /// See [`Status`].
    pub status: String,
    /// `sub_…`, unique; see [`credit_id`] for one that Stripe knows nothing of.
    pub stripe_subscription_id: String,
    /// `cus_…`.
    pub stripe_customer_id: String,
    /// Start of the current period.
    pub period_start: UnixMs,
    /// End of the current period.
    pub period_end: UnixMs,
    /// Up to when the service is paid.
    pub paid_until: UnixMs,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When it ended.
    pub ended_at: Option<UnixMs>,
    /// Device slots agreed at purchase; NULL is no limit.
    pub devices: Option<i64>,
    /// Bytes a period agreed at purchase; NULL is no quota.
    pub quota_bytes: Option<i64>,
    /// Bytes used in this period.
    pub used_bytes: i64,
    /// When the state saved here was read from Stripe.
    pub read_at: UnixMs,
    /// When the row was made.
    pub created_at: UnixMs,
    /// Last change of the row.
    pub updated_at: UnixMs,
    /// Whether a payment is disputed and not decided.
    pub held: bool,
    /// Code of the plan that begins with the next period; NULL where nothing changes then, as the two below.
    pub next_plan: Option<String>,
    /// How long that period is; NULL also where it is not read yet.
    pub next_period: Option<String>,
    /// What it costs, in minor units of the same currency; NULL also where it is not read yet.
    pub next_price_cents: Option<i64>,
    /// When what its devices carry was last counted.
    pub counted_at: UnixMs,
    /// How fast each device may be, agreed at purchase; see [`Quota`].
    pub speed_mbit: Option<i64>,
    /// The same once the quota is used up; see [`Quota`].
    pub slow_mbit: Option<i64>,
    /// What a period costs, as agreed, in minor units; NULL until it is read for the first time, as the two below.
    pub price_cents: Option<i64>,
    /// ISO 4217, lower case.
    pub currency: Option<String>,
    /// `month`, `quarter` or `year`.
    pub period: Option<String>,
    /// Regions that its devices can be in, agreed at purchase, separated by commas; NULL is all.
    pub regions: Option<String>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// In the place of Stripe's id, for a subscription whose periods are paid with credit.
pub fn credit_id(id: Uuid) -> String {
    format!("{CREDIT}{}", id.simple())
}

const CREDIT: &str = "credit_";

impl Model {
    /// A row of nothing yet: no plan, no time, no state.
    pub fn begun(id: Uuid, user: Uuid, now: UnixMs) -> Model {
        Model {
            id,
            user_id: user,
            plan: String::new(),
            region: None,
            status: String::new(),
            stripe_subscription_id: String::new(),
            stripe_customer_id: String::new(),
            period_start: now,
            period_end: now,
            paid_until: now,
            cancel_at_period_end: false,
            ended_at: None,
            devices: None,
            quota_bytes: None,
            used_bytes: 0,
            read_at: 0,
            created_at: now,
            updated_at: now,
            held: false,
            next_plan: None,
            next_period: None,
            next_price_cents: None,
            counted_at: 0,
            speed_mbit: None,
            slow_mbit: None,
            price_cents: None,
            currency: None,
            period: None,
            regions: None,
        }
    }

    /// Whether its periods are paid with credit, and Stripe knows nothing of it.
    pub fn is_paid_with_credit(&self) -> bool {
        self.stripe_subscription_id.starts_with(CREDIT)
    }

    /// Whether it is over.
    pub fn has_ended(&self) -> bool {
        self.status == Status::Ended.as_str()
    }

    /// What the rules need to know of the row.
    pub fn state(&self) -> Result<Subscription> {
        let status: Status = self.status.parse().map_err(|_| {
            StoreError::Unusable(format!("subscription {} has the unknown status {:?}", self.id, self.status))
        })?;
        Ok(Subscription {
            status,
            period_start: self.period_start,
            period_end: self.period_end,
            paid_until: self.paid_until,
            cancel_at_period_end: self.cancel_at_period_end,
            ended_at: self.ended_at,
            read_at: self.read_at,
            held: self.held,
        })
    }

    /// What its devices may carry in this period, and what they have.
    pub fn quota(&self) -> Quota {
        Quota { bytes: self.quota_bytes, used: self.used_bytes, speed_mbit: self.speed_mbit, slow_mbit: self.slow_mbit }
    }

    /// Takes over what the rules decided.
    pub fn set_state(&mut self, state: &Subscription, now: UnixMs) {
        self.status = state.status.as_str().to_owned();
        self.period_start = state.period_start;
        self.period_end = state.period_end;
        self.paid_until = state.paid_until;
        self.cancel_at_period_end = state.cancel_at_period_end;
        self.ended_at = state.ended_at;
        self.read_at = state.read_at;
        self.held = state.held;
        self.updated_at = now;
    }
}

/// Adds a subscription. Duplicate of `stripe_subscription_id` is an error.
pub async fn insert(tx: &Tx, row: &Model) -> Result<()> {
    Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// By Stripe's id, locked until the transaction ends.
pub async fn lock_by_stripe_id(tx: &Tx, id: &str) -> Result<Option<Model>> {
    let query = Entity::find().filter(Column::StripeSubscriptionId.eq(id)).lock_exclusive();
    Ok(query.one(tx.conn()).await?)
}

/// By their ids, in the order of these, locked until the transaction ends.
pub async fn lock_all(tx: &Tx, ids: &[Uuid]) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::Id.is_in(ids.iter().copied())).order_by_asc(Column::Id);
    Ok(query.lock_exclusive().all(tx.conn()).await?)
}

/// By their ids.
pub async fn by_ids(db: &impl Db, ids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::Id.is_in(ids.iter().copied())).all(db.conn()).await?)
}

/// By Stripe's id.
pub async fn by_stripe_id(db: &impl Db, id: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::StripeSubscriptionId.eq(id)).one(db.conn()).await?)
}

/// By Stripe's ids.
pub async fn by_stripe_ids(db: &impl Db, ids: &[&str]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::StripeSubscriptionId.is_in(ids.iter().copied())).all(db.conn()).await?)
}

/// Subscriptions that a card pays for and that have not ended, in the order of their ids, `limit` after the id `after`.
pub async fn open(db: &impl Db, after: Uuid, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::Status.ne(Status::Ended.as_str())).filter(Column::Id.gt(after));
    let query = query.filter(Column::StripeSubscriptionId.not_like(format!("{CREDIT}%")));
    Ok(query.order_by_asc(Column::Id).limit(limit).all(db.conn()).await?)
}

/// A user's subscription by id; another's is none.
pub async fn of_user(db: &impl Db, user: Uuid, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::UserId.eq(user)).one(db.conn()).await?)
}

/// Those of many accounts.
pub async fn all_of_users(db: &impl Db, users: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.is_in(users.iter().copied())).all(db.conn()).await?)
}

/// A user's subscriptions, newest first.
pub async fn all_of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).order_by_desc(Column::Id).all(db.conn()).await?)
}

/// Subscriptions that were not read for long: since before `unread_since`, or before the end of a period that is over.
/// In the order of their ids, `limit` after the id `after`.
pub async fn unread(db: &impl Db, unread_since: UnixMs, now: UnixMs, after: Uuid, limit: u64) -> Result<Vec<Model>> {
    let open = [Status::Incomplete, Status::Trialing, Status::Active, Status::PastDue, Status::Paused];
    let over_unread =
        Condition::all().add(Column::PeriodEnd.lt(now)).add(Expr::col(Column::ReadAt).lt(Expr::col(Column::PeriodEnd)));
    Ok(Entity::find()
        .filter(Column::Status.is_in(open.map(Status::as_str)))
        .filter(Column::StripeSubscriptionId.not_like(format!("{CREDIT}%")))
        .filter(Condition::any().add(Column::ReadAt.lt(unread_since)).add(over_unread))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db.conn())
        .await?)
}

/// Subscriptions to a plan that a card pays for and that go on, in the order of their ids, `limit` after the id `after`.
pub async fn renewing_of_plan(db: &impl Db, plan: &str, after: Uuid, limit: u64) -> Result<Vec<Model>> {
    let open = [Status::Trialing, Status::Active, Status::PastDue, Status::Paused];
    let query = Entity::find().filter(Column::Plan.eq(plan)).filter(Column::Status.is_in(open.map(Status::as_str)));
    let query = query.filter(Column::StripeSubscriptionId.not_like(format!("{CREDIT}%")));
    let query = query.filter(Column::CancelAtPeriodEnd.eq(false)).filter(Column::Id.gt(after));
    Ok(query.order_by_asc(Column::Id).limit(limit).all(db.conn()).await?)
}

/// Those that were paid with credit and whose time is over at `now`.
pub async fn credit_over(db: &impl Db, now: UnixMs, limit: u64) -> Result<Vec<Model>> {
    // Stripe has no customer for them.
    let query =
        Entity::find().filter(Column::Status.eq(Status::Active.as_str())).filter(Column::StripeCustomerId.eq(""));
    let query = query.filter(Column::PaidUntil.lte(now)).order_by_asc(Column::PaidUntil).limit(limit);
    Ok(query.all(db.conn()).await?.into_iter().filter(Model::is_paid_with_credit).collect())
}

/// A page of those that are paid until `until` at the latest, whatever their state, in the order of their ends: those
/// after `after`.
pub async fn paid_until(db: &impl Db, after: Place, until: UnixMs, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::PaidUntil.lte(until));
    let query = seek::oldest_first(query, Column::PaidUntil, Column::Id, after, limit);
    Ok(query.all(db.conn()).await?)
}

/// A user's subscriptions that have not ended, oldest first, locked until the transaction ends.
pub async fn lock_open_of_user(tx: &Tx, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::Status.ne(Status::Ended.as_str()))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(tx.conn())
        .await?)
}

/// A subscription, and a slot of it that a device has.
#[derive(FromQueryResult)]
struct WithSlot {
    #[sea_orm(nested)]
    row: Model,
    slot: Option<i64>,
}

/// A user's subscriptions that have not ended, oldest first, each with the slots that its devices have, lowest first; all of
/// it locked until the transaction ends. One statement, since every new device asks it.
pub async fn lock_open_with_slots(tx: &Tx, user: Uuid) -> Result<Vec<(Model, Vec<i64>)>> {
    use wireguard_peers::Column as Device;
    let join = Entity::belongs_to(wireguard_peers::Entity).from(Column::Id).to(Device::SubscriptionId);
    let query = Entity::find()
        .join(JoinType::LeftJoin, join.into())
        .column_as(Device::Slot, "slot")
        .filter(Column::UserId.eq(user))
        .filter(Column::Status.ne(Status::Ended.as_str()))
        .order_by_asc(Column::Id)
        .order_by_asc(Device::Slot)
        .lock_exclusive();
    let mut open: Vec<(Model, Vec<i64>)> = Vec::new();
    for WithSlot { row, slot } in query.into_model::<WithSlot>().all(tx.conn()).await? {
        match open.last_mut().filter(|(last, _)| last.id == row.id) {
            Some((_, slots)) => slots.extend(slot),
            None => open.push((row, slot.into_iter().collect())),
        }
    }
    Ok(open)
}

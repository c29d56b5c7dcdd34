//! Invoices as Stripe issued them.

use domain::page::Place;
use domain::tax::Taxed;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, PaginatorTrait, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx, seek};

/// A row of `invoices`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoices")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who owes or paid it.
    pub user_id: Uuid,
    /// For which subscription.
    pub subscription_id: Uuid,
    /// `in_…`, unique.
    pub stripe_invoice_id: String,
    /// The number printed on it.
    pub number: Option<String>,
    /// Stripe's word: `draft`, `open`, `paid`, `void`, `uncollectible`.
    pub status: String,
    /// What is due, in minor units.
    pub amount_due: i64,
    /// What was paid, in minor units.
    pub amount_paid: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// Stripe's page for it.
    pub hosted_url: Option<String>,
    /// When Stripe made it.
    pub issued_at: UnixMs,
    /// Last change of the row.
    pub updated_at: UnixMs,
    /// What went back to the customer, in minor units.
    pub amount_refunded: i64,
    /// Its dispute: `open`, `won` or `lost`.
    pub dispute: Option<String>,
    /// When refund and dispute were read from Stripe.
    pub charge_read_at: Option<UnixMs>,
    /// How much is or was disputed, in minor units.
    pub amount_disputed: i64,
    /// What it is for all in all, tax included, in minor units: once paid, what cash and credit have paid.
    pub amount_total: i64,
    /// The tax in that.
    pub amount_tax: i64,
    /// The invoice as a PDF, at Stripe.
    pub pdf_url: Option<String>,
}

impl Model {
    /// The whole with the tax in it.
    pub fn taxed(&self) -> Taxed {
        Taxed::new(self.amount_total, self.amount_tax)
    }
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds an invoice, or brings the row up to date; the id of a known one stays, and so does what came of its payment.
/// Returns the row as it was.
pub async fn upsert(tx: &Tx, row: &Model) -> Result<Option<Model>> {
    let before = lock_by_stripe_id(tx, &row.stripe_invoice_id).await?;
    match before.clone() {
        None => {
            Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
        }
        Some(known) => {
            // What was paid is booked, with the tax that was in it then, and is never owed again: who says so read it before.
            let kept = if known.status == "paid" { &known } else { row };
            let row = Model {
                id: known.id,
                status: kept.status.clone(),
                amount_due: kept.amount_due,
                amount_paid: kept.amount_paid,
                amount_total: kept.amount_total,
                amount_tax: kept.amount_tax,
                amount_refunded: known.amount_refunded,
                dispute: known.dispute.clone(),
                charge_read_at: known.charge_read_at,
                amount_disputed: known.amount_disputed,
                ..row.clone()
            };
            row.into_active_model().reset_all().update(tx.conn()).await?;
        }
    }
    Ok(before)
}

/// By Stripe's id, locked until the transaction ends.
pub async fn lock_by_stripe_id(tx: &Tx, id: &str) -> Result<Option<Model>> {
    let query = Entity::find().filter(Column::StripeInvoiceId.eq(id)).lock_exclusive();
    Ok(query.one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with a lock.
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// Whether a subscription has another invoice than this one whose payment is disputed and not decided.
pub async fn others_disputed(tx: &Tx, subscription: Uuid, but: Uuid) -> Result<bool> {
    let open = Entity::find()
        .filter(Column::SubscriptionId.eq(subscription))
        .filter(Column::Dispute.eq("open"))
        .filter(Column::Id.ne(but));
    Ok(open.count(tx.conn()).await? > 0)
}

/// By Stripe's id.
pub async fn by_stripe_id(db: &impl Db, id: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::StripeInvoiceId.eq(id)).one(db.conn()).await?)
}

/// The first invoices of a user that cash has paid.
pub async fn first_paid(db: &impl Db, user: Uuid, limit: u64) -> Result<Vec<Model>> {
    let paid = Entity::find().filter(Column::UserId.eq(user)).filter(Column::Status.eq("paid"));
    let paid = paid.filter(Column::AmountPaid.gt(0)).order_by_asc(Column::IssuedAt).limit(limit);
    Ok(paid.all(db.conn()).await?)
}

/// Whose invoice it is, by Stripe's id.
pub async fn owner(db: &impl Db, id: &str) -> Result<Option<Uuid>> {
    let query = Entity::find().select_only().column(Column::UserId).filter(Column::StripeInvoiceId.eq(id));
    Ok(query.into_tuple().one(db.conn()).await?)
}

/// Whether a user has paid another invoice that was issued before this one; later ones may well have been heard of first.
pub async fn has_paid_before(db: &impl Db, than: &Model) -> Result<bool> {
    let paid = Entity::find().filter(Column::UserId.eq(than.user_id)).filter(Column::Status.eq("paid"));
    let paid = paid.filter(Column::AmountPaid.gt(0)).filter(Column::IssuedAt.lt(than.issued_at));
    Ok(paid.count(db.conn()).await? > 0)
}

/// A page of a user's invoices, newest first: those after `after`.
pub async fn page(db: &impl Db, user: Uuid, after: Option<Place>, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(user));
    let query = seek::newest_first(query, Column::IssuedAt, Column::Id, after, limit);
    Ok(query.all(db.conn()).await?)
}

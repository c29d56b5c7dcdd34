//! Invoices as Stripe issued them.

use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, Tx};

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
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Adds an invoice, or brings the row up to date; the id of a known one stays.
pub async fn upsert(tx: &Tx, row: &Model) -> Result<()> {
    let known = Entity::find()
        .filter(Column::StripeInvoiceId.eq(row.stripe_invoice_id.as_str()))
        .lock_exclusive()
        .one(tx.conn())
        .await?;
    match known {
        None => {
            Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.conn()).await?;
        }
        Some(known) => {
            let row = Model { id: known.id, ..row.clone() };
            row.into_active_model().reset_all().update(tx.conn()).await?;
        }
    }
    Ok(())
}

/// A user's invoices, newest first.
pub async fn of_user(db: &impl Db, user: Uuid, limit: u64) -> Result<Vec<Model>> {
    Ok(Entity::find()
        .filter(Column::UserId.eq(user))
        .order_by_desc(Column::IssuedAt)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(db.conn())
        .await?)
}

//! The price list, by an operator's hand.

use store::plans;

use super::{COMMAND_LINE, audit};
use crate::{App, Error, Result};

/// A limit to be set.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// Left as it is.
    Keep,
    /// None.
    Unlimited,
    /// This many.
    Of(i64),
}

impl Limit {
    fn apply(self, field: &mut Option<i64>) {
        match self {
            Limit::Keep => {}
            Limit::Unlimited => *field = None,
            Limit::Of(n) => *field = Some(n),
        }
    }
}

/// What to change of a plan. Whoever has bought keeps what was agreed until the plan of the subscription changes.
#[derive(Debug)]
pub struct Change {
    /// Price in minor units.
    pub price_cents: Option<i64>,
    /// `price_…`.
    pub stripe_price: Option<String>,
    /// Devices.
    pub devices: Limit,
    /// Bytes an interval.
    pub quota_bytes: Limit,
}

/// Changes a plan.
pub async fn set(app: &App, code: &str, change: &Change) -> Result<plans::Model> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut row = plans::lock(&tx, code).await?.ok_or(Error::NotFound)?;
    if let Some(price) = change.price_cents {
        row.price_cents = price;
    }
    if let Some(price) = &change.stripe_price {
        row.stripe_price_id = Some(price.clone());
    }
    change.devices.apply(&mut row.devices);
    change.quota_bytes.apply(&mut row.quota_bytes);
    row.updated_at = now;
    plans::save(&tx, row.clone()).await.map_err(|error| {
        if error.is_duplicate_of("stripe_price_id") {
            Error::invalid("stripe_price", "price_in_use", "another plan has, or had, this Stripe price")
        } else {
            error.into()
        }
    })?;
    audit(app, &tx, COMMAND_LINE, "plan.set", code, &terms(&row), now).await?;
    tx.commit().await?;
    Ok(row)
}

/// What a plan offers now, in words for the audit log.
fn terms(row: &plans::Model) -> String {
    let or_none = |limit: Option<i64>| limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    format!(
        "price {} {} as {}; devices {}; bytes {}",
        row.price_cents,
        row.currency,
        row.stripe_price_id.as_deref().unwrap_or("no price at Stripe"),
        or_none(row.devices),
        or_none(row.quota_bytes)
    )
}

//! What a customer was billed.

use store::invoices;

use crate::session::Who;
use crate::{App, Result};

/// An invoice, as `store` keeps it.
pub use store::invoices::Model as InvoiceRow;

/// The customer's invoices, newest first, at most `limit`.
pub async fn list(app: &App, who: &Who, limit: u64) -> Result<Vec<invoices::Model>> {
    Ok(invoices::of_user(&app.store, who.user.id, limit).await?)
}

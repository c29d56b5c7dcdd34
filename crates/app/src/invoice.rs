//! What a customer was billed.

use domain::page::{Ask, Page, Place};
use store::invoices;

use crate::session::Who;
use crate::{App, Result};

/// An invoice, as `store` keeps it.
pub use store::invoices::Model as InvoiceRow;

/// The customer's invoices, newest first.
pub async fn list(app: &App, who: &Who, ask: &Ask) -> Result<Page<InvoiceRow>> {
    let rows = invoices::page(&app.store, who.user.id, ask.after, u64::from(ask.limit) + 1).await?;
    Ok(ask.page(rows, |row| Place { at: row.issued_at, id: row.id }))
}

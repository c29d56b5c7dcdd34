//! The tax in an invoice, and the invoice as a PDF. Invoices so far had no tax that we know of.

use sea_orm_migration::prelude::*;

use super::{add_column, int, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "invoices", "amount_total", int("amount_total").default(0).to_owned()).await?;
        add_column(m, "invoices", "amount_tax", int("amount_tax").default(0).to_owned()).await?;
        add_column(m, "invoices", "pdf_url", text_null("pdf_url", 2048)).await
    }
}

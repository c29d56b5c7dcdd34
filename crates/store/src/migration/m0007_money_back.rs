//! Refunds and disputes; a plan that begins with the next period; how far Stripe's events were read.

use sea_orm_migration::prelude::*;

use super::{add_column, add_index, int, int_null, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "invoices", "amount_refunded", int("amount_refunded").default(0).to_owned()).await?;
        add_column(m, "invoices", "dispute", text_null("dispute", 8)).await?;
        add_column(m, "invoices", "charge_read_at", int_null("charge_read_at")).await?;
        add_column(m, "subscriptions", "held", ColumnDef::new("held").boolean().not_null().default(false).to_owned())
            .await?;
        add_column(m, "subscriptions", "next_plan", text_null("next_plan", 32)).await?;
        add_index(m, "subscriptions", &["status", "read_at"]).await?;
        add_index(m, "invoices", &["subscription_id"]).await?;
        m.create_table(table(m, "marks").col(text("name", 64).primary_key()).col(int("at")).to_owned()).await
    }
}

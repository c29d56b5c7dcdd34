//! Prices for other periods and in other currencies, trials, and what each subscription's price was agreed to be.

use sea_orm_migration::prelude::*;

use super::{add_column, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "plan_offers")
                .col(text("plan", 32))
                .col(text("period", 8))
                .col(text("currency", 3))
                .col(int("amount"))
                .col(text_null("stripe_price_id", 255))
                .col(int("updated_at"))
                .primary_key(Index::create().col("plan").col("period").col("currency"))
                .foreign_key(&mut references("plan", "plans", "code", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_column(m, "plans", "trial_days", int("trial_days").default(0).to_owned()).await?;
        add_column(m, "plans", "is_listed", ColumnDef::new("is_listed").boolean().not_null().default(true).to_owned())
            .await?;
        for table in ["plans", "subscriptions"] {
            add_column(m, table, "regions", text_null("regions", 255)).await?;
        }
        for table in ["plan_prices", "subscriptions"] {
            add_column(m, table, "price_cents", int_null("price_cents")).await?;
            add_column(m, table, "currency", text_null("currency", 3)).await?;
            add_column(m, table, "period", text_null("period", 8)).await?;
        }
        add_column(m, "checkouts", "price", text_null("price", 255)).await?;
        add_column(m, "checkouts", "trial_days", int_null("trial_days")).await
    }
}

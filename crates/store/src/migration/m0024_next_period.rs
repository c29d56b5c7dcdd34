//! The period and price that begin with the next period, beside the plan that does.

use sea_orm_migration::prelude::*;

use super::{add_column, int_null, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "subscriptions", "next_period", text_null("next_period", 8)).await?;
        add_column(m, "subscriptions", "next_price_cents", int_null("next_price_cents")).await
    }
}

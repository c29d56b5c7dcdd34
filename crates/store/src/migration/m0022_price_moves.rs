//! Prices that subscriptions will have from a later renewal on, as their owners were told.

use sea_orm_migration::prelude::*;

use super::{id, int, references, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "price_moves")
                .col(id("subscription_id").primary_key())
                .col(text("plan", 32))
                .col(text("period", 8))
                .col(text("currency", 3))
                .col(int("amount"))
                .col(text("stripe_price_id", 255))
                .col(int("due_at"))
                .col(int("announced_at"))
                .foreign_key(&mut references("subscription_id", "subscriptions", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await
    }
}

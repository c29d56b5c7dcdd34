//! What customers were told, what they don't want to be told, and until when the cards are good that pay.

use sea_orm_migration::prelude::*;

use super::{add_index, hash, id, int, references, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let of_user = || references("user_id", "users", "id", ForeignKeyAction::Cascade);
        m.create_table(
            table(m, "notices")
                .col(id("user_id"))
                .col(text("kind", 24))
                .col(text("cause", 300))
                .col(int("created_at"))
                .primary_key(Index::create().col("user_id").col("kind").col("cause"))
                .foreign_key(&mut of_user())
                .to_owned(),
        )
        .await?;
        add_index(m, "notices", &["created_at"]).await?;
        m.create_table(
            table(m, "notice_refusals")
                .col(id("user_id"))
                .col(text("kind", 24))
                .col(int("created_at"))
                .primary_key(Index::create().col("user_id").col("kind"))
                .foreign_key(&mut of_user())
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "subscription_cards")
                .col(id("subscription_id").primary_key())
                .col(hash("card_hash"))
                .col(int("expires_at"))
                .foreign_key(&mut references("subscription_id", "subscriptions", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        let columns = ["expires_at", "subscription_id"];
        add_index(m, "subscription_cards", &columns).await?;
        let columns = ["paid_until", "id"];
        add_index(m, "subscriptions", &columns).await
    }
}

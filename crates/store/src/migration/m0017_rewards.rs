//! What friends are worth, and the cards by which one person with two accounts is noticed.

use sea_orm_migration::prelude::*;

use super::{add_column, add_index, hash, id, int, int_null, references, table, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "sponsorships", "invoice", text_null("invoice", 255)).await?;
        add_column(m, "sponsorships", "amount", int("amount").default(0).to_owned()).await?;
        add_column(m, "sponsorships", "currency", text_null("currency", 3)).await?;
        add_column(m, "sponsorships", "due_at", int_null("due_at")).await?;
        add_column(m, "sponsorships", "reason", text_null("reason", 16)).await?;
        add_column(m, "sponsorships", "updated_at", int("updated_at").default(0).to_owned()).await?;
        let columns = ["state", "due_at"];
        add_index(m, "sponsorships", &columns).await?;
        m.create_table(
            table(m, "card_marks")
                .col(id("user_id"))
                .col(hash("card_hash"))
                .col(int("created_at"))
                .primary_key(Index::create().col("user_id").col("card_hash"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await
    }
}

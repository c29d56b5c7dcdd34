//! What was taken over from another program; sponsorships and credits.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, id, int, references, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "imported")
                .col(text("source", 64).primary_key())
                .col(id("new_id"))
                .col(int("imported_at"))
                .to_owned(),
        )
        .await?;

        m.create_table(
            table(m, "sponsorships")
                .col(id("id").primary_key())
                .col(id("sponsor_id"))
                .col(id("user_id"))
                .col(text("state", 16))
                .col(int("created_at"))
                .foreign_key(&mut references("sponsor_id", "users", "id", ForeignKeyAction::Cascade))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_unique(m, "sponsorships", &["user_id"]).await?;
        add_index(m, "sponsorships", &["sponsor_id"]).await?;

        m.create_table(
            table(m, "credit_ledger")
                .col(id("id").primary_key())
                .col(id("user_id"))
                .col(int("amount"))
                .col(text("currency", 3))
                .col(text("kind", 32))
                .col(text("movement", 128))
                .col(int("created_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        add_unique(m, "credit_ledger", &["movement"]).await?;
        add_index(m, "credit_ledger", &["user_id"]).await
    }
}

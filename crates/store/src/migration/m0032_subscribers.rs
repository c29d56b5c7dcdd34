//! Who wants to hear of incidents: by mail, and by webhooks of the operators.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, hash, id, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "status_subscribers")
                .col(id("id").primary_key())
                .col(text("email", 254))
                .col(text("email_canonical", 254))
                .col(text("language", 8))
                .col(hash("token_hash"))
                .col(int("asked_at"))
                .col(int_null("confirmed_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "status_webhooks")
                .col(id("id").primary_key())
                .col(text("url", 500))
                .col(ColumnDef::new("secret_sealed").var_binary(200).not_null())
                .col(int("created_at"))
                .col(int_null("failing_since"))
                .col(text_null("trouble", 40))
                .col(int_null("disabled_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "status_news")
                .col(id("id").primary_key())
                .col(id("about"))
                .col(ColumnDef::new("content").text().not_null())
                .col(int("created_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "status_tellings")
                .col(id("news_id"))
                .col(id("whom"))
                .col(int("told_at"))
                .primary_key(Index::create().col("news_id").col("whom"))
                .foreign_key(&mut references("news_id", "status_news", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        for columns in [&["email_canonical"][..], &["token_hash"]] {
            add_unique(m, "status_subscribers", columns).await?;
        }
        for (table, columns) in [
            ("status_subscribers", &["confirmed_at", "asked_at"][..]),
            ("status_news", &["about"]),
            ("status_news", &["created_at"]),
            ("status_tellings", &["whom"]),
            ("status_tellings", &["told_at"]),
        ] {
            add_index(m, table, columns).await?;
        }
        Ok(())
    }
}

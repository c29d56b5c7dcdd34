//! Jobs, mails, leases and the audit log.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, id, int, int_null, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "jobs")
                .col(id("id").primary_key())
                .col(text("kind", 32))
                .col(ColumnDef::new("payload").text().not_null())
                .col(text_null("lock_key", 255))
                .col(text_null("running_key", 255))
                .col(text("state", 8))
                .col(int("run_at"))
                .col(int("attempts"))
                .col(int_null("claimed_until"))
                .col(ColumnDef::new("last_error").text().null())
                .col(int("created_at"))
                .to_owned(),
        )
        .await?;
        add_unique(m, "jobs", &["running_key"]).await?;
        add_index(m, "jobs", &["state", "run_at"]).await?;

        m.create_table(
            table(m, "outbox")
                .col(id("id").primary_key())
                .col(text("letter", 32))
                .col(ColumnDef::new("sealed").custom("mediumblob").null())
                .col(int("created_at"))
                .col(int_null("sent_at"))
                .to_owned(),
        )
        .await?;
        add_index(m, "outbox", &["created_at"]).await?;

        m.create_table(
            table(m, "leases").col(text("name", 64).primary_key()).col(id("holder")).col(int("held_until")).to_owned(),
        )
        .await?;

        m.create_table(
            table(m, "audit_log")
                .col(id("id").primary_key())
                .col(int("at"))
                .col(text("actor", 64))
                .col(text("action", 64))
                .col(text("subject", 255))
                .col(text("detail", 1024))
                .to_owned(),
        )
        .await
    }
}

//! What the operators' pages ask: whose a mail was, and lists of events and of the audit log without reading all of them.

use sea_orm_migration::prelude::*;

use super::{add_column, add_index, id_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "outbox", "user_id", id_null("user_id")).await?;
        for (table, columns) in [
            ("outbox", &["user_id"][..]),
            ("audit_log", &["actor"]),
            ("audit_log", &["subject"]),
            ("audit_log", &["action"]),
            ("stripe_events", &["received_at"]),
            ("sponsorships", &["sponsor_id"]),
        ] {
            add_index(m, table, columns).await?;
        }
        Ok(())
    }
}

//! Second factor, known devices, change of address, proof of presence, deletion.

use sea_orm_migration::prelude::*;

use super::{add_column, add_index, bytes_null, hash, id, int, int_null, references, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "users", "totp_sealed", bytes_null("totp_sealed", 128)).await?;
        for name in ["totp_since", "totp_step", "deleted_at"] {
            add_column(m, "users", name, int_null(name)).await?;
        }
        add_column(m, "sessions", "proved_at", int("proved_at").default(0).to_owned()).await?;

        m.create_table(
            table(m, "recovery_codes")
                .col(hash("code_hash").primary_key())
                .col(id("user_id"))
                .col(int_null("used_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_index(m, "recovery_codes", &["user_id"]).await?;

        m.create_table(
            table(m, "known_devices")
                .col(hash("token_hash").primary_key())
                .col(id("user_id"))
                .col(int("expires_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_index(m, "known_devices", &["user_id"]).await?;

        m.create_table(
            table(m, "email_changes")
                .col(hash("token_hash").primary_key())
                .col(id("user_id"))
                .col(text("email", 254))
                .col(text("email_canonical", 254))
                .col(int("expires_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_index(m, "email_changes", &["user_id"]).await?;

        add_index(m, "audit_log", &["actor"]).await?;
        add_index(m, "audit_log", &["subject"]).await?;
        add_index(m, "users", &["referred_by"]).await
    }
}

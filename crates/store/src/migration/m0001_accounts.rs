//! Accounts, their tokens and sessions, and the keys of the API's callers.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, hash, id, id_null, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "users")
                .col(id("id").primary_key())
                .col(text("email", 254))
                .col(text("email_canonical", 254))
                .col(text("password_hash", 255))
                .col(text("role", 16))
                .col(text("language", 8))
                .col(int_null("verified_at"))
                .col(int_null("suspended_at"))
                .col(text_null("stripe_customer_id", 255))
                .col(text("referral_code", 32))
                .col(id_null("referred_by"))
                .col(int("created_at"))
                .col(int("updated_at"))
                .foreign_key(&mut references("referred_by", "users", "id", ForeignKeyAction::SetNull))
                .to_owned(),
        )
        .await?;
        add_unique(m, "users", &["email_canonical"]).await?;
        add_unique(m, "users", &["stripe_customer_id"]).await?;
        add_unique(m, "users", &["referral_code"]).await?;

        for name in ["verification_tokens", "password_resets"] {
            m.create_table(
                table(m, name)
                    .col(hash("token_hash").primary_key())
                    .col(id("user_id"))
                    .col(int("expires_at"))
                    .col(int_null("used_at"))
                    .col(int("created_at"))
                    .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                    .to_owned(),
            )
            .await?;
            add_index(m, name, &["user_id"]).await?;
        }

        m.create_table(
            table(m, "sessions")
                .col(id("id").primary_key())
                .col(id("user_id"))
                .col(text("kind", 8))
                .col(hash("token_hash"))
                .col(int("generation"))
                .col(int_null("rotated_at"))
                .col(text("client", 64))
                .col(int("seen_day"))
                .col(int("created_at"))
                .col(int("expires_at"))
                .col(int_null("revoked_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_unique(m, "sessions", &["token_hash"]).await?;
        add_index(m, "sessions", &["user_id"]).await?;

        m.create_table(
            table(m, "api_keys")
                .col(id("id").primary_key())
                .col(text("name", 64))
                .col(hash("key_hash"))
                .col(int("created_at"))
                .col(int_null("revoked_at"))
                .to_owned(),
        )
        .await?;
        add_unique(m, "api_keys", &["name"]).await?;
        add_unique(m, "api_keys", &["key_hash"]).await
    }
}

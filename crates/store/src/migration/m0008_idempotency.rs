//! Replies that are given again to a request that comes twice.

use sea_orm_migration::prelude::*;

use super::{add_column, add_index, add_unique, hash, hash_null, int, int_null, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "idempotency_keys")
                .col(hash("scope_hash").primary_key())
                .col(hash("body_hash"))
                .col(int("claimed_until"))
                .col(int_null("status"))
                .col(ColumnDef::new("reply_sealed").custom("mediumblob").null())
                .col(int("expires_at"))
                .to_owned(),
        )
        .await?;
        add_index(m, "idempotency_keys", &["expires_at"]).await?;
        add_column(m, "wireguard_peers", "request_hash", hash_null("request_hash")).await?;
        add_unique(m, "wireguard_peers", &["request_hash"]).await
    }
}

//! Gateways, and the log of each server's peer list that they follow.

use sea_orm_migration::prelude::*;

use super::{add_column, add_index, add_unique, hash, id, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "vps_servers", "enrol_until", int_null("enrol_until")).await?;
        add_unique(m, "vps_servers", &["enrol_token_hash"]).await?;
        add_index(m, "wireguard_peers", &["previous_server_id"]).await?;
        m.create_table(
            table(m, "gateways")
                .col(id("server_id").primary_key())
                .col(hash("credential_hash"))
                .col(int("generation"))
                .col(text_null("instance", 64))
                .col(text("driver", 16))
                .col(text("version", 32))
                .col(int("enrolled_at"))
                .col(int("applied_revision"))
                .col(int_null("applied_at"))
                .foreign_key(&mut references("server_id", "vps_servers", "id", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        add_unique(m, "gateways", &["credential_hash"]).await?;
        m.create_table(
            table(m, "peer_changes")
                .col(id("server_id"))
                .col(int("revision"))
                .col(text("public_key", 44))
                .col(int("changed_at"))
                .primary_key(Index::create().col("server_id").col("revision"))
                .to_owned(),
        )
        .await?;
        add_index(m, "peer_changes", &["changed_at"]).await
    }
}

//! Gateways that look at each other through their tunnels.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, id, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "vantages")
                .col(id("server_id").primary_key())
                .col(text("public_key", 44))
                .col(int("address"))
                .col(text_null("egress", 45))
                .col(int("heard_at"))
                .foreign_key(&mut references("server_id", "vps_servers", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "sights")
                .col(id("server_id"))
                .col(id("vantage_id"))
                .col(int_null("at"))
                .col(text("verdict", 8))
                .col(int_null("latency_us"))
                .col(text_null("trouble", 16))
                .primary_key(Index::create().col("server_id").col("vantage_id"))
                .foreign_key(&mut references("server_id", "vps_servers", "id", ForeignKeyAction::Cascade))
                .foreign_key(&mut references("vantage_id", "vantages", "server_id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        for columns in [&["public_key"][..], &["address"]] {
            add_unique(m, "vantages", columns).await?;
        }
        add_index(m, "sights", &["vantage_id"]).await
    }
}

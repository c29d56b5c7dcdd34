//! What gateways report: how they are, and what each peer has carried.

use sea_orm_migration::prelude::*;

use super::{add_column, add_index, hash_null, id, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "subscriptions", "counted_at", int("counted_at").default(0).to_owned()).await?;
        for table in ["plans", "subscriptions"] {
            for name in ["speed_mbit", "slow_mbit"] {
                add_column(m, table, name, int_null(name)).await?;
            }
        }
        add_column(m, "vps_servers", "bandwidth_mbit", int("bandwidth_mbit").default(1000).to_owned()).await?;
        add_column(m, "wireguard_peers", "told_away_at", int_null("told_away_at")).await?;
        for name in ["reported_at", "skew_ms"] {
            add_column(m, "gateways", name, int_null(name)).await?;
        }
        for name in ["active_peers", "rx_rate", "tx_rate", "drops"] {
            add_column(m, "gateways", name, int(name).default(0).to_owned()).await?;
        }
        for name in ["cpu", "memory"] {
            add_column(m, "gateways", name, share(name)).await?;
        }
        add_column(m, "gateways", "former_hash", hash_null("former_hash")).await?;
        add_index(m, "gateways", &["former_hash"]).await?;
        add_column(m, "gateways", "trouble", text_null("trouble", 200)).await?;
        m.create_table(
            table(m, "peer_counters")
                .col(id("server_id"))
                .col(text("public_key", 44))
                .col(id("subscription_id"))
                .col(int("generation"))
                .col(int("rx"))
                .col(int("tx"))
                .col(int("counted_at"))
                .primary_key(Index::create().col("server_id").col("public_key"))
                .to_owned(),
        )
        .await?;
        add_index(m, "peer_counters", &["counted_at"]).await?;
        m.create_table(
            table(m, "usage_days")
                .col(id("subscription_id"))
                .col(int("day"))
                .col(int("rx"))
                .col(int("tx"))
                .primary_key(Index::create().col("subscription_id").col("day"))
                .foreign_key(&mut references("subscription_id", "subscriptions", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_index(m, "usage_days", &["day"]).await
    }
}

/// A share, 0..1.
fn share(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).double().not_null().default(0.0).to_owned()
}

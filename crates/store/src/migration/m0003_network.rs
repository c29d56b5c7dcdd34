//! Servers, devices and the address pool.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, hash_null, id, id_null, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "vps_servers")
                .col(id("id").primary_key())
                .col(text("name", 64))
                .col(text("region", 16))
                .col(text("country", 2))
                .col(text("city", 64))
                .col(text("endpoint", 255))
                .col(text_null("public_key", 44))
                .col(text("status", 16))
                .col(int("capacity"))
                .col(ColumnDef::new("load").double().null())
                .col(int_null("ping_ms"))
                .col(hash_null("enrol_token_hash"))
                .col(int("revision"))
                .col(int("created_at"))
                .col(int("updated_at"))
                .to_owned(),
        )
        .await?;
        add_unique(m, "vps_servers", &["name"]).await?;
        add_unique(m, "vps_servers", &["public_key"]).await?;

        m.create_table(
            table(m, "wireguard_peers")
                .col(id("id").primary_key())
                .col(id("user_id"))
                .col(id("subscription_id"))
                .col(int("slot"))
                .col(id("server_id"))
                .col(id_null("previous_server_id"))
                .col(int_null("moved_at"))
                .col(text("name", 64))
                .col(int("address"))
                .col(text("public_key", 44))
                .col(ColumnDef::new("preshared_key_sealed").var_binary(255).not_null())
                .col(int("mtu"))
                .col(text("routes", 16))
                .col(int("created_at"))
                .col(int("updated_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Restrict))
                .foreign_key(&mut references("subscription_id", "subscriptions", "id", ForeignKeyAction::Restrict))
                .foreign_key(&mut references("server_id", "vps_servers", "id", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        add_unique(m, "wireguard_peers", &["address"]).await?;
        add_unique(m, "wireguard_peers", &["public_key"]).await?;
        add_unique(m, "wireguard_peers", &["subscription_id", "slot"]).await?;
        add_index(m, "wireguard_peers", &["user_id"]).await?;
        add_index(m, "wireguard_peers", &["server_id"]).await?;

        m.create_table(table(m, "freed_addresses").col(int("address").primary_key()).col(int("freed_at")).to_owned())
            .await?;
        add_index(m, "freed_addresses", &["freed_at"]).await?;

        m.create_table(table(m, "pool_state").col(int("id").primary_key()).col(int("high_water")).to_owned()).await?;
        // Index 0 is the network and 1 the gateways' own tunnel address: devices begin at 2.
        let first = Query::insert()
            .replace()
            .into_table("pool_state")
            .columns(["id", "high_water"])
            .values_panic([1.into(), 1.into()])
            .to_owned();
        m.execute(first).await
    }
}

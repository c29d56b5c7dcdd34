//! Which resolvers a device's file names.

use sea_orm_migration::prelude::*;

use super::{add_column, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "wireguard_peers", "dns", text("dns", 16).default("plain").to_owned()).await
    }
}

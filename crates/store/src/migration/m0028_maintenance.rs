//! Work that is announced.

use sea_orm_migration::prelude::*;

use super::{add_index, id, int, int_null, references, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let of_maintenance = || references("maintenance_id", "maintenances", "id", ForeignKeyAction::Cascade);
        let of_component = || references("component_id", "components", "id", ForeignKeyAction::Cascade);
        m.create_table(
            table(m, "maintenances")
                .col(id("id").primary_key())
                .col(text("title", 120))
                .col(text("zone", 64))
                .col(text("starts", 32))
                .col(int("minutes"))
                .col(text("repeats", 8))
                .col(ColumnDef::new("everything").boolean().not_null())
                .col(int_null("until"))
                .col(int_null("ended_at"))
                .col(int("created_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "maintenance_components")
                .col(id("maintenance_id"))
                .col(id("component_id"))
                .primary_key(Index::create().col("maintenance_id").col("component_id"))
                .foreign_key(&mut of_maintenance())
                .foreign_key(&mut of_component())
                .to_owned(),
        )
        .await?;
        let columns = ["component_id"];
        add_index(m, "maintenance_components", &columns).await
    }
}

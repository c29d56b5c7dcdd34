//! What the days that are over come to, for the first status page of a process.

use sea_orm_migration::prelude::*;

use super::{id, int, references, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "pasts")
                .col(id("check_id").primary_key())
                .col(int("today"))
                .col(ColumnDef::new("body").text().not_null())
                .foreign_key(&mut references("check_id", "checks", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await
    }
}

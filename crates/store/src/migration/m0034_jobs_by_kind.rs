//! Workers look for jobs of one kind first.

use sea_orm_migration::prelude::*;

use super::add_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let columns = &["state", "kind", "run_at"];
        add_index(m, "jobs", columns).await
    }
}

//! Which message of the team's log holds a ticket's conversation, so that it can be taken back.

use sea_orm_migration::prelude::*;

use super::{add_column, int_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "discord_threads", "log_id", int_null("log_id")).await
    }
}

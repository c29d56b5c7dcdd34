//! A link that proves an address brings the password that was chosen with it.

use sea_orm_migration::prelude::*;

use super::{add_column, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "verification_tokens", "password_hash", text_null("password_hash", 255)).await
    }
}

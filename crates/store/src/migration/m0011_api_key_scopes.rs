//! What a key of the API opens, and until when.

use sea_orm_migration::prelude::*;

use super::{add_column, int_null, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "api_keys", "scopes", text_null("scopes", 255)).await?;
        add_column(m, "api_keys", "expires_at", int_null("expires_at")).await
    }
}

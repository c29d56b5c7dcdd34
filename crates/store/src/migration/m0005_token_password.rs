//! A link that proves an address brings the password that was chosen with it.

use sea_orm_migration::prelude::*;

use super::text_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter().table("verification_tokens").add_column(text_null("password_hash", 255)).to_owned();
        m.alter_table(table).await
    }
}

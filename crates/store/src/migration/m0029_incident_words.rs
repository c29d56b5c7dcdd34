//! What people write of incidents.

use sea_orm_migration::prelude::*;

use super::{add_column, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "incidents", "title", text_null("title", 120)).await?;
        let everything = ColumnDef::new("everything").boolean().not_null().default(false).to_owned();
        add_column(m, "incidents", "everything", everything).await?;
        add_column(m, "incident_updates", "words", text_null("words", 1000)).await
    }
}

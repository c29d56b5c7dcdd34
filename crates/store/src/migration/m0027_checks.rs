//! Checks that operators define, parts of the service that are no server, and how long answers took.

use sea_orm_migration::prelude::*;

use super::{add_column, add_index, add_unique, int, int_null, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "components", "name", text_null("name", 64)).await?;
        add_unique(m, "components", &["name"]).await?;
        for (name, column) in [
            ("name", text_null("name", 64)),
            ("target", text_null("target", 400)),
            ("want_status", int_null("want_status")),
            ("want_text", text_null("want_text", 200)),
            ("want_days", int_null("want_days")),
            ("every_ms", int("every_ms").default(60_000).to_owned()),
            ("timeout_ms", int("timeout_ms").default(10_000).to_owned()),
            ("trouble", text_null("trouble", 16)),
            ("ok_at", int_null("ok_at")),
        ] {
            add_column(m, "checks", name, column).await?;
        }
        add_unique(m, "checks", &["name"]).await?;
        // A thing may be looked at in several ways of one kind. The foreign key needs an index at every moment.
        add_index(m, "checks", &["component_id"]).await?;
        let former = "ix_checks_component_id_kind";
        if m.has_index("checks", former).await? {
            m.drop_index(Index::drop().name(former).table("checks").to_owned()).await?;
        }
        add_column(m, "probe_results", "latency_us", int_null("latency_us")).await?;
        add_column(m, "rollups", "latency", text("latency", 2000).default("").to_owned()).await
    }
}

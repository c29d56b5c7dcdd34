//! What is watched, what was seen, and the incidents that came of it.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, id, id_null, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let of_component = || references("component_id", "components", "id", ForeignKeyAction::Cascade);
        let of_check = || references("check_id", "checks", "id", ForeignKeyAction::Cascade);
        let of_incident = || references("incident_id", "incidents", "id", ForeignKeyAction::Cascade);
        m.create_table(
            table(m, "components")
                .col(id("id").primary_key())
                .col(id_null("server_id"))
                .col(int("created_at"))
                .foreign_key(&mut references("server_id", "vps_servers", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_unique(m, "components", &["server_id"]).await?;
        m.create_table(
            table(m, "checks")
                .col(id("id").primary_key())
                .col(id("component_id"))
                .col(text("kind", 16))
                .col(text("cause", 64))
                .col(int("down_after"))
                .col(int("up_after"))
                .col(text("verdict", 8))
                .col(int("checked_at"))
                .col(ColumnDef::new("is_down").boolean().not_null())
                .col(int("since"))
                .col(int("against"))
                .col(int("against_since"))
                .col(int("rolled_to"))
                .foreign_key(&mut of_component())
                .to_owned(),
        )
        .await?;
        add_unique(m, "checks", &["component_id", "kind"]).await?;
        add_index(m, "checks", &["cause"]).await?;
        m.create_table(
            table(m, "probe_results")
                .col(id("check_id"))
                .col(int("at"))
                .col(text("verdict", 8))
                .primary_key(Index::create().col("check_id").col("at"))
                .foreign_key(&mut of_check())
                .to_owned(),
        )
        .await?;
        add_index(m, "probe_results", &["at"]).await?;
        m.create_table(
            table(m, "rollups")
                .col(text("resolution", 8))
                .col(id("check_id"))
                .col(int("starts_at"))
                .col(int("ok_ms"))
                .col(int("fail_ms"))
                .col(int("unknown_ms"))
                .col(int("maint_ms"))
                .primary_key(Index::create().col("resolution").col("check_id").col("starts_at"))
                .foreign_key(&mut of_check())
                .to_owned(),
        )
        .await?;
        let columns = ["resolution", "starts_at"];
        add_index(m, "rollups", &columns).await?;
        m.create_table(
            table(m, "incidents")
                .col(id("id").primary_key())
                .col(text("cause", 64))
                .col(text_null("open_cause", 64))
                .col(text("stage", 16))
                .col(text("impact", 16))
                .col(int("started_at"))
                .col(int_null("calm_since"))
                .col(int_null("resolved_at"))
                .to_owned(),
        )
        .await?;
        add_unique(m, "incidents", &["open_cause"]).await?;
        add_index(m, "incidents", &["started_at"]).await?;
        m.create_table(
            table(m, "incident_updates")
                .col(id("id").primary_key())
                .col(id("incident_id"))
                .col(text("stage", 16))
                .col(int("at"))
                .foreign_key(&mut of_incident())
                .to_owned(),
        )
        .await?;
        let columns = ["incident_id", "at"];
        add_index(m, "incident_updates", &columns).await?;
        m.create_table(
            table(m, "incident_components")
                .col(id("incident_id"))
                .col(id("component_id"))
                .primary_key(Index::create().col("incident_id").col("component_id"))
                .foreign_key(&mut of_incident())
                .foreign_key(&mut of_component())
                .to_owned(),
        )
        .await
    }
}

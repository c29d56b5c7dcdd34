//! Each server's number of devices, so that no request counts them.

use sea_orm_migration::prelude::*;

use super::{add_column, int};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_column(m, "vps_servers", "peers", int("peers").default(0).to_owned()).await?;
        let count = Query::select()
            .expr(Func::count(Expr::col(("wireguard_peers", "id"))))
            .from("wireguard_peers")
            .and_where(Expr::col(("wireguard_peers", "server_id")).equals(("vps_servers", "id")))
            .to_owned();
        let fill = Query::update().table("vps_servers").value("peers", count).to_owned();
        m.execute(fill).await
    }
}

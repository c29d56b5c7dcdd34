//! Every price at Stripe that a plan was ever sold at: whoever opened a purchase before it changed still gets the plan.

use sea_orm_migration::prelude::*;

use super::{int, references, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "plan_prices")
                .col(text("stripe_price_id", 255).primary_key())
                .col(text("plan", 32))
                .col(int("since"))
                .foreign_key(&mut references("plan", "plans", "code", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        let known = Query::select()
            .columns(["stripe_price_id", "code", "updated_at"])
            .from("plans")
            .and_where(Expr::col("stripe_price_id").is_not_null())
            .and_where(
                Expr::col("stripe_price_id")
                    .not_in_subquery(Query::select().column("stripe_price_id").from("plan_prices").to_owned()),
            )
            .to_owned();
        let mut fill = Query::insert();
        fill.into_table("plan_prices").columns(["stripe_price_id", "plan", "since"]);
        fill.select_from(known).map_err(|error| DbErr::Custom(error.to_string()))?;
        m.execute(fill).await
    }
}

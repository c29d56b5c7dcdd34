//! Plans, purchases, subscriptions, invoices and Stripe's events.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, id, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "plans")
                .col(text("code", 32).primary_key())
                .col(text("name", 64))
                .col(int("price_cents"))
                .col(text("currency", 3))
                .col(text("period", 8))
                .col(int_null("devices"))
                .col(int_null("quota_bytes"))
                .col(text_null("stripe_price_id", 255))
                .col(int("position"))
                .col(int("updated_at"))
                .to_owned(),
        )
        .await?;
        add_unique(m, "plans", &["stripe_price_id"]).await?;

        m.create_table(
            table(m, "checkouts")
                .col(id("id").primary_key())
                .col(id("user_id"))
                .col(text("plan", 32))
                .col(text_null("region", 16))
                .col(text_null("coupon", 64))
                .col(text_null("stripe_session_id", 255))
                .col(text_null("url", 2048))
                .col(text("status", 16))
                .col(int("created_at"))
                .col(int("updated_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        add_unique(m, "checkouts", &["stripe_session_id"]).await?;
        add_index(m, "checkouts", &["user_id"]).await?;

        m.create_table(
            table(m, "subscriptions")
                .col(id("id").primary_key())
                .col(id("user_id"))
                .col(text("plan", 32))
                .col(text_null("region", 16))
                .col(text("status", 16))
                .col(text("stripe_subscription_id", 255))
                .col(text("stripe_customer_id", 255))
                .col(int("period_start"))
                .col(int("period_end"))
                .col(int("paid_until"))
                .col(ColumnDef::new("cancel_at_period_end").boolean().not_null())
                .col(int_null("ended_at"))
                .col(int_null("devices"))
                .col(int_null("quota_bytes"))
                .col(int("used_bytes"))
                .col(int("read_at"))
                .col(int("created_at"))
                .col(int("updated_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Restrict))
                .foreign_key(&mut references("plan", "plans", "code", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        add_unique(m, "subscriptions", &["stripe_subscription_id"]).await?;
        add_index(m, "subscriptions", &["user_id"]).await?;

        m.create_table(
            table(m, "invoices")
                .col(id("id").primary_key())
                .col(id("user_id"))
                .col(id("subscription_id"))
                .col(text("stripe_invoice_id", 255))
                .col(text_null("number", 64))
                .col(text("status", 16))
                .col(int("amount_due"))
                .col(int("amount_paid"))
                .col(text("currency", 3))
                .col(text_null("hosted_url", 2048))
                .col(int("issued_at"))
                .col(int("updated_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Restrict))
                .foreign_key(&mut references("subscription_id", "subscriptions", "id", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        add_unique(m, "invoices", &["stripe_invoice_id"]).await?;
        add_index(m, "invoices", &["user_id", "issued_at"]).await?;

        m.create_table(
            table(m, "stripe_events")
                .col(text("id", 255).primary_key())
                .col(text("kind", 64))
                .col(text_null("customer", 255))
                .col(ColumnDef::new("object").custom("mediumtext").not_null())
                .col(int("created_at"))
                .col(int("received_at"))
                .col(int_null("applied_at"))
                .col(text_null("outcome", 16))
                .to_owned(),
        )
        .await?;
        add_index(m, "stripe_events", &["applied_at"]).await
    }
}

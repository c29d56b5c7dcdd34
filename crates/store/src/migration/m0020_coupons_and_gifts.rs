//! Coupons with what uses them, and gift codes in the batches in which they are made.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, hash, id, id_null, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().to_owned()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "coupons")
                .col(id("id").primary_key())
                .col(text("code", 32))
                .col(int_null("percent"))
                .col(int_null("amount"))
                .col(text_null("currency", 3))
                .col(text("duration", 16))
                .col(int_null("months"))
                .col(text("plans", 255))
                .col(text("periods", 32))
                .col(int_null("most_uses"))
                .col(int_null("most_per_customer"))
                .col(int_null("expires_at"))
                .col(flag("first_only"))
                .col(flag("active"))
                .col(text_null("stripe_promotion", 64))
                .col(int("created_at"))
                .col(int("updated_at"))
                .to_owned(),
        )
        .await?;
        add_unique(m, "coupons", &["code"]).await?;
        m.create_table(
            table(m, "coupon_uses")
                .col(id("checkout_id").primary_key())
                .col(id("coupon_id"))
                .col(id("user_id"))
                .col(text("state", 16))
                .col(int("created_at"))
                .col(int("updated_at"))
                .foreign_key(&mut references("coupon_id", "coupons", "id", ForeignKeyAction::Restrict))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "gift_batches")
                .col(id("id").primary_key())
                .col(text("note", 200))
                .col(int("amount"))
                .col(text("currency", 3))
                .col(int("codes"))
                .col(int_null("expires_at"))
                .col(int_null("voided_at"))
                .col(int("created_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "gift_codes")
                .col(id("id").primary_key())
                .col(id("batch_id"))
                .col(hash("code_hash"))
                .col(id_null("redeemed_by"))
                .col(int_null("redeemed_at"))
                .foreign_key(&mut references("batch_id", "gift_batches", "id", ForeignKeyAction::Restrict))
                .foreign_key(&mut references("redeemed_by", "users", "id", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        add_unique(m, "gift_codes", &["code_hash"]).await?;
        for (table, columns) in [
            ("coupon_uses", &["coupon_id", "state", "user_id"][..]),
            ("coupon_uses", &["user_id", "state"]),
            ("coupon_uses", &["state", "created_at"]),
            ("gift_codes", &["batch_id", "redeemed_at"]),
            ("gift_codes", &["redeemed_by"]),
        ] {
            add_index(m, table, columns).await?;
        }
        Ok(())
    }
}

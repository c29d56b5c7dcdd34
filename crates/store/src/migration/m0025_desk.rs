//! The support desk: tickets, what is written in them, what is attached, and answers that are kept ready.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, id, id_null, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

fn sealed(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).custom("mediumblob").not_null().to_owned()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.create_table(
            table(m, "tickets")
                .col(id("id").primary_key())
                .col(int("number"))
                .col(id("user_id"))
                .col(text("subject", 120))
                .col(text("category", 16))
                .col(text("priority", 8))
                .col(text("state", 8))
                .col(text("source", 8))
                .col(text_null("way", 400))
                .col(id_null("claimed_by"))
                .col(int("asked_at"))
                .col(int_null("answer_by"))
                .col(int_null("first_response_at"))
                .col(int_null("due_at"))
                .col(int_null("warned_at"))
                .col(int_null("closed_at"))
                .col(text_null("closed_by", 8))
                .col(text_null("close_reason", 200))
                .col(int_null("rating"))
                .col(text_null("rating_note", 200))
                .col(int("created_at"))
                .col(int("updated_at"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Cascade))
                .foreign_key(&mut references("claimed_by", "users", "id", ForeignKeyAction::SetNull))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "ticket_messages")
                .col(id("id").primary_key())
                .col(id("ticket_id"))
                .col(id_null("author_id"))
                .col(text("side", 8))
                .col(text("entry", 8))
                .col(text("source", 8))
                .col(sealed("body_sealed"))
                .col(int("created_at"))
                .foreign_key(&mut references("ticket_id", "tickets", "id", ForeignKeyAction::Cascade))
                .foreign_key(&mut references("author_id", "users", "id", ForeignKeyAction::SetNull))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "ticket_files")
                .col(id("id").primary_key())
                .col(id("ticket_id"))
                .col(id("message_id"))
                .col(text("name", 120))
                .col(text("media_type", 40))
                .col(int("bytes"))
                .col(sealed("content_sealed"))
                .foreign_key(&mut references("ticket_id", "tickets", "id", ForeignKeyAction::Cascade))
                .foreign_key(&mut references("message_id", "ticket_messages", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "ticket_replies")
                .col(id("id").primary_key())
                .col(text("name", 60))
                .col(ColumnDef::new("body").custom("mediumtext").not_null())
                .col(int("updated_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "faq_ends")
                .col(text("node", 32))
                .col(int("day"))
                .col(int("solved"))
                .col(int("human"))
                .primary_key(Index::create().col("node").col("day"))
                .to_owned(),
        )
        .await?;
        add_unique(m, "tickets", &["number"]).await?;
        add_unique(m, "ticket_replies", &["name"]).await?;
        for (table, columns) in [
            ("tickets", &["user_id", "created_at", "id"][..]),
            ("tickets", &["state", "answer_by", "id"]),
            ("tickets", &["state", "updated_at", "id"]),
            ("tickets", &["claimed_by", "state"]),
            ("tickets", &["due_at"]),
            ("ticket_messages", &["ticket_id", "created_at", "id"]),
            ("ticket_messages", &["author_id"]),
            ("ticket_files", &["ticket_id"]),
            ("ticket_files", &["message_id"]),
            ("faq_ends", &["day"]),
        ] {
            add_index(m, table, columns).await?;
        }
        Ok(())
    }
}

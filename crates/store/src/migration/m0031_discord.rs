//! The bot: whose Discord account is whose, where tickets are on Discord, and what is still to be posted there.

use sea_orm_migration::prelude::*;

use super::{add_index, add_unique, hash, id, int, int_null, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        people(m).await?;
        m.create_table(
            table(m, "discord_threads")
                .col(id("ticket_id").primary_key())
                .col(int("guild_id"))
                .col(int("discord_id"))
                .col(text("locale", 8))
                .col(int_null("channel_id"))
                .col(int_null("intro_id"))
                .col(text_null("reply_token", 400))
                .col(ColumnDef::new("told").boolean().not_null())
                .col(ColumnDef::new("shut").boolean().not_null())
                .col(int("read_to"))
                .col(int("tries"))
                .col(int_null("due_at"))
                .col(int("created_at"))
                .foreign_key(&mut references("ticket_id", "tickets", "id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "discord_posts")
                .col(id("entry_id").primary_key())
                .col(id("ticket_id"))
                .col(int("made_at"))
                .col(int("tries"))
                .col(int("due_at"))
                .foreign_key(&mut references("entry_id", "ticket_messages", "id", ForeignKeyAction::Cascade))
                .foreign_key(&mut references("ticket_id", "discord_threads", "ticket_id", ForeignKeyAction::Cascade))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "discord_undo")
                .col(text("kind", 8))
                .col(int("target"))
                .col(int("due_at"))
                .primary_key(Index::create().col("kind").col("target"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "discord_boards")
                .col(text("name", 60).primary_key())
                .col(int("channel_id"))
                .col(int("message_id"))
                .col(text("shown", 64))
                .col(int("updated_at"))
                .to_owned(),
        )
        .await?;
        m.create_table(
            table(m, "discord_sessions")
                .col(text("name", 16).primary_key())
                .col(text("session_id", 100))
                .col(text("resume_url", 200))
                .col(int("sequence"))
                .col(int("saved_at"))
                .to_owned(),
        )
        .await?;
        for (table, columns) in [
            ("discord_links", &["discord_id"][..]),
            ("discord_threads", &["channel_id"]),
            ("discord_codes", &["user_id"]),
        ] {
            add_unique(m, table, columns).await?;
        }
        for (table, columns) in [
            ("discord_codes", &["expires_at"][..]),
            ("discord_threads", &["due_at"]),
            ("discord_posts", &["ticket_id", "made_at"]),
            ("discord_posts", &["due_at"]),
            ("discord_undo", &["due_at"]),
            ("discord_buckets", &["full_at"]),
        ] {
            add_index(m, table, columns).await?;
        }
        Ok(())
    }
}

async fn people(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let of_user = || references("user_id", "users", "id", ForeignKeyAction::Cascade);
    m.create_table(
        table(m, "discord_links")
            .col(id("user_id").primary_key())
            .col(int("discord_id"))
            .col(ColumnDef::new("has_role").boolean().null())
            .col(int("linked_at"))
            .foreign_key(&mut of_user())
            .to_owned(),
    )
    .await?;
    m.create_table(
        table(m, "discord_codes")
            .col(hash("code_hash").primary_key())
            .col(id("user_id"))
            .col(int("expires_at"))
            .foreign_key(&mut of_user())
            .to_owned(),
    )
    .await?;
    m.create_table(
        table(m, "staff")
            .col(id("user_id").primary_key())
            .col(ColumnDef::new("is_on_duty").boolean().not_null())
            .col(int("since"))
            .foreign_key(&mut of_user())
            .to_owned(),
    )
    .await?;
    m.create_table(table(m, "discord_buckets").col(text("name", 80).primary_key()).col(int("full_at")).to_owned())
        .await?;
    m.create_table(
        table(m, "discord_blocks")
            .col(int("discord_id").primary_key())
            .col(text("reason", 200))
            .col(int("blocked_at"))
            .to_owned(),
    )
    .await
}

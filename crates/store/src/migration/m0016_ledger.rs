//! The books in double entry: each movement gets its other line, payments so far are booked, wallets get a balance.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use super::{add_column, add_index, add_unique, id, int, references, table, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let account = text("account", 24).default("customer_credit").to_owned();
        add_column(m, "credit_ledger", "account", account).await?;
        add_column(m, "credit_ledger", "about", text_null("about", 255)).await?;
        add_column(m, "invoices", "amount_disputed", int("amount_disputed").default(0).to_owned()).await?;
        let columns = ["movement", "account"];
        add_unique(m, "credit_ledger", &columns).await?;
        for columns in [&["user_id", "account", "created_at"][..], &["about"], &["account", "created_at"]] {
            add_index(m, "credit_ledger", columns).await?;
        }
        for old in ["ix_credit_ledger_movement", "ix_credit_ledger_user_id"] {
            if m.has_index("credit_ledger", old).await? {
                m.drop_index(Index::drop().name(old).table("credit_ledger").to_owned()).await?;
            }
        }
        m.create_table(
            table(m, "ledger_balances")
                .col(id("user_id"))
                .col(text("account", 24))
                .col(text("currency", 3))
                .col(int("balance"))
                .primary_key(Index::create().col("user_id").col("account").col("currency"))
                .foreign_key(&mut references("user_id", "users", "id", ForeignKeyAction::Restrict))
                .to_owned(),
        )
        .await?;
        for statement in backfill(m.get_database_backend()) {
            m.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// What books everything that happened before there were books. Each can be run again: a line that is there stays.
fn backfill(backend: DbBackend) -> Vec<String> {
    let (new_id, ignore) = match backend {
        DbBackend::Sqlite => ("randomblob(16)", "INSERT OR IGNORE"),
        _ => ("UNHEX(REPLACE(UUID(), '-', ''))", "INSERT IGNORE"),
    };
    let into = format!(
        "{ignore} INTO credit_ledger (id, user_id, amount, currency, kind, movement, created_at, account, about) \
         SELECT {new_id}, "
    );
    let mut statements = vec![
        "UPDATE invoices SET amount_disputed = amount_paid WHERE dispute IN ('open', 'lost')".to_owned(),
        format!(
            "{into} user_id, -amount, currency, kind, movement, created_at, \
             CASE WHEN kind = 'opening' THEN 'opening' ELSE 'promotions' END, NULL \
             FROM credit_ledger WHERE account = 'customer_credit' AND kind IN ('opening', 'granted', 'taken')"
        ),
    ];
    // (account, amount, kind, which invoices)
    let money = [
        ("stripe_cash", "-amount_paid", "payment", "status = 'paid' AND amount_paid > 0"),
        ("revenue", "amount_paid", "payment", "status = 'paid' AND amount_paid > 0"),
        ("stripe_cash", "amount_refunded", "refund", "amount_refunded > 0"),
        ("refunds", "-amount_refunded", "refund", "amount_refunded > 0"),
        ("stripe_cash", "amount_disputed", "dispute", "amount_disputed > 0"),
        ("disputes", "-amount_disputed", "dispute", "amount_disputed > 0"),
    ];
    for (account, amount, kind, which) in money {
        // As `domain::ledger` names the first movement of each kind.
        let end = if kind == "payment" { "" } else { ":0" };
        let name = format!("CONCAT('{kind}:', stripe_invoice_id, '{end}')");
        statements.push(format!(
            "{into} user_id, {amount}, currency, '{kind}', {name}, updated_at, '{account}', stripe_invoice_id \
             FROM invoices WHERE {which}"
        ));
    }
    statements.push("DELETE FROM ledger_balances".to_owned());
    statements.push(
        "INSERT INTO ledger_balances (user_id, account, currency, balance) \
         SELECT user_id, account, currency, SUM(amount) FROM credit_ledger WHERE account = 'customer_credit' \
         GROUP BY user_id, account, currency"
            .to_owned(),
    );
    statements
}

//! The tables, made in steps. A step that has been released is never edited.

mod m0001_accounts;
mod m0002_billing;
mod m0003_network;
mod m0004_work;
mod m0005_token_password;
mod m0006_account_security;
mod m0007_money_back;
mod m0008_idempotency;
mod m0009_import;
mod m0010_peer_counts;
mod m0011_api_key_scopes;
mod m0012_device_dns;
mod m0013_plan_prices;
mod m0014_gateways;
mod m0015_reports;
mod m0016_ledger;
mod m0017_rewards;
mod m0018_operators;
mod m0019_offers;
mod m0020_coupons_and_gifts;
mod m0021_notices;
mod m0022_price_moves;
mod m0023_invoice_tax;
mod m0024_next_period;
mod m0025_desk;
mod m0026_monitor;
mod m0027_checks;
mod m0028_maintenance;
mod m0029_incident_words;
mod m0031_discord;
mod m0032_subscribers;
mod m0033_vantages;
mod m0034_jobs_by_kind;
mod m0035_pasts;
mod m0036_transcripts;
#[cfg(test)]
mod never_edited;
#[cfg(test)]
mod only_adds;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_billing::Migration),
            Box::new(m0003_network::Migration),
            Box::new(m0004_work::Migration),
            Box::new(m0005_token_password::Migration),
            Box::new(m0006_account_security::Migration),
            Box::new(m0007_money_back::Migration),
            Box::new(m0008_idempotency::Migration),
            Box::new(m0009_import::Migration),
            Box::new(m0010_peer_counts::Migration),
            Box::new(m0011_api_key_scopes::Migration),
            Box::new(m0012_device_dns::Migration),
            Box::new(m0013_plan_prices::Migration),
            Box::new(m0014_gateways::Migration),
            Box::new(m0015_reports::Migration),
            Box::new(m0016_ledger::Migration),
            Box::new(m0017_rewards::Migration),
            Box::new(m0018_operators::Migration),
            Box::new(m0019_offers::Migration),
            Box::new(m0020_coupons_and_gifts::Migration),
            Box::new(m0021_notices::Migration),
            Box::new(m0022_price_moves::Migration),
            Box::new(m0023_invoice_tax::Migration),
            Box::new(m0024_next_period::Migration),
            Box::new(m0025_desk::Migration),
            Box::new(m0026_monitor::Migration),
            Box::new(m0027_checks::Migration),
            Box::new(m0028_maintenance::Migration),
            Box::new(m0029_incident_words::Migration),
            Box::new(m0031_discord::Migration),
            Box::new(m0032_subscribers::Migration),
            Box::new(m0033_vantages::Migration),
            Box::new(m0034_jobs_by_kind::Migration),
            Box::new(m0035_pasts::Migration),
            Box::new(m0036_transcripts::Migration),
        ]
    }
}

/// A new table. On MariaDB text compares byte by byte: its default collation merges what the program tells apart.
pub(crate) fn table(m: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create().table(name).if_not_exists().to_owned();
    if m.get_database_backend() == DbBackend::MySql {
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// Shorthand for the column kinds that all tables share.
pub(crate) fn id(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().to_owned()
}

/// A reference to a row that need not be there.
pub(crate) fn id_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().null().to_owned()
}

/// Text of at most `length` characters.
pub(crate) fn text(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).not_null().to_owned()
}

/// Text that may be missing.
pub(crate) fn text_null(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).null().to_owned()
}

/// A whole number or a time in Unix milliseconds.
pub(crate) fn int(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}

/// A whole number or a time that may be missing.
pub(crate) fn int_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().null().to_owned()
}

/// A SHA-256.
pub(crate) fn hash(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).binary_len(32).not_null().to_owned()
}

/// A SHA-256 that may be missing.
pub(crate) fn hash_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).binary_len(32).null().to_owned()
}

/// Bytes of at most `length` that may be missing.
pub(crate) fn bytes_null(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).var_binary(length).null().to_owned()
}

/// Adds a column that is not there yet. MariaDB commits each such step by itself: a migration that was killed between
/// two of them begins again from the first.
pub(crate) async fn add_column(
    m: &SchemaManager<'_>,
    table: &'static str,
    name: &'static str,
    mut column: ColumnDef,
) -> Result<(), DbErr> {
    if m.has_column(table, name).await? {
        return Ok(());
    }
    m.alter_table(Table::alter().table(table).add_column(&mut column).to_owned()).await
}

/// Adds an index that is not there yet; see [`add_column`]. MariaDB's dialect has no word for that here.
pub(crate) async fn add_index(
    m: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    make_index(m, table, columns, |_| ()).await
}

/// Adds a unique index that is not there yet.
pub(crate) async fn add_unique(
    m: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let unique = |index: &mut IndexCreateStatement| {
        index.unique();
    };
    make_index(m, table, columns, unique).await
}

async fn make_index(
    m: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
    more: impl FnOnce(&mut IndexCreateStatement),
) -> Result<(), DbErr> {
    let name = index_name(table, columns);
    if m.has_index(table, &name).await? {
        return Ok(());
    }
    let mut index = Index::create();
    index.if_not_exists().table(table).name(name);
    for column in columns {
        index.col(*column);
    }
    more(&mut index);
    m.create_index(index).await
}

fn index_name(table: &str, columns: &[&str]) -> String {
    format!("ix_{table}_{}", columns.join("_"))
}

/// A foreign key `column` → `parent.parent_column`.
pub(crate) fn references(
    column: &'static str,
    parent: &'static str,
    parent_column: &'static str,
    on_delete: ForeignKeyAction,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().from_col(column).to(parent, parent_column).on_delete(on_delete).to_owned()
}

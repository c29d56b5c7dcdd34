//! `migrate`: again at will, by several at once, and never on a database of somebody else's.

use store::{Patience, Settings, Store, Tls};
use testkit::app::{Database, empty_database};
use testkit::private_dir::PrivateDir;

use crate::sql::run_sql;

testkit::on_both_databases!(
    migrating_again_changes_nothing,
    four_processes_that_start_at_once_all_come_up,
    a_database_of_somebody_else_is_refused_untouched,
    a_newer_releases_database_serves_unless_something_was_taken_away,
);

async fn open(database: Database, dir: &PrivateDir) -> anyhow::Result<Option<Settings>> {
    let url = empty_database(database, dir).await?;
    Ok(url.map(|url| Settings { url, tls: Tls::Off, max_connections: 4, patience: Patience::Command }))
}

async fn migrating_again_changes_nothing(database: Database) -> anyhow::Result<()> {
    let dir = PrivateDir::new("migrate")?;
    let Some(settings) = open(database, &dir).await? else { return Ok(()) };
    let store = Store::connect(&settings).await?;
    assert!(!store.is_migrated().await?);
    let first = store.migrate().await?;
    assert!(first.applied > 0 && first.applied == first.total, "{first:?}");
    assert!(store.is_migrated().await?);
    let again = Store::connect(&settings).await?.migrate().await?;
    assert_eq!((again.applied, again.total), (0, first.total));
    Ok(())
}

async fn four_processes_that_start_at_once_all_come_up(database: Database) -> anyhow::Result<()> {
    let dir = PrivateDir::new("migrate")?;
    let Some(settings) = open(database, &dir).await? else { return Ok(()) };
    let stores = futures_util::future::try_join_all((0..4).map(|_| Store::connect(&settings))).await?;
    futures_util::future::try_join_all(stores.iter().map(Store::migrate)).await?;
    for store in &stores {
        assert!(store.is_migrated().await?);
    }
    Ok(())
}

async fn a_database_of_somebody_else_is_refused_untouched(database: Database) -> anyhow::Result<()> {
    let dir = PrivateDir::new("migrate")?;
    let Some(settings) = open(database, &dir).await? else { return Ok(()) };
    run_sql(&settings.url, "CREATE TABLE wp_posts (id INTEGER PRIMARY KEY)").await?;
    let store = Store::connect(&settings).await?;
    let refusal = store.migrate().await.expect_err("refused").to_string();
    assert!(refusal.contains("`wp_posts`") && refusal.contains("empty database"), "{refusal}");
    assert!(!refusal.contains('\n'), "{refusal}");
    run_sql(&settings.url, "DROP TABLE wp_posts").await?;
    store.migrate().await?;
    Ok(())
}

/// So there is a way back from a release.
async fn a_newer_releases_database_serves_unless_something_was_taken_away(database: Database) -> anyhow::Result<()> {
    let dir = PrivateDir::new("migrate")?;
    let Some(settings) = open(database, &dir).await? else { return Ok(()) };
    let store = Store::connect(&settings).await?;
    let first = store.migrate().await?;
    run_sql(&settings.url, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9998_more', 1)").await?;
    let report = store.migrate().await?;
    assert_eq!((report.applied, report.total, report.newer), (0, first.total, 1));
    assert!(store.is_migrated().await?);

    run_sql(&settings.url, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('c9999_less', 1)").await?;
    let refusal = store.migrate().await.expect_err("refused").to_string();
    assert!(refusal.contains("`c9999_less`") && refusal.contains("backup") && !refusal.contains('\n'), "{refusal}");
    run_sql(&settings.url, "DELETE FROM seaql_migrations WHERE version IN ('c9999_less', 'm0036_transcripts')").await?;
    let refusal = store.migrate().await.expect_err("neither older nor newer").to_string();
    assert!(refusal.contains("`m9998_more`"), "{refusal}");
    Ok(())
}

//! `migrate`: again at will, by several at once, and never on a database of somebody else's.

use std::time::{Duration, Instant};

use store::{Patience, Settings, Store, Tls};
use testkit::app::{Database, empty_database};
use testkit::private_dir::PrivateDir;
use testkit::process::Bin;

use crate::sql::{rows, run_sql};

/// How long a migration may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

testkit::on_both_databases!(
    migrating_again_changes_nothing,
    four_processes_that_start_at_once_all_come_up,
    a_database_of_somebody_else_is_refused_untouched,
    a_newer_releases_database_serves_unless_something_was_taken_away,
    s61_a_migration_that_is_killed_anywhere_is_completed_by_the_next,
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

/// MariaDB commits each statement about tables by itself, so a step that was cut off is there in part.
async fn s61_a_migration_that_is_killed_anywhere_is_completed_by_the_next(database: Database) -> anyhow::Result<()> {
    let dir = PrivateDir::new("migrate")?;
    let Some(settings) = open(database, &dir).await? else { return Ok(()) };
    let bin = Bin::mirai().await?;
    let migrate = |url: &str| bin.launch().current_dir(dir.path()).env("DATABASE_URL", url).arg("migrate");
    let began = Instant::now();
    let whole = migrate(&settings.url).run(PATIENCE).await?;
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let (took, tables) = (began.elapsed(), described(database, &settings.url).await?);
    assert!(tables.len() > 100, "{tables:?}");
    let deaths = u32::try_from(testkit::setting::times(8, 60))?;
    for death in 0..deaths {
        let dir = PrivateDir::new("migrate")?;
        let Some(settings) = open(database, &dir).await? else { return Ok(()) };
        let cut = migrate(&settings.url).start().await?;
        tokio::time::sleep(took * (death + 1) / (deaths + 1)).await;
        cut.kill9().await?;
        let next = migrate(&settings.url).run(PATIENCE).await?;
        assert_eq!(next.code, Some(0), "killed at {death}: {}", next.stderr);
        assert_eq!(described(database, &settings.url).await?, tables, "killed at {death}");
    }
    Ok(())
}

/// What a database has: tables, columns, indexes, in a line each.
async fn described(database: Database, url: &str) -> anyhow::Result<Vec<String>> {
    rows(
        url,
        match database {
            Database::Sqlite => "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY 1",
            Database::MariaDb => {
                "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default, column_key) \
                 FROM information_schema.columns WHERE table_schema = DATABASE() UNION ALL \
                 SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, non_unique) \
                 FROM information_schema.statistics WHERE table_schema = DATABASE() UNION ALL \
                 SELECT CONCAT_WS(' ', table_name, constraint_name, delete_rule, referenced_table_name) \
                 FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE() ORDER BY 1"
            }
        },
    )
    .await
}

//! What is damaged, half, or without room.

use std::path::Path;

use testkit::app::Database;
use testkit::fleet::PATIENCE;
use testkit::small_disk::SmallDisk;

use super::{Shop, names, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_backup_a_short_one_and_a_wrong_key_are_each_refused_with_one_line() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    let good = std::fs::read(shop.create().await?)?;
    shop.json(&["backup", "key", "--out", "other.key"]).await?;
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let cases: [(&str, Vec<u8>, &str, &str); 7] = [
        ("middle", flipped(good.len() / 2), "backup.key", "middle is damaged"),
        ("last", flipped(good.len() - 1), "backup.key", "last is damaged"),
        ("first", flipped(3), "backup.key", "first lines are damaged"),
        ("short", good[..good.len() - 1].to_vec(), "backup.key", "cut short"),
        ("half", good[..good.len() / 2].to_vec(), "backup.key", "cut short"),
        ("empty", Vec::new(), "backup.key", "empty"),
        ("whole", good.clone(), "other.key", "the key does not open whole"),
    ];
    for (name, bytes, key, words) in cases {
        std::fs::write(shop.dir.join(name), bytes)?;
        for command in [&["verify"][..], &["drill"], &["restore", "--into", "sqlite://out/restored.db"]] {
            let args = [&["backup", command[0], name, "--identity", key], &command[1..]].concat();
            let said = shop.refused(&args).await?;
            assert!(said.contains(words), "{name}: {said}");
        }
        assert!(names(&shop.dir.join("out")).is_empty(), "{name}: {:?}", names(&shop.dir.join("out")));
    }
    assert!(shop.leftovers().is_empty());
    let said = shop.refused(&["backup", "verify", "backup.key"]).await?;
    assert!(said.contains("backup.key is no backup"), "{said}");
    let said = shop.refused(&["backup", "verify", "nowhere"]).await?;
    assert!(said.contains("nowhere can't be read"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_leaves_no_backup_and_the_next_one_clears_up() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    for place in &app::failpoint::BACKING_UP[..2] {
        let done = shop.command(&["backup", "create"]).env("FAILPOINT", place).run(PATIENCE).await?;
        assert!(done.signal.is_some(), "{place}: {done:?}");
        assert!(shop.backups().is_empty() && shop.leftovers().len() == 1, "{place}: {:?}", shop.leftovers());
        assert_eq!(super::mode(&shop.dir.join("backups").join(&shop.leftovers()[0])), 0o700);
        let said = shop.refused(&["backup", "verify", "--latest"]).await?;
        assert!(said.contains("there is no backup in"), "{said}");
    }
    shop.create().await?;
    assert!(shop.leftovers().is_empty() && shop.backups().len() == 1);
    // Once it has its name it counts, though the run did not come to removing old ones.
    let done = shop.command(&["backup", "create"]).env("FAILPOINT", "backup.named").env("BACKUP_KEEP", "1");
    assert!(done.run(PATIENCE).await?.signal.is_some());
    assert_eq!(shop.backups().len(), 2);
    shop.json(&["backup", "verify", "--latest"]).await?;
    let before = shop.backups();
    let last = super::json_of(shop.command(&["backup", "create"]).env("BACKUP_KEEP", "1")).await?;
    assert_eq!(last["removed"], serde_json::json!(before), "{last}");
    assert!(shop.backups().len() == 1 && shop.leftovers().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_the_new_backup_and_no_old_one() -> anyhow::Result<()> {
    let (Some(shop), Some(disk)) = (Shop::new(Database::Sqlite).await?, SmallDisk::new(8).await?) else {
        return Ok(());
    };
    let create = || shop.command(&["backup", "create"]).env("BACKUP_DIR", disk.path());
    let copy = super::json_of(create()).await?["content_bytes"].as_u64().unwrap_or_default();
    let before = contents(disk.path());
    let ballast = disk.fill()?;
    // Room for nothing at all; for the copy alone; for a part of the backup.
    for room in [0, copy + 4096, copy + 3 * 4096] {
        let full = std::fs::OpenOptions::new().write(true).open(&ballast)?;
        full.set_len(full.metadata()?.len() - room)?;
        let said = refused(create()).await?;
        assert!(said.contains("the disk is full"), "{room}: {said}");
        drop(full);
        std::fs::remove_file(&ballast)?;
        assert_eq!(contents(disk.path()), before, "{room}");
        disk.fill()?;
    }
    std::fs::remove_file(&ballast)?;
    assert_eq!(contents(disk.path()), before);
    super::json_of(create().env("BACKUP_KEEP", "1")).await?;
    assert_eq!(contents(disk.path()).len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_newer_program_is_not_put_back_by_an_older_one() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    shop.say(&["INSERT INTO seaql_migrations VALUES ('m9999_of_next_year', 1)"]).await?;
    shop.create().await?;
    shop.json(&["backup", "verify", "--latest"]).await?;
    for args in [&["backup", "drill"][..], &["backup", "restore", "--latest", "--into", "sqlite://out/restored.db"]] {
        let said = shop.refused(args).await?;
        assert!(said.contains("m9999_of_next_year is not known here"), "{said}");
    }
    assert!(names(&shop.dir.join("out")).is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_our_database_is_not_backed_up() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    let at = |place: &str| format!("sqlite://{}", shop.dir.join(place).display());
    super::say(&format!("{}?mode=rwc", at("other.db")), &["CREATE TABLE diary (day TEXT)"]).await?;
    for (url, words) in [
        (at("nowhere.db"), "there is no database at"),
        (at("other.db"), "holds no tables of this program"),
        ("sqlite::memory:".to_owned(), "DATABASE_URL must begin with"),
        ("sqlite://:memory:".to_owned(), "a database in memory can't be backed up"),
    ] {
        let said = refused(shop.command(&["backup", "create"]).env("DATABASE_URL", &url)).await?;
        assert!(said.contains(words), "{url}: {said}");
    }
    assert!(shop.backups().is_empty() && shop.leftovers().is_empty() && !shop.dir.join("nowhere.db").exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_an_older_program_is_brought_up_to_date_in_the_drill() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    // As if the last step had not been taken yet: taken again, it finds its work done.
    shop.say(&["DELETE FROM seaql_migrations WHERE version = (SELECT MAX(version) FROM seaql_migrations)"]).await?;
    shop.create().await?;
    let drilled = shop.json(&["backup", "drill"]).await?;
    assert_eq!((&drilled["migrated"], &drilled["broken"]), (&serde_json::json!(1), &serde_json::json!([])));
    let done = shop.run(&["backup", "restore", "--latest", "--into", "sqlite://restored.db"]).await?;
    assert!(done.code == Some(0) && done.stdout.contains("`mirai migrate`"), "{done:?}");
    Ok(())
}

/// Name and bytes of each file that is not hidden.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let shown = names(folder).into_iter().filter(|name| !name.starts_with('.') || name.starts_with(".work"));
    shown.map(|name| (name.clone(), std::fs::read(folder.join(&name)).unwrap_or_default())).collect()
}

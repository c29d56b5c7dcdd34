//! Keys: where they are, who may read them, and that nobody sees them.

use testkit::app::Database;
use testkit::fleet::PATIENCE;
use testkit::missing::need;
use testkit::private_dir::PrivateDir;
use testkit::process::Bin;

use super::{Shop, everything, json_of, mode, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_nothing_is_made_and_the_command_to_type_is_named() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    let said = refused(shop.command(&["backup", "create"]).env("BACKUP_RECIPIENTS", "")).await?;
    assert!(said.contains("mirai backup key --out FILE"), "{said}");
    assert!(shop.backups().is_empty());
    let secret = std::fs::read_to_string(shop.dir.join("backup.key"))?;
    let secret = secret.lines().last().unwrap_or_default();
    assert!(secret.starts_with("AGE-SECRET-KEY-1"));
    let said = refused(shop.command(&["backup", "create"]).env("BACKUP_RECIPIENTS", secret)).await?;
    assert!(said.contains("holds a secret key") && !said.contains(secret), "{said}");
    let shown = shop.command(&["config"]).env("BACKUP_RECIPIENTS", secret).run(PATIENCE).await?;
    assert!(shown.stdout.contains("BACKUP_RECIPIENTS") && !shown.stdout.contains(secret), "{}", shown.stdout);
    shop.create().await?;
    let said = refused(shop.command(&["backup", "verify", "--latest"]).env("BACKUP_IDENTITY_FILE", "")).await?;
    assert!(said.contains("--identity FILE"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_written_once_for_its_owner_alone_and_refused_when_others_can_read_it() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = PrivateDir::new("key")?;
    let key = Bin::mirai().await?.launch().args(["backup", "key", "--out", "k"]).current_dir(dir.path());
    let made = key.clone().run(PATIENCE).await?;
    let path = dir.join("k");
    assert_eq!((made.code, mode(&path)), (Some(0), 0o600));
    let text = std::fs::read_to_string(&path)?;
    let secret = text.lines().last().unwrap_or_default();
    assert!(made.stdout.contains("BACKUP_RECIPIENTS=age1") && made.stdout.contains("remove it from this machine"));
    assert!(!made.stdout.contains(secret) && !made.stderr.contains(secret));
    let said = refused(key).await?;
    assert!(said.contains("the key file k can't be made"), "{said}");
    assert_eq!(std::fs::read_to_string(&path)?, text);

    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    shop.create().await?;
    for open in [0o640, 0o604, 0o644] {
        std::fs::set_permissions(shop.dir.join("backup.key"), std::fs::Permissions::from_mode(open))?;
        let said = shop.refused(&["backup", "verify", "--latest"]).await?;
        assert!(said.contains("chmod 600 backup.key"), "{said}");
    }
    std::fs::set_permissions(shop.dir.join("backup.key"), std::fs::Permissions::from_mode(0o400))?;
    json_of(shop.command(&["backup", "verify", "--latest"])).await?;
    for (text, words) in [("", "holds no secret key"), ("hunter2\n", "has a line that is no secret key")] {
        std::fs::remove_file(shop.dir.join("backup.key"))?;
        std::fs::write(shop.dir.join("backup.key"), text)?;
        std::fs::set_permissions(shop.dir.join("backup.key"), std::fs::Permissions::from_mode(0o600))?;
        let said = shop.refused(&["backup", "verify", "--latest"]).await?;
        assert!(said.contains(words) && !said.contains("hunter2"), "{said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_one_of_several_keys_opens() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    let second = shop.json(&["backup", "key", "--out", "second.key"]).await?;
    let both = format!("{}, {}", shop.recipient, second["recipient"].as_str().unwrap_or_default());
    json_of(shop.command(&["backup", "create"]).env("BACKUP_RECIPIENTS", both)).await?;
    for key in ["backup.key", "second.key"] {
        shop.json(&["backup", "verify", "--latest", "--identity", key]).await?;
    }
    Ok(())
}

/// `age --decrypt | gunzip`, as the documentation has it, and a SQLite file comes out; and a key of `age-keygen` is as good as ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_can_be_opened_without_this_program() -> anyhow::Result<()> {
    let (Some(_), Some(shop)) = (need("age", "age")?, Shop::new(Database::Sqlite).await?) else { return Ok(()) };
    let sh = async |script: &str| {
        let sh = Bin::at("/bin/sh")?.launch().args(["-ec", script]).current_dir(shop.dir.path());
        let done = sh.run(PATIENCE).await?;
        anyhow::ensure!(done.code == Some(0), "{done:?}");
        anyhow::Ok(done.stdout.trim().to_owned())
    };
    let made = shop.json(&["backup", "create"]).await?;
    let (file, bytes) = (made["file"].as_str().unwrap_or_default(), made["content_bytes"].as_u64().unwrap_or_default());
    let said =
        sh(&format!("age --decrypt -i backup.key {file} | gunzip > out; head -n 1 out; tail -c 119 out")).await?;
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("-- mirai-backup {\"format\":1,\"engine\":\"sqlite\""), "{said}");
    let sha256 = made["sha256"].as_str().unwrap_or_default();
    assert_eq!(lines.last(), Some(&format!("-- mirai-backup-end sha256={sha256} bytes={bytes:020}").as_str()));
    sh(&format!(
        "tail -n +2 out | head -c {bytes} > by-hand.db; test $(sha256sum < by-hand.db | cut -c1-64) = {sha256}"
    ))
    .await?;
    let by_hand = format!("sqlite://{}", shop.dir.join("by-hand.db").display());
    assert_eq!(everything(&by_hand).await?, everything(&shop.url).await?);

    let theirs = sh("umask 077; age-keygen -o theirs.key 2> /dev/null; age-keygen -y theirs.key").await?;
    json_of(shop.command(&["backup", "create"]).env("BACKUP_RECIPIENTS", theirs)).await?;
    shop.json(&["backup", "verify", "--latest", "--identity", "theirs.key"]).await?;
    Ok(())
}

//! The same on a real MariaDB, with its own programs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection};
use testkit::app::Database;
use testkit::fleet::PATIENCE;
use testkit::mariadb::MariaDb;
use testkit::missing::{find_program, need};
use testkit::private_dir::PrivateDir;
use testkit::process::Launch;
use testkit::setting::setting;
use url::Url;

use super::{Shop, all_is_well, everything, json_of, refused};

/// The Debian package with `mariadb-dump`.
const PACKAGE: &str = "mariadb-client";

async fn shop() -> anyhow::Result<Option<(Shop, &'static MariaDb)>> {
    let (Some(_), Some(server)) = (need("mariadb-dump", PACKAGE)?, MariaDb::shared().await?) else { return Ok(None) };
    Ok(Shop::new(Database::MariaDb).await?.map(|shop| (shop, server)))
}

/// Databases that drills of this one have left.
async fn drills(server: &MariaDb, shop: &Shop) -> anyhow::Result<Vec<String>> {
    let mut connection = MySqlConnection::connect(server.admin_url()).await?;
    let name = Url::parse(&shop.url)?.path().trim_start_matches('/').to_owned();
    let all: Vec<String> =
        sqlx::query_scalar("SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata ORDER BY 1")
            .fetch_all(&mut connection)
            .await?;
    connection.close().await?;
    Ok(all.into_iter().filter(|one| one.starts_with(&format!("{name}_drill"))).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s62_mariadb_what_was_backed_up_is_there_again_in_another_database() -> anyhow::Result<()> {
    let Some((shop, server)) = shop().await? else { return Ok(()) };
    let made = shop.json(&["backup", "create"]).await?;
    assert_eq!(made["engine"], "mysql");
    let again = shop.json(&["backup", "create"]).await?;
    assert_eq!(made["sha256"], again["sha256"], "the same content is the same bytes");
    shop.json(&["backup", "verify", "--latest"]).await?;

    let empty = server.fresh_database().await?;
    let restored = shop.json(&["backup", "restore", "--latest", "--into", &empty]).await?;
    assert_eq!((&restored["equal"], &restored["sha256"]), (&json!(true), &made["sha256"]), "{restored}");
    let before = everything(&shop.url).await?;
    assert!(before.len() > 10 && before.iter().any(|row| row.contains("00FF0A0D5C27221A80")), "{before:?}");
    assert_eq!(everything(&empty).await?, before);
    all_is_well(&empty).await?;

    let said = shop.refused(&["backup", "restore", "--latest", "--into", &empty]).await;
    let done = shop.run(&["backup", "restore", "--latest", "--into", &empty]).await?;
    assert!(said.is_err() && done.code == Some(1), "a warning of the password comes first: {done:?}");
    assert!(done.stderr.contains("warning") && done.stderr.contains("is not empty: it holds"), "{}", done.stderr);
    assert_eq!(everything(&empty).await?, before);

    let drilled = shop.json(&["backup", "drill"]).await?;
    assert_eq!((&drilled["equal"], &drilled["broken"]), (&json!(true), &json!([])), "{drilled}");
    assert!(drilled["rpo_seconds"].is_u64() && drilled["rto_seconds"].is_f64(), "{drilled}");
    assert_eq!(drills(server, &shop).await?, Vec::<String>::new());
    assert_eq!(everything(&shop.url).await?, before);
    assert!(shop.leftovers().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_a_backup_while_customers_come_and_go_is_of_one_moment() -> anyhow::Result<()> {
    if need("mariadb-dump", PACKAGE)?.is_none() {
        return Ok(());
    }
    super::busy(Database::MariaDb).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_a_damaged_backup_leaves_the_empty_place_empty() -> anyhow::Result<()> {
    let Some((shop, server)) = shop().await? else { return Ok(()) };
    let good = std::fs::read(shop.create().await?)?;
    let mut flipped = good.clone();
    flipped[good.len() - 40] ^= 1;
    std::fs::write(shop.dir.join("flipped"), flipped)?;
    std::fs::write(shop.dir.join("short"), &good[..good.len() - 100])?;
    let empty = server.fresh_database().await?;
    for name in ["flipped", "short"] {
        let done = shop.run(&["backup", "restore", name, "--into", &empty]).await?;
        assert!(done.code == Some(1) && done.stderr.contains(name), "{done:?}");
        assert_eq!(everything(&empty).await?, Vec::<String>::new());
        let said = shop.refused(&["backup", "drill", name]).await?;
        assert!(said.contains(name), "{said}");
    }
    assert_eq!(drills(server, &shop).await?, Vec::<String>::new());
    Ok(())
}

/// A program of this name before the real ones, which does as the script says; `$REAL` is the real one.
fn instead(shop: &Shop, name: &str, script: &str) -> anyhow::Result<PathBuf> {
    let folder = shop.dir.join("bin");
    std::fs::create_dir_all(&folder)?;
    let real = find_program(name).map(|path| path.display().to_string()).unwrap_or_default();
    let file = folder.join(name);
    std::fs::write(
        &file,
        format!("#!/bin/sh\nREAL={real}\ncase \"$*\" in *--version*|*--help*) exec $REAL \"$@\";; esac\n{script}\n"),
    )?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

fn before_others(launch: Launch, folder: &std::path::Path) -> Launch {
    launch.env("PATH", format!("{}:{}", folder.display(), setting("PATH").unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_the_password_and_the_key_are_on_no_command_line_and_in_no_output() -> anyhow::Result<()> {
    let Some((shop, server)) = shop().await? else { return Ok(()) };
    // A password that every layer would have to quote.
    let (name, password) = (Url::parse(&shop.url)?.path().trim_start_matches('/').to_owned(), r#"p"a's#s\ n;$w=%"#);
    let mut admin = MySqlConnection::connect(server.admin_url()).await?;
    let user = format!("u{}", &name[..name.len().min(20)]);
    for statement in [
        format!(r#"CREATE USER '{user}'@'%' IDENTIFIED BY 'p"a\'s#s\\ n;$w=%'"#),
        format!("GRANT ALL ON `{name}`.* TO '{user}'@'%'"),
    ] {
        admin.execute(AssertSqlSafe(statement)).await?;
    }
    let mut url = Url::parse(&shop.url)?;
    let _ = (url.set_username(&user), url.set_password(Some("p%22a%27s%23s%5C%20n%3B%24w%3D%25")));
    let seen = shop.dir.join("seen");
    let watch = format!(
        "{{ tr '\\0' ' ' < /proc/$$/cmdline; env; tr '\\0' ' ' < /proc/$PPID/cmdline; echo; stat -c %a \"${{1#--defaults-file=}}\"; \
         stat -c %a \"$(dirname \"${{1#--defaults-file=}}\")\"; }} >> {}\nexec $REAL \"$@\"",
        seen.display()
    );
    for program in ["mariadb-dump", "mariadb"] {
        instead(&shop, program, &watch)?;
    }
    let mine =
        |args: &[&str]| before_others(shop.command(args), &shop.dir.join("bin")).env("DATABASE_URL", url.as_str());
    let made = mine(&["backup", "create"]).env("LOG", "trace").run(PATIENCE).await?;
    assert_eq!(made.code, Some(0), "{}", made.stderr);

    // Without the right to make a database, the drill says which one to give; with it, it works.
    let said = refused(mine(&["backup", "drill"])).await?;
    let pattern = format!("{}\\_drill\\_%", name.replace('_', "\\_"));
    assert!(said.contains(&format!("GRANT ALL ON `{pattern}`.* TO '{user}'@'HOST'")), "{said}");
    admin.execute(AssertSqlSafe(format!("GRANT ALL ON `{pattern}`.* TO '{user}'@'%'"))).await?;
    let drilled = mine(&["backup", "drill"]).env("LOG", "trace").run(PATIENCE).await?;
    assert_eq!(drilled.code, Some(0), "{}", drilled.stderr);
    admin.execute(AssertSqlSafe(format!("DROP USER '{user}'@'%'"))).await?;
    admin.close().await?;

    let key = std::fs::read_to_string(shop.dir.join("backup.key"))?;
    let key = key.lines().last().unwrap_or_default();
    let seen = std::fs::read_to_string(&seen)?;
    assert!(seen.contains("mariadb-dump") && seen.contains(&format!("--database={name}_drill_")), "{seen}");
    assert_eq!(seen.lines().filter(|line| *line == "600").count(), seen.lines().filter(|line| *line == "700").count());
    assert!(seen.lines().any(|line| line == "600"), "{seen}");
    for text in [&seen, &made.stdout, &made.stderr, &drilled.stdout, &drilled.stderr] {
        for secret in [password, "p%22a", key, "DATABASE_URL"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_a_dump_that_fails_or_is_cut_is_no_backup() -> anyhow::Result<()> {
    let Some((shop, _)) = shop().await? else { return Ok(()) };
    for (script, words) in [
        ("$REAL \"$@\" | head -c 9000; echo 'Lost connection to server during query' >&2; exit 3", "Lost connection"),
        ("$REAL \"$@\" | head -c 9000", "without saying that its dump is complete"),
        ("exit 0", "without saying that its dump is complete"),
        ("$REAL \"$@\"; kill -9 $$", "failed (signal: 9"),
    ] {
        let folder = instead(&shop, "mariadb-dump", script)?;
        let said = refused(before_others(shop.command(&["backup", "create"]), &folder)).await?;
        assert!(said.contains("`mariadb-dump`") && said.contains(words), "{script}: {said}");
        assert!(shop.backups().is_empty() && shop.leftovers().is_empty(), "{script}");
    }
    let nowhere = shop.dir.join("nothing");
    std::fs::create_dir(&nowhere)?;
    let said = refused(shop.command(&["backup", "create"]).env("PATH", nowhere)).await?;
    assert!(said.contains("apt-get install mariadb-client"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_a_run_that_is_killed_in_the_middle_of_a_dump_leaves_nothing_that_counts() -> anyhow::Result<()> {
    let Some((shop, server)) = shop().await? else { return Ok(()) };
    let folder = instead(&shop, "mariadb-dump", "$REAL \"$@\" | head -c 9000; echo waiting >&2; exec sleep 20")?;
    let running = before_others(shop.command(&["backup", "create"]), &folder).start().await?;
    testkit::fleet::eventually("the dump", async || {
        let part = shop.leftovers().first().map(|work| shop.dir.join("backups").join(work).join("backup.part"));
        Ok(part.filter(|part| part.exists()))
    })
    .await?;
    running.kill9().await?;
    assert!(shop.backups().is_empty() && shop.leftovers().len() == 1);
    json_of(shop.command(&["backup", "create"])).await?;
    assert!(shop.backups().len() == 1 && shop.leftovers().is_empty());

    // A drill whose restore fails half way drops its database.
    let broken =
        instead(&shop, "mariadb", "head -c 9000 | $REAL \"$@\"; echo 'ERROR 1114 the table is full' >&2; exit 1")?;
    std::fs::remove_file(broken.join("mariadb-dump"))?;
    let said = refused(before_others(shop.command(&["backup", "drill"]), &broken)).await?;
    assert!(said.contains("the table is full") && !said.contains("a part of the backup"), "{said}");
    // A restore can't know whether it may drop what it has made: it says so.
    let empty = Url::parse(&server.fresh_database().await?)?;
    let into =
        format!("mysql://{}:{}{}", empty.host_str().unwrap_or_default(), empty.port().unwrap_or(3306), empty.path());
    let said =
        refused(before_others(shop.command(&["backup", "restore", "--latest", "--into", &into]), &broken)).await?;
    let name = empty.path().trim_start_matches('/');
    assert!(said.contains(&format!("The database {name} may hold a part of the backup now")), "{said}");
    assert_eq!(drills(server, &shop).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_a_difference_after_a_restore_is_named_by_its_table() -> anyhow::Result<()> {
    let Some((shop, server)) = shop().await? else { return Ok(()) };
    shop.create().await?;
    // Whatever writes the rows down changes one.
    let folder = instead(&shop, "mariadb", "sed 's/an ordinary row/a changed row/' | $REAL \"$@\"")?;
    let said = refused(before_others(shop.command(&["backup", "drill"]), &folder)).await?;
    assert!(said.contains("is not equal to the backup: odd differ"), "{said}");
    assert_eq!(drills(server, &shop).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_whoever_does_not_want_to_wait_leaves_nothing_behind() -> anyhow::Result<()> {
    let Some((shop, _)) = shop().await? else { return Ok(()) };
    let folder = instead(&shop, "mariadb-dump", "exec yes 'INSERT INTO `odd` VALUES (1);'")?;
    let running = before_others(shop.command(&["backup", "create"]), &folder).start().await?;
    testkit::fleet::eventually("the dump", async || {
        let part = shop.leftovers().first().map(|work| shop.dir.join("backups").join(work).join("backup.part"));
        Ok(part.filter(|part| part.metadata().is_ok_and(|meta| meta.len() > 0)))
    })
    .await?;
    running.terminate()?;
    let done = running.wait(PATIENCE).await?;
    assert!(done.code == Some(1) && done.stderr.contains("stopped: nothing of it was kept"), "{done:?}");
    assert!(shop.backups().is_empty() && shop.leftovers().is_empty());
    Ok(())
}

/// A certificate for `localhost` under an authority of its own, and another authority.
fn certificates(dir: &PrivateDir) -> anyhow::Result<()> {
    let script = "set -e; for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.pem -days 2 \
        -subj /CN=authority-$ca; done; openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost; \
        printf 'subjectAltName=DNS:localhost' > ext; \
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.pem";
    let done = std::process::Command::new("sh").args(["-c", script]).current_dir(dir.path()).output()?;
    anyhow::ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_a_server_that_wants_tls_is_backed_up_under_its_certificate_alone() -> anyhow::Result<()> {
    let (Some(_), Some(_)) = (need("mariadb-dump", PACKAGE)?, need("openssl", "openssl")?) else { return Ok(()) };
    let dir = PrivateDir::new("tls")?;
    certificates(&dir)?;
    let path = |name: &str| dir.join(name).display().to_string();
    let settings = [
        format!("--ssl-cert={}", path("server.pem")),
        format!("--ssl-key={}", path("server.key")),
        format!("--ssl-ca={}", path("ca.pem")),
        "--require-secure-transport=ON".to_owned(),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let Some(server) = MariaDb::start_with(None, &settings).await? else { return Ok(()) };
    let mut url = Url::parse(&server.fresh_database().await?)?;
    url.set_host(Some("localhost"))?;
    let more = vec![("DB_TLS", "required".to_owned()), ("DB_CA", path("ca.pem"))];
    let shop = Shop::at(PrivateDir::new("backup")?, url.into(), more).await?;
    shop.json(&["backup", "create"]).await?;
    let drilled = shop.json(&["backup", "drill"]).await?;
    assert_eq!(drilled["equal"], true);
    // Each program looks at the certificate by itself.
    let wrong =
        format!("sed -i 's#^ssl-ca=.*#ssl-ca={}#' \"${{1#--defaults-file=}}\"; exec $REAL \"$@\"", path("other.pem"));
    for (program, args) in [("mariadb-dump", &["backup", "create"]), ("mariadb", &["backup", "drill"])] {
        let folder = instead(&shop, program, &wrong)?;
        let said = refused(before_others(shop.command(args), &folder)).await?;
        assert!(said.contains("certificate"), "{program}: {said}");
        std::fs::remove_file(folder.join(program))?;
    }
    assert_eq!((shop.backups().len(), shop.leftovers().len()), (1, 0));
    Ok(())
}

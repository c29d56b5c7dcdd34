//! Backups as an operator makes them, with the real program: what was backed up is there again, and nothing that is half,
//! damaged, or for other eyes is ever taken for a backup.

mod faults;
mod mariadb;
mod secrets;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use app::{Clock, gateway_peers};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use store::{Patience, Store, Tls, integrity};
use testkit::app::{Database, empty_database};
use testkit::fleet::{Fleet, PATIENCE};
use testkit::private_dir::PrivateDir;
use testkit::process::{Bin, Finished, Launch};

/// Rows of every awkward kind: bytes that are no text, all of Unicode's planes, quotes and line ends, nothing at all.
const ODD: [&str; 6] = [
    "CREATE TABLE odd (id INTEGER PRIMARY KEY, raw BLOB, words TEXT, number BIGINT)",
    "INSERT INTO odd VALUES (1, X'00FF0A0D5C27221A80', 'an ordinary row', 7)",
    "INSERT INTO odd VALUES (2, NULL, NULL, NULL)",
    "INSERT INTO odd VALUES (3, X'', '', -9223372036854775808)",
    "INSERT INTO odd VALUES (4, X'E38182', '未来 🗻 Straße ''quoted\" -- ; /* */', 9223372036854775807)",
    "INSERT INTO odd (id, words) VALUES (5, '-- Table structure for table `odd`\n-- Dump completed\n')",
];

/// A database with odd rows in it, a key, and the settings of backups.
struct Shop {
    dir: PrivateDir,
    bin: Bin,
    url: String,
    recipient: String,
    /// More settings.
    more: Vec<(&'static str, String)>,
}

impl Shop {
    async fn new(database: Database) -> anyhow::Result<Option<Shop>> {
        let dir = PrivateDir::new("backup")?;
        match empty_database(database, &dir).await? {
            Some(url) => Ok(Some(Shop::at(dir, url, Vec::new()).await?)),
            None => Ok(None),
        }
    }

    async fn at(dir: PrivateDir, url: String, more: Vec<(&'static str, String)>) -> anyhow::Result<Shop> {
        let mut shop = Shop { dir, bin: Bin::mirai().await?, url, recipient: String::new(), more };
        shop.json(&["backup", "key", "--out", "backup.key"]).await?["recipient"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut shop.recipient);
        assert_eq!(shop.run(&["migrate"]).await?.code, Some(0));
        shop.json(&["admin", "user", "create", "mika@example.net", "--verified"]).await?;
        shop.say(&ODD).await?;
        Ok(shop)
    }

    fn command(&self, args: &[&str]) -> Launch {
        let launch = self.bin.launch().args(args).current_dir(self.dir.path()).env("DATABASE_URL", &self.url);
        let launch = self.more.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
        let launch = if self.recipient.is_empty() { launch } else { launch.env("BACKUP_RECIPIENTS", &self.recipient) };
        launch.env("BACKUP_IDENTITY_FILE", "backup.key").env("LOG", "warn")
    }

    async fn run(&self, args: &[&str]) -> anyhow::Result<Finished> {
        self.command(args).run(PATIENCE).await
    }

    async fn json(&self, args: &[&str]) -> anyhow::Result<Value> {
        json_of(self.command(args)).await
    }

    /// What one line says when the command is refused.
    async fn refused(&self, args: &[&str]) -> anyhow::Result<String> {
        refused(self.command(args)).await
    }

    async fn create(&self) -> anyhow::Result<PathBuf> {
        let made = self.json(&["backup", "create"]).await?;
        Ok(self.dir.join(made["file"].as_str().unwrap_or_default()))
    }

    async fn say(&self, statements: &[&str]) -> anyhow::Result<()> {
        say(&self.url, statements).await
    }

    /// Names in the folder of the backups, sorted; without what is hidden.
    fn backups(&self) -> Vec<String> {
        names(&self.dir.join("backups")).into_iter().filter(|name| !name.starts_with('.')).collect()
    }

    /// Names of folders that runs keep what is half in.
    fn leftovers(&self) -> Vec<String> {
        names(&self.dir.join("backups")).into_iter().filter(|name| name.starts_with(".work")).collect()
    }
}

async fn json_of(launch: Launch) -> anyhow::Result<Value> {
    let done = launch.arg("--json").run(PATIENCE).await?;
    anyhow::ensure!(done.code == Some(0), "{done:?}");
    Ok(serde_json::from_str(&done.stdout)?)
}

async fn refused(launch: Launch) -> anyhow::Result<String> {
    let done = launch.run(PATIENCE).await?;
    anyhow::ensure!(done.code == Some(1), "{done:?}");
    anyhow::ensure!(done.stderr.lines().count() == 1 && done.stderr.starts_with("mirai: "), "{done:?}");
    Ok(done.stderr)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    path.metadata().map_or(0, |meta| meta.permissions().mode() & 0o777)
}

async fn say(url: &str, statements: &[&str]) -> anyhow::Result<()> {
    if url.starts_with("sqlite") {
        let mut connection = sqlx::SqliteConnection::connect(url).await?;
        for statement in statements {
            connection.execute(AssertSqlSafe((*statement).to_owned())).await?;
        }
        return Ok(connection.close().await?);
    }
    let mut connection = sqlx::MySqlConnection::connect(url).await?;
    for statement in statements {
        // What SQL says of a backslash is not what MariaDB says of it.
        connection.execute(AssertSqlSafe((*statement).to_owned())).await?;
    }
    Ok(connection.close().await?)
}

/// All rows of all tables, read by other means than the program's.
async fn everything(url: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    if url.starts_with("sqlite") {
        let mut connection = sqlx::SqliteConnection::connect(url).await?;
        let tables = "SELECT m.name, group_concat('quote(\"' || c.name || '\")', '||''|''||') FROM sqlite_master m \
                      JOIN pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name ORDER BY m.name";
        let tables: Vec<(String, String)> = sqlx::query_as(tables).fetch_all(&mut connection).await?;
        for (table, columns) in tables {
            let rows = AssertSqlSafe(format!("SELECT {columns} FROM \"{table}\" ORDER BY 1"));
            let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut connection).await?;
            found.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
        connection.close().await?;
        return Ok(found);
    }
    let mut connection = sqlx::MySqlConnection::connect(url).await?;
    let tables = "SELECT CAST(table_name AS CHAR), CAST(GROUP_CONCAT('COALESCE(HEX(`', column_name, '`), ''-'')' \
                  ORDER BY ordinal_position SEPARATOR ', ''|'', ') AS CHAR) FROM information_schema.columns \
                  WHERE table_schema = DATABASE() GROUP BY table_name ORDER BY table_name";
    connection.execute("SET SESSION group_concat_max_len = 1000000").await?;
    let tables: Vec<(String, String)> = sqlx::query_as(tables).fetch_all(&mut connection).await?;
    for (table, columns) in tables {
        let rows = AssertSqlSafe(format!("SELECT CONCAT({columns}) FROM `{table}` ORDER BY 1"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut connection).await?;
        found.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    connection.close().await?;
    Ok(found)
}

/// Every rule of books and network.
async fn all_is_well(url: &str) -> anyhow::Result<()> {
    let settings =
        store::Settings { url: url.to_owned(), tls: Tls::Off, max_connections: 1, patience: Patience::Command };
    let store = Store::connect(&settings).await?;
    let mut findings = integrity::books(&store).await?;
    findings.extend(integrity::network(&store).await?);
    findings.retain(|one| one.broken != 0);
    store.close().await?;
    anyhow::ensure!(findings.is_empty(), "{findings:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s62_what_was_backed_up_is_there_again_on_a_new_machine() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    let made = shop.json(&["backup", "create"]).await?;
    let file = shop.dir.join(made["file"].as_str().unwrap_or_default());
    assert_eq!((mode(&file), mode(&shop.dir.join("backups"))), (0o600, 0o700));
    assert!(!std::fs::read(&file)?.windows(16).any(|part| part == b"mika@example.net"), "sealed");
    let verified = shop.json(&["backup", "verify", "--latest"]).await?;
    assert_eq!((&verified["sha256"], &verified["rows"]), (&made["sha256"], &made["rows"]), "{verified}");

    // The new machine has the file, the key and nothing else.
    let before = everything(&shop.url).await?;
    assert!(before.iter().any(|row| row.contains("未来 🗻")) && before.len() > 10, "{before:?}");
    let machine = PrivateDir::new("machine")?;
    std::fs::copy(shop.dir.join("backup.key"), machine.join("backup.key"))?;
    std::fs::copy(&file, machine.join("b.mirai.age"))?;
    let restore = ["backup", "restore", "b.mirai.age", "--identity", "backup.key"];
    let restored = json_of(shop.bin.launch().args(restore).current_dir(machine.path())).await?;
    assert_eq!((&restored["equal"], &restored["into"]), (&json!(true), &json!("data/mirai.db")), "{restored}");
    assert!(restored["rpo_seconds"].is_u64() && restored["rto_seconds"].is_f64(), "{restored}");
    assert_eq!(mode(&machine.join("data/mirai.db")), 0o600);
    let url = format!("sqlite://{}", machine.join("data/mirai.db").display());
    assert_eq!(everything(&url).await?, before);
    all_is_well(&url).await?;

    let drilled = shop.run(&["backup", "drill"]).await?;
    assert_eq!(drilled.code, Some(0), "{drilled:?}");
    assert!(drilled.stdout.contains("RPO ") && drilled.stdout.contains("RTO "), "{}", drilled.stdout);
    assert!(shop.leftovers().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sixth_backup_removes_the_first_and_nothing_that_is_not_a_backup() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    std::fs::create_dir(shop.dir.join("backups"))?;
    for stranger in ["20200101T000000Z-sqlite.mirai.age.txt", "old.sql", "20200101T000000Z-sqlite.age"] {
        std::fs::write(shop.dir.join("backups").join(stranger), "mine")?;
    }
    let first = shop.create().await?;
    for _ in 0..4 {
        shop.create().await?;
    }
    assert_eq!(shop.backups().len(), 8, "five within two seconds have five names: {:?}", shop.backups());
    let before = shop.backups();
    let sixth = shop.json(&["backup", "create"]).await?;
    let gone = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
    assert_eq!(sixth["removed"], json!([gone]), "{sixth}");
    let mut expected: Vec<String> = before.into_iter().filter(|name| *name != gone).collect();
    expected.push(sixth["file"].as_str().unwrap_or_default().replace("backups/", ""));
    expected.sort();
    assert_eq!(shop.backups(), expected);
    let kept = json_of(shop.command(&["backup", "create"]).env("BACKUP_KEEP", "2")).await?;
    assert_eq!((kept["removed"].as_array().map(Vec::len), shop.backups().len()), (Some(4), 5), "{kept}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_is_not_empty_stays_as_it_is() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    shop.create().await?;
    let before = everything(&shop.url).await?;
    let said = shop.refused(&["backup", "restore", "--latest"]).await?;
    assert!(said.contains("mirai.db is there already"), "{said}");
    assert_eq!(everything(&shop.url).await?, before);
    std::fs::write(shop.dir.join("notes.db"), "mine")?;
    let said = shop.refused(&["backup", "restore", "--latest", "--into", "sqlite://notes.db"]).await?;
    assert!(said.contains("notes.db is there already"), "{said}");
    std::fs::write(shop.dir.join("other.db-wal"), "what another database has yet to write")?;
    let said = shop.refused(&["backup", "restore", "--latest", "--into", "sqlite://other.db"]).await?;
    assert!(said.contains("other.db-wal is there already"), "{said}");
    assert_eq!(std::fs::read(shop.dir.join("notes.db"))?, b"mine");
    let said = shop.refused(&["backup", "restore", "--latest", "--into", "mysql://127.0.0.1/x"]).await?;
    assert!(said.contains("--into names no user"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_customers_come_and_go_is_of_one_moment() -> anyhow::Result<()> {
    busy(Database::Sqlite).await
}

/// Devices come and go as fast as they can while backups are made; in each of them all rules hold.
async fn busy(database: Database) -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(database).await? else { return Ok(()) };
    let key = json_of(fleet.command(&["backup", "key", "--out", "backup.key"])).await?;
    fleet.set("BACKUP_RECIPIENTS", key["recipient"].as_str().unwrap_or_default());
    fleet.set("BACKUP_IDENTITY_FILE", "backup.key");
    let node = fleet.serve().await?;
    let user = fleet.with_subscriber(&node, "mika").await?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let caller = node.caller;
    let writer = tokio::spawn(async move {
        let mut made = 0;
        while !*stopped.borrow() {
            let (status, body) =
                caller.post("/devices", Some(&user), &json!({ "name": format!("phone-{made}") })).await?;
            anyhow::ensure!(status == reqwest::StatusCode::CREATED, "{body}");
            made += 1;
            if made > 30 || made % 3 != 0 {
                let path = format!("/devices/{}", body["device"]["id"].as_str().unwrap_or_default());
                caller.request(reqwest::Method::DELETE, &path, Some(&user)).send().await?.error_for_status()?;
            }
        }
        anyhow::Ok(made)
    });
    for _ in 0..4 {
        json_of(fleet.command(&["backup", "create"])).await?;
        let drilled = json_of(fleet.command(&["backup", "drill", "--latest"])).await?;
        assert_eq!((&drilled["equal"], &drilled["broken"]), (&json!(true), &json!([])), "{drilled}");
    }
    stop.send(true)?;
    assert!(writer.await?? > 3);
    all_is_well(&fleet.database_url).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_of_broken_books_fails_and_says_which_rule() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    shop.json(&["admin", "check"]).await?;
    shop.say(&["UPDATE pool_state SET high_water = 7"]).await?;
    shop.create().await?;
    let done = shop.run(&["backup", "drill"]).await?;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("1 of") && done.stdout.contains("an address is lost"), "{done:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_that_are_made_at_once_do_not_get_in_each_others_way() -> anyhow::Result<()> {
    let Some(shop) = Shop::new(Database::Sqlite).await? else { return Ok(()) };
    let made = futures_util::future::join_all((0..4).map(|_| shop.json(&["backup", "create"]))).await;
    for one in made {
        let file = shop.dir.join(one?["file"].as_str().unwrap_or_default());
        shop.json(&["backup", "verify", file.to_str().unwrap_or_default()]).await?;
    }
    assert_eq!((shop.backups().len(), shop.leftovers().len()), (4, 0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vpn_server_that_has_heard_of_more_than_the_backup_knows_is_told_all_again() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let key = json_of(fleet.command(&["backup", "key", "--out", "backup.key"])).await?;
    fleet.set("BACKUP_RECIPIENTS", key["recipient"].as_str().unwrap_or_default());
    let node = fleet.serve().await?;
    let user = fleet.with_subscriber(&node, "mika").await?;
    let add = async |caller: &testkit::caller::Caller, user, name: &str| {
        let (status, body) = caller.post("/devices", Some(user), &json!({ "name": name })).await?;
        anyhow::ensure!(status == reqwest::StatusCode::CREATED, "{body}");
        Ok(())
    };
    add(&node.caller, &user, "laptop").await?;
    json_of(fleet.command(&["backup", "create"])).await?;
    for name in ["phone", "tablet"] {
        add(&node.caller, &user, name).await?;
    }
    let before = fleet.look(Clock::System).await?;
    let server = app::admin::servers::list(&before).await?[0].server.id;
    let heard = gateway_peers::revision(&before, server).await?;
    node.process.kill9().await?;

    let restored = format!("sqlite://{}", fleet.dir.join("restored.db").display());
    let restore = ["backup", "restore", "--latest", "--identity", "backup.key", "--into", &restored];
    json_of(fleet.command(&restore)).await?;
    fleet.set("DATABASE_URL", &restored);
    fleet.database_url = restored;
    assert_eq!(json_of(fleet.command(&["backup", "settle"])).await?, json!({ "servers": 1 }));
    let node = fleet.serve().await?;
    let user = node.caller.log_in("mika@example.net").await?;
    // Other devices, under the numbers that the server has heard of.
    for name in ["watch", "desktop", "television"] {
        add(&node.caller, &user, name).await?;
    }
    let after = fleet.look(Clock::System).await?;
    let standing = gateway_peers::changes(&after, server, heard).await?;
    assert!(matches!(standing, gateway_peers::Standing::Lost), "{standing:?}");
    all_is_well(&fleet.database_url).await
}

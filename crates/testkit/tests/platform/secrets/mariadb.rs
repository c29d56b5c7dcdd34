//! The same hunt on MariaDB with its binary log on: in a dump, in both of its logs, in every file of its data, in Redis,
//! and in the log of a process that panicked with a key in its hands.

use std::path::Path;

use base64::engine::general_purpose::STANDARD_NO_PAD;
use testkit::app::Database;
use testkit::fleet::{Fleet, PATIENCE};
use testkit::mariadb::MariaDb;
use testkit::missing::find_program;
use testkit::private_dir::PrivateDir;
use testkit::redis::RedisServer;
use tokio::process::Command;
use url::Url;

use super::*;

/// Blocks of files that hold nothing are left out: new files are full of zeros.
const BLOCK: usize = 512;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_s34_s35_no_secret_is_in_a_dump_a_log_a_file_or_redis() -> anyhow::Result<()> {
    let Some(server) = MariaDb::start_with(None, &["--log-bin=changes", "--binlog-format=ROW"]).await? else {
        return Ok(());
    };
    let Some(redis) = RedisServer::start().await? else { return Ok(()) };
    let url = server.fresh_database().await?;
    let mut fleet = Fleet::at(Database::MariaDb, url.clone(), PrivateDir::new("fleet")?).await?;
    fleet.set("LOG", "trace");
    fleet.set("REDIS_URL", &redis.url());
    // As in real life: what is counted stays there for a while.
    fleet.set("LIMIT_CREDENTIAL", "60");
    let mut secrets = Secrets::default();
    let node = fleet.serve().await?;
    let mut log = String::new();
    for (name, whose) in [("mika", WhoseKey::Ours), ("noa", WhoseKey::Theirs)] {
        live(&fleet, &node, name, whose, &mut secrets).await?;
    }
    let in_redis = redis.saved().await?;
    end(node, &mut log).await?;
    panic_with_a_key_in_hand(&fleet, &mut secrets, &mut log).await?;
    assert_eq!((secrets.private_keys.len(), secrets.preshared_keys.len()), (100, 100));

    let pool = sqlx::MySqlPool::connect(&url).await?;
    let logs: (i64, i64) = sqlx::query_as("SELECT @@general_log, @@log_bin").fetch_one(&pool).await?;
    assert_eq!(logs, (0, 1), "the log of all statements is off, that of all changes is on");
    pool.close().await;
    let dumped = dump(&url).await?;
    server.stop_server().await?;

    let data = server.data()?;
    let mut places = vec![
        ("the binary log", files_of(data, &|name| name.starts_with("changes.0"))?),
        ("the redo log", files_of(data, &|name| name == "ib_logfile0")?),
        ("the data", files_of(data, &|_| true)?),
    ];
    places.extend(dumped.map(|dump| ("the dump", dump)));
    let (kept_nowhere, logged_nowhere, public) =
        (secrets.kept_nowhere(), secrets.logged_nowhere(&fleet), secrets.public());
    for (place, content) in &places {
        assert_eq!(public.found_in(content).len(), 100, "every public key is in {place}, and can be found");
        assert_eq!(kept_nowhere.found_in(content), Vec::<String>::new(), "in {place}");
    }
    assert!(in_redis.windows(12).any(|part| part == b"mirai:limit:"), "somebody was counted");
    let mails = format!("{:?}", fleet.mail.messages());
    assert!(mails.contains("/reset?token="), "real mails");
    for (place, content) in [("Redis", in_redis.as_slice()), ("the log", log.as_bytes())] {
        assert_eq!(logged_nowhere.found_in(content), Vec::<String>::new(), "in {place}");
        assert_eq!(kept_nowhere.found_in(content), Vec::<String>::new(), "in {place}");
    }
    assert_eq!(secrets.mailed_nowhere().found_in(mails.as_bytes()), Vec::<String>::new(), "in the mails");
    Ok(())
}

async fn end(node: Node, log: &mut String) -> anyhow::Result<()> {
    node.process.terminate()?;
    let ended = node.process.wait(PATIENCE).await?;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    log.extend([ended.stdout, ended.stderr]);
    Ok(())
}

/// A device is saved, the private key that was made for its owner is in memory, and the request panics; so does the job
/// that sends a mail.
async fn panic_with_a_key_in_hand(fleet: &Fleet, secrets: &mut Secrets, log: &mut String) -> anyhow::Result<()> {
    let launch = |place: &str| {
        fleet.command(&["serve"]).env("FAILPOINT", format!("{place}:panic")).env("RUST_BACKTRACE", "full")
    };
    let node = Fleet::up(launch("device.committed")).await?;
    let user = sign_up(fleet, &node, "eve", secrets).await?;
    buy(fleet, &node, &user).await?;
    let (status, problem) = node.caller.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    assert_eq!((status, &problem["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("internal")), "{problem}");
    assert!(!problem.to_string().contains("panic"), "{problem}");
    let devices = node.caller.get("/devices", Some(&user)).await?;
    let public = devices["devices"][0]["public_key"].as_str().unwrap_or_default().to_owned();
    assert_eq!(public.len(), 44, "it was saved before the panic: {devices}");
    end(node, log).await?;
    let node = Fleet::up(launch("mail.taken")).await?;
    node.caller.post("/auth/reset-request", None, &json!({ "email": user.email })).await?;
    let reset = fleet.wait_for_mail(&user.email, |mail| token_in(mail, "/reset").is_ok()).await?;
    secrets.texts.insert("the reset token of the panic".to_owned(), token_in(&reset, "/reset")?);
    end(node, log).await?;
    for place in ["device.committed", "mail.taken"] {
        assert!(log.contains(&format!("a test wants a panic at {place}")), "it panicked at {place}");
    }
    // Nobody but the process ever knew that key: whatever could be it is tried.
    assert!(!holds_the_key_of(log, &public), "the key in hand is in the log");
    let known = PrivateKey::from_random([9; 32]);
    let told = format!("key={}, and more", known.expose().as_str());
    assert!(holds_the_key_of(&told, &known.public().to_string()), "it would be found");
    Ok(())
}

/// Whether some word of a text is the private key, in base64 or hex, of this public one.
fn holds_the_key_of(text: &str, public: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"+/".contains(c));
    words.filter(|word| (43..=64).contains(&word.len())).any(|word| {
        let decoded = [STANDARD_NO_PAD.decode(word).ok(), hex::decode(word).ok()].into_iter().flatten();
        let mut keys = decoded.filter_map(|bytes| <[u8; 32]>::try_from(bytes).ok());
        keys.any(|bytes| PrivateKey::from_random(bytes).public().to_string() == public)
    })
}

/// What an operator's dump holds; `None` where the program for it is not installed.
async fn dump(url: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(program) = find_program("mariadb-dump") else { return Ok(None) };
    let url = Url::parse(url)?;
    let mut command = Command::new(program);
    command.args(["--no-defaults", "--host=127.0.0.1", "--user", url.username()]);
    command.arg(format!("--port={}", url.port().unwrap_or_default()));
    command.env("MYSQL_PWD", url.password().unwrap_or_default());
    let done =
        command.args(["--hex-blob", "--single-transaction", url.path().trim_start_matches('/')]).output().await?;
    anyhow::ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(Some(done.stdout))
}

/// The content of the files below a folder whose names fit, without what is empty.
fn files_of(folder: &Path, fits: &dyn Fn(&str) -> bool) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files_of(&path, fits)?);
        } else if path.file_name().is_some_and(|name| fits(&name.to_string_lossy())) {
            let content = std::fs::read(path)?;
            let blocks = content.chunks(BLOCK).filter(|block| block.iter().any(|&byte| byte != 0));
            all.extend(blocks.flatten());
        }
    }
    Ok(all)
}

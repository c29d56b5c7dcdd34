//! The hunt for secrets where none may be: in the database, in a log at trace level, in a mail, in a job.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::vpn::key::PrivateKey;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::Database;
use testkit::caller::{PASSWORD, TestUser, token_in};
use testkit::fleet::{Fleet, Node, eventually};

/// What was found out on the way, by what it is called in a failure.
#[derive(Default)]
struct Secrets {
    /// 32 bytes each, searched for raw, in base64 and in hex.
    private_keys: Vec<[u8; 32]>,
    preshared_keys: Vec<[u8; 32]>,
    /// Passwords, tokens and addresses.
    texts: BTreeMap<String, String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s34_s35_after_a_hundred_configurations_no_secret_is_where_it_must_not_be() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    fleet.set("LOG", "trace");
    let node = fleet.serve().await?;
    let mut secrets = Secrets::default();
    for (name, key) in [("mika", WhoseKey::Ours), ("noa", WhoseKey::Theirs)] {
        let user = sign_up(&fleet, &node, name, &mut secrets).await?;
        let session = node.caller.checkout(&user, "vip").await?;
        fleet.stripe.pay(&session)?;
        for event in fleet.stripe.events() {
            let now = testkit::fleet::now_ms() / 1000;
            anyhow::ensure!(node.caller.deliver_at(&event, now).await?.is_success());
        }
        let entitled = async || {
            let body = node.caller.get("/subscriptions", Some(&user)).await?;
            Ok((body["subscriptions"][0]["entitled"] == true).then_some(()))
        };
        eventually("the subscription", entitled).await?;
        for n in 0..50 {
            make_device(&node, &user, key, n, &mut secrets).await?;
        }
        reset_password(&fleet, &node, &user, &mut secrets).await?;
    }
    assert_eq!((secrets.private_keys.len(), secrets.preshared_keys.len()), (100, 100));
    node.process.terminate()?;
    let ended = node.process.wait(testkit::fleet::PATIENCE).await?;

    let log = ended.stdout + &ended.stderr;
    let database = files_of(fleet.dir.path())?;
    let mails = format!("{:?}", fleet.mail.messages());
    assert!(log.contains("\"level\":\"TRACE\"") && log.contains("\"route\":\"/backend/api/devices\""), "a real log");
    assert!(database.contains("mika@example.net"), "the right files");
    for (place, content) in [("the database", &database), ("the log", &log), ("the mails", &mails)] {
        assert!(!secrets.private_keys.iter().any(|key| holds_key(content, key)), "a private key is in {place}");
        assert!(!secrets.preshared_keys.iter().any(|key| holds_key(content, key)), "a pre-shared key is in {place}");
    }
    for (what, text) in &secrets.texts {
        let line = log.lines().find(|line| line.contains(text));
        assert_eq!(line, None, "{what} is in the log");
        assert!(text.contains('@') || !database.contains(text), "{what} is in the database");
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum WhoseKey {
    /// The server makes the key for its one reply.
    Ours,
    /// The client keeps its key and sends the public one.
    Theirs,
}

async fn sign_up(fleet: &Fleet, node: &Node, name: &str, secrets: &mut Secrets) -> anyhow::Result<TestUser> {
    let email = format!("{name}@example.net");
    node.caller.register(&email).await?;
    let token = token_in(&fleet.wait_for_mail(&email, |_| true).await?, "/verify")?;
    node.caller.verify(&token).await?;
    let user = node.caller.log_in(&email).await?;
    let wrong = json!({ "email": email, "password": "a wrong password of theirs" });
    assert_eq!(node.caller.post("/auth/login", None, &wrong).await?.0, StatusCode::UNAUTHORIZED);
    let (status, pair) = node.caller.post("/auth/refresh", None, &json!({ "refresh_token": user.refresh })).await?;
    assert_eq!(status, StatusCode::OK, "{pair}");
    let text = |field: &str| pair[field].as_str().unwrap_or_default().to_owned();
    for (what, text) in [
        ("address", email.clone()),
        ("password", PASSWORD.to_owned()),
        ("wrong password", "a wrong password of theirs".to_owned()),
        ("verification token", token),
        ("access token", user.token.clone()),
        ("refresh token", user.refresh.clone()),
        ("second access token", text("token")),
        ("second refresh token", text("refresh_token")),
    ] {
        assert!(text.len() > 10, "{what}");
        secrets.texts.insert(format!("the {what} of {name}"), text);
    }
    Ok(user)
}

async fn make_device(node: &Node, user: &TestUser, key: WhoseKey, n: u8, secrets: &mut Secrets) -> anyhow::Result<()> {
    let theirs = PrivateKey::from_random([n + 1; 32]);
    let mut body = json!({ "name": format!("device-{n}") });
    if let WhoseKey::Theirs = key {
        body["public_key"] = Value::from(theirs.public().to_string());
    }
    let (status, made) = node.caller.post("/devices", Some(user), &body).await?;
    anyhow::ensure!(status == StatusCode::CREATED, "{status} {made}");
    let config = made["config"].as_str().unwrap_or_default();
    let field = |name: &str| {
        let line = config.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches(" = ").to_owned()
    };
    let decode = |text: String| STANDARD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let private = match key {
        WhoseKey::Ours => decode(field("PrivateKey")),
        WhoseKey::Theirs => decode(theirs.expose().to_string()),
    };
    secrets.private_keys.extend(private);
    secrets.preshared_keys.extend(decode(field("PresharedKey")));
    Ok(())
}

async fn reset_password(fleet: &Fleet, node: &Node, user: &TestUser, secrets: &mut Secrets) -> anyhow::Result<()> {
    node.caller.post("/auth/reset-request", None, &json!({ "email": user.email })).await?;
    let has_link =
        |mail: &fakes::resend::Message| mail.text.as_ref().is_some_and(|text| text.contains("/reset?token="));
    let token = token_in(&fleet.wait_for_mail(&user.email, has_link).await?, "/reset")?;
    let new = "a new password of theirs";
    let body = json!({ "token": token, "new_password": new });
    assert_eq!(node.caller.post("/auth/reset", None, &body).await?.0, StatusCode::NO_CONTENT);
    secrets.texts.insert(format!("the reset token of {}", user.email), token);
    secrets.texts.insert("the new password".to_owned(), new.to_owned());
    Ok(())
}

/// All files of the database (the write-ahead log may hold what the file no longer does), each byte as a character.
fn files_of(folder: &Path) -> anyhow::Result<String> {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("mirai.db")) {
            all.extend(std::fs::read(path)?.into_iter().map(char::from));
        }
    }
    Ok(all)
}

fn holds_key(content: &str, key: &[u8; 32]) -> bool {
    let raw: String = key.iter().copied().map(char::from).collect();
    let base64 = STANDARD.encode(key);
    let hex = hex::encode(key);
    // Without the end of the base64: the last characters depend on what follows.
    content.contains(&raw)
        || content.contains(&base64[..42])
        || content.contains(&hex)
        || content.contains(&hex.to_uppercase())
}

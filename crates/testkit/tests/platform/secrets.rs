//! The hunt for secrets where none may be: in the database, in a log at trace level, in a mail, in a job.

mod mariadb;
mod needles;

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::vpn::key::PrivateKey;
use needles::Needles;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::Database;
use testkit::caller::{PASSWORD, TestUser, token_in};
use testkit::fleet::{Fleet, Node, eventually};
use url::Url;

/// A number as on a card.
const CARD: &str = "4242424242424242";

/// What was found out on the way, by what it is called in a failure.
#[derive(Default)]
struct Secrets {
    private_keys: Vec<[u8; 32]>,
    preshared_keys: Vec<[u8; 32]>,
    /// As text, as they are stored.
    public_keys: Vec<String>,
    /// Passwords, tokens and addresses.
    texts: BTreeMap<String, String>,
}

impl Secrets {
    /// What no database may hold, however it is looked at. An address stands there, and is no needle.
    fn kept_nowhere(&self) -> Needles {
        let mut needles = self.keys();
        for (what, text) in self.texts.iter().filter(|(_, text)| !text.contains('@')) {
            needles.add(what, text.as_bytes());
        }
        needles
    }

    /// What no log may hold: all of that, addresses, and the settings.
    fn logged_nowhere(&self, fleet: &Fleet) -> Needles {
        let mut needles = self.keys();
        for (what, text) in self.texts.iter().chain(fleet.secrets().iter().map(|(name, value)| (name, value))) {
            needles.add(what, text.as_bytes());
        }
        if let Some(password) = Url::parse(&fleet.database_url).ok().as_ref().and_then(Url::password) {
            needles.add("the password of the database", password.as_bytes());
        }
        needles
    }

    /// What no mail may hold: keys and passwords. Tokens of links are sent by mail.
    fn mailed_nowhere(&self) -> Needles {
        let mut needles = self.keys();
        for (what, text) in self.texts.iter().filter(|(what, _)| what.contains("password") || what.contains("access")) {
            needles.add(what, text.as_bytes());
        }
        needles
    }

    fn keys(&self) -> Needles {
        let mut needles = Needles::default();
        for (n, key) in self.private_keys.iter().enumerate() {
            needles.add(&format!("private key {n}"), key);
        }
        for (n, key) in self.preshared_keys.iter().enumerate() {
            needles.add(&format!("pre-shared key {n}"), key);
        }
        needles
    }

    /// What must be found, so that a search that finds nothing means something.
    fn public(&self) -> Needles {
        let mut needles = Needles::default();
        for key in &self.public_keys {
            needles.add(key, key.as_bytes());
        }
        needles
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s34_s35_after_a_hundred_configurations_no_secret_is_where_it_must_not_be() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    fleet.set("LOG", "trace");
    let node = fleet.serve().await?;
    let mut secrets = Secrets::default();
    for (name, whose) in [("mika", WhoseKey::Ours), ("noa", WhoseKey::Theirs)] {
        live(&fleet, &node, name, whose, &mut secrets).await?;
    }
    assert_eq!((secrets.private_keys.len(), secrets.preshared_keys.len()), (100, 100));
    node.process.terminate()?;
    let ended = node.process.wait(testkit::fleet::PATIENCE).await?;

    let log = ended.stdout + &ended.stderr;
    let database = files_of(fleet.dir.path())?;
    let mails = format!("{:?}", fleet.mail.messages());
    assert!(log.contains("\"level\":\"TRACE\"") && log.contains("\"route\":\"/backend/api/devices\""), "a real log");
    assert_eq!(secrets.public().found_in(&database).len(), 100, "the right files");
    assert_eq!(secrets.kept_nowhere().found_in(&database), Vec::<String>::new(), "in the database");
    assert_eq!(secrets.logged_nowhere(&fleet).found_in(log.as_bytes()), Vec::<String>::new(), "in the log");
    assert_eq!(secrets.mailed_nowhere().found_in(mails.as_bytes()), Vec::<String>::new(), "in the mails");
    Ok(())
}

/// From the sign-up to fifty devices and a forgotten password.
async fn live(fleet: &Fleet, node: &Node, name: &str, whose: WhoseKey, secrets: &mut Secrets) -> anyhow::Result<()> {
    let user = sign_up(fleet, node, name, secrets).await?;
    buy(fleet, node, &user).await?;
    for n in 0..50 {
        make_device(node, &user, whose, n, secrets).await?;
    }
    enrol(node, &user, secrets).await?;
    reset_password(fleet, node, &user, secrets).await
}

async fn buy(fleet: &Fleet, node: &Node, user: &TestUser) -> anyhow::Result<()> {
    let session = node.caller.checkout(user, "vip").await?;
    fleet.stripe.pay(&session)?;
    for event in fleet.stripe.events() {
        let now = testkit::fleet::now_ms() / 1000;
        anyhow::ensure!(node.caller.deliver_at(&event, now).await?.is_success());
    }
    let entitled = async || {
        let body = node.caller.get("/subscriptions", Some(user)).await?;
        Ok((body["subscriptions"][0]["entitled"] == true).then_some(()))
    };
    eventually("the subscription", entitled).await
}

/// The secret of an authenticator app.
async fn enrol(node: &Node, user: &TestUser, secrets: &mut Secrets) -> anyhow::Result<()> {
    let (status, body) = node.caller.post("/user/totp", Some(user), &Value::Null).await?;
    anyhow::ensure!(status == StatusCode::OK, "{body}");
    let secret = body["secret"].as_str().unwrap_or_default().to_owned();
    secrets.texts.insert(format!("the authenticator secret of {}", user.email), secret);
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
    // What somebody types into a wrong field.
    let misplaced = json!({ "plan": CARD, "card": CARD });
    let (status, _) = node.caller.post("/stripe/checkout", Some(&user), &misplaced).await?;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, pair) = node.caller.post("/auth/refresh", None, &json!({ "refresh_token": user.refresh })).await?;
    assert_eq!(status, StatusCode::OK, "{pair}");
    let text = |field: &str| pair[field].as_str().unwrap_or_default().to_owned();
    for (what, text) in [
        ("address", email.clone()),
        ("password", PASSWORD.to_owned()),
        ("wrong password", "a wrong password of theirs".to_owned()),
        ("card number", CARD.to_owned()),
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
    // No row of equal bytes, which any file may hold by chance.
    let theirs = PrivateKey::from_random(std::array::from_fn(|place| {
        u8::try_from(place).expect("below 32").wrapping_mul(37) ^ n.wrapping_mul(101)
    }));
    let mut body = json!({ "name": format!("device-{n}") });
    if let WhoseKey::Theirs = key {
        body["public_key"] = Value::from(theirs.public().to_string());
    }
    let (status, made) = node.caller.post("/devices", Some(user), &body).await?;
    anyhow::ensure!(status == StatusCode::CREATED, "{status} {made}");
    secrets.public_keys.push(made["device"]["public_key"].as_str().unwrap_or_default().to_owned());
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

/// All files of the database (the write-ahead log may hold what the file no longer does).
fn files_of(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("mirai.db")) {
            all.extend(std::fs::read(path)?);
        }
    }
    Ok(all)
}

//! The command line as an operator meets it: help, typos, settings that are wrong, and every `admin` command.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use serde_json::{Value, json};
use testkit::private_dir::PrivateDir;
use testkit::process::{Bin, Finished, Launch};

const PATIENCE: Duration = Duration::from_secs(30);

async fn mirai(args: &[&str]) -> Launch {
    Bin::mirai().await.unwrap().launch().args(args)
}

async fn run(args: &[&str]) -> Finished {
    mirai(args).await.run(PATIENCE).await.unwrap()
}

/// The names under `Commands:` in a help text.
fn commands_in(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    list.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_command_has_help_with_an_example() {
    let mut waiting = vec![Vec::<String>::new()];
    let mut leaves = 0;
    while let Some(command) = waiting.pop() {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        args.push("--help");
        let done = run(&args).await;
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
        let below = commands_in(&done.stdout);
        if below.is_empty() {
            assert!(done.stdout.contains("Example:\n  "), "{args:?}: {}", done.stdout);
            leaves += 1;
        }
        waiting.extend(below.into_iter().map(|name| [command.clone(), vec![name]].concat()));
    }
    assert!(leaves >= 20, "{leaves}");
}

#[tokio::test]
async fn a_typo_is_answered_with_what_was_meant() {
    for (args, meant) in [
        (&["sevre"][..], "'serve'"),
        (&["admin", "usr", "list"], "'user'"),
        (&["admin", "user", "list", "--jsno"], "'--json'"),
    ] {
        let done = run(args).await;
        assert_eq!(done.code, Some(2), "{args:?}");
        assert!(done.stderr.contains(meant), "{args:?}: {}", done.stderr);
    }
}

/// Settings that production would start with.
const PRODUCTION: [(&str, &str); 9] = [
    ("APP_URL", "https://vpn.example.net"),
    ("LISTEN", "127.0.0.1:0"),
    ("JWT_SECRET", "kH7yAq2Zr9LwXc4Vb8Nm1Qe5Rt6Yu3Io0PasDfGh"),
    ("DATA_KEYS", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ("X_API_KEY", "a9d2f4c8e1b7360594837261abcdef01"),
    ("STRIPE_SECRET_KEY", "sk_live_51abcdefghijklmnop"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_abcdefghijklmnop"),
    ("MAIL_FROM", "MiraiVPN <hello@vpn.example.net>"),
    ("RESEND_API_KEY", "re_abcdefghijklmnop"),
];

async fn serve_with(change: (&str, Option<&str>)) -> (PrivateDir, Launch) {
    let folder = PrivateDir::new("serve").unwrap();
    let mut launch = mirai(&["serve"]).await.current_dir(folder.path());
    for (name, value) in PRODUCTION.into_iter().filter(|(name, _)| *name != change.0) {
        launch = launch.env(name, value);
    }
    if let Some(value) = change.1 {
        launch = launch.env(change.0, value);
    }
    (folder, launch)
}

#[tokio::test]
async fn a_weak_or_missing_setting_stops_the_start_with_one_line_that_names_it() {
    for (name, value) in [
        ("APP_URL", None),
        ("APP_URL", Some("http://vpn.example.net")),
        ("APP_URL", Some("https://vpn.example.net/shop")),
        ("JWT_SECRET", None),
        ("JWT_SECRET", Some("secret")),
        ("JWT_SECRET", Some("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
        ("DATA_KEYS", None),
        ("DATA_KEYS", Some("c2hvcnQ=")),
        ("X_API_KEY", Some("short")),
        ("STRIPE_SECRET_KEY", None),
        ("STRIPE_WEBHOOK_SECRET", None),
        ("MAIL_FROM", None),
        ("MAIL_FROM", Some("nobody at all")),
        ("SUPPORT_EMAIL", Some("help")),
        ("APP_NAME", Some("Mirai\u{7}VPN")),
        ("RESEND_API_KEY", None),
        ("POOL_V4", Some("10.64.0.0/33")),
        ("TRUSTED_PROXIES", Some("nginx")),
        ("LIMIT_GENERAL", Some("0")),
        ("SHUTDOWN_GRACE", Some("soon")),
        ("TICKET_QUIET_DAYS", Some("some")),
        ("FLOWS_FILE", Some("/nowhere/flows.json")),
        ("DATABASE_URL", Some("postgres://localhost/mirai")),
        ("LISTEN", Some("nowhere")),
        ("LOG", Some("===")),
    ] {
        let (_folder, launch) = serve_with((name, value)).await;
        let done = launch.run(PATIENCE).await.unwrap();
        assert_eq!(done.code, Some(1), "{name}={value:?}");
        let lines: Vec<&str> = done.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "{name}={value:?}: {}", done.stderr);
        assert!(lines[0].starts_with("mirai: ") && lines[0].contains(name), "{name}={value:?}: {}", lines[0]);
        assert!(!done.stderr.contains("aaaaaaaa"), "a secret is not repeated: {}", done.stderr);
    }
}

#[tokio::test]
async fn broken_help_flows_stop_the_start_with_the_place_that_is_wrong() {
    let folder = PrivateDir::new("flows").unwrap();
    let shipped = include_str!("../../app/flows.json");
    for (file, flows, words) in [
        (
            "lost.json",
            shipped.replace("\"no-handshake\",", "\"nowhere\","),
            "start > connection > nowhere: there is no such node",
        ),
        (
            "mute.json",
            shipped.replace("\"ja\": \"遅い\"", "\"ja\": \" \""),
            "start > connection > slow: label is missing in the language ja",
        ),
        ("text.json", "Help!".to_owned(), "expected value"),
    ] {
        let path = folder.path().join(file);
        std::fs::write(&path, flows).unwrap();
        let (_folder, launch) = serve_with(("FLOWS_FILE", Some(&path.to_string_lossy()))).await;
        let done = launch.run(PATIENCE).await.unwrap();
        assert_eq!((done.code, done.stderr.lines().count()), (Some(1), 1), "{}", done.stderr);
        assert!(done.stderr.contains("FLOWS_FILE") && done.stderr.contains(words), "{}", done.stderr);
    }
}

#[tokio::test]
async fn serve_starts_in_production_with_secure_cookies_and_drains_on_sigterm() {
    let (_folder, launch) = serve_with(("METRICS_LISTEN", Some("127.0.0.1:0"))).await;
    let mut process = launch.start().await.unwrap();
    let place =
        |line: String| serde_json::from_str::<Value>(&line).unwrap()["fields"]["place"].as_str().unwrap().to_owned();
    let metrics = place(process.wait_for_line("\"metrics\"", PATIENCE).await.unwrap());
    let site = place(process.wait_for_line("\"ready\"", PATIENCE).await.unwrap());
    let http = reqwest::Client::new();
    let page = http.get(format!("http://{site}/?lang=fr")).send().await.unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-") && cookie.contains("Secure") && cookie.contains("Path=/"), "{cookie}");
    assert!(page.headers()["strict-transport-security"].to_str().unwrap().starts_with("max-age="));
    let figures = http.get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(figures.contains("mirai_http_requests_total{route=\"/\",status=\"200\"} 1"), "{figures}");
    assert_eq!(http.get(format!("http://{site}/metrics")).send().await.unwrap().status(), 404, "not on the site");
    let health: Value =
        http.get(format!("http://{site}/backend/api/health")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&health["ok"], &health["version"]), (&json!(true), &json!(env!("CARGO_PKG_VERSION"))), "{health}");
    process.terminate().unwrap();
    let done = process.wait(PATIENCE).await.unwrap();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[tokio::test]
async fn config_shows_every_setting_and_no_secret() {
    let folder = PrivateDir::new("config").unwrap();
    std::fs::write(folder.join("mirai.toml"), "app_url = \"https://vpn.example.net\"\n").unwrap();
    std::fs::write(folder.join(".env"), "JWT_SECRET=very-secret-text\nDB_PASSWORD=hunter2\n").unwrap();
    let config = |args: &'static [&'static str]| async {
        let launch = mirai(args).await.current_dir(folder.path());
        launch.env("DATABASE_URL", "mysql://mirai:hunter3@db.example.net/mirai").run(PATIENCE).await.unwrap()
    };
    for done in [config(&["config"]).await, config(&["config", "--json"]).await] {
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        for secret in ["very-secret-text", "hunter2", "hunter3"] {
            assert!(!done.stdout.contains(secret), "{secret}: {}", done.stdout);
        }
    }
    let rows: Vec<Value> = serde_json::from_str(&config(&["config", "--json"]).await.stdout).unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(row("APP_URL")["source"], "mirai.toml");
    assert_eq!(row("JWT_SECRET")["source"], ".env");
    assert_eq!(row("DATABASE_URL")["source"], "environment");
    assert_eq!(row("LISTEN")["source"], "default");
    assert!(rows.iter().all(|row| row["meaning"].as_str().unwrap().len() > 8));
}

#[tokio::test]
async fn the_documentation_of_the_settings_is_made_from_their_list() {
    let written = std::fs::read_to_string(testkit::house::root().join("docs/settings.md")).unwrap_or_default();
    let made = run(&["config", "--markdown"]).await.stdout;
    assert_eq!(written, made, "run: cargo run -- config --markdown > docs/settings.md");
}

/// `mirai admin …` in a folder with nothing but the default database.
struct Admin {
    folder: PrivateDir,
}

impl Admin {
    async fn run(&self, args: &[&str], input: &str) -> Finished {
        let launch = mirai(&["admin"]).await.args(args.iter().copied()).current_dir(self.folder.path());
        launch.env("LOG", "warn").input(input).run(PATIENCE).await.unwrap()
    }

    async fn json(&self, args: &[&str]) -> Value {
        let done = self.run(&[args, &["--json"]].concat(), "a long enough password").await;
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap()
    }

    async fn refused(&self, args: &[&str]) -> String {
        let done = self.run(args, "short").await;
        assert_eq!(done.code, Some(1), "{args:?}: {}", done.stdout);
        assert_eq!(done.stderr.lines().count(), 1, "{args:?}: {}", done.stderr);
        done.stderr
    }
}

#[tokio::test]
async fn an_operator_makes_and_changes_accounts() {
    let admin = Admin { folder: PrivateDir::new("admin").unwrap() };
    let args = ["user", "create", "ops@example.net", "--role", "admin", "--verified", "--password-stdin"];
    let made = admin.json(&args).await;
    assert_eq!((&made["role"], &made["verified"], &made["password"]), (&json!("admin"), &json!(true), &Value::Null));
    let generated = admin.json(&["user", "create", "mika@example.net", "--verified"]).await;
    assert!(generated["password"].as_str().unwrap().len() >= 16);
    assert_eq!(admin.json(&["user", "list"]).await.as_array().unwrap().len(), 2);
    let set = admin.json(&["user", "set-role", "Mika@Example.net", "support"]).await;
    assert_eq!(set["role"], "support");
    assert_eq!(admin.json(&["user", "suspend", "mika@example.net"]).await["suspended"], true);
    let about_mika = admin.json(&["audit", "--about", "mika@example.net"]).await;
    assert_eq!(actions(&about_mika), ["user.suspend", "user.set_role", "user.create"]);
    admin.json(&["user", "delete", "mika@example.net"]).await;
    assert_eq!(admin.json(&["user", "list"]).await.as_array().unwrap().len(), 1);
    for (args, words) in [
        (&["user", "create", "ops@example.net", "--verified"][..], "address"),
        (&["user", "create", "nonsense", "--verified"], "@"),
        (&["user", "create", "a@example.net", "--verified", "--password-stdin"], "password"),
        (&["user", "create", "a@example.net", "--verified", "--role", "king"], "user, support or admin"),
        (&["user", "create", "a@example.net"], "APP_URL"),
        (&["user", "show", "nobody@example.net"], "nobody@example.net"),
        (&["audit", "--about", "nobody@example.net"], "nobody@example.net"),
    ] {
        let line = admin.refused(args).await;
        assert!(line.starts_with("mirai: ") && line.contains(words), "{args:?}: {line}");
    }
}

#[tokio::test]
async fn the_check_of_books_and_network_fails_when_they_disagree() {
    let admin = Admin { folder: PrivateDir::new("admin").unwrap() };
    let rules = admin.json(&["check"]).await;
    assert!(rules.as_array().unwrap().len() > 10 && rules.as_array().unwrap().iter().all(|rule| rule["broken"] == 0));
    let file = admin.folder.join("data/mirai.db");
    let file = if file.exists() { file } else { admin.folder.join("mirai.db") };
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("UPDATE pool_state SET high_water = 7").execute(&pool).await.unwrap();
    pool.close().await;
    assert!(admin.refused(&["check"]).await.contains("1 of"));
}

/// What was done, from what `mirai admin audit` shows.
fn actions(entries: &Value) -> Vec<&str> {
    entries.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_operator_adds_servers_plans_and_keys() {
    let admin = Admin { folder: PrivateDir::new("admin").unwrap() };
    let osaka = ["server", "add", "--name", "osaka-1", "--region", "jp", "--country", "jp", "--city", "Osaka"];
    let added = admin.json(&[&osaka[..], &["--endpoint", "vpn1.example.net:51820"]].concat()).await;
    assert_eq!(added["status"], "pending");
    assert!(added["enrol_token"].as_str().unwrap().len() > 20);
    let file = admin.folder.join("servers.json");
    let listed = json!([{ "name": "paris-1", "region": "fr", "country": "FR", "city": "Paris",
        "endpoint": "vpn2.example.net:51820", "public_key": "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=" }]);
    std::fs::write(&file, listed.to_string()).unwrap();
    let imported = admin.json(&["server", "import", file.to_str().unwrap()]).await;
    assert_eq!(imported[0]["status"], "up");
    admin.json(&["server", "set-status", "paris-1", "draining"]).await;
    let servers = admin.json(&["server", "list"]).await;
    let status = |name: &str| {
        let rows = servers.as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["status"].clone()
    };
    assert_eq!((status("osaka-1"), status("paris-1")), (json!("pending"), json!("draining")));
    assert_eq!((&servers[0]["seen"], &servers[0]["reported"]), (&servers[0]["status"], &Value::Null), "{servers}");

    let args = ["plan", "set", "basic", "--price", "699", "--stripe-price", "price_1", "--devices", "2"];
    let speeds = ["--quota-gb", "300", "--speed-mbit", "100", "--slow-mbit", "2", "--regions", "jp,eu"];
    let plan = admin.json(&[&args[..], &speeds].concat()).await;
    let plans = admin.json(&["plan", "list"]).await;
    assert_eq!(plans.as_array().unwrap().len(), 3);
    assert!(plans.as_array().unwrap().contains(&plan), "{plan} in {plans}");
    let year = ["plan", "price", "basic", "--every", "year", "--currency", "EUR", "--amount", "5990"];
    let prices = admin.json(&year).await;
    assert_eq!((&prices[1]["interval"], &prices[1]["amount"]), (&json!("year"), &json!(5990)), "{prices}");
    assert_eq!(prices[1]["stripe_price"], Value::Null, "not sold before it is at Stripe");
    let moved = admin.run(&["plan", "move", "basic", "--dry-run"], "").await;
    assert!(moved.stderr.contains("mirai admin stripe sync"), "{}", moved.stderr);
    let none = ["plan", "price", "basic", "--every", "year", "--currency", "eur", "--none"];
    assert_eq!(admin.json(&none).await.as_array().unwrap().len(), 1);
    assert_eq!(admin.json(&["plan", "prices", "basic"]).await[0]["amount"], 699);

    let key = admin.json(&["api-key", "add", "mobile-app", "--scope", "servers", "--days", "30"]).await;
    assert!(key["key"].as_str().unwrap().len() >= 32, "{key}");
    let keys = admin.run(&["api-key", "list"], "").await.stdout;
    assert!(keys.contains("mobile-app") && keys.contains("servers"), "{keys}");
    assert!(!keys.contains(key["key"].as_str().unwrap()), "{keys}");
    admin.json(&["api-key", "revoke", "mobile-app"]).await;
    assert_eq!(admin.json(&["job", "list"]).await, json!([]));
    let all = admin.json(&["audit"]).await;
    let prices = ["plan.price", "plan.price"];
    let done = ["plan.set", "server.set_status", "server.add", "server.add"];
    let done = [&["api_key.revoke", "api_key.add"][..], &prices, &done].concat();
    assert_eq!(actions(&all), done, "newest first");
    let detail = "price 699 usd as price_1; devices 2; bytes 300000000000; Mbit/s 100, afterwards 2; \
                  trial 0 days; listed true; regions eu,jp";
    assert_eq!(all[4]["detail"], detail);
    assert!(all.as_array().unwrap().iter().all(|row| row["actor"] == "command line"), "{all}");
    assert_eq!(actions(&admin.json(&["audit", "--about", "paris-1"]).await), ["server.set_status", "server.add"]);
    assert_eq!(actions(&admin.json(&["audit", "--limit", "1"]).await), ["api_key.revoke"]);
    for (args, words) in [
        (&["server", "set-status", "atlantis", "up"][..], "atlantis"),
        (&["server", "set-status", "osaka-1", "sleeping"], "up, draining, down or retired"),
        (&["server", "revoke", "osaka-1"], "no gateway"),
        (&["server", "import", "missing.json"], "missing.json"),
        (&["plan", "set", "gold", "--price", "1"], "gold"),
        (&["api-key", "revoke", "mobile-app"], "mobile-app"),
        (&["credit", "grant", "nobody@example.net", "500", "--reason", "a gift"], "nobody@example.net"),
        (&["stripe", "sync"], "STRIPE_SECRET_KEY"),
        (&["job", "retry"], "--all"),
        (&["job", "list", "--state", "lost"], "queued, running or dead"),
    ] {
        let line = admin.refused(args).await;
        assert!(line.starts_with("mirai: ") && line.contains(words), "{args:?}: {line}");
    }
}

#[tokio::test]
async fn gift_codes_are_printed_once_and_a_coupon_needs_stripe() {
    let admin = Admin { folder: PrivateDir::new("admin").unwrap() };
    let make = ["gift", "make", "--count", "3", "--amount", "500", "--expires", "30", "--note", "spring fair"];
    let printed = admin.run(&make, "").await.stdout;
    let codes: Vec<&str> = printed.lines().collect();
    assert_eq!(codes.len(), 3, "nothing but codes: {printed}");
    assert!(codes.iter().all(|code| code.len() == 19 && code.split('-').count() == 4), "{printed}");
    let made = admin.json(&["gift", "make", "--count", "1", "--amount", "100", "--currency", "EUR"]).await;
    assert_eq!(made["codes"].as_array().map(Vec::len), Some(1), "{made}");
    let listed = admin.run(&["gift", "list"], "").await.stdout;
    assert!(listed.contains("spring fair") && codes.iter().all(|code| !listed.contains(code)), "{listed}");
    let batch = made["batch"].as_str().unwrap();
    assert!(admin.json(&["gift", "void", batch]).await["voided_at"].is_string());
    assert_eq!(actions(&admin.json(&["audit", "--about", batch]).await), ["gift.void", "gift.make"]);
    assert_eq!(admin.json(&["coupon", "list"]).await, json!([]));
    for (args, words) in [
        (&["gift", "void", batch][..], "out of use already"),
        (&["gift", "make", "--count", "1", "--amount", "0"], "amount"),
        (&["gift", "make", "--count", "1", "--amount", "5", "--currency", "dollars"], "currency"),
        (&["coupon", "add", "SPRING", "--percent", "20"], "STRIPE_SECRET_KEY"),
    ] {
        assert!(admin.refused(args).await.contains(words), "{args:?}");
    }
}

//! Moving in from the PHP service: its customers log in with the passwords that they have, and their devices go on.

use std::collections::BTreeMap;

use app::import_php::{self, Mode};
use app::{Clock, reconcile};
use domain::vpn::key::PrivateKey;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use testkit::app::{Database, START, TestApp, Wanted};
use testkit::caller::PASSWORD;
use testkit::mariadb::MariaDb;

testkit::on_both_databases!(customers_of_the_php_service_move_in_and_notice_nothing);

/// The old tables, with what an old service has: doubles, gaps, and rows that nobody ever cleaned up.
const OLD: &str = r"
CREATE TABLE users (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, email VARCHAR(255), password_hash VARCHAR(255),
    credits_cents INT NOT NULL DEFAULT 0, language CHAR(2), sponsor_id INT UNSIGNED NULL, twofa_secret VARCHAR(64) NULL,
    email_verified_at DATETIME NULL, is_admin TINYINT(1) NOT NULL DEFAULT 0, stripe_customer_id VARCHAR(64) NULL,
    created_at TIMESTAMP NOT NULL DEFAULT '2024-05-01 10:00:00');
INSERT INTO users (id, email, password_hash, credits_cents, language, sponsor_id, twofa_secret, email_verified_at, stripe_customer_id) VALUES
    (1, 'Mika@Example.net', '$HASH', 0, 'fr', NULL, NULL, '2024-05-02 00:00:00', '$CUSTOMER'),
    (2, 'noa@example.net', '$HASH', 1250, 'en', 1, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', '2024-05-02 00:00:00', NULL),
    (3, 'not an address', '$HASH', 0, 'en', NULL, NULL, NULL, NULL),
    (4, 'mika@example.net', '$HASH', 0, 'en', NULL, NULL, '2024-05-02 00:00:00', NULL),
    (5, 'ren@example.net', 'md5:5f4dcc3b', 0, 'xx', 3, NULL, NULL, NULL);
CREATE TABLE vps_servers (id INT PRIMARY KEY, name VARCHAR(64), region VARCHAR(16), status VARCHAR(16), ping_ms INT,
    active_users INT, max_users INT, cpu_load DECIMAL(5,2), bw_mbps INT);
INSERT INTO vps_servers VALUES (1, 'Tokyo_1', 'JP', 'online', 12, 3, 250, 0.42, 900), (2, 'Ghost', 'DE', 'online', 0, 0, 10, 0, 0);
CREATE TABLE subscriptions (id INT PRIMARY KEY, user_id INT, plan VARCHAR(32), region VARCHAR(16), vps_id INT,
    stripe_sub_id VARCHAR(64), status VARCHAR(16), quota_gb DECIMAL(10,2), used_gb DECIMAL(10,3), started_at DATETIME, ends_at DATETIME);
INSERT INTO subscriptions VALUES
    (1, 1, 'Premium', 'JP', 1, '$SUBSCRIPTION', 'active', 1000, 12.5, '2026-11-01 00:00:00', '2026-12-01 00:00:00'),
    (2, 2, 'gold', 'JP', 1, 'sub_gold', 'active', 5, 0, '2026-11-01 00:00:00', '2026-12-01 00:00:00'),
    (3, 2, 'basic', 'JP', 1, NULL, 'canceled', 200, 0, '2025-01-01 00:00:00', '2025-02-01 00:00:00');
CREATE TABLE wireguard_peers (id INT PRIMARY KEY, user_id INT, vps_id INT, conf_path VARCHAR(255), active TINYINT(1));
INSERT INTO wireguard_peers VALUES (1, 1, 1, '/etc/wireguard/clients/mika.conf', 1), (2, 1, 1, '/etc/wireguard/clients/double.conf', 1),
    (3, 1, 1, '/etc/wireguard/clients/mika-old.conf', 0), (4, 2, 1, '/etc/wireguard/clients/noa.conf', 1),
    (5, 1, 1, '/etc/wireguard/clients/missing.conf', 1);
CREATE TABLE sponsorships (id INT PRIMARY KEY, sponsor_id INT, sponsored_id INT);
INSERT INTO sponsorships VALUES (1, 1, 2);
CREATE TABLE credit_ledger (id INT PRIMARY KEY, user_id INT, amount_cents INT);
CREATE TABLE stripe_events (id INT PRIMARY KEY, event_id VARCHAR(64), type VARCHAR(64), created_at DATETIME);
INSERT INTO stripe_events VALUES (1, 'evt_of_the_old_service', 'invoice.paid', '2026-11-01 00:00:00');
";

/// The key that a file of the old service has.
fn key(byte: u8) -> PrivateKey {
    PrivateKey::from_random([byte; 32])
}

fn file(device: u8, address: &str) -> String {
    let server = key(200).public();
    format!(
        "[Interface]\nPrivateKey = {}\nAddress = {address}/24\nDNS = 10.8.0.1\n\n[Peer]\nPublicKey = {server}\n\
         Endpoint = vpn1.example.net:51820\nAllowedIPs = 0.0.0.0/0\n",
        key(device).expose().as_str()
    )
}

fn read(path: &str) -> std::io::Result<String> {
    match path {
        "/etc/wireguard/clients/mika.conf" => Ok(file(1, "10.8.0.7")),
        "/etc/wireguard/clients/double.conf" => Ok(file(2, "10.8.0.7")),
        "/etc/wireguard/clients/noa.conf" => Ok(file(3, "10.8.0.9")),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    }
}

/// An old database, whose one billed subscription is a real one of the pretend Stripe's.
async fn old_database(server: &MariaDb, subscription: &str, customer: &str) -> anyhow::Result<String> {
    let url = server.fresh_database().await?;
    let hash = bcrypt::hash(PASSWORD, 4)?.replacen("$2b$", "$2y$", 1);
    let dump = OLD.replace("$HASH", &hash).replace("$SUBSCRIPTION", subscription).replace("$CUSTOMER", customer);
    let mut connection = sqlx::MySqlConnection::connect(&url).await?;
    for statement in dump.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        connection.execute(AssertSqlSafe(statement.to_owned())).await?;
    }
    Ok(url)
}

async fn customers_of_the_php_service_move_in_and_notice_nothing(database: Database) -> anyhow::Result<()> {
    let Some(server) = MariaDb::shared().await? else { return Ok(()) };
    let wanted = Wanted { pool_v4: "10.8.0.0/16", ..Wanted::on(database) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(()) };
    // Somebody bought at Stripe, and only the old service knows of it.
    let buyer = test.with_user("buyer").await?;
    let paid = test.stripe.pay(&test.checkout(&buyer, "premium").await?)?;
    let old = old_database(server, &paid.subscription, &paid.customer).await?;
    app::admin::users::delete(&test.app, buyer.id).await?;

    let before = app::admin::users::list(&test.app, None, 100).await?.len();
    let dry = import_php::run(&test.app, &old, &read, Mode::DryRun).await?;
    assert_eq!(app::admin::users::list(&test.app, None, 100).await?.len(), before, "a dry run changes nothing");
    let report = import_php::run(&test.app, &old, &read, Mode::Real).await?;
    assert_eq!(report, dry, "and says what then happens");
    let taken: BTreeMap<&str, u64> = [
        ("users", 3),
        ("credit_ledger", 1),
        ("sponsorships", 1),
        ("vps_servers", 1),
        ("subscriptions", 1),
        ("wireguard_peers", 1),
        ("stripe_events", 1),
    ]
    .into();
    assert_eq!(report.taken, taken, "{report:#?}");
    for (table, id, why) in [
        ("users", "3", "address"),
        ("users", "4", "account here already"),
        ("users", "5", "sponsor 3 was not taken over"),
        ("vps_servers", "2", "--configs"),
        ("subscriptions", "2", "no plan \"gold\""),
        ("subscriptions", "3", "stripe_sub_id"),
        ("wireguard_peers", "2", "another device"),
        ("wireguard_peers", "3", "not active"),
        ("wireguard_peers", "4", "no running subscription"),
        ("wireguard_peers", "5", "can't be read"),
    ] {
        let found = report.refused.iter().find(|one| one.table == table && one.id == id);
        assert!(found.is_some_and(|one| one.why.contains(why)), "{table} {id}: {found:?}");
    }
    assert_eq!(report.refused.len(), 10, "{:#?}", report.refused);
    let again = import_php::run(&test.app, &old, &read, Mode::Real).await?;
    assert_eq!((again.taken, again.refused), (BTreeMap::new(), report.refused), "nothing is taken twice");

    // The customer: the old password, the device as it was, and what Stripe says.
    let mika = test.log_in("mika@example.net").await?;
    assert_eq!(test.get("/user/me", Some(&mika)).await?["language"], "fr");
    assert_eq!(reconcile::subscriptions(&test.app).await?, 1);
    let subscription = test.get("/subscriptions", Some(&mika)).await?["subscriptions"][0].take();
    assert_eq!((&subscription["plan"], &subscription["entitled"]), (&json!("premium"), &json!(true)), "{subscription}");
    let device = test.get("/devices", Some(&mika)).await?["devices"][0].take();
    assert_eq!(device["address_v4"], "10.8.0.7");
    assert_eq!(device["public_key"], key(1).public().to_string());
    assert_eq!((&device["server"], &device["served"]), (&json!("tokyo-1"), &json!(true)));
    let (status, body) = test.post("/devices", Some(&mika), &json!({ "name": "tablet" })).await?;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let (status, body) =
        test.post("/auth/login", None, &json!({ "email": "noa@example.net", "password": PASSWORD })).await?;
    assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("otp_required")), "her app is still asked");
    test.all_is_well().await
}

/// The command an operator types.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_says_what_it_took_and_what_it_left() -> anyhow::Result<()> {
    let Some(server) = MariaDb::shared().await? else { return Ok(()) };
    let Some(mut fleet) = testkit::fleet::Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    fleet.set("POOL_V4", "10.8.0.0/16");
    let old = old_database(server, "sub_nowhere", "cus_nowhere").await?;
    let clients = fleet.dir.join("backup/etc/wireguard/clients");
    std::fs::create_dir_all(&clients)?;
    std::fs::write(clients.join("mika.conf"), file(1, "10.8.0.7"))?;
    let import = async |more: &[&str]| {
        let args = [&["import", "php", "--from", &old, "--configs", "backup"][..], more].concat();
        fleet.command(&args).run(testkit::fleet::PATIENCE).await
    };
    let dry = import(&["--dry-run"]).await?;
    assert!(dry.stdout.contains("3 would be taken over") && dry.stdout.contains("nothing was changed"), "{dry:?}");
    let done = import(&["--json"]).await?;
    let report: serde_json::Value = serde_json::from_str(&done.stdout)?;
    assert_eq!((&report["taken"]["users"], &report["taken"]["wireguard_peers"]), (&json!(3), &json!(1)), "{report}");
    let wrong = fleet.command(&["import", "php", "--from", "sqlite://old.db"]).run(testkit::fleet::PATIENCE).await?;
    assert!(wrong.code != Some(0) && wrong.stderr.contains("mysql://"), "{wrong:?}");
    let empty = server.fresh_database().await?;
    let wrong = fleet.command(&["import", "php", "--from", &empty]).run(testkit::fleet::PATIENCE).await?;
    assert!(wrong.code != Some(0) && wrong.stderr.contains("no table `users`"), "{wrong:?}");
    let app = fleet.look(Clock::stopped_at(START)).await?;
    assert_eq!(app::admin::users::list(&app, None, 100).await?.len(), 3);
    Ok(())
}

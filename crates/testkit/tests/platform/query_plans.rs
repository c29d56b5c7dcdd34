//! Every statement of the main job finds its rows by an index.

use std::collections::BTreeSet;

use app::admin::COMMAND_LINE;
use app::admin::incidents::{self, NewIncident};
use domain::account::{Email, Language};
use domain::monitor::incident::{Impact, Stage};
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use testkit::app::{Database, TestApp, Wanted};

/// What is read whole, and why that is right.
const KNOWN: [(&str, &str); 14] = [
    ("SCAN plan_offers", "a few prices of each plan"),
    ("SCAN plans", "the price list has a few rows"),
    ("SCAN vps_servers", "the servers are a few rows"),
    ("SCAN gateways", "each server has one at most"),
    ("SCAN vantages", "and so has each that looks at others"),
    ("SCAN pasts", "a row for each check, and the page shows all of them"),
    ("SCAN sights", "which are three for each server"),
    ("SCAN checks", "what is watched is a few rows, and all of it is looked at"),
    ("SCAN components", "and so is what they watch"),
    ("SCAN status_webhooks", "the operators' webhooks are twenty at most"),
    ("SCAN maintenances", "what is announced is a few rows"),
    ("SCAN maintenance_components", "and what it is done on"),
    ("SCAN api_keys", "the keys of the API's callers are a few rows"),
    ("SCAN freed_addresses USING COVERING INDEX", "the first entry of the index is taken"),
];

/// Somebody subscribes, and is told of an incident.
async fn tell_of_an_incident(test: &TestApp) -> anyhow::Result<()> {
    let email = Email::parse("noa@example.net")?;
    app::status_subscriber::ask(&test.app, &email, Language::En).await?;
    test.run_jobs().await?;
    app::status_subscriber::confirm(&test.app, &test.token_mailed(email.as_str(), "/status/confirm")?).await?;
    let new = NewIncident {
        title: "Everything".to_owned(),
        impact: Impact::Major,
        components: Vec::new(),
        words: "We are looking.".to_owned(),
    };
    let id = incidents::open(&test.app, COMMAND_LINE, &new).await?;
    incidents::update(&test.app, COMMAND_LINE, id, Stage::Resolved, "It works.").await?;
    test.run_jobs().await?;
    app::admin::status::remove_subscriber(&test.app, COMMAND_LINE, &email).await?;
    Ok(())
}

/// SQLite, since its plans do not depend on how many rows a test has; the indexes are the same on MariaDB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_of_the_main_job_reads_a_whole_table() -> anyhow::Result<()> {
    let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
    let user = test.with_subscriber("mika", "premium").await?;
    let (_, made) = test.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    let id = made["device"]["id"].as_str().unwrap_or_default().to_owned();
    for path in ["/user/me", "/user/sessions", "/subscriptions", "/invoices", "/devices", "/vps/status", "/plans"] {
        test.get(path, Some(&user)).await?;
    }
    test.post(&format!("/devices/{id}/rekey"), Some(&user), &json!({})).await?;
    test.post(&format!("/devices/{id}/move"), Some(&user), &json!({})).await?;
    test.post("/auth/refresh", None, &json!({ "refresh_token": user.refresh })).await?;
    test.post("/auth/reset-request", None, &json!({ "email": user.email })).await?;
    test.run_jobs().await?;
    app::notice_due::tell_due(&test.app).await?;
    app::monitor::watch(&test.app).await?;
    app::admin::checks::list(&test.app).await?;
    assert_eq!(test.http.get(format!("{}/status", test.base)).send().await?.status(), 200);
    tell_of_an_incident(&test).await?;
    test.request(Method::DELETE, &format!("/devices/{id}"), Some(&user)).send().await?;

    let statements = test.statements.lock().expect("no panic").clone();
    let asked: Vec<&String> = statements.iter().filter(|sql| !sql.starts_with("INSERT")).collect();
    assert!(asked.len() > 40, "{}", asked.len());
    let path = test.database_url.trim_start_matches("sqlite://");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = sqlx::sqlite::SqliteConnection::connect_with(&options).await?;
    let mut scans = BTreeSet::new();
    for sql in asked {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        for row in sqlx::query(explain).fetch_all(&mut connection).await? {
            let step: String = row.get("detail");
            let is_known = KNOWN.iter().any(|(known, _)| step.starts_with(known));
            // A constant row, such as that of an EXISTS, is none of a table's.
            if step.starts_with("SCAN ") && !is_known && !step.starts_with("SCAN CONSTANT") {
                scans.insert(format!("{step}: {sql}"));
            }
        }
    }
    assert_eq!(scans, BTreeSet::new());
    Ok(())
}

//! The database is away: a clear answer soon, and everything goes on by itself when it is back.

use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use store::{Patience, Settings, Store, Tls};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{TestUser, answer};
use testkit::fleet::eventually;
use testkit::gate::Door;

/// A caller is owed an answer within two seconds; twice that leaves room for a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(4);

/// The answer says that the service is away, and when to come back.
async fn is_away(response: Response) -> anyhow::Result<()> {
    let retry = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (status, problem) = answer(response).await?;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")), "{problem}");
    assert_eq!(retry.as_deref(), Some("2"));
    Ok(())
}

async fn me(test: &TestApp, user: &TestUser) -> reqwest::Result<Response> {
    test.request(Method::GET, "/user/me", Some(user)).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s50_a_database_that_is_cut_off_or_silent_is_a_503_and_comes_back_without_a_restart() -> anyhow::Result<()> {
    let Some((test, gate)) = TestApp::start_behind_a_gate().await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    for door in [Door::Shut, Door::Silent] {
        gate.set(door);
        let asked = Instant::now();
        is_away(me(&test, &user).await?).await?;
        assert!(asked.elapsed() < SOON, "{door:?}: {:?}", asked.elapsed());
        let ready = test.http.get(format!("{}/backend/api/readyz", test.base)).send().await?;
        assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE, "{door:?}");
        let page = test.http.get(format!("{}/pricing", test.base)).send().await?;
        assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE, "{door:?}");
        assert!(page.headers().contains_key("retry-after"), "{door:?}");
        assert!(page.text().await?.contains("One moment"), "{door:?}: a page for people");
        gate.set(Door::Open);
        let back = async || Ok((me(&test, &user).await?.status() == StatusCode::OK).then_some(()));
        eventually("the database", back).await?;
    }
    Ok(())
}

/// Another process, such as a backup, holds SQLite's one writer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s52_a_locked_sqlite_file_is_a_503_for_writers_and_no_hindrance_for_readers() -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(Database::Sqlite)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "vip").await?;
    let settings =
        Settings { url: test.database_url.clone(), tls: Tls::Off, max_connections: 1, patience: Patience::Command };
    let other = Store::connect(&settings).await?;
    let lock = other.write_txn().await?;
    let asked = Instant::now();
    is_away(test.request(Method::POST, "/devices", Some(&user)).json(&json!({})).send().await?).await?;
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert_eq!(test.get("/devices", Some(&user)).await?["devices"], json!([]), "nothing is half-made");
    drop(lock);
    let made = async || {
        let (status, _) = test.post("/devices", Some(&user), &json!({})).await?;
        Ok((status == StatusCode::CREATED).then_some(()))
    };
    eventually("the lock's end", made).await
}

//! Many at once for the last of something: the unique index decides.

use reqwest::StatusCode;
use serde_json::json;
use testkit::app::{Database, TestApp, Wanted};

testkit::on_both_databases!(
    of_64_requests_for_the_last_slot_one_wins,
    s57_s58_of_64_requests_for_the_last_address_one_wins
);

async fn of_64_requests_for_the_last_slot_one_wins(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "basic").await?;
    let codes = sixty_four_at_once(&test, &user).await?;
    assert_eq!(codes.iter().filter(|code| *code == "created").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "device_limit").count(), 63, "{codes:?}");
    one_device(&test, &user).await
}

async fn s57_s58_of_64_requests_for_the_last_address_one_wins(database: Database) -> anyhow::Result<()> {
    // A /30 has four addresses: network, gateway, broadcast, and one for a device.
    let wanted = Wanted { pool_v4: "10.64.0.0/30", ..Wanted::on(database) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "vip").await?;
    let codes = sixty_four_at_once(&test, &user).await?;
    assert_eq!(codes.iter().filter(|code| *code == "created").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "pool_exhausted").count(), 63, "{codes:?}");
    one_device(&test, &user).await
}

async fn sixty_four_at_once(test: &TestApp, user: &testkit::caller::TestUser) -> anyhow::Result<Vec<String>> {
    let asked = (0..64).map(|n| async move {
        let (status, body) = test.post("/devices", Some(user), &json!({ "name": format!("device-{n}") })).await?;
        let code = body["code"].as_str().unwrap_or_default().to_owned();
        anyhow::Ok(if status == StatusCode::CREATED { "created".to_owned() } else { code })
    });
    futures_util::future::join_all(asked).await.into_iter().collect()
}

async fn one_device(test: &TestApp, user: &testkit::caller::TestUser) -> anyhow::Result<()> {
    let devices = test.get("/devices", Some(user)).await?;
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(1), "{devices}");
    Ok(())
}

//! The release before this one, on the tables of today: what is gone back to has to serve, and both serve side by side while
//! one takes the other's place.

use anyhow::{Context as _, ensure};
use domain::vpn::key::PrivateKey;
use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::app::Database;
use testkit::caller::{Caller, TestUser};
use testkit::fleet::{Fleet, PATIENCE};
use testkit::missing::asked_for_long;
use testkit::process::Bin;
use testkit::setting::setting;

/// Adds a device, and takes away what was there.
async fn use_devices(caller: &Caller, user: &TestUser, n: u8) -> anyhow::Result<()> {
    let key = PrivateKey::from_random([n; 32]).public().to_string();
    let (status, answer) =
        caller.post("/devices", Some(user), &json!({ "name": format!("device {n}"), "public_key": key })).await?;
    ensure!(status == StatusCode::CREATED, "{status} {answer}");
    let list = caller.get("/devices", Some(user)).await?;
    let others = list["devices"].as_array().context("a list")?.iter().filter(|device| device["public_key"] != key);
    for id in others.filter_map(|device| device["id"].as_str()) {
        let gone = caller.request(Method::DELETE, &format!("/devices/{id}"), Some(user)).send().await?;
        ensure!(gone.status().is_success(), "{}", gone.status());
    }
    Ok(())
}

async fn serves_on_newer_tables(database: Database) -> anyhow::Result<()> {
    if !asked_for_long()? {
        return Ok(());
    }
    let old =
        Bin::at(setting("MIRAI_PREVIOUS_BIN").context("MIRAI_PREVIOUS_BIN is set by `cargo xtask test --long`")?)?;
    let Some(fleet) = Fleet::new(database).await? else { return Ok(()) };
    let now = fleet.serve().await?;
    let user = fleet.with_subscriber(&now, "mika").await?;
    use_devices(&now.caller, &user, 1).await?;

    // A rollback asks the release that is gone back to for its tables first.
    let migrated = fleet.command_of(&old, &["migrate"]).run(PATIENCE).await?;
    ensure!(migrated.code == Some(0), "{}{}", migrated.stdout, migrated.stderr);
    let before = Fleet::up(fleet.command_of(&old, &["serve"])).await?;
    // Both at once, and then the old one alone.
    use_devices(&before.caller, &user, 2).await?;
    use_devices(&now.caller, &user, 3).await?;
    drop(now);
    use_devices(&before.caller, &user, 4).await?;
    let again = before.caller.log_in(&user.email).await?;
    use_devices(&before.caller, &again, 5).await?;
    let other = fleet.with_subscriber(&before, "yuki").await?;
    use_devices(&before.caller, &other, 6).await?;
    drop(before);

    let now = fleet.serve().await?;
    use_devices(&now.caller, &other, 7).await?;
    let proof = fleet.command(&["admin", "ledger", "verify"]).run(PATIENCE).await?;
    ensure!(proof.code == Some(0), "{}{}", proof.stdout, proof.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_the_release_before_serves_on_the_tables_of_today() -> anyhow::Result<()> {
    serves_on_newer_tables(Database::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_mariadb_the_release_before_serves_on_the_tables_of_today() -> anyhow::Result<()> {
    serves_on_newer_tables(Database::MariaDb).await
}

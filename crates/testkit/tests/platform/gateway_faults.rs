//! Gateways when something dies in the middle: in the end each serves whom it should, and every byte has counted once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use app::admin::COMMAND_LINE;
use app::{Dice, failpoint};
use domain::vpn::key::PublicKey;
use gateway::FakeDevice;
use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{Caller, TestUser};
use testkit::fleet::Fleet;

use crate::agents::{Running, add, key_of, place, run, serving, until};

testkit::on_both_databases!(
    s56_an_agent_killed_at_any_moment_serves_whom_it_should_and_every_byte_counts_once,
    s56_a_control_plane_killed_while_it_counts_counts_every_byte_once,
    a_thousand_changes_while_a_gateway_is_away_are_there_when_it_is_back,
);

/// Kills an agent as `kill -9` does: nothing is said or saved any more.
async fn kill(agent: Running) {
    agent.task.abort();
    let _ = agent.task.await;
}

/// Waits until the device has exactly these peers.
async fn until_served(device: &FakeDevice, keys: &BTreeSet<[u8; 32]>) -> anyhow::Result<()> {
    until("the peers as they should be", || {
        device.len() == keys.len() && keys.iter().all(|key| device.came_as(key).is_some())
    })
    .await
}

async fn until_counted(store: &store::Store, expected: u64) -> anyhow::Result<()> {
    let mut used = 0;
    for _ in 0..1_000 {
        used = 0;
        for server in store::vps_servers::all(store).await? {
            let rows = store::wireguard_peers::page_of_server(store, server.id, uuid::Uuid::nil(), 500).await?;
            let paying: BTreeMap<_, _> =
                rows.iter().map(|row| (row.subscription.id, row.subscription.used_bytes)).collect();
            used += u64::try_from(paying.values().sum::<i64>())?;
        }
        if used == expected {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("{used} bytes are counted, {expected} were carried")
}

async fn remove(caller: &Caller, user: &TestUser, id: &str) -> anyhow::Result<()> {
    let gone = caller.request(Method::DELETE, &format!("/devices/{id}"), Some(user)).send().await?;
    anyhow::ensure!(gone.status().is_success(), "{}", gone.status());
    Ok(())
}

async fn s56_an_agent_killed_at_any_moment_serves_whom_it_should_and_every_byte_counts_once(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (rounds, seed) = (testkit::setting::times(12, 200), testkit::setting::seed());
    let dice = Dice::seeded(seed);
    let choose = |among: u64| dice.number() % among;
    let mika = test.with_subscriber("mika", "vip").await?;
    let folder = place(&test, "gateway");
    serving(&test).await?.stop().await??;
    let (device, mut devices, mut carried) = (FakeDevice::default(), BTreeMap::new(), 0);
    // Stays on all the way, so that there is always one whose subscription can be looked at.
    let (_, first) = add(&test, &mika, "first").await?;
    for round in 0..rounds {
        let agent = run(&test, &folder, &device).await?;
        for _ in 0..choose(6) {
            let name = format!("device {}", devices.len());
            let (id, key) = add(&test, &mika, &name).await?;
            devices.insert(id, key);
            if devices.len() > 8 {
                let (id, _) = devices.pop_first().unwrap_or_else(|| unreachable!("nine devices"));
                remove(&test, &mika, &id).await?;
            }
            for key in devices.values().chain([&first]) {
                let bytes = (choose(5_000), choose(5_000));
                if device.carry(key, test.app.clock.now(), bytes) {
                    carried += bytes.0 + bytes.1;
                }
            }
            tokio::time::sleep(Duration::from_millis(choose(150))).await;
        }
        // In the middle of a list of all peers, a step, a look at the device or a report.
        tokio::time::sleep(Duration::from_millis(choose(250))).await;
        kill(agent).await;
        if round % 3 == 2 {
            // The log is gone: the next start begins with a list of all peers.
            store::peer_changes::prune(&test.app.store, i64::MAX).await?;
        }
    }
    let agent = run(&test, &folder, &device).await?;
    let expected: BTreeSet<[u8; 32]> = devices.values().copied().chain([first]).collect();
    until_served(&device, &expected).await.map_err(|error| error.context(format!("seed {seed}")))?;
    test.advance(60_000);
    let counted = until_counted(&test.app.store, carried).await;
    counted.map_err(|error| error.context(format!("seed {seed}")))?;
    agent.stop().await??;
    test.all_is_well().await
}

async fn s56_a_control_plane_killed_while_it_counts_counts_every_byte_once(database: Database) -> anyhow::Result<()> {
    for place in failpoint::COUNTING {
        let Some(fleet) = Fleet::new(database).await? else { return Ok(()) };
        let node = Fleet::up(fleet.command(&["serve"]).env("FAILPOINT", *place)).await?;
        let mika = fleet.with_subscriber(&node, "mika").await?;
        let app = fleet.look(app::Clock::System).await?;
        let folder = gateway::Place::new(fleet.dir.join("gateway"));
        let token = app::admin::servers::renew_token(&app, COMMAND_LINE, "osaka-1").await?;
        gateway::enrol(&folder, &node.caller.base, &token, "fake").await?;
        let device = FakeDevice::default();
        let agent = crate::agents::start(&folder, &device, app::Clock::System).await?;
        let (status, made) = node.caller.post("/devices", Some(&mika), &json!({ "name": "phone" })).await?;
        anyhow::ensure!(status == StatusCode::CREATED, "{made}");
        let key = key_of(&made)?;
        until("the device", || device.came_as(&key).is_some()).await?;
        device.carry(&key, app.clock.now(), (1_000, 2_000));
        let died = node.process.wait(Duration::from_secs(30)).await?;
        anyhow::ensure!(died.code.is_none(), "it was to be killed at {place}");
        device.carry(&key, app.clock.now(), (10, 20));

        let node = fleet.serve().await?;
        agent.stop().await??;
        folder.move_control(&node.caller.base)?;
        let agent = crate::agents::start(&folder, &device, app::Clock::System).await?;
        // Within the minute only what was not counted before is new.
        let counted = || async {
            let server = store::vps_servers::all(&app.store).await?.remove(0);
            let key = PublicKey::from_bytes(key)?.to_string();
            let rows = store::wireguard_peers::with_keys(&app.store, server.id, &[&key]).await?;
            Ok(rows.first().map(|row| row.subscription.used_bytes).filter(|used| *used > 0))
        };
        let used = testkit::fleet::eventually("what was carried", counted).await?;
        // Killed before the commit: all of it is counted later. After the commit: what came then waits for its minute.
        let expected = if *place == "count.saved" { 3_030 } else { 3_000 };
        assert_eq!(used, expected, "{place}");
        assert_eq!(device.activity(&key).map(|activity| (activity.rx, activity.tx)), Some((1_010, 2_020)));
        agent.stop().await??;
    }
    Ok(())
}

async fn a_thousand_changes_while_a_gateway_is_away_are_there_when_it_is_back(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let gateway = serving(&test).await?;
    let device = gateway.device.clone();
    let (_, stays) = add(&test, &mika, "stays").await?;
    let mut devices = Vec::new();
    for n in 0..10 {
        devices.push(add(&test, &mika, &format!("device {n}")).await?);
    }
    let keys = |devices: &[(String, [u8; 32])]| devices.iter().map(|(_, key)| *key).chain([stays]).collect();
    until_served(&device, &keys(&devices)).await?;
    let came_as = device.came_as(&stays);
    gateway.stop().await??;

    // Two rows for each: the key that goes and the one that comes.
    let before = store::vps_servers::all(&test.app.store).await?[0].revision;
    for n in 0..500 {
        let at = n % devices.len();
        let path = format!("/devices/{}/rekey", devices[at].0);
        let (status, made) = test.post(&path, Some(&mika), &json!({})).await?;
        anyhow::ensure!(status == StatusCode::OK, "{made}");
        devices[at].1 = key_of(&made)?;
    }
    assert_eq!(store::vps_servers::all(&test.app.store).await?[0].revision, before + 1_000);
    let gateway = run(&test, &place(&test, "gateway"), &device).await?;
    until_served(&device, &keys(&devices)).await?;
    assert_eq!(device.came_as(&stays), came_as, "who stays is not touched");
    gateway.stop().await??;
    test.all_is_well().await
}

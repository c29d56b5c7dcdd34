//! Gateways look at each other through their tunnels: who looks at whom, what is made of what they see, and, in
//! [`real`], the packets.

mod real;

use std::time::Duration;

use anyhow::Context as _;
use app::admin::COMMAND_LINE;
use app::admin::servers;
use app::vantage::{self, Said, Seen};
use domain::account::Role;
use domain::monitor::verdict::Verdict;
use domain::vpn::key::PublicKey;
use gateway::FakeDevice;
use reqwest::StatusCode;
use serde_json::json;
use store::{checks, gateways, pool, vantages, vps_servers};
use testkit::app::{Database, TestApp, Wanted};
use testkit::fleet::eventually;
use uuid::Uuid;

use crate::agents::{Running, enrol_as, place, start_looking, until};
use crate::monitor::{MINUTE, component, mails, status};

testkit::on_both_databases!(
    each_gateway_is_looked_at_by_three_others_as_long_as_they_are_there,
    two_who_agree_are_one_incident_and_one_alone_is_none,
    what_looks_at_a_gateway_counts_for_nobody,
);

const SERVERS: [&str; 5] = ["osaka-1", "paris-1", "berlin-1", "nagoya-1", "quito-1"];
/// One look at once, and no other while the test runs.
const ONCE: Option<Duration> = Some(Duration::from_secs(3_600));

/// Gateways of the first `count` servers, which have all said that they look.
async fn looking(test: &TestApp, count: usize) -> anyhow::Result<Vec<(Uuid, Running)>> {
    let mut found = Vec::new();
    for name in &SERVERS[..count] {
        if *name != "osaka-1" {
            test.add_server(name, "eu").await?;
        }
        let folder = place(test, name);
        enrol_as(test, &folder, name).await?;
        let id = folder.identity()?.server_id;
        found.push((id, start_looking(&folder, &FakeDevice::default(), test.app.clock.clone(), ONCE).await?));
    }
    eventually("all look", || async {
        let all = vantages::all(&test.app.store).await?;
        Ok((all.len() == count).then_some(()))
    })
    .await?;
    Ok(found)
}

/// The keys of those that look at a server.
async fn looking_at(test: &TestApp, server: Uuid) -> anyhow::Result<Vec<[u8; 32]>> {
    let rows = vantages::of_server(&test.app.store, server).await?;
    rows.iter().map(|row| Ok(PublicKey::parse(&row.public_key)?.bytes())).collect()
}

/// Waits until a gateway has those as peers that look at it, and nobody else.
async fn has_them(test: &TestApp, (id, gateway): &(Uuid, Running)) -> anyhow::Result<Vec<[u8; 32]>> {
    let keys = looking_at(test, *id).await?;
    let device = &gateway.device;
    until("its peers", || device.len() == keys.len() && keys.iter().all(|key| device.came_as(key).is_some())).await?;
    Ok(keys)
}

/// Says that each of these gateways has seen a server so.
async fn say(test: &TestApp, server: Uuid, seen: &[(Uuid, Verdict)]) -> anyhow::Result<()> {
    for (vantage, verdict) in seen {
        let gateway = gateways::of_server(&test.app.store, *vantage).await?.context("a gateway")?;
        let rows = vantages::all(&test.app.store).await?;
        let row = rows.into_iter().find(|row| row.server_id == *vantage).context("one that looks")?;
        let trouble = (*verdict == Verdict::Fail).then(|| "timeout".to_owned());
        let said = Said {
            instance: gateway.instance.clone().unwrap_or_default(),
            public_key: PublicKey::parse(&row.public_key)?,
            from: [198, 51, 100, 7].into(),
            seen: vec![Seen { server, verdict: *verdict, latency_us: Some(20_000), trouble }],
        };
        vantage::report(&test.app, &gateway, &said).await?;
    }
    Ok(())
}

/// A minute passes, in which all gateways report, and a server is seen so by those that look at it.
async fn minute(test: &TestApp, server: Uuid, verdicts: &[Verdict]) -> anyhow::Result<()> {
    test.advance(MINUTE);
    let all = vps_servers::all(&test.app.store).await?;
    for one in &all {
        crate::monitor::report(test, one.id).await?;
    }
    let looking = vantages::of_server(&test.app.store, server).await?;
    let seen: Vec<(Uuid, Verdict)> = looking.iter().map(|row| row.server_id).zip(verdicts.iter().copied()).collect();
    say(test, server, &seen).await?;
    app::monitor::watch(&test.app).await?;
    test.run_jobs().await?;
    Ok(())
}

async fn each_gateway_is_looked_at_by_three_others_as_long_as_they_are_there(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut all = looking(&test, 5).await?;
    app::monitor::watch(&test.app).await?;
    let mut before = Vec::new();
    for one in &all {
        let keys = has_them(&test, one).await?;
        assert_eq!(keys.len(), 3);
        before.push(keys);
    }
    test.all_is_well().await?;
    // Nothing changes without a cause.
    let revisions =
        async || anyhow::Ok(vps_servers::all(&test.app.store).await?.iter().map(|row| row.revision).sum::<i64>());
    let revision = revisions().await?;
    app::monitor::watch(&test.app).await?;
    assert_eq!(revisions().await?, revision);

    // With each start of its agent it has another key, and the former one is good for nothing.
    let (id, gateway) = all.remove(0);
    let own = vantages::all(&test.app.store).await?.into_iter().find(|row| row.server_id == id).context("it looks")?;
    gateway.stop().await??;
    test.advance(MINUTE);
    let folder = place(&test, SERVERS[0]);
    all.insert(0, (id, start_looking(&folder, &FakeDevice::default(), test.app.clock.clone(), ONCE).await?));
    eventually("another key", || async {
        let now = vantages::all(&test.app.store).await?.into_iter().find(|row| row.server_id == id);
        Ok(now.filter(|row| row.public_key != own.public_key && row.address == own.address))
    })
    .await?;
    for one in &all {
        assert_eq!(has_them(&test, one).await?.len(), 3);
    }

    // Without its credential it is no peer of anybody's a minute later, and its address rests.
    servers::revoke(&test.app, COMMAND_LINE, SERVERS[0]).await?;
    let now = vantages::all(&test.app.store).await?.into_iter().find(|row| row.server_id == id).context("it looks")?;
    app::monitor::watch(&test.app).await?;
    let gone = PublicKey::parse(&now.public_key)?.bytes();
    for one in &all[1..] {
        assert!(!has_them(&test, one).await?.contains(&gone));
    }
    let tx = test.app.store.write_txn().await?;
    assert!(pool::is_freed(&tx, own.address).await?);
    drop(tx);
    test.all_is_well().await?;
    // Of the four that are left each is looked at by the three others.
    assert_eq!(vantages::all_sights(&test.app.store).await?.len(), 12);
    Ok(())
}

async fn two_who_agree_are_one_incident_and_one_alone_is_none(database: Database) -> anyhow::Result<()> {
    use Verdict::{Fail, Ok as Works, Unknown};
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    let all = looking(&test, 4).await?;
    let osaka = all[0].0;
    // The agents have said where they are; from here on the test speaks for them.
    for (_, gateway) in all {
        gateway.stop().await??;
    }
    app::monitor::watch(&test.app).await?;
    // Before it was ever seen to work, the way to it may be what is closed.
    for _ in 0..3 {
        minute(&test, osaka, &[Fail, Fail, Fail]).await?;
    }
    assert_eq!(status(&test).await?["incidents"], json!([]));
    for _ in 0..3 {
        minute(&test, osaka, &[Works, Works, Works]).await?;
    }
    let before = mails(&test, &admin.email).len();
    for seen in [&[Fail, Works, Works][..], &[Fail, Unknown, Unknown], &[Fail], &[Unknown, Unknown, Unknown], &[]] {
        for _ in 0..3 {
            minute(&test, osaka, seen).await?;
        }
        let page = status(&test).await?;
        assert_eq!((&page["status"], &page["incidents"]), (&"operational".into(), &json!([])), "{seen:?} {page}");
    }
    // Its agent reports all the while: what fails is what customers need of it.
    for _ in 0..5 {
        minute(&test, osaka, &[Fail, Fail, Works]).await?;
    }
    let page = status(&test).await?;
    assert_eq!(
        (&page["incidents"][0]["components"][0], &page["incidents"][1]),
        (&"osaka-1".into(), &json!(null)),
        "{page}"
    );
    assert_eq!(component(&page, "paris-1")["status"], "operational", "{page}");
    assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 does not answer"]);
    let all = checks::all(&test.app.store).await?;
    let tunnel = all.iter().map(|(check, _)| check).find(|check| check.kind == checks::TUNNEL);
    assert_eq!(tunnel.and_then(|check| check.trouble.as_deref()), Some("timeout"));
    for _ in 0..8 {
        minute(&test, osaka, &[Works, Works, Fail]).await?;
    }
    assert_eq!(status(&test).await?["incidents"][0]["status"], "resolved");
    Ok(())
}

async fn what_looks_at_a_gateway_counts_for_nobody(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let all = looking(&test, 3).await?;
    app::monitor::watch(&test.app).await?;
    let keys = has_them(&test, &all[0]).await?;
    let (osaka, device) = (all[0].0, all[0].1.device.clone());
    let now = test.app.clock.now();
    assert!(keys.iter().all(|key| device.carry(key, now, (5_000_000_000, 5_000_000_000))));
    let mika = test.with_subscriber("mika", "vip").await?;
    let (status, made) = test.post("/devices", Some(&mika), &json!({ "name": "phone", "region": "jp" })).await?;
    anyhow::ensure!(status == StatusCode::CREATED, "{made}");
    let phone = crate::agents::key_of(&made)?;
    until("the device", || device.came_as(&phone).is_some()).await?;
    assert!(device.carry(&phone, now, (1, 1)));
    // Somebody's traffic that nobody pays for would have to rest; that of those that look goes on.
    eventually("one customer's peer in use", || async {
        let row = gateways::of_server(&test.app.store, osaka).await?;
        Ok(row.filter(|row| row.active_peers == 1).map(drop))
    })
    .await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(keys.iter().all(|key| device.came_as(key).is_some()));
    let servers = vps_servers::all(&test.app.store).await?;
    assert_eq!(servers.iter().map(|row| row.peers).sum::<i64>(), 1, "they take no device's room");

    // Who runs a gateway knows the keys that look at it: neither is put in the place of the other.
    let theirs = PublicKey::from_bytes(keys[0]).context("a key")?.to_string();
    let wish = json!({ "name": "tablet", "region": "jp", "public_key": theirs });
    let (status, refused) = test.post("/devices", Some(&mika), &wish).await?;
    assert_eq!(
        (status, &refused["errors"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("key_in_use")),
        "{refused}"
    );
    let path = format!("/devices/{}/rekey", made["device"]["id"].as_str().unwrap_or_default());
    let (status, refused) = test.post(&path, Some(&mika), &json!({ "public_key": theirs })).await?;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    test.advance(MINUTE);
    let gateway = gateways::of_server(&test.app.store, osaka).await?.context("a gateway")?;
    let said = Said {
        instance: gateway.instance.clone().unwrap_or_default(),
        public_key: PublicKey::from_bytes(phone).context("a key")?,
        from: [198, 51, 100, 7].into(),
        seen: Vec::new(),
    };
    let refused = vantage::report(&test.app, &gateway, &said).await;
    assert!(matches!(refused, Err(app::Error::Invalid(_))), "{refused:?}");
    // Nor may one keep others busy with a new key each time.
    say(&test, all[1].0, &[(osaka, Verdict::Ok)]).await?;
    let key = PublicKey::parse("TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=")?;
    let refused = vantage::report(&test.app, &gateway, &Said { public_key: key, ..said }).await;
    assert!(matches!(refused, Err(app::Error::TooMany { .. })), "{refused:?}");
    test.all_is_well().await
}

//! What gateways report: how they are, and what their peers carry; and what follows from it.

use std::time::Duration;

use app::admin::COMMAND_LINE;
use app::admin::plans::{self, Change, Limit};
use app::server_away;
use domain::time::DAY_MS;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};

use crate::agents::{add, place, run, serving, until};
use crate::site::Reader;

testkit::on_both_databases!(
    traffic_is_counted_cut_at_the_quota_and_back_with_the_next_period,
    a_report_that_comes_twice_or_late_or_from_another_server_counts_nothing,
    a_mark_of_the_volume_is_told_once_a_period_to_who_wants_it,
    a_gateway_that_falls_silent_is_down_until_it_speaks_again,
    owners_on_a_server_that_is_away_are_told_once_and_move_with_one_click,
    a_server_that_was_left_forgets_the_device_once_the_next_one_has_seen_it,
);

const MB: u64 = 1_000_000;

async fn with_quota(test: &TestApp, bytes: u64) -> anyhow::Result<()> {
    let quota_bytes = Limit::Of(i64::try_from(bytes)?);
    let change = Change { quota_bytes, ..Change::default() };
    plans::set(&test.app, COMMAND_LINE, "basic", &change).await?;
    Ok(())
}

async fn subscription(test: &TestApp) -> anyhow::Result<store::subscriptions::Model> {
    let peers = store::vps_servers::all(&test.app.store).await?;
    let rows = store::wireguard_peers::page_of_server(&test.app.store, peers[0].id, uuid::Uuid::nil(), 10).await?;
    Ok(rows.into_iter().next().map(|row| row.subscription).unwrap_or_else(|| unreachable!("a device")))
}

async fn used(test: &TestApp) -> anyhow::Result<u64> {
    Ok(u64::try_from(subscription(test).await?.used_bytes)?)
}

async fn until_used(test: &TestApp, bytes: u64) -> anyhow::Result<()> {
    for _ in 0..2_000 {
        if used(test).await? == bytes {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("{} bytes are counted, not {bytes}", used(test).await?)
}

async fn traffic_is_counted_cut_at_the_quota_and_back_with_the_next_period(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    with_quota(&test, 10 * MB).await?;
    let mika = test.with_subscriber("mika", "basic").await?;
    let gateway = serving(&test).await?;
    let device = gateway.device.clone();
    let (_, phone) = add(&test, &mika, "phone").await?;
    until("the device", || device.came_as(&phone).is_some()).await?;

    device.carry(&phone, test.app.clock.now(), (3 * MB, MB));
    until_used(&test, 4 * MB).await?;
    // Within the minute nothing is counted, unless what was granted runs out: half of the 6 MB that are left.
    device.carry(&phone, test.app.clock.now(), (MB, 0));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(used(&test).await?, 4 * MB);
    test.advance(60_000);
    until_used(&test, 5 * MB).await?;
    device.carry(&phone, test.app.clock.now(), (MB, 2 * MB));
    until_used(&test, 8 * MB).await?;
    test.run_jobs().await?;
    let mail = test.newest_mail(&mika.email)?;
    assert!(mail.subject.contains("Most of your"), "{}", mail.subject);

    // All is used: the gateway stops it by itself, and the control plane takes it off.
    device.carry(&phone, test.app.clock.now(), (2 * MB, MB / 2));
    until("the cut", || device.came_as(&phone).is_none()).await?;
    until_used(&test, 10 * MB + MB / 2).await?;
    until("the removal", || device.is_empty()).await?;
    test.run_jobs().await?;
    let mail = test.newest_mail(&mika.email)?;
    assert!(mail.subject.contains("used up"), "{}", mail.subject);
    let of_quota =
        |mails: Vec<fakes::resend::Message>| mails.iter().filter(|mail| mail.subject.contains("data volume")).count();
    assert_eq!(of_quota(test.mail.messages_to(&mika.email)), 2, "one for each mark");
    let devices = test.get("/devices", Some(&mika)).await?;
    assert_eq!(devices["devices"][0]["served"], false);
    let list = test.get("/subscriptions", Some(&mika)).await?;
    assert_eq!(list["subscriptions"][0]["used_bytes"], 10_500_000);
    let day = test.app.clock.now().div_euclid(DAY_MS);
    let days = store::usage_days::since(&test.app.store, &[subscription(&test).await?.id], day - 1).await?;
    let sums = (days.iter().map(|day| day.rx).sum::<i64>(), days.iter().map(|day| day.tx).sum::<i64>());
    assert_eq!(sums, (7_000_000, 3_500_000));

    let held = test.get("/user/export", Some(&mika)).await?;
    assert_eq!((&held["usage"][0]["sent"], &held["usage"][0]["received"]), (&json!(7_000_000), &json!(3_500_000)));

    let mut reader = Reader::new(&test);
    reader.log_in(&mika.email).await?;
    let page = reader.open("/dashboard/usage").await?.text.replace('\u{a0}', " ");
    assert!(page.contains("<dd>3 MB</dd>") && page.contains("<dd>7 MB</dd>"), "{page}");

    test.advance(32 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    until("the next period", || device.came_as(&phone).is_some()).await?;
    assert_eq!(used(&test).await?, 0);
    device.carry(&phone, test.app.clock.now(), (5, 6));
    until_used(&test, 11).await?;
    gateway.stop().await??;
    test.all_is_well().await
}

/// Posts a report of one counter, as the gateway in this folder.
async fn report(test: &TestApp, folder: &str, counter: Value) -> anyhow::Result<(StatusCode, Value)> {
    let identity: Value = serde_json::from_slice(&std::fs::read(test.dir.join(folder).join("identity.json"))?)?;
    let server = identity["server_id"].as_str().unwrap_or_default().parse()?;
    let row = store::gateways::of_server(&test.app.store, server).await?;
    let row = row.unwrap_or_else(|| unreachable!("a gateway"));
    let body = json!({
        "generation": row.generation, "instance": row.instance, "now": test.app.clock.now(), "revision": 1,
        "health": { "active_peers": 0, "rx_rate": 0, "tx_rate": 0, "drops": 0, "cpu": 0.0, "memory": 0.0 },
        "counters": [counter], "of_another_release": true,
    });
    let request = test.http.post(format!("{}/gateway/v1/report", test.base)).json(&body);
    let response = request.bearer_auth(identity["credential"].as_str().unwrap_or_default()).send().await?;
    Ok((response.status(), response.json().await?))
}

async fn a_report_that_comes_twice_or_late_or_from_another_server_counts_nothing(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    with_quota(&test, 100 * MB).await?;
    let mika = test.with_subscriber("mika", "basic").await?;
    let (_, phone) = add(&test, &mika, "phone").await?;
    let key = domain::vpn::key::PublicKey::from_bytes(phone)?.to_string();
    serving(&test).await?.stop().await??;
    let counter = |generation: i64, rx: u64| json!({ "public_key": key, "generation": generation, "rx": rx, "tx": 0 });
    let mut expected = 0;
    for (generation, rx, more) in [
        (5, 10 * MB, 10 * MB),
        (5, 10 * MB, 0),
        (5, 4 * MB, 0),
        (4, 90 * MB, 0),
        (5, 12 * MB, 2 * MB),
        (6, MB, MB),
        (5, 13 * MB, 0),
    ] {
        test.advance(60_000);
        let (status, said) = report(&test, "gateway", counter(generation, rx)).await?;
        assert_eq!(status, StatusCode::OK, "{said}");
        expected += more;
        assert_eq!(used(&test).await?, expected, "stay {generation}, {rx} bytes");
        assert_eq!(said["grants"][&key]["left"], json!(100 * MB - expected), "{said}");
    }
    // Another gateway of the server begins to number from the beginning, and what it reports counts.
    let token = app::admin::servers::renew_token(&test.app, COMMAND_LINE, "osaka-1").await?;
    let anew = place(&test, "anew");
    gateway::enrol(&anew, &test.base, &token, "fake").await?;
    let mut other = run(&test, &anew, &gateway::FakeDevice::default()).await?;
    other.status.wait_for(|status| status.revision.is_some()).await?;
    test.advance(60_000);
    let (status, said) = report(&test, "anew", counter(1, 3 * MB)).await?;
    expected += 3 * MB;
    assert_eq!((status, used(&test).await?), (StatusCode::OK, expected), "{said}");
    other.stop().await??;
    // A gateway has no say about another one's peers.
    test.add_server("osaka-2", "jp").await?;
    let token = app::admin::servers::renew_token(&test.app, COMMAND_LINE, "osaka-2").await?;
    let second = place(&test, "second");
    gateway::enrol(&second, &test.base, &token, "fake").await?;
    let mut other = run(&test, &second, &gateway::FakeDevice::default()).await?;
    other.status.wait_for(|status| status.revision.is_some()).await?;
    let (status, said) = report(&test, "second", counter(9, 80 * MB)).await?;
    assert_eq!((status, &said["grants"][&key]["left"]), (StatusCode::OK, &json!(0)));
    assert_eq!(used(&test).await?, expected);
    other.stop().await??;
    // Nor one that another agent has taken the place of.
    store::gateways::started(&test.app.store, store::vps_servers::all(&test.app.store).await?[0].id, 99, "x").await?;
    let stale = json!({ "generation": 1, "instance": "old", "now": 0, "health": { "active_peers": 0, "rx_rate": 0,
        "tx_rate": 0, "drops": 0, "cpu": 0.0, "memory": 0.0 } });
    let identity: Value = serde_json::from_slice(&std::fs::read(test.dir.join("anew/identity.json"))?)?;
    let request = test.http.post(format!("{}/gateway/v1/report", test.base)).json(&stale);
    let response = request.bearer_auth(identity["credential"].as_str().unwrap_or_default()).send().await?;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    Ok(())
}

async fn a_mark_of_the_volume_is_told_once_a_period_to_who_wants_it(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    with_quota(&test, 100 * MB).await?;
    let mika = test.with_subscriber("mika", "basic").await?;
    let (_, phone) = add(&test, &mika, "phone").await?;
    let key = domain::vpn::key::PublicKey::from_bytes(phone)?.to_string();
    serving(&test).await?.stop().await??;
    let mut carried = 0;
    // So much is carried in a period of which nothing was used before, as if an operator had set it back.
    let mut told_of = async |period: i64, more: u64| {
        let mut row = subscription(&test).await?;
        (row.used_bytes, row.period_start) = (0, period);
        let tx = test.app.store.write_txn().await?;
        store::subscriptions::save(&tx, row).await?;
        tx.commit().await?;
        test.advance(60_000);
        let before = test.mail.messages_to(&mika.email).len();
        carried += more;
        let counter = json!({ "public_key": key, "generation": 5, "rx": carried, "tx": 0 });
        assert_eq!(report(&test, "gateway", counter).await?.0, StatusCode::OK);
        test.run_jobs().await?;
        let mails = test.mail.messages_to(&mika.email);
        anyhow::Ok(mails[before..].iter().map(|mail| mail.subject.clone()).collect::<Vec<_>>())
    };
    let (most, all) = ("Most of your MiraiVPN data volume is used", "Your MiraiVPN data volume is used up");
    assert_eq!(told_of(1, 85 * MB).await?, [most]);
    assert_eq!(told_of(1, 85 * MB).await?, Vec::<String>::new());
    assert_eq!(told_of(1, 120 * MB).await?, [all]);
    assert_eq!(told_of(1, 120 * MB).await?, Vec::<String>::new());
    assert_eq!(told_of(2, 85 * MB).await?, [most], "another period is another cause");
    let off = json!({ "notices": [{ "kind": "quota_most", "enabled": false }] });
    let request = test.request(reqwest::Method::PATCH, "/user/notices", Some(&mika)).json(&off);
    assert_eq!(request.send().await?.status(), StatusCode::OK);
    assert_eq!(told_of(3, 85 * MB).await?, Vec::<String>::new());
    assert_eq!(told_of(3, 120 * MB).await?, [all], "that is necessary");
    Ok(())
}

async fn a_gateway_that_falls_silent_is_down_until_it_speaks_again(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let gateway = serving(&test).await?;
    let status = async || {
        let list = test.get("/vps/status", None).await?;
        // How busy this machine is while it tests is not what is asked.
        anyhow::Ok(list["servers"][0]["status"].as_str().unwrap_or_default().replace("degraded", "up"))
    };
    let until_seen = async |wanted: &str| {
        for _ in 0..1_000 {
            if status().await? == wanted {
                return anyhow::Ok(());
            }
            test.advance(10);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("it is {}, not {wanted}", status().await?)
    };
    until_seen("up").await?;
    gateway.stop().await??;
    test.advance(15_000);
    assert_eq!(status().await?, "down");
    let (refused, body) = test.post("/devices", Some(&mika), &json!({ "name": "phone" })).await?;
    assert_eq!((refused, &body["code"]), (StatusCode::CONFLICT, &json!("no_server_free")));
    let gateway = run(&test, &place(&test, "gateway"), &gateway::FakeDevice::default()).await?;
    until_seen("up").await?;
    add(&test, &mika, "phone").await?;
    gateway.stop().await??;
    Ok(())
}

async fn a_server_that_was_left_forgets_the_device_once_the_next_one_has_seen_it(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let first = serving(&test).await?;
    let (id, phone) = add(&test, &mika, "phone").await?;
    until("the device", || first.device.came_as(&phone).is_some()).await?;
    test.add_server("paris-1", "eu").await?;
    let token = app::admin::servers::renew_token(&test.app, COMMAND_LINE, "paris-1").await?;
    let folder = place(&test, "paris");
    gateway::enrol(&folder, &test.base, &token, "fake").await?;
    let second = run(&test, &folder, &gateway::FakeDevice::default()).await?;
    assert!(first.device.carry(&phone, test.app.clock.now(), (600, 400)));
    let (status, moved) = test.post(&format!("/devices/{id}/move"), Some(&mika), &json!({ "region": "eu" })).await?;
    anyhow::ensure!(status == StatusCode::OK, "{moved}");
    until("the device at the next server", || second.device.came_as(&phone).is_some()).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(first.device.came_as(&phone).is_some(), "the app may still have the old file");
    second.device.carry(&phone, test.app.clock.now(), (148, 92));
    until("the old server to forget it", || first.device.came_as(&phone).is_none()).await?;
    assert!(second.device.came_as(&phone).is_some());
    // What it carried before it went is counted all the same.
    test.advance(60_000);
    until_used(&test, 1_000 + 148 + 92).await?;
    first.stop().await??;
    second.stop().await??;
    test.all_is_well().await
}

async fn owners_on_a_server_that_is_away_are_told_once_and_move_with_one_click(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, noa) = (test.with_subscriber("mika", "vip").await?, test.with_subscriber("noa", "vip").await?);
    let gateway = serving(&test).await?;
    for (user, name) in [(&mika, "phone"), (&mika, "laptop"), (&noa, "tablet")] {
        // Devices of one moment have no order.
        test.advance(1);
        add(&test, user, name).await?;
    }
    let mails = || {
        let of = |email: &str| {
            test.mail.messages_to(email).iter().filter(|mail| mail.subject.contains("server cannot be used")).count()
        };
        (of(&mika.email), of(&noa.email))
    };
    let look = async || {
        server_away::tell(&test.app).await?;
        test.run_jobs().await
    };
    gateway.stop().await??;
    test.advance(5 * 60_000 - 1_000);
    look().await?;
    assert_eq!(mails(), (0, 0), "it may come back");
    test.advance(2_000);
    look().await?;
    test.advance(60_000);
    look().await?;
    assert_eq!(mails(), (1, 1), "one for each owner, once");
    let text = test.newest_mail(&mika.email)?.text.unwrap_or_default();
    assert!(text.contains("phone, laptop") && text.contains("/dashboard"), "{text}");

    test.add_server("paris-1", "eu").await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&mika.email).await?;
    let page = reader.open("/dashboard").await?;
    assert_eq!(page.text.matches("taken out of service").count(), 2, "{}", page.text);
    let devices = test.get("/devices", Some(&mika)).await?;
    let id = devices["devices"][0]["id"].as_str().unwrap_or_default();
    let moved = reader.submit(&format!("/dashboard/devices/{id}/move"), &[]).await?;
    assert_eq!(moved.to, format!("/dashboard/devices/{id}?moved"));
    let page = reader.open("/dashboard").await?;
    assert_eq!(page.text.matches("taken out of service").count(), 1, "{}", page.text);

    // Back, and away again: that is another outage.
    let gateway = run(&test, &place(&test, "gateway"), &gateway::FakeDevice::default()).await?;
    let servers = store::vps_servers::all(&test.app.store).await?;
    let osaka = servers.iter().find(|server| server.name == "osaka-1").map(|server| server.id).unwrap_or_default();
    let row = async || store::gateways::of_server(&test.app.store, osaka).await;
    let spoke = row().await?.and_then(|row| row.reported_at);
    for _ in 0..1_000 {
        test.advance(1);
        if row().await?.and_then(|row| row.reported_at) > spoke {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    test.advance(1_000);
    look().await?;
    gateway.stop().await??;
    test.advance(6 * 60_000);
    look().await?;
    assert_eq!(mails(), (2, 2));
    test.all_is_well().await
}

//! Gateways: what a customer does is on the VPN server at once, and what a gateway was told it serves on its own.
//!
//! The agents are real and speak the real protocol; their devices only note the peers.

use std::time::{Duration, Instant};

use app::Clock;
use app::admin::COMMAND_LINE;
use app::admin::servers;
use app::hints;
use clients::redis::{Hint, Redis};
use domain::vpn::key::PublicKey;
use gateway::FakeDevice;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;
use testkit::redis::RedisServer;
use tokio::sync::watch;

use crate::agents::{add, enrol, key_of, place, run, serving, start, until};

testkit::on_both_databases!(
    a_device_is_on_its_gateway_when_it_is_made_and_off_when_it_is_not_paid,
    what_happened_while_a_gateway_was_away_is_caught_up_with,
    a_gateway_that_hears_nothing_serves_each_peer_until_its_lease_ends,
    a_token_enrols_one_gateway_once_and_in_time,
    of_two_agents_with_one_identity_the_later_one_counts,
    a_device_that_gets_room_again_is_served_at_once,
    s20_a_gateways_credential_opens_its_own_routes_and_a_customers_none_of_them,
    s21_a_gateway_whose_clock_is_an_hour_off_serves_on_and_is_seen,
    a_credential_is_replaced_every_month_and_void_once_it_is_revoked,
    leases_are_renewed_once_a_day_while_the_stream_goes_on,
    a_peer_that_its_device_refuses_is_reported_and_the_others_are_served,
);

async fn cancel_now(test: &TestApp, user: &TestUser) -> anyhow::Result<()> {
    let list = test.get("/subscriptions", Some(user)).await?;
    let path = format!("/subscriptions/{}/cancel", list["subscriptions"][0]["id"].as_str().unwrap_or_default());
    let (status, body) = test.post(&path, Some(user), &json!({ "when": "now" })).await?;
    anyhow::ensure!(status == StatusCode::OK, "{body}");
    Ok(())
}

async fn a_device_is_on_its_gateway_when_it_is_made_and_off_when_it_is_not_paid(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let noa = test.with_subscriber("noa", "vip").await?;
    let (_, before) = add(&test, &noa, "made before the gateway").await?;
    let gateway = serving(&test).await?;
    let device = &gateway.device;
    until("the snapshot", || device.came_as(&before).is_some()).await?;
    let stays = device.came_as(&before);

    let (phone, first) = add(&test, &mika, "phone").await?;
    until("a new device", || device.came_as(&first).is_some()).await?;
    let (status, made) = test.post(&format!("/devices/{phone}/rekey"), Some(&mika), &json!({})).await?;
    anyhow::ensure!(status == StatusCode::OK, "{made}");
    let second = key_of(&made)?;
    until("another key", || device.came_as(&second).is_some() && device.came_as(&first).is_none()).await?;
    let (tablet, third) = add(&test, &mika, "tablet").await?;
    until("a second device", || device.came_as(&third).is_some()).await?;
    let gone = test.request(reqwest::Method::DELETE, &format!("/devices/{tablet}"), Some(&mika)).send().await?;
    anyhow::ensure!(gone.status().is_success());
    until("a deleted device", || device.came_as(&third).is_none()).await?;

    cancel_now(&test, &mika).await?;
    until("a cancelled subscription", || device.came_as(&second).is_none()).await?;
    assert_eq!(device.came_as(&before), stays, "the others never left");
    let server = store::vps_servers::all(&test.app.store).await?.remove(0);
    until("its revision", || gateway.status.borrow().revision == Some(server.revision)).await?;
    let began = Instant::now();
    loop {
        let row = store::gateways::of_server(&test.app.store, server.id).await?.expect("a gateway");
        if row.applied_revision == server.revision {
            break;
        }
        anyhow::ensure!(began.elapsed() < Duration::from_secs(20), "never acknowledged: {row:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    gateway.stop().await??;
    test.all_is_well().await
}

async fn what_happened_while_a_gateway_was_away_is_caught_up_with(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let gateway = serving(&test).await?;
    let device = gateway.device.clone();
    let (_, stays) = add(&test, &mika, "stays").await?;
    let (goes_id, goes) = add(&test, &mika, "goes").await?;
    until("both", || device.came_as(&stays).is_some() && device.came_as(&goes).is_some()).await?;
    let came_as = device.came_as(&stays);
    gateway.stop().await??;

    // A short absence is replayed from the log.
    test.request(reqwest::Method::DELETE, &format!("/devices/{goes_id}"), Some(&mika)).send().await?;
    let (_, comes) = add(&test, &mika, "comes").await?;
    let gateway = run(&test, &place(&test, "gateway"), &device).await?;
    until("the changes", || device.came_as(&comes).is_some() && device.came_as(&goes).is_none()).await?;
    assert_eq!(device.came_as(&stays), came_as, "who stays is not touched");
    gateway.stop().await??;

    // After a long one the log is gone, and a whole list comes.
    let (_, late) = add(&test, &mika, "late").await?;
    test.advance(DAY + 60_000);
    app::scheduler::clean_up(&test.app).await?;
    let gateway = run(&test, &place(&test, "gateway"), &device).await?;
    until("the whole list", || device.came_as(&late).is_some()).await?;
    assert_eq!((device.came_as(&stays), device.len()), (came_as, 3));
    gateway.stop().await??;

    // A device that lost everything is filled from what was kept, before the control plane is heard.
    let empty = FakeDevice::default();
    let gateway = run(&test, &place(&test, "gateway"), &empty).await?;
    assert_eq!(empty.len(), 3);
    gateway.stop().await??;
    Ok(())
}

async fn a_gateway_that_hears_nothing_serves_each_peer_until_its_lease_ends(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let place = place(&test, "gateway");
    enrol(&test, &place).await?;
    let device = FakeDevice::default();
    let mut gateway = run(&test, &place, &device).await?;
    gateway.status.wait_for(|status| status.revision.is_some()).await?;
    let (_, phone) = add(&test, &mika, "phone").await?;
    until("the device", || device.came_as(&phone).is_some()).await?;
    gateway.stop().await??;

    // From here on nothing answers at the control plane's address.
    let path = place.path().join("identity.json");
    let mut identity: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    identity["control"] = json!("http://127.0.0.1:9");
    std::fs::write(&path, serde_json::to_vec(&identity)?)?;
    let mut gateway = run(&test, &place, &device).await?;
    gateway.status.wait_for(|status| status.trouble.is_some()).await?;
    test.advance(3 * DAY - 1_000);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(device.came_as(&phone).is_some(), "paid for and within the lease");
    test.advance(1_000);
    until("the lease's end", || device.is_empty()).await?;
    gateway.stop().await??;
    let again = FakeDevice::default();
    let gateway = run(&test, &place, &again).await?;
    assert!(again.is_empty(), "a restart brings nobody back");
    gateway.stop().await??;
    Ok(())
}

async fn a_token_enrols_one_gateway_once_and_in_time(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let refused = async |name: &str, token: &str| {
        let error = gateway::enrol(&place(&test, name), &test.base, token, "fake").await.err();
        error.map(|error| error.to_string()).unwrap_or_default()
    };
    let token = servers::renew_token(&test.app, COMMAND_LINE, "osaka-1").await?;
    assert!(refused("nobody", "nonsense").await.contains("admin server token"));
    gateway::enrol(&place(&test, "first"), &test.base, &token, "fake").await?;
    assert!(refused("second", &token).await.contains("401"), "used");
    assert!(refused("first", &token).await.contains("osaka-1"), "this folder is taken");
    let late = servers::renew_token(&test.app, COMMAND_LINE, "osaka-1").await?;
    test.advance(15 * 60_000);
    assert!(refused("second", &late).await.contains("401"), "too late");

    // The next gateway of the server voids the credential of the one before.
    let mut first = run(&test, &place(&test, "first"), &FakeDevice::default()).await?;
    first.status.wait_for(|status| status.is_connected).await?;
    let token = servers::renew_token(&test.app, COMMAND_LINE, "osaka-1").await?;
    let second = gateway::enrol(&place(&test, "second"), &test.base, &token, "fake").await?;
    // Its stream, which was open, ends too.
    first.status.wait_for(|status| !status.is_connected).await?;
    let said = |status: &gateway::Status| status.trouble.as_ref().is_some_and(|words| words.contains("401"));
    let status = first.status.wait_for(said).await?.clone();
    assert!(status.trouble.unwrap_or_default().contains("enrol it again"), "said in words");
    first.stop().await??;
    let list = test.get("/vps/status", None).await?;
    assert!(list.to_string().contains(&second.name));
    // The secrets stayed on the VPN server: the database and all else that the control plane writes is in these files.
    for entry in std::fs::read_dir(test.dir.path())? {
        let path = entry?.path();
        if path.is_file() {
            let content = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
            let holds = content.contains(&second.credential) || content.contains(&second.private_key);
            assert!(!holds, "{}", path.display());
        }
    }
    Ok(())
}

async fn of_two_agents_with_one_identity_the_later_one_counts(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let first_place = place(&test, "gateway");
    enrol(&test, &first_place).await?;
    let copy = place(&test, "copy");
    std::fs::create_dir(copy.path())?;
    std::fs::copy(first_place.path().join("identity.json"), copy.path().join("identity.json"))?;
    let mut first = run(&test, &first_place, &FakeDevice::default()).await?;
    first.status.wait_for(|status| status.is_connected).await?;
    // The same number of a start, but another start.
    let twin = run(&test, &copy, &FakeDevice::default()).await?;
    let ended = twin.task.await?.expect_err("the place is taken");
    assert!(ended.to_string().contains("another agent with this identity"), "{ended}");
    // A later one takes over, and the earlier one hears of it with the next thing that it says.
    let mut later = run(&test, &copy, &FakeDevice::default()).await?;
    later.status.wait_for(|status| status.is_connected).await?;
    let mika = test.with_subscriber("mika", "vip").await?;
    add(&test, &mika, "phone").await?;
    let ended = first.task.await?.expect_err("another has taken the place");
    assert!(ended.to_string().contains("another agent with this identity"), "{ended}");
    later.stop().await??;
    Ok(())
}

async fn a_device_that_gets_room_again_is_served_at_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "premium").await?;
    let (first_id, first) = add(&test, &mika, "first").await?;
    let (_, second) = add(&test, &mika, "second").await?;
    let gateway = serving(&test).await?;
    let device = &gateway.device;
    until("both", || device.len() == 2).await?;
    // A plan with room for one, from the next period on.
    let list = test.get("/subscriptions", Some(&mika)).await?;
    let path = format!("/subscriptions/{}/change", list["subscriptions"][0]["id"].as_str().unwrap_or_default());
    let (status, body) = test.post(&path, Some(&mika), &json!({ "plan": "basic" })).await?;
    anyhow::ensure!(status == StatusCode::OK, "{body}");
    test.advance(32 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    until("room for one", || device.came_as(&first).is_some() && device.came_as(&second).is_none()).await?;
    let mika = test.log_in(&mika.email).await?;
    let gone = test.request(reqwest::Method::DELETE, &format!("/devices/{first_id}"), Some(&mika)).send().await?;
    anyhow::ensure!(gone.status().is_success(), "{}", gone.status());
    until("its turn", || device.came_as(&first).is_none() && device.came_as(&second).is_some()).await?;
    gateway.stop().await??;
    Ok(())
}

async fn s20_a_gateways_credential_opens_its_own_routes_and_a_customers_none_of_them(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    serving(&test).await?.stop().await??;
    let credential = place(&test, "gateway").identity()?.credential;
    let impostor = TestUser { token: credential.clone(), refresh: credential.clone(), ..mika.clone() };
    for path in ["/user/me", "/devices", "/subscriptions"] {
        let answer = test.request(Method::GET, path, Some(&impostor)).send().await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    for shown in [mika.token.as_str(), mika.refresh.as_str(), "", "nonsense"] {
        assert_eq!(asked(&test, shown).await?, StatusCode::UNAUTHORIZED);
        for path in ["ack", "report", "rotate", "look"] {
            let url = format!("{}/gateway/v1/{path}", test.base);
            let answer = test.http.post(url).bearer_auth(shown).json(&json!({})).send().await?;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    Ok(())
}

async fn s21_a_gateway_whose_clock_is_an_hour_off_serves_on_and_is_seen(database: Database) -> anyhow::Result<()> {
    const HOUR: i64 = 3_600_000;
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let folder = place(&test, "gateway");
    enrol(&test, &folder).await?;
    let device = FakeDevice::default();
    let clock = Clock::stopped_at(test.app.clock.now());
    let gateway = start(&folder, &device, clock.clone()).await?;
    let (_, phone) = add(&test, &mika, "phone").await?;
    until("the device", || device.came_as(&phone).is_some()).await?;
    let came_as = device.came_as(&phone);
    let server = store::vps_servers::all(&test.app.store).await?.remove(0).id;
    for (jump, ahead) in [(HOUR, HOUR), (-2 * HOUR, -HOUR), (HOUR, 0)] {
        clock.advance(jump);
        let began = Instant::now();
        loop {
            let row = store::gateways::of_server(&test.app.store, server).await?;
            if row.and_then(|row| row.skew_ms) == Some(ahead) {
                break;
            }
            anyhow::ensure!(
                began.elapsed() < Duration::from_secs(20),
                "nobody sees that its clock is {ahead} ms ahead"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(device.came_as(&phone), came_as, "{ahead} ms ahead");
    }
    gateway.stop().await??;
    Ok(())
}

/// The answer to a stream that is asked for with a credential.
async fn asked(test: &TestApp, credential: &str) -> anyhow::Result<StatusCode> {
    let url = format!("{}/gateway/v1/stream?generation=1&instance=nobody", test.base);
    Ok(test.http.get(url).bearer_auth(credential).send().await?.status())
}

async fn a_credential_is_replaced_every_month_and_void_once_it_is_revoked(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut gateway = serving(&test).await?;
    let folder = place(&test, "gateway");
    let first = folder.identity()?.credential;
    assert_eq!(asked(&test, &first).await?, StatusCode::CONFLICT, "it is known, and not this agent's");
    // By the machine's clock it was made at the enrolment; the test's is elsewhere.
    test.advance(folder.identity()?.credential_since.max(test.app.clock.now()) - test.app.clock.now());
    test.advance(31 * DAY);
    until("another credential", || folder.identity().is_ok_and(|identity| identity.credential != first)).await?;
    let second = folder.identity()?;
    assert_eq!(second.next_credential, None);
    // The first is good until the second is shown, with the next report.
    let began = Instant::now();
    while asked(&test, &first).await? != StatusCode::UNAUTHORIZED {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(20), "the first one is never void");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(asked(&test, &second.credential).await?, StatusCode::CONFLICT);
    gateway.status.wait_for(|status| status.is_connected && status.trouble.is_none()).await?;

    servers::revoke(&test.app, COMMAND_LINE, "osaka-1").await?;
    assert_eq!(asked(&test, &second.credential).await?, StatusCode::UNAUTHORIZED);
    gateway.status.wait_for(|status| !status.is_connected).await?;
    let list = test.get("/vps/status", None).await?;
    assert_eq!(list["servers"][0]["status"], "down");
    assert!(servers::revoke(&test.app, COMMAND_LINE, "osaka-1").await.is_err(), "there is none any more");
    gateway.stop().await??;
    Ok(())
}

async fn leases_are_renewed_once_a_day_while_the_stream_goes_on(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let (_, phone) = add(&test, &mika, "phone").await?;
    let gateway = serving(&test).await?;
    until("the device", || gateway.device.came_as(&phone).is_some()).await?;
    let came_as = gateway.device.came_as(&phone);
    // Four days, of which each alone is within the three of a lease.
    for _ in 0..4 {
        test.advance(DAY);
        let now = test.app.clock.now();
        let is_renewed =
            || place(&test, "gateway").kept().is_ok_and(|kept| kept.is_some_and(|kept| kept.whole_at >= now));
        until("a renewal", is_renewed).await?;
    }
    assert_eq!(gateway.device.came_as(&phone), came_as, "it was served all the time");
    gateway.stop().await??;
    Ok(())
}

async fn a_peer_that_its_device_refuses_is_reported_and_the_others_are_served(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let place = place(&test, "gateway");
    enrol(&test, &place).await?;
    let (_, bad) = add(&test, &mika, "refused").await?;
    let (_, good) = add(&test, &mika, "served").await?;
    let device = FakeDevice::default();
    device.refuse(bad);
    let gateway = run(&test, &place, &device).await?;
    until("the other one", || device.came_as(&good).is_some()).await?;
    assert_eq!(device.came_as(&bad), None);
    let refused = PublicKey::from_bytes(bad)?.to_string();
    until("a word about the one that is refused", || gateway.status.borrow().refused.contains_key(&refused)).await?;
    let (_, next) = add(&test, &mika, "later").await?;
    until("one that comes later", || device.came_as(&next).is_some()).await?;
    gateway.stop().await??;
    Ok(())
}

/// What one process commits, the streams of the others are told of over Redis, and need not wait for their look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_tell_each_other_whose_peers_have_changed() -> anyhow::Result<()> {
    let Some(server) = RedisServer::start().await? else { return Ok(()) };
    let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
    let other = Redis::new(&server.url())?;
    let mut hints = other.hear(Hint::Peers).await?;
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(hints::exchange(test.app.clone().with_redis(Redis::new(&server.url())?), stopped));
    let mika = test.with_subscriber("mika", "vip").await?;
    let osaka = store::vps_servers::all(&test.app.store).await?.remove(0).id;
    let patience = Duration::from_secs(20);
    // It begins to listen at some moment: what is told before is what its look is for.
    let told = async {
        loop {
            add(&test, &mika, "phone").await?;
            if let Ok(told) = tokio::time::timeout(Duration::from_millis(500), hints.recv()).await {
                return anyhow::Ok(told);
            }
        }
    };
    assert_eq!(tokio::time::timeout(patience, told).await??, Some(osaka.to_string()));
    let mut news = test.app.store.peer_news(osaka);
    let heard = async {
        loop {
            other.tell(Hint::Peers, &osaka.to_string()).await?;
            if tokio::time::timeout(Duration::from_millis(500), news.changed()).await.is_ok() {
                return anyhow::Ok(());
            }
        }
    };
    tokio::time::timeout(patience, heard).await?
}

//! Too much of something: customers, connections, patience of outside services; too little: disk, file handles. Those
//! who can be served are, the others hear so soon, and all is as before when it is over.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use reqwest::{Method, StatusCode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use store::Patience;
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{API_KEY, Caller, PASSWORD, TestUser, answer};
use testkit::fleet::{Fleet, Node, PATIENCE, eventually};
use testkit::gate::{Door, Gate};
use testkit::private_dir::PrivateDir;
use testkit::small_disk::SmallDisk;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A caller is owed an answer within two seconds; a machine that is busy with other tests gets more.
const SOON: Duration = Duration::from_secs(5);
/// How long a request's head may take, as docs/operations.md says.
const HEADERS: Duration = Duration::from_secs(10);

/// The status of an answer that came soon, and says when to come back where it is a 503.
async fn soon(request: reqwest::RequestBuilder) -> anyhow::Result<StatusCode> {
    let asked = Instant::now();
    let response = request.send().await?;
    anyhow::ensure!(asked.elapsed() < SOON, "{} after {:?}", response.status(), asked.elapsed());
    let status = response.status();
    let says_when = response.headers().contains_key("retry-after");
    anyhow::ensure!(status != StatusCode::SERVICE_UNAVAILABLE || says_when, "a 503 without Retry-After");
    Ok(status)
}

fn add_device(caller: &Caller, user: &TestUser, key: &str) -> reqwest::RequestBuilder {
    caller.request(Method::POST, "/devices", Some(user)).header("idempotency-key", key).json(&json!({}))
}

/// The books agree.
async fn is_well(fleet: &Fleet) -> anyhow::Result<()> {
    let app = fleet.look(app::Clock::System).await?;
    let broken: Vec<_> = app::admin::check(&app).await?.into_iter().filter(|one| one.broken != 0).collect();
    anyhow::ensure!(broken.is_empty(), "{broken:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s30_two_hundred_logins_at_once_are_served_or_told_to_wait_and_hinder_nobody() -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(Database::Sqlite)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let logins = async {
        let credentials = json!({ "email": user.email, "password": PASSWORD });
        let logins = (0..200).map(|_| test.request(Method::POST, "/auth/login", None).json(&credentials).send());
        let all = try_join_all(logins).await?;
        let count = |status| all.iter().filter(|one| one.status() == status).count();
        let (served, told) = (count(StatusCode::OK), count(StatusCode::SERVICE_UNAVAILABLE));
        anyhow::ensure!(served > 0 && served + told == 200, "{served} were served, {told} told to wait");
        Ok(())
    };
    let others = async {
        for _ in 0..20 {
            assert_eq!(soon(test.request(Method::GET, "/user/me", Some(&user))).await?, StatusCode::OK);
        }
        anyhow::Ok(())
    };
    tokio::try_join!(logins, others)?;
    test.log_in(&user.email).await?;
    test.all_is_well().await
}

testkit::on_both_databases!(
    s52_sixty_four_writers_are_all_served_in_the_end,
    s59_a_stop_under_load_breaks_no_request_that_was_taken,
    s59_a_kill_under_load_takes_nothing_back_that_was_answered,
);

async fn s52_sixty_four_writers_are_all_served_in_the_end(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted { patience: Patience::Serving, ..Wanted::on(database) }).await? else {
        return Ok(());
    };
    let users = [
        test.with_subscriber("aya", "vip").await?,
        test.with_subscriber("ben", "vip").await?,
        test.with_subscriber("cho", "vip").await?,
        test.with_subscriber("dai", "vip").await?,
    ];
    // Four customers, so that their rows are fought over, and all devices get their address from one pool.
    let writers = (0..64).map(|n| {
        let (test, user) = (&test, &users[n % users.len()]);
        async move {
            for round in 0..3 {
                loop {
                    let answer = add_device(&test.caller, user, &format!("{n}-{round}")).send().await?;
                    match answer.status() {
                        StatusCode::CREATED => {
                            let made: serde_json::Value = answer.json().await?;
                            let path = format!("/devices/{}", made["device"]["id"].as_str().unwrap_or_default());
                            while soon(test.request(Method::DELETE, &path, Some(user))).await? != StatusCode::NO_CONTENT
                            {
                                tokio::time::sleep(Duration::from_millis(20)).await;
                            }
                            break;
                        }
                        // Another of the customer's writers has the last device right now.
                        StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE => {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        other => anyhow::bail!("{other}"),
                    }
                }
            }
            anyhow::Ok(())
        }
    });
    try_join_all(writers).await?;
    for user in &users {
        assert_eq!(test.get("/devices", Some(user)).await?["devices"], json!([]));
    }
    test.all_is_well().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s53_a_full_disk_is_a_503_for_writers_until_there_is_room_again() -> anyhow::Result<()> {
    let Some(disk) = SmallDisk::new(8).await? else { return Ok(()) };
    let url = format!("sqlite://{}", disk.path().join("mirai.db").display());
    let fleet = Fleet::at(Database::Sqlite, url, PrivateDir::new("fleet")?).await?;
    let node = fleet.serve().await?;
    let user = fleet.with_subscriber(&node, "mika").await?;
    let me = || node.caller.request(Method::GET, "/user/me", Some(&user));
    let ballast = disk.fill()?;
    // The log has a few pages of room of its own.
    let mut refused = 0;
    for n in 0..200 {
        match soon(add_device(&node.caller, &user, &format!("full-{n}"))).await? {
            StatusCode::SERVICE_UNAVAILABLE if refused == 2 => break,
            StatusCode::SERVICE_UNAVAILABLE => refused += 1,
            StatusCode::CREATED | StatusCode::CONFLICT => {}
            other => anyhow::bail!("{other}"),
        }
    }
    assert_eq!(refused, 2, "nobody noticed");
    assert_eq!(soon(me()).await?, StatusCode::OK, "readers are served");
    std::fs::remove_file(&ballast)?;
    let back = async || {
        let status = soon(add_device(&node.caller, &user, "again")).await?;
        Ok((status != StatusCode::SERVICE_UNAVAILABLE).then_some(()))
    };
    eventually("room", back).await?;
    is_well(&fleet).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s53_without_file_handles_the_surplus_is_told_so_and_service_returns() -> anyhow::Result<()> {
    let Some(fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let node = Fleet::up(fleet.command(&["serve"]).handles(64)).await?;
    let user = fleet.with_subscriber(&node, "mika").await?;
    let place = node.caller.base.trim_start_matches("http://").to_owned();
    let idle = try_join_all((0..100).map(|_| TcpStream::connect(&place))).await?;
    // A connection of its own each: those that are kept open are served. While the surplus is being told so, yet
    // more are hung up on.
    let fresh = async |wanted: StatusCode| {
        let caller = Caller::new(node.caller.base.clone())?;
        match soon(caller.request(Method::GET, "/user/me", Some(&user))).await {
            Err(error) if error.is::<reqwest::Error>() => Ok(None),
            status => anyhow::Ok((status? == wanted).then_some(())),
        }
    };
    eventually("a refusal", async || fresh(StatusCode::SERVICE_UNAVAILABLE).await).await?;
    // Nobody hangs up: those who say nothing are cut off.
    eventually("room", async || fresh(StatusCode::OK).await).await?;
    drop(idle);
    assert_eq!(soon(add_device(&node.caller, &user, "one")).await?, StatusCode::CREATED);
    is_well(&fleet).await
}

/// Reads until the other side hangs up; what it said.
async fn until_cut(mut stream: TcpStream) -> anyhow::Result<String> {
    let mut said = Vec::new();
    // A reset is a cut too.
    let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut said)).await?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s43_two_thousand_slow_clients_are_cut_off_and_others_served_meanwhile() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    let Some(fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let node = fleet.serve().await?;
    let place = node.caller.base.trim_start_matches("http://").to_owned();
    let slow = try_join_all((0..2_000).map(|_| async {
        let mut stream = TcpStream::connect(&place).await?;
        stream.write_all(b"GET /pricing HTTP/1.1\r\nHost: mirai.test\r\nX-Slow: ").await?;
        anyhow::Ok(stream)
    }))
    .await?;
    let mut slow_body = TcpStream::connect(&place).await?;
    let head = format!("POST /api/v1/auth/login HTTP/1.1\r\nHost: mirai.test\r\nX-API-Key: {API_KEY}\r\n");
    slow_body.write_all(head.as_bytes()).await?;
    slow_body.write_all(b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{").await?;
    for _ in 0..20 {
        let caller = Caller::new(node.caller.base.clone())?;
        assert_eq!(soon(caller.request(Method::GET, "/plans", None)).await?, StatusCode::OK);
    }
    let cut = Instant::now();
    try_join_all(slow.into_iter().map(until_cut)).await?;
    assert!(cut.elapsed() < 3 * HEADERS, "slow heads were cut after {:?}", cut.elapsed());
    let told = until_cut(slow_body).await?;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("retry-after"), "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s55_a_payment_service_that_hangs_is_a_503_soon_and_asked_again_with_the_same_key() -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(Database::Sqlite)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    test.stripe.trouble("/v1/checkout/sessions", &[fakes::stripe::Trouble::Hang]);
    let buy = || test.request(Method::POST, "/stripe/checkout", Some(&user)).json(&json!({ "plan": "basic" }));
    let buying = async { soon(buy()).await };
    let others = async {
        for _ in 0..10 {
            assert_eq!(soon(test.request(Method::GET, "/user/me", Some(&user))).await?, StatusCode::OK);
        }
        anyhow::Ok(())
    };
    let (status, ()) = tokio::try_join!(buying, others)?;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let (status, opened) = answer(buy().send().await?).await?;
    assert!(status.is_success(), "{opened}");
    let asked = test.stripe.requests();
    let keys: Vec<_> =
        asked.iter().filter(|one| one.path == "/v1/checkout/sessions").map(|one| &one.idempotency_key).collect();
    assert!(keys.len() == 2 && keys[0].is_some() && keys[0] == keys[1], "{keys:?}");
    test.all_is_well().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s55_a_mail_service_that_hangs_keeps_nobody_waiting_and_the_mail_comes_once() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let gate = Gate::before(fleet.mail.base_url().trim_start_matches("http://").to_owned()).await?;
    gate.set(Door::Silent);
    fleet.set("RESEND_API_BASE", &format!("http://{}", gate.address()));
    let node = fleet.serve().await?;
    let asked = Instant::now();
    node.caller.register("mika@example.net").await?;
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    eventually("a try to send", async || Ok((gate.arrived() > 0).then_some(()))).await?;
    gate.set(Door::Open);
    fleet.wait_for_mail("mika@example.net", |_| true).await?;
    assert_eq!(fleet.mail.messages_to("mika@example.net").len(), 1);
    is_well(&fleet).await
}

async fn s59_a_stop_under_load_breaks_no_request_that_was_taken(database: Database) -> anyhow::Result<()> {
    let Some(fleet) = Fleet::new(database).await? else { return Ok(()) };
    let node = fleet.serve().await?;
    let user = fleet.with_subscriber(&node, "mika").await?;
    let Node { process, caller } = node;
    let customers = try_join_all((0..16).map(|n| {
        let (caller, user) = (&caller, &user);
        async move {
            let mut served = 0;
            loop {
                let answer = match n % 2 {
                    0 => add_device(caller, user, &format!("{n}-{served}")).send().await,
                    _ => caller.request(Method::GET, "/devices", Some(user)).send().await,
                };
                match answer {
                    Ok(answer) => {
                        anyhow::ensure!(!answer.status().is_server_error(), "{}", answer.status());
                        answer.bytes().await?;
                        served += 1;
                    }
                    // Nobody took it: the place is closed, or the connection was given up between two requests.
                    Err(error) if error.is_connect() || error.is_request() => return Ok(served),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        process.terminate()?;
        process.wait(PATIENCE).await
    };
    let (served, finished) = tokio::try_join!(customers, stop)?;
    assert!(served.iter().all(|&n| n > 0), "{served:?}");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(!finished.stderr.contains("still under way"), "{}", finished.stderr);
    let node = fleet.serve().await?;
    node.caller.get("/devices", Some(&user)).await?;
    is_well(&fleet).await
}

async fn s59_a_kill_under_load_takes_nothing_back_that_was_answered(database: Database) -> anyhow::Result<()> {
    let Some(fleet) = Fleet::new(database).await? else { return Ok(()) };
    let node = fleet.serve().await?;
    let user = fleet.with_subscriber(&node, "mika").await?;
    let Node { process, caller } = node;
    let answered = AtomicU32::new(0);
    let customers = try_join_all((0..8).map(|n| {
        let (caller, user, answered) = (&caller, &user, &answered);
        async move {
            let mut made = Vec::new();
            for round in 0.. {
                // Whoever has no answer has no device either, as far as they know.
                let Ok(response) = add_device(caller, user, &format!("{n}-{round}")).send().await else { break };
                let Ok((status, body)) = answer(response).await else { break };
                match status {
                    StatusCode::CREATED => {
                        made.push(body["device"]["id"].clone());
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    StatusCode::CONFLICT => break,
                    other => anyhow::bail!("{other}: {body}"),
                }
            }
            Ok(made)
        }
    }));
    let kill = async {
        let some = async || Ok((answered.load(Ordering::SeqCst) > 4).then_some(()));
        eventually("a few devices", some).await?;
        process.kill9().await
    };
    let (made, _) = tokio::try_join!(customers, kill)?;
    let made = made.concat();
    let began = Instant::now();
    let node = fleet.serve().await?;
    assert!(began.elapsed() < SOON, "up after {:?}", began.elapsed());
    let held = node.caller.get("/devices", Some(&user)).await?;
    let held: Vec<_> = held["devices"].as_array().into_iter().flatten().map(|device| device["id"].clone()).collect();
    assert!(made.iter().all(|id| held.contains(id)), "{} were answered, {} are there", made.len(), held.len());
    is_well(&fleet).await
}

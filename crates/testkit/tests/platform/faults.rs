//! The database dies, freezes, loses its answers or is fought over, while customers go on: each answer is right or a
//! 503 that comes soon, and afterwards books, network and customers agree.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::Connection as _;
use store::Patience;
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser, answer};
use testkit::fleet::eventually;
use testkit::gate::Door;
use testkit::mariadb::MariaDb;
use testkit::private_dir::PrivateDir;
use testkit::small_disk::SmallDisk;
use url::Url;
use uuid::Uuid;

/// A caller is owed an answer within two seconds; a machine that is busy with other tests gets more.
const SOON: Duration = Duration::from_secs(5);
/// Longest that a server is frozen here, as long as the promise says.
const FROZEN: Duration = Duration::from_secs(20);

/// What customers met while they went on.
#[derive(Default)]
struct Met {
    over: AtomicBool,
    refused: AtomicU32,
}

impl Met {
    /// Asks until there is an answer that is not 503.
    async fn ask(
        &self,
        test: &TestApp,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> anyhow::Result<(StatusCode, Value)> {
        loop {
            let asked = Instant::now();
            let response = request().send().await?;
            let (took, status) = (asked.elapsed(), response.status());
            let retry = response.headers().contains_key("retry-after");
            let (_, body) = answer(response).await?;
            if body["code"] == "idempotency_key_in_use" {
                // The first one's claim could not be taken back while the database was away; it runs out.
                test.advance(36_000);
            } else if status != StatusCode::SERVICE_UNAVAILABLE {
                anyhow::ensure!(!status.is_server_error(), "{status}: {body}");
                return Ok((status, body));
            } else {
                anyhow::ensure!(retry && took < SOON, "a 503 after {took:?}, Retry-After: {retry}");
                self.refused.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Adds a device and takes it away again, until it is over; the last one stays, and is the only one.
    async fn add_and_remove(&self, test: &TestApp, user: &TestUser) -> anyhow::Result<u32> {
        for round in 0.. {
            let key = format!("round-{round}");
            let adding =
                || test.request(Method::POST, "/devices", Some(user)).header("idempotency-key", &key).json(&json!({}));
            let (status, made) = self.ask(test, adding).await?;
            anyhow::ensure!(status == StatusCode::CREATED, "{status}: {made}");
            let id = made["device"]["id"].as_str().context("an id")?;
            if self.over.load(Ordering::SeqCst) {
                let (_, held) = self.ask(test, || test.request(Method::GET, "/devices", Some(user))).await?;
                let held: Vec<_> = held["devices"].as_array().context("a list")?.iter().map(|one| &one["id"]).collect();
                anyhow::ensure!(held == [&json!(id)], "{held:?} and not {id}");
                return Ok(round);
            }
            let path = format!("/devices/{id}");
            let (status, _) = self.ask(test, || test.request(Method::DELETE, &path, Some(user))).await?;
            // One whose first answer was lost is gone already.
            anyhow::ensure!([StatusCode::NO_CONTENT, StatusCode::NOT_FOUND].contains(&status), "{status}");
        }
        unreachable!("rounds have no end")
    }
}

/// Stripe's way: posts each event until it is taken.
async fn deliver_all(test: &TestApp, met: &Met) -> anyhow::Result<()> {
    let mut taken = BTreeSet::new();
    loop {
        for event in test.stripe.events() {
            let id = event["id"].as_str().context("an id")?.to_owned();
            let asked = Instant::now();
            let status = test.deliver(&event).await?;
            anyhow::ensure!(asked.elapsed() < SOON, "the webhook took {:?}", asked.elapsed());
            match status {
                StatusCode::OK => drop(taken.insert(id)),
                StatusCode::SERVICE_UNAVAILABLE => {}
                other => anyhow::bail!("event {id}: {other}"),
            }
        }
        if met.over.load(Ordering::SeqCst) && taken.len() == test.stripe.events().len() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Customers go on while `fault` happens and for a while after it.
async fn go_on_through<F: Future<Output = anyhow::Result<()>>>(test: &TestApp, fault: F) -> anyhow::Result<Met> {
    let met = Met::default();
    let users = [test.with_subscriber("aya", "vip").await?, test.with_subscriber("ben", "vip").await?];
    let buyer = test.with_user("cho").await?;
    // Paid, and Stripe's word of it comes during the fault.
    test.pay(&buyer, "basic").await?;
    let fault = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        fault.await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        met.over.store(true, Ordering::SeqCst);
        anyhow::Ok(())
    };
    let customers = futures_util::future::try_join_all(users.iter().map(|user| met.add_and_remove(test, user)));
    let (rounds, (), ()) = tokio::try_join!(customers, deliver_all(test, &met), fault)?;
    assert!(rounds.iter().all(|&rounds| rounds > 0), "{rounds:?}: nobody got anywhere");
    test.all_is_well().await?;
    let bought = test.get("/subscriptions", Some(&buyer)).await?;
    assert_eq!(bought["subscriptions"].as_array().map(Vec::len), Some(1), "{bought}");
    assert_eq!(bought["subscriptions"][0]["status"], "active", "{bought}");
    Ok(met)
}

/// A server of the test's own, which keeps what it has committed when it is killed.
async fn own_server() -> anyhow::Result<Option<(MariaDb, String)>> {
    use sqlx::Executor as _;
    let Some(server) = MariaDb::start().await? else { return Ok(None) };
    let mut admin = sqlx::MySqlConnection::connect(server.admin_url()).await?;
    admin.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2").await?;
    let url = server.fresh_database().await?;
    Ok(Some((server, url)))
}

fn served(database: Database) -> Wanted {
    Wanted { patience: Patience::Serving, ..Wanted::on(database) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_s50_killed_and_frozen_under_load_is_a_503_soon_and_comes_back_by_itself() -> anyhow::Result<()> {
    let Some((server, url)) = own_server().await? else { return Ok(()) };
    let test = TestApp::start_on(&served(Database::MariaDb), url, PrivateDir::new("app")?).await?;
    let fault = async {
        server.signal(Signal::KILL)?;
        server.stop_server().await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        server.start_server().await?;
        server.signal(Signal::STOP)?;
        tokio::time::sleep(FROZEN).await;
        server.signal(Signal::CONT)?;
        let thawed = Instant::now();
        let back = async || Ok(test.app.store.ping().await.is_ok().then_some(()));
        eventually("the database", back).await?;
        anyhow::ensure!(thawed.elapsed() < 2 * SOON, "back {:?} after the thaw", thawed.elapsed());
        Ok(())
    };
    let met = Box::pin(go_on_through(&test, fault)).await?;
    assert!(met.refused.load(Ordering::SeqCst) > 0, "nobody noticed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_s50_behind_a_cable_that_is_pulled_comes_back_by_itself() -> anyhow::Result<()> {
    let Some((test, gate)) = TestApp::start_behind_a_gate().await? else { return Ok(()) };
    let fault = async {
        gate.set(Door::Dead);
        tokio::time::sleep(Duration::from_secs(4)).await;
        gate.set(Door::Open);
        Ok(())
    };
    Box::pin(go_on_through(&test, fault)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_s51_a_commit_whose_answer_is_lost_has_one_effect() -> anyhow::Result<()> {
    let Some((test, gate)) = TestApp::start_behind_a_gate().await? else { return Ok(()) };
    let fault = async {
        for _ in 0..8 {
            gate.set(Door::CutAfter(b"COMMIT"));
            tokio::time::sleep(Duration::from_millis(300)).await;
            gate.set(Door::Open);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    };
    Box::pin(go_on_through(&test, fault)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_s8_a_database_that_answers_half_a_minute_late_loses_no_event() -> anyhow::Result<()> {
    let Some((test, gate)) = TestApp::start_behind_a_gate().await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    test.pay(&user, "basic").await?;
    let events = test.stripe.events();
    gate.set(Door::Late(Duration::from_secs(30)));
    let deliveries = events.iter().map(|event| async {
        let asked = Instant::now();
        let status = test.deliver(event).await?;
        // Stripe waits for ten seconds or more; we say what we know within two.
        anyhow::ensure!(asked.elapsed() < SOON, "{status} after {:?}", asked.elapsed());
        anyhow::Ok(status)
    });
    let statuses = futures_util::future::try_join_all(deliveries).await?;
    gate.set(Door::Open);
    let back = async || Ok(test.app.store.ping().await.is_ok().then_some(()));
    eventually("the database", back).await?;
    for (event, status) in events.iter().zip(&statuses) {
        let id = event["id"].as_str().context("an id")?;
        let is_stored = store::stripe_events::by_id(&test.app.store, id).await?.is_some();
        assert!(status.is_server_error() || (status.is_success() && is_stored), "{id}: {status}, stored: {is_stored}");
    }
    assert!(statuses.contains(&StatusCode::SERVICE_UNAVAILABLE), "nobody noticed: {statuses:?}");
    // Stripe sends again what was not taken.
    let taken = async || Ok(test.settle().await.is_ok().then_some(()));
    eventually("all events", taken).await?;
    test.all_is_well().await?;
    let bought = test.get("/subscriptions", Some(&user)).await?;
    assert_eq!(bought["subscriptions"].as_array().map(Vec::len), Some(1), "{bought}");
    assert_eq!(bought["subscriptions"][0]["status"], "active", "{bought}");
    let started = test.mail.messages_to(&user.email).into_iter().filter(|mail| mail.subject.contains("is active"));
    assert_eq!(started.count(), 1);
    Ok(())
}

/// A customer adds a device (subscription first, then the pool of addresses), and another transaction takes the two the
/// other way round. MariaDB ends the one that has written less: the customer's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_s52_two_that_wait_for_each_other_are_both_served() -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(Database::MariaDb)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "vip").await?;
    let watch = sqlx::MySqlPool::connect(&test.database_url).await?;
    let schema = Url::parse(&test.database_url)?.path().trim_start_matches('/').to_owned();
    let rival = test.app.store.write_txn().await?;
    for n in 0..50 {
        store::marks::advance(&rival, &format!("mark {n}"), 1).await?;
    }
    store::pool::lock(&rival).await?;
    let met = Met::default();
    let adding = async {
        // On a slow machine the time for trying again may be over: then this is a 503, and never a 500.
        let add = || test.request(Method::POST, "/devices", Some(&user)).json(&json!({ "name": "phone" }));
        let (status, made) = met.ask(&test, add).await?;
        anyhow::ensure!(status == StatusCode::CREATED, "{status}: {made}");
        Ok(())
    };
    let crossing = async {
        let waits = async || {
            // MariaDB looks anew only when nobody has asked for a tenth of a second.
            tokio::time::sleep(Duration::from_millis(150)).await;
            let table = format!("`{schema}`.`pool_state`");
            let query = sqlx::query_scalar("SELECT COUNT(*) FROM information_schema.innodb_locks WHERE lock_table = ?");
            let locks: i64 = query.bind(table).fetch_one(&watch).await?;
            Ok((locks > 0).then_some(()))
        };
        eventually("the customer's turn to wait", waits).await?;
        // The customer holds this and waits for the pool: it is given only because their transaction was ended.
        let rows = store::subscriptions::lock_open_of_user(&rival, user.id).await?;
        anyhow::ensure!(rows.len() == 1, "{rows:?}");
        rival.commit().await?;
        Ok(())
    };
    tokio::try_join!(adding, crossing)?;
    let devices = test.get("/devices", Some(&user)).await?;
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(1), "{devices}");
    assert_eq!(store::marks::get(&test.app.store, "mark 49").await?, Some(1));
    test.all_is_well().await
}

/// Two of the same kind, by functions of the store, in the way that use cases run them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_s52_the_victim_of_a_deadlock_tries_again_by_itself() -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&served(Database::MariaDb)).await? else { return Ok(()) };
    let (aya, ben) = (test.with_user("aya").await?.id, test.with_user("ben").await?.id);
    let (tries, both_hold_one) = (AtomicU32::new(0), tokio::sync::Barrier::new(2));
    let cross = async |first: Uuid, second: Uuid| {
        test.app
            .retrying(|| async {
                let tx = test.app.store.write_txn().await?;
                store::users::lock(&tx, first).await?;
                if tries.fetch_add(1, Ordering::SeqCst) < 2 {
                    both_hold_one.wait().await;
                }
                store::users::lock(&tx, second).await?;
                Ok(tx.commit().await?)
            })
            .await
    };
    let began = Instant::now();
    tokio::try_join!(cross(aya, ben), cross(ben, aya))?;
    assert_eq!(tries.load(Ordering::SeqCst), 3, "one was chosen, once");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_s53_a_full_disk_is_a_503_for_writers_until_there_is_room_again() -> anyhow::Result<()> {
    // What MariaDB makes for itself takes two thirds of it.
    let Some(disk) = SmallDisk::new(192).await? else { return Ok(()) };
    let settings = ["--innodb-file-per-table=ON", "--innodb-log-file-size=16M"];
    let Some(server) = MariaDb::start_with(Some(&disk.path().join("data")), &settings).await? else { return Ok(()) };
    let url = server.fresh_database().await?;
    let test = TestApp::start_on(&served(Database::MariaDb), url, PrivateDir::new("app")?).await?;
    let user = test.with_subscriber("mika", "vip").await?;
    let ballast = disk.fill()?;
    let write = async |n: u32| {
        let asked = Instant::now();
        let email = format!("somebody{n}@example.net");
        let response =
            test.request(Method::POST, "/auth/register", None).json(&json!({ "email": email, "password": PASSWORD }));
        let response = response.send().await?;
        let says_when = response.headers().contains_key("retry-after");
        let (status, body) = answer(response).await?;
        anyhow::ensure!(asked.elapsed() < SOON, "{status} after {:?}", asked.elapsed());
        let is_fit = status == StatusCode::ACCEPTED || (status == StatusCode::SERVICE_UNAVAILABLE && says_when);
        anyhow::ensure!(is_fit, "{status}: {body}");
        Ok(status)
    };
    let mut refused = 0;
    for n in 0..400 {
        refused += u32::from(write(n).await? == StatusCode::SERVICE_UNAVAILABLE);
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3, "nobody noticed");
    assert_eq!(test.get("/user/me", Some(&user)).await?["email"], user.email, "readers are served");
    std::fs::remove_file(&ballast)?;
    let back = async || Ok((write(1_000).await? == StatusCode::ACCEPTED).then_some(()));
    eventually("room", back).await?;
    test.all_is_well().await
}

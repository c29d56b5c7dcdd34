//! S63: hours of everything, to see that memory and file handles stay as they are.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::Database;
use testkit::caller::{Caller, PASSWORD, TestUser};
use testkit::fleet::{Fleet, Node, PATIENCE, eventually, now_ms};
use testkit::missing::asked_for_long;
use testkit::setting::setting;
use tokio::sync::RwLock;

/// Between two looks at the process, and how long all work rests before one.
const LOOK: Duration = Duration::from_secs(8);
const REST: Duration = Duration::from_secs(1);
/// Makes the allocator of the process give back at once what is free. Otherwise the block of 20 MB in which a thread
/// hashed a password is there at one look and gone at the next.
const GIVE_BACK: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "0");
/// Most that the memory may grow in ten minutes, in bytes.
const MOST: f64 = 1_000_000.0;
/// Customers at the same time.
const CUSTOMERS: u32 = 4;

/// What the process holds at a moment.
#[derive(Debug, Clone, Copy)]
struct Held {
    /// Seconds since the load began.
    at: f64,
    /// Resident memory in bytes.
    memory: f64,
    handles: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_s63_half_an_hour_of_load_costs_no_memory_and_no_handles() -> anyhow::Result<()> {
    if !asked_for_long()? {
        return Ok(());
    }
    let minutes: u64 = setting("MIRAI_TEST_SOAK_MINUTES").map_or(Ok(30), |text| text.parse())?;
    let Some(fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let node = Fleet::up(fleet.command(&["serve"]).env(GIVE_BACK.0, GIVE_BACK.1)).await?;
    let pid = node.process.pid().context("a process")?;
    let began = Instant::now();
    let end = began + Duration::from_secs(60 * minutes);
    let work = RwLock::new(());
    let look = async {
        let mut seen = Vec::new();
        while Instant::now() < end {
            tokio::time::sleep(LOOK).await;
            let _nobody_works = work.write().await;
            tokio::time::sleep(REST).await;
            seen.push(held(pid, began)?);
        }
        anyhow::Ok(seen)
    };
    let customers = (0..CUSTOMERS).map(|n| go_on(&fleet, &node, n, end, &work));
    let (seen, rounds) = tokio::try_join!(look, futures_util::future::try_join_all(customers))?;
    // Caches and pools fill in the first third.
    let warm: Vec<Held> = seen.iter().copied().filter(|held| held.at > began_warm(minutes)).collect();
    let slope = slope(&warm) * 600.0;
    let (first, last) = warm.split_at(warm.len() / 2);
    let report = format!(
        "{rounds:?} rounds in {minutes} minutes; memory grows by {:.0} kB in ten minutes, from {:.1} MB; {} handles, then {}",
        slope / 1e3,
        warm.first().context("a look")?.memory / 1e6,
        most_handles(first),
        most_handles(last)
    );
    say(&report);
    let megabytes = |held: &Held| format!("{:.1}", held.memory / 1e6);
    say(&format!("in MB: {}", seen.iter().map(megabytes).collect::<Vec<_>>().join(" ")));
    assert!(rounds.iter().all(|&rounds| rounds > 10 * minutes), "{report}");
    assert!(slope < MOST, "{report}");
    assert!(most_handles(last) <= most_handles(first) + 2, "{report}");
    node.process.terminate()?;
    assert_eq!(node.process.wait(PATIENCE).await?.code, Some(0));
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the figures of a long run are worth reading also when all is well")]
fn say(report: &str) {
    eprintln!("{report}");
}

/// Seconds after which the process is warm.
#[expect(clippy::cast_precision_loss, reason = "minutes are few")]
fn began_warm(minutes: u64) -> f64 {
    minutes as f64 * 20.0
}

fn most_handles(seen: &[Held]) -> usize {
    seen.iter().map(|held| held.handles).max().unwrap_or_default()
}

fn held(pid: u32, began: Instant) -> anyhow::Result<Held> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    let handles = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count();
    Ok(Held { at: began.elapsed().as_secs_f64(), memory: kilobytes * 1024.0, handles })
}

/// Bytes a second, by least squares.
#[expect(clippy::cast_precision_loss, reason = "looks are few")]
fn slope(seen: &[Held]) -> f64 {
    let count = seen.len() as f64;
    let mean = |of: fn(&Held) -> f64| seen.iter().map(of).sum::<f64>() / count;
    let (at, memory) = (mean(|held| held.at), mean(|held| held.memory));
    let along: f64 = seen.iter().map(|held| (held.at - at) * (held.memory - memory)).sum();
    let across: f64 = seen.iter().map(|held| (held.at - at).powi(2)).sum();
    along / across
}

#[test]
fn a_slope_is_what_is_added_in_a_second() {
    let seen: Vec<Held> =
        (0..20).map(|n| Held { at: f64::from(n), memory: 1e6 + 300.0 * f64::from(n), handles: 7 }).collect();
    assert!((slope(&seen) - 300.0).abs() < 1e-6);
}

/// One customer's days, again and again: what works, what is refused, what is asked twice, and a stranger who guesses.
async fn go_on(fleet: &Fleet, node: &Node, n: u32, end: Instant, work: &RwLock<()>) -> anyhow::Result<u64> {
    let caller = &node.caller;
    let mut user = fleet.with_user(node, &format!("customer{n}")).await?;
    let session = caller.checkout(&user, "vip").await?;
    fleet.stripe.pay(&session)?;
    let events: Vec<Value> = fleet.stripe.events();
    deliver(caller, &events).await?;
    let active = async || {
        let list = caller.get("/subscriptions", Some(&user)).await?;
        Ok((list["subscriptions"][0]["status"] == "active").then_some(()))
    };
    eventually("the subscription", active).await?;
    let mut round = 0;
    while Instant::now() < end {
        round += 1;
        let at_work = work.read().await;
        visit(caller).await?;
        use_devices(caller, &user).await?;
        user = renew(caller, &user).await?;
        refused(caller, &user).await?;
        if round % 10 == 0 {
            deliver(caller, &events).await?;
            caller.post("/auth/reset-request", None, &json!({ "email": user.email })).await?;
            caller.register(&format!("visitor-{n}-{round}@example.net")).await?;
            caller.post("/auth/logout", Some(&user), &Value::Null).await?;
            user = caller.log_in(&user.email).await?;
        }
        drop(at_work);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(round)
}

async fn deliver(caller: &Caller, events: &[Value]) -> anyhow::Result<()> {
    for event in events {
        anyhow::ensure!(caller.deliver_at(event, now_ms() / 1000).await?.is_success());
    }
    Ok(())
}

async fn visit(caller: &Caller) -> anyhow::Result<()> {
    for path in ["/", "/pricing", "/servers", "/faq", "/login", "/dashboard", "/assets/app.css", "/no/such/page"] {
        let response = caller.http.get(format!("{}{path}", caller.base)).send().await?;
        anyhow::ensure!(!response.status().is_server_error(), "{path}: {}", response.status());
        response.bytes().await?;
    }
    Ok(())
}

async fn use_devices(caller: &Caller, user: &TestUser) -> anyhow::Result<()> {
    let (status, made) = caller.post("/devices", Some(user), &json!({ "name": "phone" })).await?;
    anyhow::ensure!(status == StatusCode::CREATED, "{status} {made}");
    let id = made["device"]["id"].as_str().context("an id")?;
    for path in ["/user/me", "/devices", "/subscriptions", "/invoices", "/vps/status", "/user/sessions"] {
        caller.get(path, Some(user)).await?;
    }
    let gone = caller.request(Method::DELETE, &format!("/devices/{id}"), Some(user)).send().await?;
    anyhow::ensure!(gone.status() == StatusCode::NO_CONTENT, "{}", gone.status());
    Ok(())
}

async fn renew(caller: &Caller, user: &TestUser) -> anyhow::Result<TestUser> {
    let (status, pair) = caller.post("/auth/refresh", None, &json!({ "refresh_token": user.refresh })).await?;
    anyhow::ensure!(status == StatusCode::OK, "{status} {pair}");
    let text = |field: &str| pair[field].as_str().unwrap_or_default().to_owned();
    Ok(TestUser { token: text("token"), refresh: text("refresh_token"), ..user.clone() })
}

async fn refused(caller: &Caller, user: &TestUser) -> anyhow::Result<()> {
    let wrong = json!({ "email": user.email, "password": "a guess of a word" });
    for (path, body, status) in [
        ("/auth/login", wrong, StatusCode::UNAUTHORIZED),
        ("/auth/verify", json!({ "token": "made up" }), StatusCode::UNPROCESSABLE_ENTITY),
        ("/auth/register", json!({ "email": "mika", "password": PASSWORD }), StatusCode::UNPROCESSABLE_ENTITY),
        ("/no/such/route", json!({}), StatusCode::NOT_FOUND),
    ] {
        let got = caller.post(path, None, &body).await?.0;
        anyhow::ensure!(got == status, "{path}: {got}");
    }
    Ok(())
}

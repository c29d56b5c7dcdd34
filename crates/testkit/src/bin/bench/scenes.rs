//! What is measured, one function each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use app::Dice;
use domain::vpn::key::PrivateKey;
use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::{Connection as _, MySqlConnection};
use testkit::app::Database;
use testkit::caller::{API_KEY, Caller, PASSWORD, TestUser};
use testkit::fleet::{Fleet, Node, PATIENCE};
use testkit::process::{Bin, Running};

use crate::load::{self, Sample, median};

const ROUNDS: usize = 5;
const SECONDS: u64 = 4;
/// Requests a minute: limits are counted as ever, and none is reached.
const NO_LIMIT: &str = "60000000";
/// Servers on the list.
const SERVERS: usize = 20;
/// Devices are made in rows of so many, as many as the plan without a limit has room for.
const DEVICES: u8 = 50;
const ROWS: u8 = 8;
/// Logins that wait at a time.
const LOGINS: usize = 200;

/// Ours beside the bare one.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    /// Least share of the bare one's answers a second that we aim at.
    pub(crate) goal: f64,
    pub(crate) ours: Sample,
    pub(crate) bare: Sample,
}

/// Everything that was measured.
pub(crate) struct Figures {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) list_bytes: usize,
    /// The server list for one who has it already.
    pub(crate) unchanged: Sample,
    /// Our processor time for a device, in microseconds: with SQLite (whose work is ours) and with MariaDB.
    pub(crate) device_us: [(&'static str, f64); 2],
    /// Of a hundred other answers while 200 logins wait, ninety-nine took no longer, in milliseconds; the slowest one.
    pub(crate) beside_logins_ms: (f64, f64),
    pub(crate) logins_per_second: f64,
    /// MiB after start, and half a minute after all of the load.
    pub(crate) memory: (f64, f64),
    /// Milliseconds from the start of the process to its first answer.
    pub(crate) first_answer_ms: f64,
}

/// Runs all scenes.
pub(crate) async fn all() -> anyhow::Result<Figures> {
    let mut fleet = Fleet::new(Database::Sqlite).await?.context("SQLite is never missing")?;
    fleet.set("LIMIT_GENERAL", NO_LIMIT);
    let mut app = fleet.look(app::Clock::System).await?;
    // The fleet's own server has the first key of the ordinary seed.
    app.dice = Arc::new(Dice::seeded(1));
    for n in 1..SERVERS {
        testkit::app::add_server(&app, &format!("city{n}-1"), "eu").await?;
    }
    let first_answer_ms = first_answer(&fleet).await?;
    let node = fleet.serve().await?;
    let pid = node.process.pid().context("the server has ended")?;
    let user = fleet.with_subscriber(&node, "mika").await?;
    let memory_before = load::resident_mib(pid)?;
    let (list, unchanged, list_bytes) = server_list(&fleet, &node).await?;
    let me = own_account("/user/me on SQLite", &fleet, &node, &user).await?;
    let on_sqlite = devices(&node, &user).await?;
    let (beside_logins_ms, logins_per_second) = logins(&node, &user.email).await?;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let memory = (memory_before, load::resident_mib(pid)?);
    drop(node);

    let mut fleet = Fleet::new(Database::MariaDb).await?.context("MariaDB is needed")?;
    fleet.set("LIMIT_GENERAL", NO_LIMIT);
    fleet.database_url = by_socket(&fleet.database_url).await?;
    fleet.set("DATABASE_URL", &fleet.database_url.clone());
    let node = fleet.serve().await?;
    let user = fleet.with_subscriber(&node, "noa").await?;
    let me_on_mariadb = own_account("/user/me on MariaDB", &fleet, &node, &user).await?;
    let on_mariadb = devices(&node, &user).await?;
    Ok(Figures {
        pairs: vec![list, me, me_on_mariadb],
        list_bytes,
        unchanged,
        device_us: [("SQLite", on_sqlite), ("MariaDB", on_mariadb)],
        beside_logins_ms,
        logins_per_second,
        memory,
        first_answer_ms,
    })
}

/// The same database of this machine by its server's socket, as `mirai deploy provision` sets it up.
async fn by_socket(url: &str) -> anyhow::Result<String> {
    let mut connection = MySqlConnection::connect(url).await?;
    let socket: String = sqlx::query_scalar("SELECT @@socket").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(format!("{url}?socket={socket}"))
}

/// A bare server in a process of its own, and its address.
async fn bare(args: &[&str]) -> anyhow::Result<(Running, String)> {
    let mut process = Bin::at(std::env::current_exe()?)?.launch().arg("bare").args(args).start().await?;
    let line = process.wait_for_line("bare http", PATIENCE).await?;
    Ok((process, line.trim_start_matches("bare ").trim().to_owned()))
}

fn key() -> String {
    format!("X-API-KEY: {API_KEY}")
}

async fn server_list(fleet: &Fleet, node: &Node) -> anyhow::Result<(Pair, Sample, usize)> {
    let answer = node.caller.request(Method::GET, "/vps/status", None).send().await?;
    let etag = answer.headers().get("etag").context("no ETag")?.to_str()?.to_owned();
    let body = answer.bytes().await?;
    let file = fleet.dir.join("list.json");
    std::fs::write(&file, &body)?;
    let (bare, bare_url) = bare(&["list", &file.display().to_string()]).await?;
    let url = format!("{}/backend/api/vps/status", node.caller.base);
    let pair = side_by_side("/vps/status", 0.6, (&node.process, &url, &[key()]), (&bare, &bare_url)).await?;
    let known = [key(), format!("If-None-Match: {etag}")];
    let mut samples = Vec::new();
    for _ in 0..ROUNDS {
        samples.push(load::get(&node.process, &url, &known, SECONDS).await?);
    }
    Ok((pair, middle(&samples), body.len()))
}

async fn own_account(name: &'static str, fleet: &Fleet, node: &Node, user: &TestUser) -> anyhow::Result<Pair> {
    let (bare, bare_url) = bare(&["row", &fleet.database_url, &user.id.to_string()]).await?;
    let url = format!("{}/backend/api/user/me", node.caller.base);
    let headers = [key(), format!("Authorization: Bearer {}", user.token)];
    side_by_side(name, 0.7, (&node.process, &url, &headers), (&bare, &bare_url)).await
}

async fn side_by_side(
    name: &'static str,
    goal: f64,
    (our_process, our_url, headers): (&Running, &str, &[String]),
    (bare_process, bare_url): (&Running, &str),
) -> anyhow::Result<Pair> {
    // Both are warm before anything counts.
    load::get(our_process, our_url, headers, 1).await?;
    load::get(bare_process, bare_url, &[], 1).await?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(load::get(our_process, our_url, headers, SECONDS).await?);
        bare.push(load::get(bare_process, bare_url, &[], SECONDS).await?);
    }
    Ok(Pair { name, goal, ours: middle(&ours), bare: middle(&bare) })
}

fn middle(samples: &[Sample]) -> Sample {
    let of = |field: fn(&Sample) -> f64| median(samples.iter().map(field).collect());
    Sample { per_second: of(|s| s.per_second), cpu_us: of(|s| s.cpu_us), p99_ms: of(|s| s.p99_ms) }
}

/// Processor time for making a device with the client's own key, in microseconds: the middle one of rows.
async fn devices(node: &Node, user: &TestUser) -> anyhow::Result<f64> {
    let pid = node.process.pid().context("the server has ended")?;
    let mut per_device = Vec::new();
    for row in 0..ROWS {
        let before = load::cpu_seconds(pid)?;
        let mut made = Vec::new();
        for n in 0..DEVICES {
            let mut seed = [0; 32];
            (seed[0], seed[1]) = (row, n);
            let key = PrivateKey::from_random(seed).public().to_string();
            let body = json!({ "name": format!("device {n}"), "public_key": key });
            let (status, answer) = node.caller.post("/devices", Some(user), &body).await?;
            anyhow::ensure!(status == StatusCode::CREATED, "{status} {answer}");
            made.push(answer["device"]["id"].as_str().context("no id")?.to_owned());
        }
        per_device.push((load::cpu_seconds(pid)? - before) * 1e6 / f64::from(DEVICES));
        for id in made {
            node.caller.request(Method::DELETE, &format!("/devices/{id}"), Some(user)).send().await?;
        }
    }
    Ok(median(per_device))
}

/// How long the server list takes while 200 logins wait, one after the other for five seconds.
async fn logins(node: &Node, email: &str) -> anyhow::Result<((f64, f64), f64)> {
    let until = Instant::now() + Duration::from_secs(5);
    let login = |caller: Caller, email: String| async move {
        let (mut done, body) = (0_u32, json!({ "email": email, "password": PASSWORD }));
        while Instant::now() < until {
            // Beyond the queue for hashing a login is told to come again; that is as it should be.
            let (status, _) = caller.post("/auth/login", None, &body).await?;
            done += u32::from(status == StatusCode::OK);
        }
        anyhow::Ok(done)
    };
    let crowd: Vec<_> = (0..LOGINS).map(|_| tokio::spawn(login(node.caller.clone(), email.to_owned()))).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut times = Vec::new();
    while Instant::now() < until {
        let asked = Instant::now();
        node.caller.get("/vps/status", None).await?;
        times.push(asked.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut done = 0;
    for login in crowd {
        done += login.await??;
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    Ok(((at(99), times.last().copied().unwrap_or_default()), f64::from(done) / 5.0))
}

/// Time from the start of a process to its first answer: the middle one of eleven.
async fn first_answer(fleet: &Fleet) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..11 {
        let port = testkit::ports::free_port()?;
        let place = format!("127.0.0.1:{port}");
        let began = Instant::now();
        let process = fleet.command(&["serve"]).env("LISTEN", &place).start().await?;
        while reqwest::get(format!("http://{place}/backend/api/health")).await.is_err() {
            anyhow::ensure!(began.elapsed() < PATIENCE, "no answer");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        drop(process);
    }
    Ok(median(times))
}

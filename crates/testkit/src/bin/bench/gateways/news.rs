//! How fast a change reaches the device: real processes of the site and of an agent with many peers, changes through the
//! API, and a client that is thrown off while its packets go to and fro.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::vpn::key::PrivateKey;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::Database;
use testkit::caller::TestUser;
use testkit::fleet::{Fleet, Node, eventually};
use testkit::netns::{HOST_V4, Machines};
use testkit::process::Running;
use uuid::Uuid;

use super::client::{self, Wish};
use super::crowd;
use super::{INTERFACE, PATIENCE, machines};

/// Devices that come and go again, each by itself.
const CHANGES: u16 = 200;
/// Devices in use that are thrown off.
const THROWN_OFF: usize = 24;
/// How often such a device sends a packet.
const PING: Duration = Duration::from_millis(5);
/// How long after the last answer of a device nothing more comes.
const SILENCE: Duration = Duration::from_millis(500);

/// What was measured with so many peers on so a database; times in milliseconds.
#[derive(Debug)]
pub(super) struct News {
    pub(super) database: &'static str,
    pub(super) peers: u32,
    pub(super) granted: Times,
    pub(super) revoked: Times,
    pub(super) last_packet: Times,
}

/// Times, sorted, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, time: Duration) {
        let at = time.as_secs_f64() * 1000.0;
        let place = self.0.partition_point(|known| *known < at);
        self.0.insert(place, at);
    }

    /// Of a hundred, so many took no longer.
    pub(super) fn at(&self, share: usize) -> f64 {
        self.0.get((self.0.len() * share / 100).min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

pub(super) async fn measure() -> anyhow::Result<Vec<News>> {
    let mut all = Vec::new();
    for (database, name) in [(Database::Sqlite, "SQLite"), (Database::MariaDb, "MariaDB")] {
        for peers in [1_000, 10_000] {
            all.push(with(database, name, peers).await.with_context(|| format!("{name}, {peers} peers"))?);
        }
    }
    Ok(all)
}

/// The site, a gateway and a customer.
struct Scene {
    machines: Machines,
    app: app::App,
    node: Node,
    server: Uuid,
    user: TestUser,
    _agent: Running,
    _fleet: Fleet,
}

async fn with(database: Database, name: &'static str, peers: u32) -> anyhow::Result<News> {
    let scene = lay(database, peers).await?;
    let (mut granted, mut revoked, mut last_packet) = (Times::default(), Times::default(), Times::default());
    for n in 0..CHANGES {
        let mut seed = [0; 32];
        seed[1..3].copy_from_slice(&n.to_le_bytes());
        let key = PrivateKey::from_random(seed).public().to_string();
        let began = Instant::now();
        let made = scene.add(&json!({ "name": "laptop", "server_id": scene.server, "public_key": key })).await?;
        granted.add(scene.applied(began).await?);
        let began = Instant::now();
        scene.remove(&made).await?;
        revoked.add(scene.applied(began).await?);
    }
    let echo = echo(&scene.machines).await?;
    for _ in 0..THROWN_OFF {
        last_packet.add(scene.throw_off(echo).await?);
    }
    Ok(News { database: name, peers, granted, revoked, last_packet })
}

async fn lay(database: Database, peers: u32) -> anyhow::Result<Scene> {
    let machines = machines().await?;
    let mut fleet = Fleet::new(database).await?.context("the database is needed")?;
    fleet.set("LIMIT_GENERAL", "60000000");
    let app = fleet.look(app::Clock::System).await?;
    let (server, token) = crowd::server(&app).await?;
    let node = fleet.serve().await?;
    let control = machines.gateway.lead_to(node.caller.base.trim_start_matches("http://").parse()?).await?;
    let state = fleet.dir.join("gateway");
    let mirai = testkit::process::Bin::gateway().await?.path().display().to_string();
    let gateway = |arguments: &[&str]| -> anyhow::Result<_> {
        let launch = machines.launch(&machines.gateway, &mirai)?.arg("gateway").args(arguments);
        Ok(launch.arg("--state").arg(&state))
    };
    let control = format!("http://{control}");
    super::done(gateway(&["enroll", "--control", &control, "--token", &token])?).await?;
    let user = fleet.with_subscriber(&node, "mika").await?;
    crowd::fill(&app, &user, server, peers).await?;
    let resolver = HOST_V4.to_string();
    let run = ["run", "--driver", "embedded", "--interface", INTERFACE, "--resolver", &resolver];
    let mut agent = gateway(&run)?.start().await?;
    agent.wait_for_line("the gateway is serving", PATIENCE).await?;
    let scene = Scene { machines, app, node, server, user, _agent: agent, _fleet: fleet };
    scene.applied(Instant::now()).await?;
    // The server is offered only once its gateway has told how it is.
    let wish = json!({ "name": "first", "server_id": server });
    let first = eventually("the offer", async || Ok(scene.add(&wish).await.ok())).await?;
    scene.remove(&first).await?;
    scene.applied(Instant::now()).await?;
    Ok(scene)
}

impl Scene {
    async fn add(&self, device: &Value) -> anyhow::Result<Value> {
        let (status, made) = self.node.caller.post("/devices", Some(&self.user), device).await?;
        ensure!(status == StatusCode::CREATED, "{status} {made}");
        Ok(made)
    }

    async fn remove(&self, made: &Value) -> anyhow::Result<()> {
        let path = format!("/devices/{}", made["device"]["id"].as_str().context("no id")?);
        let answer = self.node.caller.request(Method::DELETE, &path, Some(&self.user)).send().await?;
        ensure!(answer.status() == StatusCode::NO_CONTENT, "{}", answer.status());
        Ok(())
    }

    /// How long it has taken until the gateway says that it has applied all there is.
    async fn applied(&self, began: Instant) -> anyhow::Result<Duration> {
        let wanted = store::vps_servers::revision(&self.app.store, self.server).await?.unwrap_or_default();
        loop {
            let gateway = store::gateways::of_server(&self.app.store, self.server).await?;
            if gateway.is_some_and(|gateway| gateway.applied_revision >= wanted) {
                return Ok(began.elapsed());
            }
            ensure!(began.elapsed() < PATIENCE, "never applied");
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }

    /// How long a device gets answers after it was deleted.
    async fn throw_off(&self, echo: SocketAddr) -> anyhow::Result<Duration> {
        let made = self.add(&json!({ "name": "phone", "server_id": self.server })).await?;
        self.applied(Instant::now()).await?;
        let tunnel =
            client::start(&self.machines, &Wish::of_file(made["config"].as_str().unwrap_or_default())?).await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let client = self.machines.client.clone();
        let pings = tokio::spawn(async move { client.inside(move || ping(echo, &over)).await });
        tokio::time::sleep(SILENCE).await;
        let began = Instant::now();
        self.remove(&made).await?;
        tokio::time::sleep(SILENCE).await;
        is_over.store(true, Ordering::Relaxed);
        let last = pings.await??.context("no answer ever came")?;
        tunnel.kill9().await?;
        ensure!(began.saturating_duration_since(last) < PING * 40, "the device was off before it was thrown off");
        ensure!(began + SILENCE - PING * 4 > last, "the device was not thrown off");
        Ok(last.saturating_duration_since(began))
    }
}

/// Sends packets until it is over, and tells when the last answer came.
fn ping(to: SocketAddr, is_over: &AtomicBool) -> std::io::Result<Option<Instant>> {
    let socket = UdpSocket::bind((std::net::Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(to)?;
    let mut last = None;
    let mut next = Instant::now();
    while !is_over.load(Ordering::Relaxed) {
        // One that does not leave is like one that does not arrive.
        let _ = socket.send(&[0; 64]);
        next += PING;
        while let Some(left) = next.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            socket.set_read_timeout(Some(left))?;
            if socket.recv(&mut [0; 64]).is_ok() {
                last = Some(Instant::now());
            }
        }
    }
    Ok(last)
}

/// A host on the internet that sends back what comes.
async fn echo(machines: &Machines) -> anyhow::Result<SocketAddr> {
    let socket = machines.internet.inside(|| UdpSocket::bind((HOST_V4, 0))).await?;
    let at = socket.local_addr()?;
    std::thread::spawn(move || {
        let mut bytes = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            let _ = socket.send_to(&bytes[..length], from);
        }
    });
    Ok(at)
}

//! The whole path with real packets: a configuration from the site, Debian's WireGuard programs on both ends, our agent in
//! between, three machines as network namespaces.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::ensure;
use app::admin::COMMAND_LINE;
use app::admin::plans::{self, Change, Limit};
use app::{Clock, Limits, hints};
use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::app::{DAY, Database, TestApp, Wanted, server_to_enrol};
use testkit::caller::TestUser;
use testkit::gate::{Door, Gate};
use testkit::missing::need;
use testkit::netns::{GATEWAY, HOST_V4, HOST_V6, Machines, OUTSIDE};
use testkit::process::{Bin, Launch, Running};
use testkit::redis::RedisServer;
use tokio::sync::watch;

/// How long a packet may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nothing has to come back to call it nothing.
const NOTHING: Duration = Duration::from_secs(1);
const PORT: u16 = 51820;
/// A host on a network that is not the internet.
const INNER: Ipv4Addr = Ipv4Addr::new(10, 200, 0, 1);
/// Where the client is, as `netns` lays it.
const CLIENT_V4: &str = "192.0.2.2";
const CLIENT_V6: &str = "2001:db8:1::2";
/// Bytes of the plan: little enough to be used up by pings.
const QUOTA: i64 = 5_000_000;

/// What carries the traffic on the middle machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Driver {
    Embedded,
    /// Debian's wireguard-go.
    Uapi,
}

/// The gateway: its agent, and the program that the agent speaks with, if there is one.
struct Gateway<'a> {
    machines: &'a Machines,
    mirai: String,
    driver: Driver,
    interface: String,
    state: PathBuf,
    wireguard: Option<Running>,
}

impl Gateway<'_> {
    fn command(&self, arguments: &[&str]) -> anyhow::Result<Launch> {
        let launch = self.machines.launch(&self.machines.gateway, &self.mirai)?.arg("gateway").args(arguments);
        Ok(launch.arg("--state").arg(&self.state))
    }

    async fn run(&self) -> anyhow::Result<Running> {
        let driver = if self.driver == Driver::Uapi { "uapi" } else { "embedded" };
        let resolver = HOST_V4.to_string();
        let run = ["run", "--driver", driver, "--interface", &self.interface, "--resolver", &resolver];
        let mut agent = self.command(&run)?.start().await?;
        agent.wait_for_line("the gateway is serving", PATIENCE).await?;
        Ok(agent)
    }
}

/// A gateway that comes to the site at `site`.
async fn enrolled<'a>(
    test: &TestApp,
    site: SocketAddr,
    machines: &'a Machines,
    driver: Driver,
) -> anyhow::Result<Gateway<'a>> {
    let token = server_to_enrol(&test.app, &format!("{GATEWAY}:{PORT}"), 10).await?;
    let control = machines.gateway.lead_to(site).await?;
    let mut gateway = Gateway {
        machines,
        mirai: Bin::mirai().await?.path().to_string_lossy().into_owned(),
        driver,
        interface: format!("mvg{}", std::process::id()),
        state: test.dir.join("gateway"),
        wireguard: None,
    };
    let enroll = ["enroll", "--control", &format!("http://{control}"), "--token", &token];
    let done = gateway.command(&enroll)?.run(PATIENCE).await?;
    ensure!(done.code == Some(0) && done.stdout.contains("here-1"), "{} {}", done.stdout, done.stderr);
    if driver == Driver::Uapi {
        let name = &gateway.interface;
        let wireguard = machines.launch(&machines.gateway, "wireguard-go")?.args(["-f", name]).start().await?;
        let began = Instant::now();
        while !std::fs::exists(format!("/var/run/wireguard/{name}.sock"))? {
            ensure!(began.elapsed() < PATIENCE, "wireguard-go did not start: {}", wireguard.stderr());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        gateway.wireguard = Some(wireguard);
    }
    Ok(gateway)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sign_up_through_an_embedded_gateway_to_the_internet_and_off_it_when_it_is_cancelled() -> anyhow::Result<()>
{
    whole_path(Driver::Embedded).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_through_another_wireguard_program() -> anyhow::Result<()> {
    whole_path(Driver::Uapi).await
}

async fn with_quota(test: &TestApp, bytes: i64) -> anyhow::Result<()> {
    let quota_bytes = Limit::Of(bytes);
    let change = Change { quota_bytes, ..Change::default() };
    plans::set(&test.app, COMMAND_LINE, "basic", &change).await?;
    Ok(())
}

async fn until<F: Future<Output = bool>>(what: &str, within: Duration, is_so: impl Fn() -> F) -> anyhow::Result<()> {
    let began = Instant::now();
    while !is_so().await {
        ensure!(began.elapsed() < within, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn others_come_and_go(test: &TestApp, user: &TestUser) -> anyhow::Result<()> {
    for n in 0..8 {
        let wish = json!({ "name": format!("device {n}"), "region": "here" });
        let (status, made) = test.post("/devices", Some(user), &wish).await?;
        ensure!(status == StatusCode::CREATED, "{made}");
        let path = format!("/devices/{}", made["device"]["id"].as_str().unwrap_or_default());
        let gone = test.request(Method::DELETE, &path, Some(user)).send().await?;
        ensure!(gone.status().is_success(), "{}", gone.status());
    }
    Ok(())
}

/// The files below a folder that have one of these texts in them: databases as they lie on the disk, too.
fn files_with(folder: &Path, texts: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_with(&path, texts)?);
        } else if path.is_file() {
            let bytes = std::fs::read(&path)?;
            let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            if texts.iter().any(|text| has(text)) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

async fn whole_path(driver: Driver) -> anyhow::Result<()> {
    for (program, package) in [
        ("wireguard-go", "wireguard-go"),
        ("wg-quick", "wireguard-tools"),
        ("nft", "nftables"),
        ("ping", "iputils-ping"),
        ("resolvconf", "openresolv"),
    ] {
        if need(program, package)?.is_none() {
            return Ok(());
        }
    }
    let (Some(machines), Some(redis)) = (Machines::lay().await?, RedisServer::start().await?) else { return Ok(()) };
    // As in real life: what is counted stays in Redis for a while.
    let limits = Limits { credential_per_minute: 20, general_per_minute: 1_000_000 };
    let wanted = Wanted { redis: Some(redis.url()), limits, ..Wanted::on(Database::Sqlite) };
    let test = TestApp::start(&wanted).await?.expect("SQLite is never missing");
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(hints::exchange(test.app.clone(), stopped));
    let site = Gate::before(test.base.trim_start_matches("http://").to_owned()).await?;
    // Leases are in real time for a real agent.
    test.advance(Clock::System.now() - test.app.clock.now());
    let host_v4 = SocketAddr::new(HOST_V4.into(), 80);
    let host_v6 = SocketAddr::new(HOST_V6.parse()?, 80);
    machines.internet.tell_who_comes(host_v4).await?;
    machines.internet.tell_who_comes(host_v6).await?;
    let (inner, mail) = (SocketAddr::new(INNER.into(), 80), SocketAddr::new(HOST_V4.into(), 25));
    machines.route_from_gateway(INNER).await?;
    machines.internet.tell_who_comes(inner).await?;
    machines.internet.tell_who_comes(mail).await?;
    machines.internet.answer_names(HOST_V4.into(), HOST_V4).await?;
    let id = std::process::id();
    let gateway = enrolled(&test, site.address(), &machines, driver).await?;
    let agent = gateway.run().await?;

    with_quota(&test, QUOTA).await?;
    let mika = test.with_subscriber("mika", "basic").await?;
    let wish = json!({ "name": "laptop", "region": "here" });
    let (status, made) = test.post("/devices", Some(&mika), &wish).await?;
    ensure!(status == StatusCode::CREATED, "{made}");
    let file = test.dir.join(&format!("mvc{id}.conf"));
    std::fs::write(&file, made["config"].as_str().unwrap_or_default())?;
    std::fs::create_dir_all(machines.client.files())?;
    std::fs::write(machines.client.files().join("resolv.conf"), "nameserver 192.0.2.99\n")?;
    let client = &machines.client;
    assert!(client.read(host_v4, NOTHING).await.is_err(), "without the tunnel there is no way");

    let wg_quick = |what: &str| -> anyhow::Result<_> {
        let launch = machines.launch(client, "wg-quick")?.env("WG_QUICK_USERSPACE_IMPLEMENTATION", "wireguard-go");
        Ok(launch.arg(what).arg(&file).run(Duration::from_secs(30)))
    };
    let up = wg_quick("up")?.await?;
    ensure!(up.code == Some(0), "{}", up.stderr);
    assert_eq!(client.read(host_v4, PATIENCE).await?, OUTSIDE.to_string(), "the gateway's address is what is seen");
    assert_eq!(client.read(host_v6, PATIENCE).await?, "2001:db8:2::2");
    let looked_up = machines.launch(client, "getent")?.args(["ahostsv4", "anything.example"]).run(PATIENCE).await?;
    assert!(looked_up.stdout.contains(&HOST_V4.to_string()), "DNS at the tunnel's address: {looked_up:?}");
    let own = SocketAddr::new(OUTSIDE.into(), 22);
    assert!(client.read(own, NOTHING).await.is_err(), "the gateway itself is closed to clients");
    // Somebody's network behind the gateway, and mail: the gateway itself comes there, a client does not.
    for (closed, why) in [(inner, "a private network"), (mail, "port 25")] {
        assert!(machines.gateway.read(closed, PATIENCE).await.is_ok(), "the test itself: {why}");
        assert!(client.read(closed, NOTHING).await.is_err(), "{why} is closed to clients");
    }

    // Others come and go, and where the device outlives the agent that does too: no packet of this one is lost.
    let noa = test.with_subscriber("noa", "vip").await?;
    let ping = |seconds: &str| {
        let many = ["-q", "-i", "0.005", "-w", seconds, "198.51.100.1"];
        machines.launch(client, "ping").map(|ping| ping.args(many).start())
    };
    let all_came = async |pinging: Running| {
        let done = pinging.wait(Duration::from_secs(60)).await?;
        // The last one may be on its way when time is up.
        let counts: Vec<u64> = done.stdout.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let (sent, received) = (counts.first().copied().unwrap_or(0), counts.get(1).copied().unwrap_or(0));
        ensure!(sent > 100 && received + 1 >= sent, "{}", done.stdout);
        Ok(())
    };
    let pinging = ping("3")?.await?;
    others_come_and_go(&test, &noa).await?;
    all_came(pinging).await?;
    // Nor while the control plane goes and comes back, as a restart of it looks from here.
    let pinging = ping("6")?.await?;
    let connected = async |is_so: bool| {
        let said = gateway.command(&["status", "--json"])?.run(PATIENCE).await?;
        let said: serde_json::Value = serde_json::from_str(&said.stdout)?;
        anyhow::Ok(said["connected"] == is_so)
    };
    for (door, is_so) in [(Door::Shut, false), (Door::Open, true)] {
        site.set(door);
        until("the stream", Duration::from_secs(20), async || connected(is_so).await.unwrap_or(false)).await?;
    }
    all_came(pinging).await?;
    let pinging = if driver == Driver::Uapi { Some(ping("3")?.await?) } else { None };
    agent.kill9().await?;
    if driver == Driver::Uapi {
        assert_eq!(client.read(host_v4, PATIENCE).await?, OUTSIDE.to_string(), "a tunnel needs no agent");
    }
    let agent = gateway.run().await?;
    if let Some(pinging) = pinging {
        others_come_and_go(&test, &noa).await?;
        all_came(pinging).await?;
    }
    let began = Instant::now();
    while client.read(host_v4, PATIENCE).await.is_err() {
        // An embedded device is new after a restart: clients notice within the 15 seconds of the protocol.
        ensure!(
            driver == Driver::Embedded && began.elapsed() < Duration::from_secs(40),
            "the tunnel did not come back"
        );
    }

    // More than the quota, there and back.
    let flood = ["-q", "-f", "-s", "1300", "-c", "2500", "-w", "15", "198.51.100.1"];
    machines.launch(client, "ping")?.args(flood).run(Duration::from_secs(90)).await?;
    let used = || async {
        let list = test.get("/subscriptions", Some(&mika)).await;
        list.map_or(0, |list| list["subscriptions"][0]["used_bytes"].as_i64().unwrap_or_default())
    };
    until("the quota's end", Duration::from_secs(30), || async { used().await >= QUOTA }).await?;
    assert!(used().await < 3 * QUOTA, "{} bytes are counted", used().await);
    until("the cut", PATIENCE, || async { client.read(host_v4, NOTHING).await.is_err() }).await?;
    test.advance(32 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    let mika = test.log_in(&mika.email).await?;
    // The peer was taken off the device: its client shakes hands anew once it has heard nothing for 15 seconds.
    until("the next period", Duration::from_secs(40), || async { client.read(host_v4, PATIENCE).await.is_ok() })
        .await?;

    let list = test.get("/subscriptions", Some(&mika)).await?;
    let subscription = list["subscriptions"][0]["id"].as_str().unwrap_or_default().to_owned();
    // A plan with a speed, at once: a flood that would carry ten times as much carries what that allows.
    let change = Change { speed_mbit: Limit::Of(1), ..Change::default() };
    plans::set(&test.app, COMMAND_LINE, "premium", &change).await?;
    let path_of = format!("/subscriptions/{subscription}/change");
    let (status, body) = test.post(&path_of, Some(&mika), &json!({ "plan": "premium" })).await?;
    ensure!(status == StatusCode::OK, "{body}");
    let table = format!("mirai_{}", gateway.interface);
    let bounded = || async {
        let list =
            machines.launch(&machines.gateway, "nft").map(|nft| nft.args(["list", "map", "inet", &table, "up_v4"]));
        let Ok(list) = list else { return false };
        list.run(PATIENCE).await.is_ok_and(|done| done.stdout.contains("jump up_1"))
    };
    until("the speed", PATIENCE, bounded).await?;
    let flood = ["-q", "-f", "-s", "1300", "-w", "3", "198.51.100.1"];
    let flood = machines.launch(client, "ping")?.args(flood).run(Duration::from_secs(30)).await?;
    let received: u64 =
        flood.stdout.split(" received").next().and_then(|text| text.rsplit(' ').next()?.parse().ok()).unwrap_or(0);
    assert!(received > 0 && received * 1_328 < 4 * 125_000 + 25_000, "{received} answers: {}", flood.stdout);

    let path_of = format!("/subscriptions/{subscription}/cancel");
    let (status, body) = test.post(&path_of, Some(&mika), &json!({ "when": "now" })).await?;
    ensure!(status == StatusCode::OK, "{body}");
    let began = Instant::now();
    while client.read(host_v4, NOTHING).await.is_ok() {
        ensure!(began.elapsed() < PATIENCE, "still on the network");
    }
    let down = wg_quick("down")?.await?;
    ensure!(down.code == Some(0), "{}", down.stderr);

    agent.terminate()?;
    let ended = agent.wait(PATIENCE).await?;
    ensure!(ended.code == Some(0), "it stops when it is told to");
    for text in [&ended.stdout, &ended.stderr] {
        assert!(
            !text.contains(CLIENT_V4) && !text.contains(CLIENT_V6),
            "the agent's log knows where a client is: {text}"
        );
    }
    test.log_in(&mika.email).await?;
    let in_redis = redis.saved().await?;
    assert!(in_redis.windows(12).any(|part| part == b"mirai:limit:"), "Redis counted somebody");
    for address in [CLIENT_V4, CLIENT_V6] {
        let has = in_redis.windows(address.len()).any(|part| part == address.as_bytes());
        assert!(!has, "Redis knows where a client is");
    }
    assert_eq!(
        files_with(test.dir.path(), &[CLIENT_V4, CLIENT_V6])?,
        Vec::<PathBuf>::new(),
        "where a client is, is nowhere"
    );
    let said = gateway.command(&["status", "--json"])?.run(PATIENCE).await?;
    ensure!(said.code == Some(0), "{}", said.stderr);
    let said: serde_json::Value = serde_json::from_str(&said.stdout)?;
    assert_eq!((&said["name"], &said["peers"], &said["starts"]), (&json!("here-1"), &json!(0), &json!(2)));
    let gone = gateway.command(&["teardown"])?.run(PATIENCE).await?;
    ensure!(gone.code == Some(0), "{}", gone.stderr);
    let left = machines.launch(&machines.gateway, "nft")?.args(["list", "ruleset"]).run(PATIENCE).await?;
    assert_eq!(left.stdout.trim(), "", "nothing of the rules is left");
    let forwarding =
        machines.launch(&machines.gateway, "cat")?.arg("/proc/sys/net/ipv4/ip_forward").run(PATIENCE).await?;
    assert_eq!(forwarding.stdout.trim(), "0", "as it was");
    Ok(())
}

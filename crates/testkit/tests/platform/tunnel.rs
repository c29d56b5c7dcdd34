//! The whole path with real packets: a configuration from the site, Debian's WireGuard programs on both ends, our agent in
//! between, three machines as network namespaces.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use app::Clock;
use app::admin::servers::{self, NewServer};
use domain::names::{Endpoint, Region, ServerName};
use reqwest::StatusCode;
use serde_json::json;
use testkit::app::{Database, TestApp, Wanted};
use testkit::missing::need;
use testkit::netns::{GATEWAY, HOST_V4, HOST_V6, Machines, OUTSIDE};
use testkit::process::{Bin, Launch, Running};

/// How long a packet may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nothing has to come back to call it nothing.
const NOTHING: Duration = Duration::from_secs(1);
const PORT: u16 = 51820;

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

async fn enrolled<'a>(test: &TestApp, machines: &'a Machines, driver: Driver) -> anyhow::Result<Gateway<'a>> {
    let parsed = |error: &dyn std::fmt::Display| anyhow::anyhow!("{error}");
    let new = NewServer {
        name: ServerName::parse("here-1").map_err(|error| parsed(&error))?,
        region: Region::parse("here").map_err(|error| parsed(&error))?,
        country: "JP".to_owned(),
        city: "Here".to_owned(),
        endpoint: Endpoint::parse(&format!("{GATEWAY}:{PORT}")).map_err(|error| parsed(&error))?,
        public_key: None,
        capacity: 10,
    };
    let token = servers::add(&test.app, &new).await?.enrol_token.unwrap_or_default();
    let control = machines.gateway.lead_to(test.base.trim_start_matches("http://").parse()?).await?;
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

async fn whole_path(driver: Driver) -> anyhow::Result<()> {
    for (program, package) in [
        ("wireguard-go", "wireguard-go"),
        ("wg-quick", "wireguard-tools"),
        ("nft", "nftables"),
        ("resolvconf", "openresolv"),
    ] {
        if need(program, package)?.is_none() {
            return Ok(());
        }
    }
    let Some(machines) = Machines::lay().await? else { return Ok(()) };
    let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
    // Leases are in real time for a real agent.
    test.advance(Clock::System.now() - test.app.clock.now());
    let host_v4 = SocketAddr::new(HOST_V4.into(), 80);
    let host_v6 = SocketAddr::new(HOST_V6.parse()?, 80);
    machines.internet.tell_who_comes(host_v4).await?;
    machines.internet.tell_who_comes(host_v6).await?;
    machines.internet.answer_names(HOST_V4.into(), HOST_V4).await?;
    let id = std::process::id();
    let gateway = enrolled(&test, &machines, driver).await?;
    let agent = gateway.run().await?;

    let mika = test.with_subscriber("mika", "vip").await?;
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

    agent.kill9().await?;
    if driver == Driver::Uapi {
        assert_eq!(client.read(host_v4, PATIENCE).await?, OUTSIDE.to_string(), "a tunnel needs no agent");
    }
    let agent = gateway.run().await?;
    let began = Instant::now();
    while client.read(host_v4, PATIENCE).await.is_err() {
        // An embedded device is new after a restart: clients notice within the 15 seconds of the protocol.
        ensure!(
            driver == Driver::Embedded && began.elapsed() < Duration::from_secs(40),
            "the tunnel did not come back"
        );
    }

    let list = test.get("/subscriptions", Some(&mika)).await?;
    let path_of = format!("/subscriptions/{}/cancel", list["subscriptions"][0]["id"].as_str().unwrap_or_default());
    let (status, body) = test.post(&path_of, Some(&mika), &json!({ "when": "now" })).await?;
    ensure!(status == StatusCode::OK, "{body}");
    let began = Instant::now();
    while client.read(host_v4, NOTHING).await.is_ok() {
        ensure!(began.elapsed() < PATIENCE, "still on the network");
    }
    let down = wg_quick("down")?.await?;
    ensure!(down.code == Some(0), "{}", down.stderr);

    agent.terminate()?;
    ensure!(agent.wait(PATIENCE).await?.code == Some(0), "it stops when it is told to");
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

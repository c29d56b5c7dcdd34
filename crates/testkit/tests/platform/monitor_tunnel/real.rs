//! The look itself, with packets: a gateway on one machine, one that looks at it on another.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::ensure;
use app::Clock;
use gateway::{Agent, Device, FakeDevice, Limits, Pace, Place, Setting};
use store::vantages::{self, sights};
use store::vps_servers;
use testkit::app::{Database, TestApp, Wanted, server_to_enrol};
use testkit::missing::need;
use testkit::netns::{GATEWAY, HOST_V4, Machines, OUTSIDE};
use testkit::process::{Bin, Running};
use tokio::sync::watch;

const PORT: u16 = 51820;
const PATIENCE: Duration = Duration::from_secs(40);

/// Waits until the one look that there is has been seen so, with this trouble.
async fn seen_as(test: &TestApp, verdict: &str, trouble: Option<&str>) -> anyhow::Result<sights::Model> {
    let began = std::time::Instant::now();
    loop {
        let rows = vantages::all_sights(&test.app.store).await?;
        let row = rows.into_iter().find(|row| row.at.is_some());
        if let Some(row) = row.clone().filter(|row| row.verdict == verdict && row.trouble.as_deref() == trouble) {
            return Ok(row);
        }
        ensure!(began.elapsed() < PATIENCE, "never {verdict} {trouble:?}, but {row:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A gateway in another process, on the middle machine.
async fn gateway_there(test: &TestApp, machines: &Machines, site: SocketAddr) -> anyhow::Result<Running> {
    let token = server_to_enrol(&test.app, &format!("{GATEWAY}:{PORT}"), 10).await?;
    let control = format!("http://{}", machines.gateway.lead_to(site).await?);
    let mirai = Bin::mirai().await?.path().to_string_lossy().into_owned();
    let state = test.dir.join("here-1");
    let command = |arguments: &[&str]| -> anyhow::Result<_> {
        let launch = machines.launch(&machines.gateway, &mirai)?.arg("gateway").args(arguments);
        Ok(launch.arg("--state").arg(&state))
    };
    let done = command(&["enroll", "--control", &control, "--token", &token])?.run(PATIENCE).await?;
    ensure!(done.code == Some(0), "{} {}", done.stdout, done.stderr);
    let interface = format!("mvv{}", std::process::id());
    let resolver = HOST_V4.to_string();
    let run = ["run", "--driver", "embedded", "--interface", &interface, "--resolver", &resolver];
    let mut agent = command(&run)?.start().await?;
    agent.wait_for_line("the gateway is serving", PATIENCE).await?;
    Ok(agent)
}

/// The agent of osaka-1 in this process, whose sockets are the client's machine's.
async fn vantage_here(test: &TestApp, machines: &Machines, site: SocketAddr) -> anyhow::Result<watch::Sender<bool>> {
    let place = Place::new(test.dir.join("osaka-1"));
    crate::agents::enrol_as(test, &place, "osaka-1").await?;
    place.move_control(&format!("http://{}", machines.client.lead_to(site).await?))?;
    let (stop, stopped) = watch::channel(false);
    let clock = test.app.clock.clone();
    let client = machines.client.clone();
    tokio::spawn(async move {
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let second = Duration::from_secs(1);
                let setting = Setting {
                    port: 0,
                    interfaces: Vec::new(),
                    clock: std::sync::Arc::new(move || clock.now()),
                    pace: Pace { look: second, report: second / 10, vantage: Some(second / 4) },
                    limits: Limits::none(),
                };
                let agent = Agent::start(place, Device::Fake(FakeDevice::default()), setting).await;
                agent.map_err(std::io::Error::other)?.run(stopped).await.map_err(std::io::Error::other)
            })
        };
        client.inside(work).await
    });
    Ok(stop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_is_looked_at_through_its_tunnel_and_must_be_where_its_traffic_comes_from() -> anyhow::Result<()> {
    if need("nft", "nftables")?.is_none() {
        return Ok(());
    }
    let Some(machines) = Machines::lay().await? else { return Ok(()) };
    // The page with the address stands on the internet, where nothing but the tunnel leads to.
    let wanted = Wanted { app_url: Some("http://198.51.100.1"), ..Wanted::on(Database::Sqlite) };
    let test = TestApp::start(&wanted).await?.expect("SQLite is never missing");
    test.advance(Clock::System.now() - test.app.clock.now());
    let site: SocketAddr = test.base.trim_start_matches("http://").parse()?;
    let page = SocketAddr::new(HOST_V4.into(), 80);
    machines.internet.tell_who_comes(page).await?;
    let gateway = gateway_there(&test, &machines, site).await?;
    let stop = vantage_here(&test, &machines, site).await?;
    testkit::fleet::eventually("both look", || async {
        Ok((vantages::all(&test.app.store).await?.len() == 2).then_some(()))
    })
    .await?;
    app::monitor::watch(&test.app).await?;

    // Here both agents come to the site from its own machine, and the server's traffic comes from elsewhere. Without a way
    // of its own to the page, the one who looks cannot tell whose fault that is.
    let osaka = vps_servers::all(&test.app.store).await?.into_iter().find(|row| row.name == "osaka-1");
    seen_as(&test, "unknown", Some("egress")).await?;
    comes_from(&test, OUTSIDE).await?;
    let row = seen_as(&test, "ok", None).await?;
    assert_eq!(Some(row.vantage_id), osaka.map(|row| row.id));
    assert!(row.latency_us.is_some_and(|us| (1..10_000_000).contains(&us)), "{row:?}");

    // With one it can: the server's traffic comes from where it should not, and then not at all.
    machines.give_client_a_way().await?;
    machines.client.tell_who_comes(page).await?;
    comes_from(&test, Ipv4Addr::LOCALHOST).await?;
    seen_as(&test, "fail", Some("egress")).await?;
    gateway.terminate()?;
    gateway.wait(PATIENCE).await?;
    seen_as(&test, "fail", Some("timeout")).await?;
    stop.send(true)?;
    Ok(())
}

/// Has the gateway on the middle machine come to the site from this address.
async fn comes_from(test: &TestApp, address: Ipv4Addr) -> anyhow::Result<()> {
    let servers = vps_servers::all(&test.app.store).await?;
    let here = servers.into_iter().find(|row| row.name == "here-1").map(|row| row.id).unwrap_or_default();
    let tx = test.app.store.write_txn().await?;
    if let Some(row) = vantages::lock(&tx, here).await? {
        vantages::save(&tx, vantages::Model { egress: Some(address.to_string()), ..row }).await?;
    }
    Ok(tx.commit().await?)
}

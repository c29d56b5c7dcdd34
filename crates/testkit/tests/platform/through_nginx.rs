//! Gateways that reach the control plane through a real nginx, as a plain `proxy_pass` has it: HTTP/1.0 or 1.1, no setting of
//! ours.

use std::time::{Duration, Instant};

use app::admin::COMMAND_LINE;
use app::admin::servers;
use gateway::FakeDevice;
use testkit::app::{Database, TestApp, Wanted};
use testkit::nginx::Nginx;

use crate::agents::{add, place, run, until};

/// Within this a change is heard: far below what a buffer or the next heartbeat would take.
const AT_ONCE: Duration = Duration::from_secs(2);

/// In front of the test's site; `None` where nginx may be missing.
async fn before(test: &TestApp, version: &str) -> anyhow::Result<Option<Nginx>> {
    let site = &test.base;
    let server = format!("location / {{ proxy_pass {site}; proxy_http_version {version}; }}");
    Nginx::start(&test.dir.join("nginx"), &server).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_heard_at_once_through_nginx() -> anyhow::Result<()> {
    for version in ["1.0", "1.1"] {
        let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
        let Some(nginx) = before(&test, version).await? else { return Ok(()) };
        let mika = test.with_subscriber("mika", "vip").await?;
        let folder = place(&test, "gateway");
        let token = servers::renew_token(&test.app, COMMAND_LINE, "osaka-1").await?;
        gateway::enrol(&folder, &format!("http://{}", nginx.address), &token, "fake").await?;
        let mut agent = run(&test, &folder, &FakeDevice::default()).await?;
        agent.status.wait_for(|status| status.revision.is_some()).await?;
        for n in 0..5 {
            let (_, key) = add(&test, &mika, &format!("device {n}")).await?;
            let began = Instant::now();
            until("the device", || agent.device.came_as(&key).is_some()).await?;
            assert!(began.elapsed() < AT_ONCE, "HTTP/{version}: after {:?}", began.elapsed());
        }
        // A proxy that dies takes the stream along, and nobody on the network.
        nginx.process.kill9().await?;
        agent.status.wait_for(|status| !status.is_connected).await?;
        assert_eq!(agent.device.len(), 5);
        agent.stop().await??;
    }
    Ok(())
}

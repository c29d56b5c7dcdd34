//! Gateways that reach the control plane through a real nginx, as a plain `proxy_pass` has it: HTTP/1.0 or 1.1, no setting of
//! ours.

use std::time::{Duration, Instant};

use app::admin::COMMAND_LINE;
use app::admin::servers;
use gateway::FakeDevice;
use testkit::app::{Database, TestApp, Wanted};
use testkit::missing::need;
use testkit::ports::free_port;
use testkit::process::{Bin, Running};

use crate::agents::{add, place, run, until};

/// Within this a change is heard: far below what a buffer or the next heartbeat would take.
const AT_ONCE: Duration = Duration::from_secs(2);

struct Nginx {
    process: Running,
    address: String,
}

impl Nginx {
    /// In front of the test's site; `None` where nginx may be missing.
    async fn before(test: &TestApp, version: &str) -> anyhow::Result<Option<Nginx>> {
        let Some(program) = need("nginx", "nginx-light")? else { return Ok(None) };
        let folder = test.dir.join("nginx");
        std::fs::create_dir_all(&folder)?;
        let (dir, port, site) = (folder.display(), free_port()?, &test.base);
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
            .collect();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {dir}/pid;\nerror_log {dir}/error.log;\nevents {{}}\nhttp {{\n\
             access_log off;\n{temporary}server {{ listen 127.0.0.1:{port};\n\
             location / {{ proxy_pass {site}; proxy_http_version {version}; }} }} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), config)?;
        let launch = Bin::at(program)?.launch().arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf"));
        let nginx = Nginx { process: launch.start().await?, address: format!("127.0.0.1:{port}") };
        let began = Instant::now();
        while tokio::net::TcpStream::connect(&nginx.address).await.is_err() {
            anyhow::ensure!(began.elapsed() < Duration::from_secs(10), "nginx: {}", nginx.process.stderr());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Some(nginx))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_heard_at_once_through_nginx() -> anyhow::Result<()> {
    for version in ["1.0", "1.1"] {
        let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
        let Some(nginx) = Nginx::before(&test, version).await? else { return Ok(()) };
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

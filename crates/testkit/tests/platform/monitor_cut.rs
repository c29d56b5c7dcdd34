//! The monitor on a machine of its own whose cable is pulled.

use std::net::SocketAddr;

use app::admin::COMMAND_LINE;
use app::admin::checks::{self, NewCheck};
use app::monitor;
use domain::account::Role;
use domain::monitor::target::{Kind, Wants};
use serde_json::json;
use testkit::app::{Database, TestApp, Wanted};
use testkit::netns::{HOST_V4, Machines};

use crate::monitor::{MINUTE, component, mails, report, status, with_gateway};

/// Minutes pass, and the monitor looks from the middle machine.
async fn minutes(test: &TestApp, machines: &Machines, count: i64, is_heard: bool) -> anyhow::Result<()> {
    for _ in 0..count {
        test.advance(MINUTE);
        if is_heard {
            for server in store::vps_servers::all(&test.app.store).await? {
                report(test, server.id).await?;
            }
        }
        let app = test.app.clone();
        let look = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(monitor::watch(&app)).map_err(std::io::Error::other)
        };
        machines.gateway.inside(look).await?;
    }
    test.run_jobs().await?;
    Ok(())
}

fn check(name: &str, kind: Kind, target: &str) -> NewCheck {
    NewCheck {
        name: name.to_owned(),
        component: name.to_owned(),
        kind,
        target: target.to_owned(),
        wants: Wants::default(),
        every_minutes: 1,
        timeout_seconds: 1,
        down_after: 2,
        up_after: 2,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_whose_cable_is_pulled_opens_no_incident_and_one_with_a_network_does() -> anyhow::Result<()> {
    let Some(machines) = Machines::lay().await? else { return Ok(()) };
    let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
    let admin = test.with_team("boss", Role::Admin).await?;
    machines.internet.tell_who_comes(SocketAddr::new(HOST_V4.into(), 80)).await?;
    with_gateway(&test, "osaka-1").await?;
    for (name, kind, target) in [("page", Kind::Http, "http://198.51.100.1/"), ("port", Kind::Tcp, "198.51.100.1:80")] {
        checks::add(&test.app, COMMAND_LINE, &check(name, kind, target)).await?;
    }
    minutes(&test, &machines, 3, true).await?;
    let seen = status(&test).await?;
    for name in ["osaka-1", "page", "port"] {
        assert_eq!(component(&seen, name)["status"], "operational", "{seen}");
    }
    let before = mails(&test, &admin.email).len();

    // No report comes in either.
    machines.set_gateways_cable(false).await?;
    minutes(&test, &machines, 15, false).await?;
    let seen = status(&test).await?;
    assert_eq!(seen["incidents"], json!([]), "{seen}");
    for name in ["osaka-1", "page", "port"] {
        assert_eq!(component(&seen, name)["status"], "no_data", "{seen}");
    }
    assert_eq!(mails(&test, &admin.email).len(), before);

    // With the cable in again, and the server as silent as before, it is the server.
    machines.set_gateways_cable(true).await?;
    minutes(&test, &machines, 3, false).await?;
    let seen = status(&test).await?;
    assert_eq!(component(&seen, "page")["status"], "operational", "{seen}");
    assert_eq!(seen["incidents"][0]["components"], json!(["osaka-1"]), "{seen}");
    assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 does not answer"]);
    Ok(())
}

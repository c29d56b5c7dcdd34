//! Gateways' agents, real but for their devices, which only note the peers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::Clock;
use app::admin::COMMAND_LINE;
use app::admin::servers;
use domain::vpn::key::PublicKey;
use gateway::{Agent, AgentError, Device, FakeDevice, Limits, Pace, Place, Setting};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::TestApp;
use testkit::caller::TestUser;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// An agent that runs, and the device that it keeps.
pub(crate) struct Running {
    pub(crate) device: FakeDevice,
    pub(crate) status: watch::Receiver<gateway::Status>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) task: JoinHandle<Result<(), AgentError>>,
}

impl Running {
    pub(crate) async fn stop(self) -> anyhow::Result<Result<(), AgentError>> {
        self.stop.send(true)?;
        Ok(self.task.await?)
    }
}

pub(crate) fn place(test: &TestApp, name: &str) -> Place {
    Place::new(test.dir.join(name))
}

pub(crate) async fn enrol(test: &TestApp, place: &Place) -> anyhow::Result<()> {
    enrol_as(test, place, "osaka-1").await
}

pub(crate) async fn enrol_as(test: &TestApp, place: &Place, server: &str) -> anyhow::Result<()> {
    let token = servers::renew_token(&test.app, COMMAND_LINE, server).await?;
    gateway::enrol(place, &test.base, &token, "fake").await?;
    Ok(())
}

pub(crate) async fn run(test: &TestApp, place: &Place, device: &FakeDevice) -> anyhow::Result<Running> {
    start(place, device, test.app.clock.clone()).await
}

pub(crate) async fn start(place: &Place, device: &FakeDevice, clock: Clock) -> anyhow::Result<Running> {
    start_looking(place, device, clock, None).await
}

/// One that also looks at others, so often.
pub(crate) async fn start_looking(
    place: &Place,
    device: &FakeDevice,
    clock: Clock,
    vantage: Option<Duration>,
) -> anyhow::Result<Running> {
    let (look, report) = (Duration::from_millis(200), Duration::from_millis(100));
    let setting = Setting {
        port: 51820,
        interfaces: Vec::new(),
        clock: Arc::new(move || clock.now()),
        pace: Pace { look, report, vantage },
        limits: Limits::none(),
    };
    let agent = Agent::start(place.clone(), Device::Fake(device.clone()), setting).await?;
    let status = agent.status();
    let (stop, stopped) = watch::channel(false);
    Ok(Running { device: device.clone(), status, stop, task: tokio::spawn(agent.run(stopped)) })
}

/// A gateway of osaka-1 that has all its peers.
pub(crate) async fn serving(test: &TestApp) -> anyhow::Result<Running> {
    let place = place(test, "gateway");
    enrol(test, &place).await?;
    let mut running = run(test, &place, &FakeDevice::default()).await?;
    running.status.wait_for(|status| status.revision.is_some()).await?;
    Ok(running)
}

pub(crate) async fn add(test: &TestApp, user: &TestUser, name: &str) -> anyhow::Result<(String, [u8; 32])> {
    let (status, made) = test.post("/devices", Some(user), &json!({ "name": name })).await?;
    anyhow::ensure!(status == StatusCode::CREATED, "{made}");
    Ok((made["device"]["id"].as_str().unwrap_or_default().to_owned(), key_of(&made)?))
}

pub(crate) fn key_of(made: &Value) -> anyhow::Result<[u8; 32]> {
    Ok(PublicKey::parse(made["device"]["public_key"].as_str().unwrap_or_default())?.bytes())
}

/// Waits until something is true of the device: changes are told within milliseconds, and a busy machine is slow.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) -> anyhow::Result<()> {
    let began = Instant::now();
    while !is_so() {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

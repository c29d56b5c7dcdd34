//! The gateways of the demo servers: the real agent and the real protocol, with devices that only note their peers.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use app::admin::COMMAND_LINE;
use app::admin::servers;
use app::{App, seed};
use gateway::{Agent, Device, FakeDevice, Limits, Pace, Place, Setting, StateError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin;

/// The port of the demo servers' endpoints.
const PORT: u16 = 51820;

/// Runs one agent for each demo server until `stop` turns true. `site` is asked as any gateway asks it.
pub(crate) async fn run(app: &App, data: &Path, site: &str, stop: watch::Receiver<bool>) {
    let mut agents = JoinSet::new();
    for name in seed::DEMO_SERVERS {
        let (app, place, site, stop) = (app.clone(), place(data, name), site.to_owned(), stop.clone());
        agents
            .spawn(async move { one(&app, &place, name, &site, stop).await.with_context(|| format!("server {name}")) });
    }
    while let Some(ended) = agents.join_next().await {
        if let Ok(Err(error)) = ended {
            tracing::warn!(error = format!("{error:#}"), "a demo server has no gateway");
        }
    }
}

/// Where a demo server's gateway keeps its state.
pub(crate) fn place(data: &Path, name: &str) -> Place {
    Place::new(data.join("gateways").join(name))
}

async fn one(app: &App, place: &Place, name: &str, site: &str, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    match place.move_control(site) {
        Err(StateError::NotEnrolled(_)) => {
            let token = servers::renew_token(app, COMMAND_LINE, name).await.map_err(admin::words)?;
            gateway::enrol(place, site, &token, "fake").await?;
        }
        known => known?,
    }
    let clock = app.clock.clone();
    let device = Device::Fake(FakeDevice::default());
    let (clock, interfaces): (gateway::Clock, _) = (Arc::new(move || clock.now()), Vec::new());
    // Demo servers carry nothing, and what they are named after may be somebody's.
    let pace = Pace { vantage: None, ..Pace::default() };
    let setting = Setting { port: PORT, interfaces, clock, pace, limits: Limits::none() };
    let agent = Agent::start(place.clone(), device, setting).await?;
    Ok(agent.run(stop).await?)
}

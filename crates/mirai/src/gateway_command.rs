//! `mirai gateway`: the agent on a VPN server.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use gateway::network::{self, Network};
use gateway::{Agent, AgentError, Device, Embedded, Kept, Place, Status, Uapi};
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;

use crate::cli::{Driver, Format, GatewayCommand, GatewayRun};
use crate::{admin, logging, out, serve};

/// What the agent says about itself, for `status`.
const STATUS: &str = "status.json";
/// How often that is written down, if it changes.
const SHOW_EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn run(command: GatewayCommand) -> anyhow::Result<()> {
    match command {
        GatewayCommand::Enroll { control, token, state, driver } => {
            let identity = gateway::enrol(&Place::new(state), &control, &token, driver.name()).await?;
            out::line(&format!("enrolled as {}; start it with `mirai gateway run`", identity.name));
            Ok(())
        }
        GatewayCommand::Run(run) => serve_peers(run).await,
        GatewayCommand::Teardown { state } => tear_down(&Place::new(state)).await,
        GatewayCommand::Status { state, format } => status(&Place::new(state), format),
    }
}

async fn serve_peers(run: GatewayRun) -> anyhow::Result<()> {
    let place = Place::new(&run.state);
    if let Some(control) = &run.control {
        place.move_control(control)?;
    }
    let around = around(&place, &run)?;
    if run.dry_run {
        out::line(around.rules().trim_end());
        return Ok(());
    }
    logging::start("info")?;
    let device = match run.driver {
        Driver::Embedded => Device::Embedded(Embedded::open(&run.interface)?),
        Driver::Uapi => Device::Uapi(Uapi::new(&run.interface)),
    };
    place.note_before(&around.before().await?)?;
    around.set_up().await?;
    let clock = app::Clock::System;
    let agent = Agent::start(place.clone(), device, run.listen_port, Arc::new(move || clock.now())).await?;
    tracing::info!(server = agent.identity().name, interface = run.interface, "the gateway is serving");
    Ok(run_agent(agent, &place, serve::stop_on_signal()?).await?)
}

/// Runs an agent until `stop` turns true, and writes down what it is doing for `mirai gateway status`.
pub(crate) async fn run_agent(agent: Agent, place: &Place, stop: Receiver<bool>) -> Result<(), AgentError> {
    let showing = tokio::spawn(show(agent.status(), place.path().join(STATUS)));
    let ended = agent.run(stop).await;
    showing.abort();
    ended
}

/// The host around the device, from what was typed and what the host says of itself.
fn around(place: &Place, run: &GatewayRun) -> anyhow::Result<Network> {
    let identity = place.identity()?;
    let egress = run.egress.clone().map_or_else(network::default_egress, Ok)?;
    let resolvers = if run.resolver.is_empty() { network::default_resolvers()? } else { run.resolver.clone() };
    let (interface, v4, v6) = (run.interface.clone(), identity.address_v4, identity.address_v6);
    Ok(Network { interface, egress, resolvers, v4, v6 })
}

async fn tear_down(place: &Place) -> anyhow::Result<()> {
    let Some(before) = place.before()? else {
        out::line("nothing was set up here");
        return Ok(());
    };
    network::tear_down(&before).await?;
    place.forget_before()?;
    out::line("the rules, addresses and settings of the gateway are gone; its identity and peers are kept");
    Ok(())
}

/// Writes down what the agent is doing whenever that changes.
async fn show(mut status: Receiver<Status>, path: PathBuf) {
    loop {
        let text = serde_json::to_vec(&*status.borrow_and_update()).unwrap_or_default();
        if let Err(error) = write(&path, &text) {
            tracing::debug!(%error, "the status could not be written down");
        }
        tokio::time::sleep(SHOW_EVERY).await;
        if status.changed().await.is_err() {
            return;
        }
    }
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(beside, path)
}

fn status(place: &Place, format: Format) -> anyhow::Result<()> {
    let identity = place.identity()?;
    let kept = place.kept()?.unwrap_or_default();
    let said = match std::fs::read(place.path().join(STATUS)) {
        Ok(bytes) => serde_json::from_slice::<Status>(&bytes).context("the agent's status can't be read")?,
        Err(_) => Status::default(),
    };
    admin::print_one(&described(&identity, &kept, &said), format)
}

fn described(identity: &gateway::Identity, kept: &Kept, said: &Status) -> Value {
    let now = app::Clock::System.now();
    let ends = kept.peers.iter().map(|peer| peer.valid_until).min();
    json!({
        "name": identity.name,
        "control": identity.control,
        "starts": identity.generation,
        "connected": said.is_connected,
        "heard": said.heard_at.map(domain::time::rfc3339),
        "revision": said.revision,
        "saved_revision": kept.revision,
        "peers": said.peers,
        "first_lease_ends": ends.map(domain::time::rfc3339),
        "leases_ended": kept.peers.iter().filter(|peer| peer.valid_until <= now).count(),
        "refused_peers": said.refused.len(),
        "trouble": said.trouble,
    })
}

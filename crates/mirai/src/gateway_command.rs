//! `mirai gateway`: the agent on a VPN server.

use std::sync::Arc;

use gateway::network::{self, Network};
use gateway::{Agent, Device, Embedded, Kept, Place, Status, Uapi};
use serde_json::{Value, json};

use crate::cli::{Driver, Format, GatewayCommand, GatewayRun};
use crate::{admin, logging, out, serve};

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
    Ok(agent.run(serve::stop_on_signal()?).await?)
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

fn status(place: &Place, format: Format) -> anyhow::Result<()> {
    let identity = place.identity()?;
    let kept = place.kept()?.unwrap_or_default();
    let said = place.status()?.unwrap_or_default();
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

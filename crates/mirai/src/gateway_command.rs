//! `mirai gateway`: the agent on a VPN server.

use gateway::network::{self, Network};
use gateway::{Agent, Device, DeviceError, Embedded, Kept, Kernel, Limits, Pace, Place, Setting, Status, Uapi};
use serde_json::{Value, json};

use crate::cli::{Driver, Format, GatewayCommand, GatewayRun};
use crate::{logging, out, signals};

pub(crate) async fn run(command: GatewayCommand) -> anyhow::Result<()> {
    match command {
        GatewayCommand::Enroll { control, token, state, driver } => {
            let driver = match driver {
                Some(driver) => driver,
                None if Kernel::is_there().await => Driver::Kernel,
                None => Driver::Embedded,
            };
            let token = if token == "-" { std::io::read_to_string(std::io::stdin())?.trim().to_owned() } else { token };
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
    let device = open(run.driver, &run.interface).await?;
    let driver = device.driver();
    place.note_before(&around.before().await?)?;
    around.set_up().await?;
    let interfaces = vec![around.egress.clone(), around.interface.clone()];
    let setting = Setting {
        port: run.listen_port,
        interfaces,
        clock: gateway::system_clock(),
        pace: Pace::default(),
        limits: Limits::of(&run.interface),
    };
    let agent = Agent::start(place.clone(), device, setting).await?;
    tracing::info!(server = agent.identity().name, interface = run.interface, driver, "the gateway is serving");
    Ok(agent.run(signals::stop()?).await?)
}

/// The device that was asked for, or the best that this machine has.
async fn open(driver: Option<Driver>, interface: &str) -> Result<Device, DeviceError> {
    let driver = match driver {
        Some(driver) => driver,
        None => match Kernel::open(interface).await {
            Ok(kernel) => return Ok(Device::Kernel(kernel)),
            Err(DeviceError::NoKernelWireGuard(_)) => {
                tracing::warn!("the kernel has no WireGuard: this program carries the traffic itself, which is slower");
                Driver::Embedded
            }
            Err(error) => return Err(error),
        },
    };
    Ok(match driver {
        Driver::Kernel => Device::Kernel(Kernel::open(interface).await?),
        Driver::Embedded => Device::Embedded(Embedded::open(interface)?),
        Driver::Uapi => Device::Uapi(Uapi::new(interface)),
    })
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
    out::line("what the gateway had set up on this host is gone; its identity and peers are kept");
    Ok(())
}

fn status(place: &Place, format: Format) -> anyhow::Result<()> {
    let identity = place.identity()?;
    let kept = place.kept()?.unwrap_or_default();
    let said = place.status()?.unwrap_or_default();
    out::print_one(&described(&identity, &kept, &said), format)
}

fn described(identity: &gateway::Identity, kept: &Kept, said: &Status) -> Value {
    let now = gateway::system_clock()();
    let ends = kept.peers.iter().map(|peer| peer.valid_until).min();
    json!({
        "name": identity.name,
        "control": identity.control,
        "starts": identity.generation,
        "device": said.device,
        "connected": said.is_connected,
        "heard": said.heard_at.map(domain::time::rfc3339),
        "heard_seconds_ago": said.heard_at.map(|at| (now - at) / 1_000),
        "revision": said.revision,
        "saved_revision": kept.revision,
        "peers": said.peers,
        "active_peers": said.active_peers,
        "first_lease_ends": ends.map(domain::time::rfc3339),
        "leases_ended": kept.peers.iter().filter(|peer| peer.valid_until <= now).count(),
        "refused_peers": said.refused.len(),
        "trouble": said.trouble,
    })
}

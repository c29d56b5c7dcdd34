//! The gateways' figures: how fast a change reaches the device, how soon an agent with many peers serves and what it holds
//! in memory, and how its embedded WireGuard carries traffic beside other programs'. Needs root: client, gateway and
//! internet are network namespaces of this machine.

mod client;
mod cold;
mod crowd;
mod flow;
mod news;
mod peers;
mod report;
mod rivals;

use std::time::Duration;

use anyhow::Context as _;
use testkit::netns::{Machine, Machines};
use testkit::process::Launch;

pub(crate) use client::run as client;
pub(crate) use report::section;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The port that clients connect to.
const PORT: u16 = 51820;
/// The gateway's interface.
const INTERFACE: &str = "mvb0";

/// Everything that was measured.
pub(crate) struct Figures {
    flows: Vec<flow::Flow>,
    cold: cold::Cold,
    news: Vec<news::News>,
}

/// Runs all scenes.
pub(crate) async fn all() -> anyhow::Result<Figures> {
    let flows = flow::measure().await?;
    let cold = cold::measure().await?;
    let news = news::measure().await?;
    Ok(Figures { flows, cold, news })
}

async fn machines() -> anyhow::Result<Machines> {
    Machines::lay().await?.context("the gateways' figures need network namespaces, and these need root")
}

/// A command with no other outcome than that it is done.
async fn done(launch: Launch) -> anyhow::Result<String> {
    let done = launch.run(PATIENCE).await?;
    anyhow::ensure!(done.code == Some(0), "{}{}", done.stdout, done.stderr);
    Ok(done.stdout)
}

async fn ip(machines: &Machines, on: &Machine, arguments: &str) -> anyhow::Result<()> {
    done(machines.launch(on, "ip")?.args(arguments.split(' '))).await.map(drop)
}

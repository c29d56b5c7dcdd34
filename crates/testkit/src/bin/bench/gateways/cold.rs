//! A cold start: the folder has the peers, and the control plane is away.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use testkit::netns::HOST_V4;
use testkit::private_dir::PrivateDir;
use testkit::process::Bin;

use super::{INTERFACE, PATIENCE, machines, peers};
use crate::load::{self, median};

const ROUNDS: usize = 5;
/// Peers.
pub(super) const MANY: u32 = 10_000;

/// What a cold start takes.
#[derive(Debug)]
pub(super) struct Cold {
    /// From the start of the process until all are served: the middle one, in milliseconds.
    pub(super) serving_ms: f64,
    /// The most that it held in memory until it had served for a while: the middle one, in MiB.
    pub(super) peak_mib: f64,
}

pub(super) async fn measure() -> anyhow::Result<Cold> {
    let machines = machines().await?;
    let folder = PrivateDir::new("bench-cold")?;
    let state = folder.join("state");
    peers::keep(&state, MANY)?;
    let mirai = Bin::gateway().await?.path().display().to_string();
    let resolver = HOST_V4.to_string();
    let (mut times, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let launch = machines.launch(&machines.gateway, &mirai)?;
        let run = ["gateway", "run", "--driver", "embedded", "--interface", INTERFACE, "--resolver", &resolver];
        let launch = launch.args(run).arg("--state").arg(&state);
        let began = Instant::now();
        let mut agent = launch.start().await?;
        agent.wait_for_line("the gateway is serving", PATIENCE).await?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        // Longer than it takes to look at all peers, to save them and to try the control plane.
        tokio::time::sleep(Duration::from_secs(12)).await;
        peaks.push(load::mib(agent.pid().context("the agent has ended")?, "VmHWM:")?);
        agent.kill9().await?;
    }
    Ok(Cold { serving_ms: median(times), peak_mib: median(peaks) })
}

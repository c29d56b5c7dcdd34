//! One TCP flow from a client through a gateway to the internet and back, the gateway programs in turns.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use testkit::netns::{HOST_V4, Machines};
use testkit::private_dir::PrivateDir;
use testkit::process::Running;

use super::rivals::{Place, Rival};
use super::{PATIENCE, client, done, machines, peers};
use crate::load::{self, median};

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;

/// What one gateway program has carried: the middle one of the rounds.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) name: &'static str,
    /// From the client.
    pub(super) up: Carried,
    /// To the client.
    pub(super) down: Carried,
}

/// A way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carried {
    /// Gigabits a second.
    pub(super) gbits: f64,
    /// Processor time of the gateway program for a gigabyte, in seconds.
    pub(super) cpu: f64,
}

pub(super) async fn measure() -> anyhow::Result<Vec<Flow>> {
    let machines = machines().await?;
    let folder = PrivateDir::new("bench-flow")?;
    let place = Place::new(&machines, folder.path()).await?;
    let host = HOST_V4.to_string();
    let server = machines.launch(&machines.internet, "iperf3")?.args(["-s", "-B", &host]).start().await?;
    let mut rounds = Rival::ALL.map(|rival| (rival, Vec::new(), Vec::new()));
    for _ in 0..ROUNDS {
        for (rival, up, down) in &mut rounds {
            let gateway = place.start(*rival).await?;
            let tunnel = client::start(&machines, &peers::client(0)).await?;
            // The handshake, and everything that is slow the first time.
            carry(&machines, &gateway, 1, &[]).await?;
            up.push(carry(&machines, &gateway, SECONDS, &[]).await?);
            down.push(carry(&machines, &gateway, SECONDS, &["--reverse"]).await?);
            tunnel.kill9().await?;
            place.stop(gateway).await?;
        }
    }
    server.kill9().await?;
    Ok(rounds.map(|(rival, up, down)| Flow { name: rival.name(), up: middle(&up), down: middle(&down) }).into())
}

async fn carry(machines: &Machines, gateway: &Running, seconds: u32, more: &[&str]) -> anyhow::Result<Carried> {
    let pid = gateway.pid().context("the gateway has ended")?;
    let (host, time): (Ipv4Addr, _) = (HOST_V4, seconds.to_string());
    let before = load::cpu_seconds(pid)?;
    let launch = machines.launch(&machines.client, "iperf3")?;
    let launch = launch.args(["--json", "--connect-timeout", "5000", "-c", &host.to_string(), "-t", &time]);
    let said = tokio::time::timeout(PATIENCE + Duration::from_secs(seconds.into()), done(launch.args(more))).await??;
    let used = load::cpu_seconds(pid)? - before;
    let said: serde_json::Value = serde_json::from_str(&said)?;
    let figure = |name: &str| said["end"]["sum_received"][name].as_f64().with_context(|| format!("no {name}: {said}"));
    let bytes = figure("bytes")?;
    ensure!(bytes > 0.0, "nothing came through: {said}");
    Ok(Carried { gbits: figure("bits_per_second")? / 1e9, cpu: used / (bytes / 1e9) })
}

fn middle(rounds: &[Carried]) -> Carried {
    let of = |field: fn(&Carried) -> f64| median(rounds.iter().map(field).collect());
    Carried { gbits: of(|carried| carried.gbits), cpu: of(|carried| carried.cpu) }
}

//! `mirai dev --tunnel`: a gateway that carries packets, and a customer's machine and a bit of internet around it, all as
//! network namespaces of this machine: a configuration from the site can be tried at once, and nothing of this machine's
//! own network is touched.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use app::App;
use app::admin::COMMAND_LINE;
use app::admin::servers::{self, NewServer};
use domain::names::{Endpoint, Region, ServerName};
use fakes::machines::{GATEWAY, HOST_V4, HOST_V6, Machines, OUTSIDE};
use gateway::StateError;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;

use crate::{admin, dev_gateways, out};

/// The server, and the region that it is in.
const NAME: &str = "here-1";
const REGION: &str = "here";
const PORT: u16 = 51820;
/// How long the agent may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The machines, and the agent that runs on the one in the middle.
pub(crate) struct Tunnel {
    machines: Machines,
    agent: Child,
}

impl Tunnel {
    /// Lays it all; `site` is where the agent finds the control plane.
    pub(crate) async fn lay(app: &App, data: &Path, site: SocketAddr) -> anyhow::Result<Tunnel> {
        let ip = tools()?;
        let machines = Machines::lay(&ip, "mirai-dev").await.context("the namespaces can't be made")?;
        for host in [IpAddr::from(HOST_V4), HOST_V6.parse()?] {
            machines.internet.tell_who_comes(SocketAddr::new(host, 80)).await?;
        }
        machines.internet.answer_names(HOST_V4.into(), HOST_V4).await?;
        std::fs::create_dir_all(machines.client.files())?;
        std::fs::write(machines.client.files().join("resolv.conf"), format!("nameserver {HOST_V4}\n"))?;
        let place = dev_gateways::place(data, NAME);
        enrol(app, &place, &format!("http://{site}")).await?;
        place.move_control(&format!("http://{}", machines.gateway.lead_to(site).await?))?;
        let agent = Command::new(&ip)
            .args(["netns", "exec", machines.gateway.name()])
            .arg(std::env::current_exe()?)
            .args(["gateway", "run", "--driver", "embedded", "--egress", "out", "--resolver", &HOST_V4.to_string()])
            .args(["--listen-port", &PORT.to_string(), "--state"])
            .arg(place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // What it says of itself is in its status; what goes wrong ends it, and is said below.
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Tunnel { machines, agent })
    }

    /// What to type to see that it works.
    pub(crate) fn announce(&self) {
        let on = format!("sudo ip netns exec {}", self.machines.client.name());
        out::line(&format!(
            "  VPN server      {NAME}: real packets, on this machine. Add a device, download its file, then:"
        ));
        out::line(&format!("                    {on} wg-quick up ./FILE.conf"));
        out::line(&format!("                    {on} curl http://{HOST_V4}   says {OUTSIDE}: the gateway's address"));
    }

    /// Serves until `stop` turns true, or the agent ends by itself.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let said = self.agent.stderr.take().map(|stderr| tokio::spawn(last_line(stderr)));
        tokio::select! {
            ended = self.agent.wait() => {
                let said = match said {
                    Some(said) => said.await.unwrap_or_default(),
                    None => String::new(),
                };
                tracing::error!(?ended, said, "the gateway has stopped; start `mirai dev --tunnel` again");
            }
            _ = stop.wait_for(|stop| *stop) => {
                // It hears the same Ctrl-C, but no other signal.
                if let Some(pid) = self.agent.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
                    let _ = rustix::process::kill_process(pid, Signal::TERM);
                }
                let _ = tokio::time::timeout(PATIENCE, self.agent.wait()).await;
            }
        }
    }
}

/// Reads all that is said, so that nobody waits to say more, and keeps the last of it.
async fn last_line(stderr: ChildStderr) -> String {
    let (mut lines, mut last) = (BufReader::new(stderr).lines(), String::new());
    while let Ok(Some(line)) = lines.next_line().await {
        last = line;
    }
    last
}

/// The program `ip`; an error that says what is missing and what to type.
fn tools() -> anyhow::Result<PathBuf> {
    if !rustix::process::getuid().is_root() {
        bail!("--tunnel makes network namespaces, which only root may: run it with sudo");
    }
    let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
    let find = |program: &str| folders.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists());
    let (ip, nft) = (find("ip"), find("nft"));
    match (ip, nft) {
        (Some(ip), Some(_)) => Ok(ip),
        _ => bail!("--tunnel needs the programs ip and nft: on Debian, `apt install iproute2 nftables`"),
    }
}

/// Adds the server and enrols its gateway, if an earlier start has not.
async fn enrol(app: &App, place: &gateway::Place, site: &str) -> anyhow::Result<()> {
    if !matches!(place.identity(), Err(StateError::NotEnrolled(_))) {
        return Ok(());
    }
    let is_known = servers::list(app).await.map_err(admin::words)?.iter().any(|one| one.server.name == NAME);
    let token = if is_known {
        servers::renew_token(app, COMMAND_LINE, NAME).await.map_err(admin::words)?
    } else {
        let words = |error: &dyn std::fmt::Display| anyhow::anyhow!("{error}");
        let new = NewServer {
            name: ServerName::parse(NAME).map_err(|error| words(&error))?,
            region: Region::parse(REGION).map_err(|error| words(&error))?,
            country: "JP".to_owned(),
            city: "This machine".to_owned(),
            endpoint: Endpoint::parse(&format!("{GATEWAY}:{PORT}")).map_err(|error| words(&error))?,
            public_key: None,
            capacity: 100,
            bandwidth_mbit: 1000,
        };
        servers::add(app, COMMAND_LINE, &new).await.map_err(admin::words)?.enrol_token.unwrap_or_default()
    };
    gateway::enrol(place, site, &token, "embedded").await?;
    Ok(())
}

//! The gateway programs that carry one client's traffic, ours among them, each set up in the same place and the same way.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use testkit::netns::{HOST_V4, Machines};
use testkit::process::{Bin, Launch, Running};
use testkit::setting::setting;

use super::{INTERFACE, PATIENCE, PORT, done, ip, peers};

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rival {
    /// `mirai gateway run --driver embedded`.
    Ours,
    /// Mullvad's, whose protocol code ours uses.
    Gotatun,
    /// Cloudflare's.
    Boringtun,
}

impl Rival {
    pub(super) const ALL: [Rival; 3] = [Rival::Ours, Rival::Gotatun, Rival::Boringtun];

    /// As the page calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Rival::Ours => "embedded (ours)",
            Rival::Gotatun => "gotatun-cli 0.10.2",
            Rival::Boringtun => "boringtun-cli 0.7.1",
        }
    }
}

/// Where the programs serve.
pub(super) struct Place<'a> {
    pub(super) machines: &'a Machines,
    pub(super) folder: &'a Path,
    pub(super) mirai: String,
}

impl<'a> Place<'a> {
    pub(super) async fn new(machines: &'a Machines, folder: &'a Path) -> anyhow::Result<Place<'a>> {
        let mirai = Bin::gateway().await?.path().display().to_string();
        let place = Place { machines, folder, mirai };
        peers::keep(&place.folder.join("state"), 1)?;
        std::fs::write(place.folder.join("rules.nft"), done(place.agent(&["--dry-run"])?).await?)?;
        Ok(place)
    }

    fn agent(&self, more: &[&str]) -> anyhow::Result<Launch> {
        let launch = self.machines.launch(&self.machines.gateway, &self.mirai)?;
        let (port, resolver) = (PORT.to_string(), HOST_V4.to_string());
        let run = ["gateway", "run", "--interface", INTERFACE, "--listen-port", &port, "--resolver", &resolver];
        Ok(launch.args(run).args(more).arg("--state").arg(self.folder.join("state")))
    }

    /// Starts one, with one peer, the kernel forwarding behind it, and our rules.
    pub(super) async fn start(&self, rival: Rival) -> anyhow::Result<Running> {
        let program = match rival {
            Rival::Ours => {
                let mut agent = self.agent(&["--driver", "embedded"])?.start().await?;
                agent.wait_for_line("the gateway is serving", PATIENCE).await?;
                return Ok(agent);
            }
            Rival::Gotatun => tool("gotatun")?,
            Rival::Boringtun => tool("boringtun-cli")?,
        };
        let on = &self.machines.gateway;
        // They listen for their setting up in a place that all networks see, under the interface's name.
        let socket = format!("/var/run/wireguard/{INTERFACE}.sock");
        if std::fs::exists(&socket)? {
            std::fs::remove_file(&socket)?;
        }
        let launch = self.machines.launch(on, &program)?.args(["--foreground", "--disable-drop-privileges"]);
        let running = launch.arg(INTERFACE).start().await?;
        let began = Instant::now();
        while !std::fs::exists(&socket)? {
            ensure!(began.elapsed() < PATIENCE, "{program}: {}{}", running.stdout(), running.stderr());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let client = peers::client(0);
        let text = format!(
            "[Interface]\nPrivateKey = {}\nListenPort = {PORT}\n[Peer]\nPublicKey = {}\nPresharedKey = {}\nAllowedIPs = {}/32\n",
            *peers::own().expose(),
            peers::public_key(0),
            client.preshared_key,
            client.address
        );
        let file = self.folder.join("rival.conf");
        std::fs::write(&file, text)?;
        done(self.machines.launch(on, "wg")?.args(["setconf", INTERFACE]).arg(&file)).await?;
        for step in ["addr add 10.64.0.1/10 dev", "link set mtu 1420 up dev"] {
            ip(self.machines, on, &format!("{step} {INTERFACE}")).await?;
        }
        done(self.machines.launch(on, "sysctl")?.args(["-qw", "net.ipv4.ip_forward=1"])).await?;
        done(self.machines.launch(on, "nft")?.arg("-f").arg(self.folder.join("rules.nft"))).await?;
        Ok(running)
    }

    /// Ends one, and takes its rules away.
    pub(super) async fn stop(&self, running: Running) -> anyhow::Result<()> {
        running.kill9().await?;
        done(self.machines.launch(&self.machines.gateway, "nft")?.args(["flush", "ruleset"])).await?;
        Ok(())
    }
}

fn tool(name: &str) -> anyhow::Result<String> {
    let folder = setting("BENCH_TOOLS").context("BENCH_TOOLS names no folder: use `cargo xtask bench`")?;
    Ok(Bin::at(Path::new(&folder).join("bin").join(name))?.path().display().to_string())
}

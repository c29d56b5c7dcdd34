//! A Debian machine with systemd as process 1, made of this one by namespaces: what it writes is its own and gone with it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::missing::{find_program, need, say_skipped};
use crate::private_dir::PrivateDir;
use crate::process::{Bin, Finished, Launch, Running};
use crate::setting::skip_missing;

const SCRIPT: &str = include_str!("machine.sh");
/// How long it may take to boot.
const PATIENCE: Duration = Duration::from_secs(30);
/// How large what it writes may become.
const DISK: &str = "2g";

/// A running machine; it is gone, with all its processes, when this is dropped or the test process dies.
#[derive(Debug)]
pub struct Debian {
    shell: Running,
    /// Its process 1, as this machine counts.
    init: u32,
    /// Its address, which this machine alone has a way to.
    pub address: String,
    dir: PrivateDir,
    /// Which of this process's machines it is.
    n: u32,
}

impl Debian {
    /// Boots one; `None` where that can't be had and may be skipped.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn boot() -> anyhow::Result<Option<Debian>> {
        for (program, package) in [("systemctl", "systemd"), ("ip", "iproute2"), ("unshare", "util-linux")] {
            if need(program, package)?.is_none() {
                return Ok(None);
            }
        }
        if !rustix::process::getuid().is_root() {
            ensure!(skip_missing(), "this test needs root for namespaces, or `cargo xtask test --skip-missing`");
            say_skipped("a machine of namespaces needs root")?;
            return Ok(None);
        }
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (dir, n) = (PrivateDir::new("machine")?, NEXT.fetch_add(1, Ordering::Relaxed));
        let name = format!("mirai-test-{}-{n}", std::process::id());
        let launch = program("unshare")?.args(["--mount", "sh", "-c", SCRIPT, "machine"]);
        let shell = launch.arg(dir.path()).arg(&name).arg(DISK).start().await?;
        let mut machine = Debian { shell, init: 0, address: String::new(), dir, n };
        machine.come_up().await?;
        Ok(Some(machine))
    }

    async fn come_up(&mut self) -> anyhow::Result<()> {
        self.init = self.process_1().await?;
        self.connect().await?;
        self.wait_until_up().await
    }

    /// Pulls its plug and lets it boot again: what its disk has is there, all else is gone.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn lose_power(&mut self) -> anyhow::Result<()> {
        let shell = self.shell.pid().context("the machine has ended")?;
        // As the script sees its folder, where a disk of its own is mounted.
        let folder = Path::new("/proc").join(shell.to_string()).join("root");
        std::fs::write(folder.join(self.dir.path().strip_prefix("/")?).join("again"), "")?;
        // Its disk is in memory, where nothing is ever half written: what was not flushed is there too.
        let gone = run(program("kill")?.args(["-9", &self.init.to_string()])).await;
        gone.context("its process 1 can't be ended")?;
        let ended = Path::new("/proc").join(self.init.to_string());
        let began = Instant::now();
        while ended.exists() {
            ensure!(began.elapsed() < PATIENCE, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.come_up().await
    }

    /// The machine's systemd, once it has taken over from the script.
    async fn process_1(&mut self) -> anyhow::Result<u32> {
        let began = Instant::now();
        let shell = self.shell.pid().context("the machine ended at once")?;
        let child = |pid: u32| {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            children.split_whitespace().next().and_then(|pid| pid.parse::<u32>().ok())
        };
        let is_up = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|c| c == "systemd\n");
        loop {
            // The script's child makes the namespaces, and that one's child is the first in them.
            if let Some(pid) = child(shell).and_then(child).filter(is_up) {
                return Ok(pid);
            }
            ensure!(self.shell.is_running() && began.elapsed() < PATIENCE, "no machine: {}", self.shell.stderr());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A cable between it and this machine. The link goes with the machine.
    async fn connect(&mut self) -> anyhow::Result<()> {
        let n = self.n;
        let net = (std::process::id() * 4 + n) % 16_000;
        let (third, fourth) = (net / 64, net % 64 * 4);
        let link = format!("mt{}x{n}", std::process::id() % 1_000_000);
        self.address = format!("10.213.{third}.{}", fourth + 2);
        let init = self.init.to_string();
        let here = format!("10.213.{third}.{}/30", fourth + 1);
        let ip = async |args: &[&str]| run(program("ip")?.args(args)).await;
        ip(&["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &init]).await?;
        ip(&["addr", "add", &here, "dev", &link]).await?;
        ip(&["link", "set", &link, "up"]).await?;
        let there = format!("{}/30", self.address);
        for args in
            [&["addr", "add", &there, "dev", "eth0"][..], &["link", "set", "eth0", "up"], &["link", "set", "lo", "up"]]
        {
            self.run("ip", args).await?;
        }
        Ok(())
    }

    async fn wait_until_up(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let said = self.launch("systemctl").arg("is-system-running").run(PATIENCE).await?.stdout;
            match said.trim() {
                // What else of this machine's services can't run there is nobody's concern.
                "running" | "degraded" => return Ok(()),
                _ => ensure!(began.elapsed() < PATIENCE, "the machine is still {}", said.trim()),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A program on it.
    #[must_use]
    pub fn launch(&self, program: &str) -> Launch {
        let launch = Bin::at("/usr/bin/nsenter").map(|bin| bin.launch());
        let launch = launch.unwrap_or_else(|_| unreachable!("util-linux has unshare and nsenter"));
        let target = self.init.to_string();
        launch.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").args(["--target", &target, "--all", program])
    }

    /// Runs a program on it to its end.
    ///
    /// # Errors
    /// When it fails; what it said is in the error.
    pub async fn run(&self, program: &str, args: &[&str]) -> anyhow::Result<Finished> {
        run(self.launch(program).args(args)).await.with_context(|| format!("{program} {args:?} on the machine"))
    }

    /// One of its files, as this machine reaches it.
    #[must_use]
    pub fn file(&self, path: &str) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.init)).join(path.trim_start_matches('/'))
    }

    /// A folder of this machine's that goes with it.
    #[must_use]
    pub fn beside(&self) -> &Path {
        self.dir.path()
    }
}

fn program(name: &str) -> anyhow::Result<Launch> {
    let path = find_program(name).with_context(|| format!("{name} is not installed"))?;
    Ok(Bin::at(path)?.launch().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"))
}

async fn run(launch: Launch) -> anyhow::Result<Finished> {
    let done = launch.run(PATIENCE).await?;
    ensure!(done.code == Some(0), "{}{}", done.stdout, done.stderr);
    Ok(done)
}

//! A laptop and a host.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::{Client, ClientBuilder};
use testkit::app::{DATA_KEY, JWT_SECRET};
use testkit::caller::API_KEY;
use testkit::gate::Gate;
use testkit::machine::Debian;
use testkit::missing::{find_program, need};
use testkit::private_dir::PrivateDir;
use testkit::process::{Bin, Launch};
use tokio::sync::OnceCell;

use crate::agents;

/// How long anything here may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
/// How long a release is watched.
pub(super) const WATCH_S: u64 = 2;
/// The site's name.
pub(super) const DOMAIN: &str = "mirai.test";
/// A secret of the operator's.
pub(super) const CANARY: &str = "sk_test_canary_in_the_coal_mine";
/// A key that no host has.
pub(super) const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGaCbVcUkEBiTkAPUXq9UD9CxMv7XHbUfYKrYsEDJ7RH";

/// Both.
pub(super) struct Site {
    pub(super) machine: Debian,
    pub(super) dir: PrivateDir,
    /// The archive of a first release, which is not live yet.
    pub(super) first: String,
    bin: Bin,
    has_guards: bool,
    database: &'static str,
    tls: &'static str,
    recipient: String,
}

/// The program that is deployed: the one that was built, without what only a debugger reads. It lies where cargo lets tests keep
/// what they share.
pub(super) async fn program() -> anyhow::Result<PathBuf> {
    static STRIPPED: OnceCell<PathBuf> = OnceCell::const_new();
    let strip = async || {
        let (path, built) = (Path::new(env!("CARGO_TARGET_TMPDIR")).join("mirai-stripped"), Bin::mirai().await?);
        // Each test has a process of its own: whoever is first does it for all.
        let age = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
        if age(&path) <= age(built.path()) {
            let next = path.with_extension(std::process::id().to_string());
            let strip = Bin::at(find_program("strip").context("strip (package binutils) is not installed")?)?;
            let done = strip.launch().arg("-o").arg(&next).arg(built.path()).run(PATIENCE).await?;
            ensure!(done.code == Some(0), "{}", done.stderr);
            std::fs::rename(next, &path)?;
        }
        Ok(path)
    };
    Ok(STRIPPED.get_or_try_init(strip).await?.clone())
}

/// The release in an archive, by its file's name.
pub(super) fn id_of(archive: &str) -> String {
    let name = Path::new(archive).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.trim_end_matches(".tar.zst").trim_end_matches("-gateway").to_owned()
}

impl Site {
    /// A laptop with a checkout, and a host that has been provided for; `None` where that may be skipped.
    pub(super) async fn new() -> anyhow::Result<Option<Site>> {
        // Its firewall would count the many connections of a test.
        let Some(site) = Site::bare(false).await? else { return Ok(None) };
        let (code, said) = site.deploy(&["provision", "--artifact", &site.first]).await?;
        ensure!(code == 0, "{said}");
        Ok(Some(site))
    }

    /// From now on the host is to have MariaDB.
    pub(super) fn use_mariadb(&mut self) -> anyhow::Result<()> {
        self.database = "mariadb";
        self.configure(&self.host_key()?)
    }

    /// From now on the host is to have a certificate that browsers trust.
    pub(super) fn use_certbot(&mut self) -> anyhow::Result<()> {
        self.tls = "certbot";
        self.configure(&self.host_key()?)
    }

    /// The same with a host that has nothing but an sshd.
    pub(super) async fn bare(has_guards: bool) -> anyhow::Result<Option<Site>> {
        for (program, package) in [
            ("sshd", "openssh-server"),
            ("nginx", "nginx-light"),
            ("openssl", "openssl"),
            ("logrotate", "logrotate"),
            ("git", "git"),
            ("strip", "binutils"),
        ] {
            if need(program, package)?.is_none() {
                return Ok(None);
            }
        }
        let Some(machine) = Debian::boot().await? else { return Ok(None) };
        let (dir, bin) = (PrivateDir::new("laptop")?, Bin::mirai().await?);
        let recipient = String::new();
        let (database, tls) = ("sqlite", "self-signed");
        let mut site = Site { machine, dir, first: String::new(), bin, has_guards, database, tls, recipient };
        site.furnish_laptop().await?;
        site.furnish_host().await?;
        site.first = site.build("first", &program().await?).await?;
        Ok(Some(site))
    }

    async fn furnish_laptop(&mut self) -> anyhow::Result<()> {
        let key = self.dir.join("key");
        let make = Bin::at(find_program("ssh-keygen").context("ssh-keygen")?)?.launch();
        let made = make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).run(PATIENCE).await?;
        ensure!(made.code == Some(0), "{}", made.stderr);
        let key = self.bin.launch().current_dir(self.dir.path()).args(["backup", "key", "--out", "backup-key.txt"]);
        let made = key.run(PATIENCE).await?;
        let recipient = made.stdout.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| word.starts_with("age1"));
        self.recipient = recipient.with_context(|| format!("{}{}", made.stdout, made.stderr))?.to_owned();
        self.configure(&self.host_key()?)?;
        std::fs::write(self.dir.join(".gitignore"), "*\n")?;
        self.git(&["init", "--quiet"]).await
    }

    /// Writes deploy.toml, with this for the host's key.
    pub(super) fn configure(&self, host_key: &str) -> anyhow::Result<()> {
        let (host, identity) = (&self.machine.address, self.dir.join("key"));
        let text = format!(
            "[production]\nhost = \"{host}\"\nhost_key = \"{host_key}\"\nidentity = {identity:?}\ndomain = \"{DOMAIN}\"\n\
             tls = \"{}\"\nemail = \"ops@{DOMAIN}\"\ndatabase = \"{}\"\nsettings = \"host.env\"\nwatch_seconds = {WATCH_S}\n\
             confirm_seconds = 5\nbackup_recipient = \"{}\"\nguards = {}\n",
            self.tls, self.database, self.recipient, self.has_guards
        );
        Ok(std::fs::write(self.dir.join("deploy.toml"), text)?)
    }

    /// The key of the host's sshd.
    pub(super) fn host_key(&self) -> anyhow::Result<String> {
        let line = std::fs::read_to_string(self.machine.file("/etc/ssh/ssh_host_ed25519_key.pub"))?;
        Ok(line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
    }

    /// Lets the laptop in, and lets it provide the host with all else.
    async fn furnish_host(&self) -> anyhow::Result<()> {
        let keys = self.machine.file("/root").join(".ssh/authorized_keys");
        std::fs::create_dir_all(keys.parent().context("a folder")?)?;
        std::fs::copy(self.dir.join("key.pub"), keys)?;
        self.machine.run("systemctl", &["enable", "--now", "ssh"]).await?;
        let settings = format!(
            "APP_ENV=test\nX_API_KEY={API_KEY}\nJWT_SECRET=\"{JWT_SECRET}\"\nDATA_KEYS={DATA_KEY}\nSTRIPE_SECRET_KEY={CANARY}\n\
             STRIPE_WEBHOOK_SECRET=whsec_of_the_test_kit\nSTRIPE_API_BASE=http://127.0.0.1:9\nRESEND_API_KEY=re_test\n\
             RESEND_API_BASE=http://127.0.0.1:9\nMAIL_FROM=\"MiraiVPN <hello@mirai.test>\"\nLIMIT_GENERAL=1000000\n\
             LIMIT_CREDENTIAL=1000000\n"
        );
        std::fs::write(self.dir.join("host.env"), settings)?;
        Ok(())
    }

    /// Whoever visits the site.
    pub(super) fn visitor(&self) -> anyhow::Result<ClientBuilder> {
        let address = format!("{}:443", self.machine.address).parse()?;
        // The host has made its certificate itself.
        Ok(Client::builder().resolve(DOMAIN, address).tls_danger_accept_invalid_certs(true).timeout(PATIENCE))
    }

    async fn git(&self, args: &[&str]) -> anyhow::Result<()> {
        let git = Bin::at(find_program("git").context("git")?)?.launch().current_dir(self.dir.path());
        let git = git.args(["-c", "user.name=Mika", "-c", "user.email=mika@example.net", "-c", "commit.gpgsign=false"]);
        let done = git.args(args).run(PATIENCE).await?;
        ensure!(done.code == Some(0), "git {args:?}: {}", done.stderr);
        Ok(())
    }

    /// Commits, and packs this program as that commit's release. The archive's path.
    pub(super) async fn build(&self, message: &str, program: &Path) -> anyhow::Result<String> {
        self.build_for("production", message, program).await
    }

    /// The same for another part of deploy.toml.
    pub(super) async fn build_for(&self, env: &str, message: &str, program: &Path) -> anyhow::Result<String> {
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]).await?;
        let (code, said) = self.deploy(&["build", "--env", env, "--program", &program.display().to_string()]).await?;
        ensure!(code == 0, "{said}");
        Ok(said.split(" is ").next().context("a path")?.to_owned())
    }

    /// A script as a program.
    pub(super) fn script(&self, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.dir.join("script");
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// `mirai deploy …` on the laptop.
    pub(super) fn launch(&self, args: &[&str]) -> Launch {
        self.bin
            .launch()
            .env("USER", "mika")
            .env("HOSTNAME", "laptop")
            .current_dir(self.dir.path())
            .arg("deploy")
            .args(args)
    }

    /// The same to its end: the exit code, and all that was said.
    pub(super) async fn deploy(&self, args: &[&str]) -> anyhow::Result<(i32, String)> {
        let done = self.launch(args).run(PATIENCE).await?;
        Ok((done.code.context("a signal ended it")?, format!("{}{}", done.stdout, done.stderr)))
    }

    /// The agent dies when it next comes by this point.
    pub(super) fn fail_at(&self, point: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.machine.file("/srv/mirai/failpoint"), point)?)
    }

    /// Leaves no room on the host's disk.
    pub(super) async fn fill_disk(&self) -> anyhow::Result<()> {
        // Whole blocks until nothing more fits: the command ends with an error, as it should.
        let fill = "dd if=/dev/zero of=/srv/fill bs=4M 2>/dev/null; dd if=/dev/zero of=/srv/fill bs=4k oflag=append conv=notrunc 2>/dev/null; true";
        self.machine.run("sh", &["-c", fill]).await.map(drop)
    }

    /// A command of the live release, as the program's user.
    pub(super) fn on_host(&self, command: &str) -> Launch {
        let run = self.machine.launch("runuser").args(["-u", "mirai", "--", "sh", "-c"]);
        run.arg(format!("cd /srv/mirai/shared && /srv/mirai/current/bin/mirai {command}"))
    }

    /// Lets nginx serve the site without TLS too, since the host's certificate is of its own making.
    pub(super) async fn serve_plainly(&self) -> anyhow::Result<()> {
        let plain = "server { listen 8081; access_log off; location / { proxy_pass http://mirai; proxy_http_version 1.1; \
                     proxy_set_header Connection close; proxy_set_header X-Forwarded-For $remote_addr; } }\n";
        std::fs::write(self.machine.file("/etc/nginx/sites-enabled/plain.conf"), plain)?;
        self.machine.run("systemctl", &["reload", "nginx"]).await.map(drop)
    }

    /// A gateway that follows the site's stream, through nginx.
    pub(super) async fn follow(&self) -> anyhow::Result<Stream> {
        self.serve_plainly().await?;
        let gate = Gate::before(format!("{}:8081", self.machine.address)).await?;
        let add = "admin server add --name osaka-1 --region jp --country JP --city Osaka --endpoint vpn1.example.net:51820 --json";
        let added = self.on_host(add).run(PATIENCE).await?;
        ensure!(added.code == Some(0), "{}{}", added.stdout, added.stderr);
        let added: serde_json::Value = serde_json::from_str(&added.stdout)?;
        let token = added["enrol_token"].as_str().with_context(|| added.to_string())?;
        let place = gateway::Place::new(self.dir.join("gateway"));
        gateway::enrol(&place, &format!("http://{}", gate.address()), token, "fake").await?;
        let agent = agents::start(&place, &gateway::FakeDevice::default(), app::Clock::System).await?;
        Ok(Stream { agent, _gate: gate })
    }

    /// The release that answers at the public address.
    pub(super) async fn ready_release(&self) -> anyhow::Result<String> {
        let visitor = self.visitor()?.pool_max_idle_per_host(0).build()?;
        let answer = visitor.get(format!("https://{DOMAIN}/backend/api/readyz")).send().await?;
        let body: serde_json::Value = answer.error_for_status()?.json().await?;
        Ok(body["release"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until this release answers, and this alone.
    pub(super) async fn serves(&self, release: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let answers = [self.ready_release().await, self.ready_release().await, self.ready_release().await];
            if answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer == release)) {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "{release} does not serve: {answers:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// This release, and nothing else, answers for so long.
    pub(super) async fn serves_for(&self, release: &str, time: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < time {
            ensure!(self.ready_release().await? == release, "{release} has been replaced");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// All that a deployment may change on the host, but for what the program itself writes: names, links, sizes, hashes.
    pub(super) async fn tree(&self) -> anyhow::Result<String> {
        let find = "find /etc/systemd /etc/nginx /etc/nftables.conf -printf '%p %l %s %T@\\n' | sort; \
                    cd /srv/mirai 2>/dev/null || exit 0; \
                    find . -path ./shared -prune -o -name lock -prune -o -printf '%p %y %l %s %m\\n' | sort; \
                    find . -path ./shared -prune -o -type f -size -1M ! -name lock -exec sha256sum {} + | sort";
        Ok(self.machine.run("sh", &["-c", find]).await?.stdout)
    }
}

/// A gateway's stream.
pub(super) struct Stream {
    agent: agents::Running,
    _gate: Gate,
}

impl Stream {
    /// It was told to come again when a release ended, and is told of what changes.
    pub(super) async fn hears_again(&self, site: &Site) -> anyhow::Result<()> {
        let mut status = self.agent.status.clone();
        let within = Duration::from_secs(15);
        tokio::time::timeout(within, status.wait_for(|status| status.is_connected)).await??;
        let before = status.borrow().revision;
        // Every change of a server is a revision of its list.
        let settled = site.on_host("backup settle").run(PATIENCE).await?;
        ensure!(settled.code == Some(0), "{}{}", settled.stdout, settled.stderr);
        tokio::time::timeout(within, status.wait_for(|status| status.is_connected && status.revision != before))
            .await??;
        Ok(())
    }
}

/// The units with their processes.
pub(super) async fn unit_pids(site: &Site) -> anyhow::Result<Vec<(String, String)>> {
    let mut pids = Vec::new();
    for unit in ["mirai@a.service", "mirai@b.service", "nginx.service"] {
        let shown = site.machine.run("systemctl", &["show", "--property=MainPID", "--value", unit]).await?;
        pids.push((unit.to_owned(), shown.stdout.trim().to_owned()));
    }
    Ok(pids)
}

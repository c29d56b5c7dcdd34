//! A VPN server, from a host with nothing but an sshd to one that goes back by itself. It is the site's own host here.

use anyhow::ensure;
use serde_json::Value;

use super::site::{PATIENCE, Site, WATCH_S, id_of, program};

/// Its part of deploy.toml.
const PART: &str = "osaka-1";
const ROOT: &str = "/srv/mirai-gateway";

/// The same host as a VPN server of the site.
struct Vpn {
    site: Site,
    first: String,
}

impl Vpn {
    async fn new() -> anyhow::Result<Option<Vpn>> {
        if testkit::missing::need("nft", "nftables")?.is_none() {
            return Ok(None);
        }
        let Some(site) = Site::new().await? else { return Ok(None) };
        let (code, said) = site.deploy(&["release", "--artifact", &site.first]).await?;
        ensure!(code == 0, "{said}");
        site.serve_plainly().await?;
        let path = site.dir.join("deploy.toml");
        let (host, key, identity) = (&site.machine.address, site.host_key()?, site.dir.join("key"));
        let part = format!(
            "[{PART}]\nhost = \"{host}\"\nhost_key = \"{key}\"\nidentity = {identity:?}\nguards = false\n\
             watch_seconds = {WATCH_S}\nconfirm_seconds = 5\n[{PART}.gateway]\nsite = \"production\"\n\
             control = \"http://127.0.0.1:8081\"\nregion = \"jp\"\ncountry = \"JP\"\ncity = \"Osaka\"\n\
             driver = \"embedded\"\negress = \"eth0\"\nresolvers = [\"192.0.2.53\"]\n"
        );
        std::fs::write(&path, std::fs::read_to_string(&path)? + &part)?;
        let first = site.build_for(PART, "first gateway", &program().await?).await?;
        Ok(Some(Vpn { site, first }))
    }

    async fn deploy(&self, args: &[&str]) -> anyhow::Result<(i32, String)> {
        self.site.deploy(&[args, &["--env", PART]].concat()).await
    }

    async fn release(&self, archive: &str) -> anyhow::Result<(i32, String)> {
        self.deploy(&["release", "--artifact", archive]).await
    }

    /// Builds this and lets it go live.
    async fn next(&self, message: &str) -> anyhow::Result<String> {
        let archive = self.site.build_for(PART, message, &program().await?).await?;
        let (code, said) = self.release(&archive).await?;
        ensure!(code == 0, "{said}");
        Ok(id_of(&archive))
    }

    /// Waits until this release is live and hears from the site, and nothing is under way.
    async fn serves(&self, release: &str) -> anyhow::Result<()> {
        let began = std::time::Instant::now();
        loop {
            let (_, said) = self.deploy(&["status", "--json"]).await?;
            let status: Value = serde_json::from_str(said.lines().next().unwrap_or_default()).unwrap_or_default();
            let is_live = status["state"]["live"]["release"] == release && status["state"]["pending"].is_null();
            let hears = status["health"].as_str().is_some_and(|health| health.starts_with("hears from its site"));
            if is_live && hears {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "{release} does not serve: {said}");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// The units that run.
    async fn running(&self) -> anyhow::Result<String> {
        let units = ["list-units", "--plain", "--no-legend", "--state=active", "mirai-gateway@*.service"];
        let shown = self.site.machine.run("systemctl", &units).await?.stdout;
        Ok(shown.split_whitespace().next().unwrap_or_default().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_makes_a_vpn_server_that_takes_releases_and_goes_back_by_itself() -> anyhow::Result<()> {
    let Some(vpn) = Vpn::new().await? else { return Ok(()) };
    let site = &vpn.site;
    let (code, said) = vpn.release(&site.first).await?;
    assert!(code == 10 && said.contains("is of a site") && said.contains("--role gateway"), "{said}");
    let (code, said) = vpn.deploy(&["provision", "--artifact", &vpn.first, "--dry-run"]).await?;
    assert!(code == 0 && said.contains("enrol as a VPN server of http://127.0.0.1:8081"), "{said}");
    assert!(!site.machine.file(ROOT).exists());

    let (code, said) = vpn.deploy(&["provision", "--artifact", &vpn.first]).await?;
    assert_eq!(code, 0, "{said}");
    let identity = std::fs::read_to_string(site.machine.file("/var/lib/mirai-gateway/identity.json"))?;
    let identity: Value = serde_json::from_str(&identity)?;
    let credential = identity["credential"].as_str().unwrap_or_default();
    assert!(identity["name"] == PART && credential.len() > 20 && !said.contains(credential), "{said}");
    let (code, again) = vpn.deploy(&["provision", "--artifact", &vpn.first]).await?;
    assert!(code == 0 && again.contains("nothing was to be done"), "{again}");

    let (code, said) = vpn.release(&vpn.first).await?;
    assert_eq!(code, 0, "{said}");
    vpn.serves(&id_of(&vpn.first)).await?;
    assert_eq!(vpn.running().await?, "mirai-gateway@a.service");
    site.machine.run("nft", &["list", "table", "inet", "mirai_mirai0"]).await?;
    let listed = site.on_host("admin server list --json").run(PATIENCE).await?.stdout;
    let listed: Value = serde_json::from_str(&listed)?;
    assert_eq!((&listed[0]["name"], &listed[0]["region"]), (&Value::from(PART), &Value::from("jp")), "{listed}");
    let (code, again) = vpn.release(&vpn.first).await?;
    assert!(code == 0 && again.contains("nothing was to be done"), "{again}");

    let second = vpn.next("second gateway").await?;
    vpn.serves(&second).await?;
    assert_eq!(vpn.running().await?, "mirai-gateway@b.service");

    // One that can't read what is here changes nothing; one that dies once it serves is taken back.
    for (script, code) in [
        ("#!/bin/sh\necho 'no luck here' >&2\nexit 3\n", 20),
        ("#!/bin/sh\ncase \"$*\" in *dry-run*) exit 0;; esac\necho 'no luck here' >&2\nexit 3\n", 21),
    ] {
        let broken = site.build_for(PART, "broken", &site.script(script)?).await?;
        let (ended, said) = vpn.release(&broken).await?;
        assert!(ended == code && said.contains("no luck here"), "{ended} for {code}: {said}");
        vpn.serves(&second).await?;
    }

    // An agent that dies where nothing serves: the guard starts what was good.
    let third = site.build_for(PART, "third gateway", &program().await?).await?;
    std::fs::write(site.machine.file(&format!("{ROOT}/failpoint")), "switch-both")?;
    let (code, said) = vpn.release(&third).await?;
    assert_ne!(code, 0, "{said}");
    vpn.serves(&second).await?;
    let (code, said) = vpn.release(&third).await?;
    assert_eq!(code, 0, "{said}");
    let (code, said) = vpn.deploy(&["rollback"]).await?;
    assert_eq!(code, 0, "{said}");
    vpn.serves(&second).await?;
    site.serves(&id_of(&site.first)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_does_not_give_a_vpn_servers_name_to_another() -> anyhow::Result<()> {
    let Some(vpn) = Vpn::new().await? else { return Ok(()) };
    for args in [["provision", "--artifact", &vpn.first], ["release", "--artifact", &vpn.first]] {
        let (code, said) = vpn.deploy(&args).await?;
        assert_eq!(code, 0, "{said}");
    }
    vpn.serves(&id_of(&vpn.first)).await?;
    // As a new machine would be that was given the same part.
    let kept = vpn.site.machine.file("/var/lib/mirai-gateway/identity.json");
    let away = kept.with_extension("away");
    std::fs::rename(&kept, &away)?;
    let (code, said) = vpn.deploy(&["provision", "--artifact", &vpn.first]).await?;
    assert!(code == 20 && said.contains("osaka-1 has a gateway already"), "{said}");
    assert!(!kept.exists());
    std::fs::rename(&away, &kept)?;
    vpn.serves(&id_of(&vpn.first)).await
}

/// What is to be gone back to can't start any more: exit 22, and what could serve is left alone until a person comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_lets_a_vpn_server_serve_on_when_there_is_no_way_back() -> anyhow::Result<()> {
    let Some(vpn) = Vpn::new().await? else { return Ok(()) };
    for args in [["provision", "--artifact", &vpn.first], ["release", "--artifact", &vpn.first]] {
        let (code, said) = vpn.deploy(&args).await?;
        assert_eq!(code, 0, "{said}");
    }
    let second = vpn.site.build_for(PART, "second gateway", &program().await?).await?;
    let mut laptop = vpn.site.launch(&["release", "--artifact", &second, "--env", PART]).start().await?;
    laptop.wait_for_line("] watch it", PATIENCE).await?;
    let broken = vpn.site.machine.file("/run/systemd/system/mirai-gateway@a.service.d");
    std::fs::create_dir_all(&broken)?;
    std::fs::write(broken.join("broken.conf"), "[Service]\nExecStart=\nExecStart=/bin/false\n")?;
    vpn.site.machine.run("systemctl", &["daemon-reload"]).await?;
    vpn.site.machine.run("systemctl", &["kill", "--signal=KILL", "mirai-gateway@b.service"]).await?;
    let ended = laptop.wait(PATIENCE).await?;
    assert_eq!(ended.code, Some(22), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("mirai-gateway@*"), "{}", ended.stderr);

    // The guard comes by, and does not end what serves for another try.
    let process = async || {
        let show = ["show", "--property=MainPID", "--value", "mirai-gateway@b.service"];
        anyhow::Ok(vpn.site.machine.run("systemctl", &show).await?.stdout)
    };
    let before = process().await?;
    vpn.site.machine.run("systemctl", &["start", "mirai-gateway-guard.service"]).await?;
    assert_eq!((vpn.running().await?.as_str(), process().await?), ("mirai-gateway@b.service", before));
    // The next command ends it.
    let (code, said) = vpn.release(&second).await?;
    assert_eq!(code, 0, "{said}");
    vpn.serves(&id_of(&second)).await
}

//! From a laptop to a host with a real sshd, systemd and nginx, and back.

mod certbot;
mod gateway;
mod going_back;
mod load;
mod mariadb;
mod site;

use std::time::{Duration, Instant};

use serde_json::Value;

use self::load::Load;
use self::site::{Site, program, unit_pids};

/// How long a rollback may take, from its command to its end.
const ROLLBACK: Duration = Duration::from_secs(10);

/// The whole life of a site, under load: nobody outside notices anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_under_load_loses_no_request_and_applies_each_post_once() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    let (code, said) = site.deploy(&["release", "--artifact", &first]).await?;
    assert_eq!(code, 0, "{said}");
    let load = Load::begin(&site).await?;
    let stream = site.follow().await?;

    let second = site.build("second", &program().await?).await?;
    let (code, said) = site.deploy(&["release", "--artifact", &second]).await?;
    assert_eq!(code, 0, "{said}");
    assert_eq!(site.ready_release().await?, site::id_of(&second));
    stream.hears_again(&site).await?;
    load.goes_on().await?;
    let saved = site.machine.run("ls", &["/srv/mirai/shared/backups"]).await?.stdout;
    assert!(
        saved.lines().filter(|name| name.ends_with("-sqlite.mirai.age")).count() == 1,
        "one before the second: {saved}"
    );

    // A release that does not even start.
    let broken = site.script("#!/bin/sh\necho 'this one has no luck' >&2\nexit 3\n")?;
    let third = site.build("third", &broken).await?;
    let (code, said) = site.deploy(&["release", "--artifact", &third]).await?;
    assert_eq!(code, 20, "{said}");
    assert!(said.contains("this one has no luck"), "the evidence is shown: {said}");
    assert!(said.contains(&format!("{} serves", site::id_of(&second))), "{said}");
    load.goes_on().await?;

    let began = Instant::now();
    let (code, said) = site.deploy(&["rollback"]).await?;
    assert_eq!(code, 0, "{said}");
    assert!(began.elapsed() < ROLLBACK, "after {:?}: {said}", began.elapsed());
    assert_eq!(site.ready_release().await?, site::id_of(&first));
    load.goes_on().await?;

    stream.hears_again(&site).await?;

    site.machine.run("systemctl", &["reload", "nginx"]).await?;
    load.goes_on().await?;
    stream.hears_again(&site).await?;
    load.end(&site).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_twice_changes_nothing_and_a_dry_run_tells_the_plan_that_is_done() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    let before = site.tree().await?;
    let plan_of = |said: &str| -> anyhow::Result<Value> {
        let first = said.lines().next().unwrap_or_default();
        Ok(serde_json::from_str::<Value>(first)?["plan"].clone())
    };
    let (code, dry) = site.deploy(&["release", "--artifact", &first, "--dry-run", "--json"]).await?;
    assert_eq!((code, site.tree().await?), (0, before), "{dry}");
    let (code, done) = site.deploy(&["release", "--artifact", &first, "--json"]).await?;
    assert_eq!(code, 0, "{done}");
    assert_eq!(plan_of(&dry)?, plan_of(&done)?);

    let (tree, pids) = (site.tree().await?, unit_pids(&site).await?);
    let (code, again) = site.deploy(&["release", "--artifact", &first]).await?;
    assert_eq!(code, 0, "{again}");
    assert!(again.contains("nothing was to be done"), "{again}");
    assert_eq!((site.tree().await?, unit_pids(&site).await?), (tree, pids), "{again}");

    let (code, said) = site.deploy(&["status"]).await?;
    assert!(code == 0 && said.contains(&format!("live   {}", site::id_of(&first))), "{said}");
    let (code, said) = site.deploy(&["rollback"]).await?;
    assert_eq!(code, 10, "{said}");
    assert!(said.contains("no good release to go back to"), "{said}");
    Ok(())
}

/// Whatever dies at whichever step: what was good serves, and the same command ends what was begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_survives_the_agents_death_at_every_step() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    assert_eq!(site.deploy(&["release", "--artifact", &first]).await?.0, 0);
    let all = [
        "upload",
        "unpack",
        "backup",
        "migrate",
        "try",
        "switch",
        "switch-written",
        "switch-both",
        "watch",
        "confirm",
        "confirmed",
        // More than are kept by now.
        "prune",
    ];
    // Half a minute each: the short form has those where something is half done.
    let is_short = |at: &&str| ["unpack", "switch-both", "confirm", "confirmed"].contains(at);
    let points = all.into_iter().filter(|at| testkit::setting::long() || is_short(at));
    let mut live = site::id_of(&first);
    for point in points {
        let next = site.build(point, &program().await?).await?;
        let load = Load::begin(&site).await?;
        site.fail_at(point)?;
        let (code, said) = site.deploy(&["release", "--artifact", &next]).await?;
        let is_past = ["confirmed", "prune"].contains(&point);
        assert_eq!(code == 0, is_past, "{point}: {said}");
        let expected = if is_past { site::id_of(&next) } else { live.clone() };
        site.serves(&expected).await.map_err(|error| error.context(format!("killed at {point}: {said}")))?;
        let (code, said) = site.deploy(&["release", "--artifact", &next]).await?;
        assert_eq!(code, 0, "again after {point}: {said}");
        live = site::id_of(&next);
        site.serves(&live).await?;
        load.end(&site).await.map_err(|error| error.context(format!("killed at {point}")))?;
    }
    back_to_each(&site).await
}

/// Any of the releases that are kept can be gone back to, in seconds.
async fn back_to_each(site: &Site) -> anyhow::Result<()> {
    let (_, said) = site.deploy(&["status", "--json"]).await?;
    let status: Value = serde_json::from_str(said.lines().next().unwrap_or_default())?;
    let releases = status["state"]["releases"].as_array().cloned().unwrap_or_default();
    let good: Vec<&str> =
        releases.iter().filter(|kept| kept["mark"] == "good").filter_map(|kept| kept["id"].as_str()).collect();
    assert_eq!(good.len(), 5, "{said}");
    for release in good {
        let began = Instant::now();
        let (code, said) = site.deploy(&["rollback", release]).await?;
        assert_eq!(code, 0, "{said}");
        assert!(began.elapsed() < ROLLBACK, "after {:?}: {said}", began.elapsed());
        site.serves(release).await?;
    }
    Ok(())
}

/// A laptop that vanishes: the switch was never confirmed, so it is taken back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_is_taken_back_when_the_laptop_vanishes_and_when_the_release_dies() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    assert_eq!(site.deploy(&["release", "--artifact", &first]).await?.0, 0);
    let second = site.build("second", &program().await?).await?;

    let mut laptop = site.launch(&["release", "--artifact", &second]).start().await?;
    laptop.wait_for_line("] watch it", site::PATIENCE).await?;
    laptop.kill9().await?;
    site.serves(&site::id_of(&first)).await?;
    site.serves_for(&site::id_of(&first), Duration::from_secs(1)).await?;

    // One that dies after the switch is seen to, and the exit code says so.
    let mut laptop = site.launch(&["release", "--artifact", &second]).start().await?;
    laptop.wait_for_line("] watch it", site::PATIENCE).await?;
    let pids = unit_pids(&site).await?;
    let new = pids.iter().find(|(unit, pid)| unit == "mirai@b.service" && pid != "0");
    let (_, pid) = new.ok_or_else(|| anyhow::anyhow!("the new release does not run: {pids:?}"))?;
    site.machine.run("kill", &["-9", pid]).await?;
    let ended = laptop.wait(site::PATIENCE).await?;
    assert_eq!(ended.code, Some(21), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("did not keep running"), "{}", ended.stderr);
    site.serves(&site::id_of(&first)).await
}

/// The host loses its power while a switch waits for its confirmation: it comes back with what was good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_is_taken_back_when_the_host_loses_its_power_and_says_so_when_there_is_no_way_back() -> anyhow::Result<()>
{
    let Some(mut site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    assert_eq!(site.deploy(&["release", "--artifact", &first]).await?.0, 0);
    let second = site.build("second", &program().await?).await?;
    let mut laptop = site.launch(&["release", "--artifact", &second]).start().await?;
    laptop.wait_for_line("] watch it", site::PATIENCE).await?;
    site.machine.lose_power().await?;
    laptop.kill9().await?;
    site.serves(&site::id_of(&first)).await?;
    let (code, said) = site.deploy(&["release", "--artifact", &second]).await?;
    assert_eq!(code, 0, "{said}");
    site.serves(&site::id_of(&second)).await?;

    // What is to be gone back to can't start any more: a person is needed, and is told where to look.
    let third = site.build("third", &program().await?).await?;
    let mut laptop = site.launch(&["release", "--artifact", &third]).start().await?;
    laptop.wait_for_line("] watch it", site::PATIENCE).await?;
    let kept = format!("/srv/mirai/releases/{}/bin/mirai", site::id_of(&second));
    site.machine.run("rm", &[&kept]).await?;
    let pids = unit_pids(&site).await?;
    let serving = pids.iter().filter(|(unit, pid)| unit.starts_with("mirai@") && pid != "0");
    for (_, pid) in serving {
        site.machine.run("kill", &["-9", pid]).await?;
    }
    let ended = laptop.wait(site::PATIENCE).await?;
    assert_eq!(ended.code, Some(22), "{}{}", ended.stdout, ended.stderr);
    assert!(
        ended.stderr.contains("could not go back") && ended.stderr.contains("systemctl status"),
        "{}",
        ended.stderr
    );
    // Once there is a program again the guard goes back by itself.
    std::fs::copy(program().await?, site.machine.file(&kept))?;
    site.serves(&site::id_of(&second)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_refuses_another_hosts_key_a_damaged_archive_and_a_second_hand() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    let (code, said) = site.deploy(&["status"]).await?;
    assert_eq!(code, 0, "{said}");

    site.configure(site::OTHER_KEY)?;
    let (code, said) = site.deploy(&["release", "--artifact", &first]).await?;
    assert_eq!(code, 10, "{said}");
    assert!(said.contains("not the one that is known") && said.contains("ssh-keyscan"), "{said}");
    site.configure(&site.host_key()?)?;

    let damaged = site.dir.join("damaged.tar.zst");
    let mut bytes = std::fs::read(&first)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes)?;
    let (code, said) = site.deploy(&["release", "--artifact", &damaged.display().to_string()]).await?;
    assert!(code == 10 && said.contains("refused"), "{said}");

    let second = site.build("second", &program().await?).await?;
    let mut one = site.launch(&["release", "--artifact", &first]).start().await?;
    one.wait_for_line("] check the archive", site::PATIENCE).await?;
    let (code, said) = site.deploy(&["release", "--artifact", &second]).await?;
    assert!(code == 10 && said.contains("is deploying to this host") && said.contains("--wait"), "{said}");
    assert_eq!(one.wait(site::PATIENCE).await?.code, Some(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_provision_twice_changes_nothing_and_no_secret_is_told() -> anyhow::Result<()> {
    let needed = [
        ("fail2ban-client", "fail2ban"),
        ("/usr/lib/python3/dist-packages/systemd/journal.py", "python3-systemd"),
        ("nft", "nftables"),
        ("prometheus", "prometheus"),
    ];
    for (program, package) in needed {
        if testkit::missing::need(program, package)?.is_none() {
            return Ok(());
        }
    }
    let Some(site) = Site::bare(true).await? else { return Ok(()) };
    let first = site.first.clone();
    let (code, said) = site.deploy(&["release", "--artifact", &first]).await?;
    assert!(code == 10 && said.contains("no agent yet") && said.contains("mirai deploy provision"), "{said}");
    let mut all = said;
    let before = site.tree().await?;
    let (code, said) = site.deploy(&["provision", "--artifact", &first, "--dry-run"]).await?;
    assert_eq!((code, site.tree().await?), (0, before), "{said}");
    all.push_str(&said);

    let (code, done) = site.deploy(&["provision", "--artifact", &first]).await?;
    assert_eq!(code, 0, "{done}");
    let (tree, pids) = (site.tree().await?, unit_pids(&site).await?);
    for verb in [&["provision", "--dry-run"][..], &["provision"]] {
        let (code, again) = site.deploy(&[verb, &["--artifact", &first]].concat()).await?;
        assert!(code == 0 && again.contains("nothing was to be done"), "{again}");
        assert_eq!((site.tree().await?, unit_pids(&site).await?), (tree.clone(), pids.clone()), "{again}");
        all.push_str(&again);
    }
    // Visitors who come too early wait in vain, and are nobody's harm.
    let early = site.visitor()?.timeout(Duration::from_secs(8)).build()?;
    for _ in 0..3 {
        assert!(early.get(format!("https://{}/", site::DOMAIN)).send().await.is_err());
    }
    let (code, said) = site.deploy(&["release", "--artifact", &first]).await?;
    assert_eq!(code, 0, "{said}");
    site.serves(&site::id_of(&first)).await?;
    for unit in ["nftables", "fail2ban", "prometheus", "nginx", "mirai.socket", "mirai-guard.timer"] {
        site.machine.run("systemctl", &["is-active", unit]).await?;
    }

    // Neither what the operator gave nor what the host made is told to anybody.
    all.push_str(&done);
    all.push_str(&said);
    all.push_str(&site.machine.run("journalctl", &["--no-pager", "--output=cat"]).await?.stdout);
    all.push_str(&site.machine.run("sh", &["-c", "cat /srv/mirai/deploy-logs/*"]).await?.stdout);
    for entry in std::fs::read_dir(site.dir.join("deploy-logs"))? {
        all.push_str(&std::fs::read_to_string(entry?.path())?);
    }
    let env = site.machine.run("cat", &["/srv/mirai/shared/.env"]).await?.stdout;
    assert!(env.contains(site::CANARY) && all.contains("STRIPE_SECRET_KEY"), "names are told: {all}");
    for line in env.lines().filter(|line| line.contains("KEY") || line.contains("SECRET")) {
        let value = line.split_once('=').map_or("", |(_, value)| value.trim_matches('\''));
        assert!(value.len() > 5 && !all.contains(value), "{line} is told");
    }
    let stat = site.machine.run("stat", &["--format=%U %G %a", "/srv/mirai/host.env"]).await?.stdout;
    assert_eq!(stat.trim(), "root mirai 640");
    Ok(())
}

/// The disk of the host fills up while a release comes: what serves goes on, and once there is room the same command ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_onto_a_full_disk_leaves_what_serves_and_goes_on_once_there_is_room() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    assert_eq!(site.deploy(&["release", "--artifact", &first]).await?.0, 0);
    for moment in ["] send the archive", "] check the archive", "] start", "] watch it"] {
        let next = site.build(moment, &program().await?).await?;
        let mut laptop = site.launch(&["release", "--artifact", &next]).start().await?;
        laptop.wait_for_line(moment, site::PATIENCE).await?;
        site.fill_disk().await?;
        let ended = laptop.wait(site::PATIENCE).await?;
        let said = format!("{moment}: {}{}", ended.stdout, ended.stderr);
        site.machine.run("rm", &["/srv/fill"]).await?;
        if ended.code == Some(0) {
            // It was past all that it had to write.
            site.serves(&site::id_of(&next)).await?;
            let (code, back) = site.deploy(&["rollback", &site::id_of(&first)]).await?;
            assert_eq!(code, 0, "{back}, after {said}");
        }
        assert!([Some(0), Some(20), Some(21)].contains(&ended.code), "{said}");
        site.serves(&site::id_of(&first)).await.map_err(|error| error.context(said))?;
        if ended.code != Some(0) {
            let (code, said) = site.deploy(&["release", "--artifact", &next]).await?;
            assert_eq!(code, 0, "once there is room: {said}");
            assert_eq!(site.deploy(&["rollback", &site::id_of(&first)]).await?.0, 0);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_sends_only_what_has_not_arrived_and_throws_away_what_arrived_wrong() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let archive = std::fs::read(&site.first)?;
    let digest = site.machine.launch("sha256sum").input(archive.clone()).run(site::PATIENCE).await?.stdout;
    let name = digest.split_whitespace().next().unwrap_or_default();
    let arriving = site.machine.file(&format!("/srv/mirai/tmp/{name}.tar.zst"));

    let half = archive.len() / 2;
    std::fs::write(&arriving, vec![0; half])?;
    let (code, said) = site.deploy(&["push", "--artifact", &site.first]).await?;
    assert!(code == 20 && said.contains("is not the one that was sent"), "{said}");
    assert!(!arriving.exists());

    // What somebody else has left goes; what was sent of this one stays.
    let left = site.machine.file("/srv/mirai/tmp/0123.tar.zst");
    let unknown = site.machine.file("/srv/mirai/releases/20200101T000000Z-0123456789ab/bin");
    std::fs::write(&left, "half of an archive")?;
    std::fs::create_dir_all(&unknown)?;
    std::fs::write(&arriving, &archive[..half])?;
    let (code, said) = site.deploy(&["push", "--artifact", &site.first]).await?;
    assert!(code == 0 && said.contains("send the rest of the archive"), "{said}");
    assert!(!left.exists() && !unknown.exists());
    let (code, said) = site.deploy(&["status"]).await?;
    assert!(code == 0 && said.contains(&format!("ready  {}", site::id_of(&site.first))), "{said}");
    Ok(())
}

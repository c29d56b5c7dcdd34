//! Releases that turn out bad once they serve, and deaths while the host goes back.

use std::time::{Duration, Instant};

use reqwest::StatusCode;

use super::load::Load;
use super::site::{self, Site, program, unit_pids};

/// A program that passes all that is looked at before it is live. Then its database lacks a table: it is ready and runs, and
/// answers with errors of its own. What it was made of lies in `FIRST`.
const ERRS_ONCE_LIVE: &str = "#!/bin/sh
set -e
own=$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")
copy=/tmp/releases/$(basename \"$own\")
mkdir -p \"$copy/bin\"
cp \"$own/manifest.json\" \"$copy\"
cp FIRST/bin/mirai \"$copy/bin\"
if [ \"$*\" = serve ]; then
    export DATABASE_URL=sqlite:///srv/mirai/shared/broken.db
    \"$copy/bin/mirai\" migrate
    python3 -c 'import sqlite3; sqlite3.connect(\"/srv/mirai/shared/broken.db\").execute(\"DROP TABLE IF EXISTS plan_offers\")'
fi
exec \"$copy/bin/mirai\" \"$@\"
";

async fn errs_once_live(site: &Site) -> anyhow::Result<String> {
    let first = format!("/srv/mirai/releases/{}", site::id_of(&site.first));
    site.build("errs", &site.script(&ERRS_ONCE_LIVE.replace("FIRST", &first))?).await
}

/// A release that errs, and its visitors.
async fn release_that_errs(site: &Site, artifact: &str) -> anyhow::Result<(Option<i32>, String)> {
    let mut laptop = site.launch(&["release", "--artifact", artifact]).start().await?;
    laptop.wait_for_line("] watch it", site::PATIENCE).await?;
    let visitor = site.visitor()?.build()?;
    for _ in 0..20 {
        let answer = visitor.get(format!("https://{}/pricing", site::DOMAIN)).send().await?;
        // The last ones may meet the release from before already.
        assert!([StatusCode::INTERNAL_SERVER_ERROR, StatusCode::OK].contains(&answer.status()), "{}", answer.status());
    }
    let ended = laptop.wait(site::PATIENCE).await?;
    Ok((ended.code, format!("{}{}", ended.stdout, ended.stderr)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_takes_a_release_back_that_errs_and_survives_the_agents_death_meanwhile() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    assert_eq!(site.deploy(&["release", "--artifact", &first]).await?.0, 0);

    let errs = errs_once_live(&site).await?;
    let (code, said) = release_that_errs(&site, &errs).await?;
    assert_eq!(code, Some(21), "{said}");
    assert!(said.contains("were its own fault"), "{said}");
    site.serves(&site::id_of(&first)).await?;

    // The agent dies while it takes the release back: what it had begun is ended by the guard.
    let errs = errs_once_live(&site).await?;
    site.fail_at("taking-back")?;
    let (code, said) = release_that_errs(&site, &errs).await?;
    assert_ne!(code, Some(0), "{said}");
    site.serves(&site::id_of(&first)).await?;
    is_settled(&site).await
}

/// A release whose agent dies at this point. Its laptop, which would ask again for a while whether the host goes on by itself,
/// vanishes too.
async fn release_that_dies_at(site: &Site, artifact: &str, point: &str) -> anyhow::Result<String> {
    site.fail_at(point)?;
    let mut laptop = site.launch(&["release", "--artifact", artifact]).start().await?;
    laptop.wait_for_line("the connection is lost", site::PATIENCE).await?;
    let said = laptop.kill9().await?;
    Ok(format!("{}{}", said.stdout, said.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_survives_the_guards_death_and_one_while_it_recovers() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let first = site.first.clone();
    assert_eq!(site.deploy(&["release", "--artifact", &first]).await?.0, 0);
    let timer = async |verb| site.machine.run("systemctl", &[verb, "mirai-guard.timer"]).await;

    // The agent dies after the switch, and then the guard that takes it back.
    let second = site.build("second", &program().await?).await?;
    timer("stop").await?;
    release_that_dies_at(&site, &second, "confirm").await?;
    site.serves(&site::id_of(&second)).await?;
    site.fail_at("taking-back")?;
    timer("start").await?;
    site.serves(&site::id_of(&first)).await?;
    is_settled(&site).await?;

    // The next release takes an unconfirmed switch back itself, and its agent dies meanwhile.
    timer("stop").await?;
    release_that_dies_at(&site, &second, "confirm").await?;
    for point in ["recover", "taking-back"] {
        let said = release_that_dies_at(&site, &second, point).await?;
        assert!(said.contains("take back the unconfirmed switch"), "{point}: {said}");
    }
    let (code, said) = site.deploy(&["release", "--artifact", &second]).await?;
    assert_eq!(code, 0, "{said}");
    site.serves(&site::id_of(&second)).await?;
    timer("start").await?;
    is_settled(&site).await
}

/// Settings that a release can't read let it die again and again, which must not close the door for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_serves_by_itself_again_once_broken_settings_are_mended() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    assert_eq!(site.deploy(&["release", "--artifact", &site.first]).await?.0, 0);
    let settings = site.machine.file("/srv/mirai/host.env");
    let kept = std::fs::read_to_string(&settings)?;
    std::fs::write(&settings, kept.replace("DATA_KEYS=", "DATA_KEYS=no-key-"))?;
    site.machine.run("systemctl", &["restart", "--no-block", "mirai@a"]).await?;
    // systemd gives up what dies five times in ten seconds, if it is let.
    tokio::time::sleep(Duration::from_secs(15)).await;
    site.machine.run("systemctl", &["is-active", "mirai.socket"]).await?;
    let state = site.machine.launch("systemctl").args(["is-active", "mirai@a"]).run(site::PATIENCE).await?.stdout;
    assert_ne!(state.trim(), "active", "the settings do no harm");
    std::fs::write(&settings, kept)?;
    site.serves(&site::id_of(&site.first)).await
}

/// A release takes its own place to take up new settings, and leaves it alone where it can't start with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_takes_up_new_settings_without_a_gap_and_refuses_broken_ones() -> anyhow::Result<()> {
    let Some(site) = Site::new().await? else { return Ok(()) };
    let (first, release) = (site::id_of(&site.first), ["release", "--artifact", &site.first]);
    assert_eq!(site.deploy(&release).await?.0, 0);
    let before = unit_pids(&site).await?;
    // Times of files and units are told in seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let settings = site.machine.file("/srv/mirai/host.env");
    let kept = std::fs::read_to_string(&settings)?;
    std::fs::write(&settings, kept.replace("DATA_KEYS=", "DATA_KEYS=no-key-"))?;
    let (code, said) = site.deploy(&release).await?;
    assert!(code == 20 && said.contains("DATA_KEYS"), "{code}: {said}");
    assert_eq!((site.ready_release().await?, unit_pids(&site).await?), (first.clone(), before.clone()));
    std::fs::write(&settings, &kept)?;

    let load = Load::begin(&site).await?;
    let own = std::fs::read_to_string(site.dir.join("host.env"))?;
    std::fs::write(site.dir.join("host.env"), own + "MONEY_BACK_DAYS=14\n")?;
    let (code, said) = site.deploy(&["provision", "--artifact", &site.first]).await?;
    assert!(code == 0 && said.contains("takes up the new settings"), "{code}: {said}");
    // They do not prove themselves: those from before are there again, and what serves began with them.
    site.fail_at("watch")?;
    let (code, said) = site.deploy(&release).await?;
    assert_eq!(code, 21, "{said}");
    is_settled(&site).await?;
    let refused = std::fs::read_to_string(site.machine.file("/srv/mirai/host.env.refused"))?;
    assert!(refused.contains("MONEY_BACK_DAYS=14") && std::fs::read_to_string(&settings)? == kept);
    let (code, said) = site.deploy(&release).await?;
    assert!(code == 0 && said.contains("nothing was to be done"), "{said}");

    let (code, said) = site.deploy(&["provision", "--artifact", &site.first]).await?;
    assert!(code == 0 && said.contains("takes up the new settings"), "{code}: {said}");
    let (code, said) = site.deploy(&["status"]).await?;
    assert!(code == 0 && said.contains("the settings were changed since it began"), "{code}: {said}");
    let (code, said) = site.deploy(&release).await?;
    assert_eq!(code, 0, "{said}");
    load.end(&site).await?;
    site.serves(&first).await?;
    let after = unit_pids(&site).await?;
    assert!(after[0].1 == "0" && after[1].1 != "0", "in the other slot: {before:?} {after:?}");
    let (code, said) = site.deploy(&release).await?;
    assert!(code == 0 && said.contains("nothing was to be done"), "{said}");
    is_settled(&site).await
}

/// No switch is under way, and the point at which somebody was to die was passed.
async fn is_settled(site: &Site) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let (code, said) = site.deploy(&["status"]).await?;
        let is_passed = !site.machine.file("/srv/mirai/failpoint").exists();
        if code == 0 && is_passed && !said.contains("a switch to") {
            return Ok(());
        }
        anyhow::ensure!(began.elapsed() < site::PATIENCE, "passed: {is_passed}; {code}: {said}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

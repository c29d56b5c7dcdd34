//! Refused sign-ins: nginx writes the one line that may name a client, fail2ban reads it, and it is gone within the hour.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::json;
use testkit::app::Database;
use testkit::fleet::{Fleet, Node, eventually};
use testkit::house::root;
use testkit::missing::need;
use testkit::private_dir::PrivateDir;

use super::nginx::Site;
use super::{shipped, succeed};

/// A wrong password, by the API.
async fn guess(node: &Node, name: &str) -> anyhow::Result<StatusCode> {
    let body = json!({ "email": format!("{name}@example.net"), "password": "a guess of mine" });
    Ok(node.caller.post("/auth/login", None, &body).await?.0)
}

/// The lines, once there are so many: nginx writes them after its answer.
async fn lines(file: &Path, count: usize) -> anyhow::Result<Vec<String>> {
    eventually("the lines", async || {
        let text = std::fs::read_to_string(file)?;
        Ok((text.lines().count() >= count).then(|| text.lines().map(str::to_owned).collect()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail2ban_sees_who_guesses_and_nobody_else_and_the_hour_takes_it_away() -> anyhow::Result<()> {
    let Some(regex) = need("fail2ban-regex", "fail2ban")? else { return Ok(()) };
    let Some(logrotate) = need("logrotate", "logrotate")? else { return Ok(()) };
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let Some(site) = Site::before(&mut fleet).await? else { return Ok(()) };
    fleet.set("LIMIT_CREDENTIAL", "8");
    let node = site.serve(&fleet).await?;
    let http = &node.caller.http;

    // A life without a wrong password leaves nothing.
    let mika = fleet.with_user(&node, "mika").await?;
    node.caller.get("/user/me", Some(&mika)).await?;
    for path in ["/", "/login", "/dashboard", "/nowhere", "/backend/api/user/me"] {
        http.get(format!("{}{path}", site.base)).send().await?;
    }
    node.caller.post("/auth/refresh", None, &json!({ "refresh_token": "no token of ours" })).await?;

    // Wrong passwords in the form and by the API, and then the limit.
    let form = [("email", "mika@example.net"), ("password", "a guess of mine")];
    let page = http.post(format!("{}/login", site.base)).header("origin", "http://localhost:1").form(&form);
    assert_eq!(page.send().await?.status(), StatusCode::UNAUTHORIZED);
    let mut statuses = vec![401];
    while statuses.last() != Some(&429) {
        anyhow::ensure!(statuses.len() < 20, "the limit does not come");
        statuses.push(guess(&node, "mika").await?.as_u16());
    }
    let file = site.folder.join("mirai-refused");
    let found = lines(&file, statuses.len()).await?;
    let told: Vec<_> = found.iter().map(|line| line.split_once(' ').map_or("", |(_, rest)| rest)).collect();
    let expected: Vec<_> = statuses.iter().map(|status| format!("127.0.0.1 {status}")).collect();
    assert_eq!(told, expected, "a line for each, with an address and without an account");

    let filter = root().join("ops/fail2ban/filter.d/mirai-refused.conf");
    let said = succeed(&regex, [&file, &filter]).await?.stdout;
    let count = statuses.len();
    assert!(said.contains(&format!("Lines: {count} lines, 0 ignored, {count} matched, 0 missed")), "{said}");

    // Nothing but that file names anybody.
    assert_eq!(std::fs::read_to_string(site.folder.join("error.log"))?, "");

    let here = site.folder.to_string_lossy().into_owned();
    let mut rules = shipped("ops/logrotate/mirai")?.replace("/var/log/nginx/", &format!("{here}/"));
    rules = rules.replace("/run/nginx.pid", &format!("{here}/pid"));
    if !rustix::process::getuid().is_root() {
        rules = rules.replace("create 0640 root adm", "create 0640");
    }
    let config = site.folder.join("rotate.conf");
    std::fs::write(&config, rules)?;
    let state = site.folder.join("rotated");
    let args = ["--state", &state.to_string_lossy(), "--force", &config.to_string_lossy()].map(str::to_owned);
    succeed(&logrotate, &args).await?;
    let kept: Vec<_> = std::fs::read_dir(&site.folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("mirai-refused"))
        .collect();
    assert_eq!(kept, ["mirai-refused"], "no older one is kept");
    // nginx goes on in the new file.
    let again = async || {
        guess(&node, "noa").await?;
        Ok((!std::fs::read_to_string(&file)?.is_empty()).then_some(()))
    };
    eventually("a line in the new file", again).await
}

#[tokio::test]
async fn fail2ban_takes_the_shipped_jails_and_remembers_nothing_on_disk() -> anyhow::Result<()> {
    let Some(client) = need("fail2ban-client", "fail2ban")? else { return Ok(()) };
    let Some(copy) = need("cp", "coreutils")? else { return Ok(()) };
    let dir = PrivateDir::new("jails")?;
    let (config, log) = (dir.join("fail2ban"), dir.join("mirai-refused"));
    succeed(&copy, ["-r", "/etc/fail2ban", &config.to_string_lossy()]).await?;
    std::fs::write(&log, "")?;
    for file in ["filter.d/mirai-refused.conf", "jail.d/mirai.local", "fail2ban.d/mirai.local"] {
        let text = shipped(&format!("ops/fail2ban/{file}"))?;
        std::fs::write(config.join(file), text.replace("/var/log/nginx/mirai-refused", &log.to_string_lossy()))?;
    }
    let config = config.to_string_lossy();
    succeed(&client, ["-c", &config, "--test"]).await?;
    let said = succeed(&client, ["-c", &config, "-d"]).await?.stdout;
    for word in [
        "['set', 'dbfile', ':memory:']",
        "['set', 'loglevel', 'ERROR']",
        "['set', 'mirai-refused', 'maxretry', 30]",
        "['start', 'mirai-refused']",
        "['start', 'sshd']",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    Ok(())
}

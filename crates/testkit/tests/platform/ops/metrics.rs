//! Prometheus and Grafana: the shipped rules and dashboards speak of metrics that there are, and each alert says what to do.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use app::Clock;
use gateway::{FakeDevice, Place};
use serde_json::{Value, json};
use testkit::app::Database;
use testkit::discord::Guild;
use testkit::fleet::Fleet;
use testkit::house::root;
use testkit::missing::need;
use testkit::private_dir::PrivateDir;
use testkit::process::Running;

use super::{PATIENCE, shipped, succeed};
use crate::agents;

const RULES: &str = "ops/prometheus/mirai.rules.yml";

#[tokio::test]
async fn prometheus_takes_the_shipped_rules_and_their_proofs_hold() -> anyhow::Result<()> {
    let Some(promtool) = need("promtool", "prometheus")? else { return Ok(()) };
    let at = |file: &str| root().join("ops/prometheus").join(file).to_string_lossy().into_owned();
    succeed(&promtool, ["check", "config", &at("prometheus.yml")]).await?;
    succeed(&promtool, ["test", "rules", &at("mirai.test.yml")]).await?;
    // What the dashboards ask is asked in the same language.
    let dir = PrivateDir::new("promtool")?;
    let rules: Vec<Value> = (0..)
        .zip(dashboards()?)
        .flat_map(|(n, board)| questions(&board).into_iter().map(move |expr| (n, expr)).collect::<Vec<_>>())
        .enumerate()
        .map(|(n, (board, expr))| json!({ "record": format!("dashboard:{board}:{n}"), "expr": expr }))
        .collect();
    assert!(rules.len() > 20, "{rules:?}");
    // JSON is YAML.
    let file = dir.join("questions.yml");
    std::fs::write(&file, json!({ "groups": [{ "name": "dashboards", "rules": rules }] }).to_string())?;
    succeed(&promtool, ["check", "rules", &file.to_string_lossy()]).await?;
    Ok(())
}

fn dashboards() -> anyhow::Result<Vec<Value>> {
    let mut files: Vec<_> = std::fs::read_dir(root().join("ops/grafana"))?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(std::fs::DirEntry::path);
    files.iter().map(|file| Ok(serde_json::from_str(&std::fs::read_to_string(file.path())?)?)).collect()
}

/// Everything that a dashboard asks Prometheus.
fn questions(board: &Value) -> Vec<String> {
    let panels = board["panels"].as_array().into_iter().flatten();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.filter_map(|target| target["expr"].as_str()).map(str::to_owned).collect()
}

/// Names of metrics of ours in a text, recorded ones (`mirai:users`) too.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let is_ours = |word: &&str| word.starts_with("mirai_") || word.starts_with("mirai:");
    words.filter(is_ours).map(|word| word.trim_end_matches(':').to_owned()).collect()
}

/// The values of a key in the rules: `expr:` and the like, each on a line of its own or on the next.
fn values<'a>(rules: &'a str, key: &str) -> Vec<&'a str> {
    let mut lines = rules.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(value) = line.trim_start().trim_start_matches("- ").strip_prefix(key) else { continue };
        found.push(if value.trim() == ">-" { lines.next().unwrap_or_default().trim() } else { value.trim() });
    }
    found
}

/// Where a process serves its metrics.
async fn metrics_of(process: &mut Running) -> anyhow::Result<String> {
    let line: Value = serde_json::from_str(&process.wait_for_line("\"metrics\"", PATIENCE).await?)?;
    let place = line["fields"]["place"].as_str().context("a place")?;
    Ok(format!("http://{place}/metrics"))
}

/// The names of all samples that a process shows.
async fn exposed(url: &str) -> anyhow::Result<BTreeSet<String>> {
    let text = reqwest::get(url).await?.text().await?;
    let samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    Ok(samples.filter_map(|line| line.split(['{', ' ']).next()).map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_and_dashboards_speak_of_metrics_that_the_program_has() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let app = fleet.look(Clock::System).await?;
    let guild = Guild::of(&app).await?;
    bot::register(&guild.settings()?).await?;
    for (name, value) in guild.environment() {
        fleet.set(name, &value);
    }
    // What was sold is in the figures that a process begins with; the next ones come after a minute.
    let before = fleet.serve().await?;
    let mika = fleet.with_subscriber(&before, "mika").await?;
    before.process.terminate()?;
    before.process.wait(PATIENCE).await?;
    fleet.set("METRICS_LISTEN", "127.0.0.1:0");
    fleet.set("BOT_METRICS_LISTEN", "127.0.0.1:0");
    let mut node = fleet.serve().await?;
    let serve = metrics_of(&mut node.process).await?;
    let mut bot = fleet.command(&["bot"]).start().await?;
    let discord = metrics_of(&mut bot).await?;

    // A device reaches its gateway.
    let place = Place::new(fleet.dir.join("gateway"));
    let token = app::admin::servers::renew_token(&app, app::admin::COMMAND_LINE, "osaka-1").await?;
    gateway::enrol(&place, &node.caller.base, &token, "fake").await?;
    let mut agent = agents::start(&place, &FakeDevice::default(), Clock::System).await?;
    agent.status.wait_for(|status| status.revision.is_some()).await?;
    node.caller.post("/devices", Some(&mika), &json!({ "name": "phone" })).await?;

    let rules = shipped(RULES)?;
    let recorded: BTreeSet<String> = values(&rules, "record:").into_iter().map(str::to_owned).collect();
    assert!(recorded.len() > 5, "{recorded:?}");
    let mut asked: BTreeSet<String> = values(&rules, "expr:").into_iter().flat_map(names).collect();
    for board in dashboards()? {
        asked.extend(questions(&board).iter().flat_map(|question| names(question)));
    }
    let asked: BTreeSet<String> = asked.difference(&recorded).cloned().collect();
    assert!(asked.len() > 20 && asked.iter().all(|name| name.starts_with("mirai_")), "{asked:?}");
    let mut missing = asked.clone();
    let until = Instant::now() + PATIENCE;
    while !missing.is_empty() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let shown = &exposed(&serve).await? | &exposed(&discord).await?;
        missing = asked.difference(&shown).cloned().collect();
    }
    assert_eq!(missing, BTreeSet::new(), "the program has no such metrics");
    let shown = reqwest::get(&serve).await?.text().await?;
    for line in [
        "mirai_users 1",
        "mirai_subscriptions{plan=\"vip\",status=\"active\"} 1",
        "mirai_subscriptions{plan=\"vip\",status=\"past_due\"} 0",
        "mirai_sold_day_minor_units{currency=\"usd\"} 1999",
        "mirai_jobs{state=\"dead\"} 0",
        // There before it first rises.
        "mirai_jobs_dead_total{kind=\"mail_send\"} 0",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    // Up, or degraded where this machine is at its limits.
    let servers = shown.lines().filter(|line| line.starts_with("mirai_servers{"));
    let count = servers.filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok()).sum::<u32>();
    assert_eq!(count, 1, "{shown}");
    assert!(!shown.contains("mika"), "metrics name nobody");
    agent.stop().await??;
    Ok(())
}

/// What GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept =
        heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-').collect::<String>();
    kept.replace(' ', "-")
}

#[test]
fn each_alert_leads_to_what_is_to_be_done() -> anyhow::Result<()> {
    let (rules, operations) = (shipped(RULES)?, shipped("docs/operations.md")?);
    let (alerts, books) = (values(&rules, "alert:"), values(&rules, "runbook_url:"));
    assert!(alerts.len() > 10 && alerts.len() == books.len(), "{alerts:?} {books:?}");
    let sections: Vec<(String, &str)> = operations
        .split("\n### ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .map(|(heading, rest)| (anchor(heading), rest.split("\n## ").next().unwrap_or(rest).trim()))
        .collect();
    for (alert, book) in alerts.iter().zip(books) {
        let (page, section) = book.split_once('#').with_context(|| format!("{alert}: {book}"))?;
        assert!(page.ends_with("/docs/operations.md"), "{alert}: {page}");
        let words = sections.iter().find(|(name, _)| name == section).map_or(0, |(_, text)| text.split(' ').count());
        assert!(words > 10, "{alert}: docs/operations.md does not say what to do under #{section}");
    }
    for (section, _) in sections.iter().filter(|(section, _)| section.starts_with("mirai")) {
        assert!(alerts.iter().any(|alert| alert.to_lowercase() == *section), "{section} is no alert any more");
    }
    Ok(())
}

#[test]
fn dashboards_can_be_told_apart_and_each_picture_says_what_it_shows() -> anyhow::Result<()> {
    let boards = dashboards()?;
    let ids: BTreeSet<_> = boards.iter().map(|board| board["uid"].to_string()).collect();
    assert_eq!((boards.len(), ids.len()), (4, 4));
    for board in boards {
        for panel in board["panels"].as_array().context("panels")? {
            let text = |key: &str| panel[key].as_str().map_or(0, str::len);
            assert!(text("title") > 3 && text("description") > 10 && panel["gridPos"]["w"].is_u64(), "{panel}");
        }
    }
    Ok(())
}

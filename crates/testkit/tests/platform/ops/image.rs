//! The container image, what is run beside it, and the public CI: read, and held against the program. They are built elsewhere.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;
use testkit::house::root;
use testkit::missing::need;
use testkit::process::Bin;

use super::{PATIENCE, shipped, succeed};

/// A YAML file, as JSON.
async fn yaml(yq: &Path, file: &str) -> anyhow::Result<Value> {
    let done = succeed(yq, [".", &root().join(file).to_string_lossy()]).await?;
    Ok(serde_json::from_str(&done.stdout)?)
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn compose_sets_what_the_program_has_and_publishes_to_this_machine_alone() -> anyhow::Result<()> {
    let Some(yq) = need("yq", "yq")? else { return Ok(()) };
    let compose = yaml(&yq, "compose.yaml").await?;
    let known = Bin::mirai().await?.launch().args(["config", "--json"]).current_dir(root()).run(PATIENCE).await?.stdout;
    let known: Vec<Value> = serde_json::from_str(&known)?;
    let mirai = &compose["services"]["mirai"];
    let set = mirai["environment"].as_object().context("settings")?;
    assert!(set.len() > 5, "{set:?}");
    for name in set.keys() {
        assert!(known.iter().any(|setting| setting["name"] == name.as_str()), "{name} is no setting");
    }
    let is_secret = |name: &&String| ["KEY", "SECRET", "PASSWORD", "TOKEN"].iter().any(|part| name.contains(part));
    assert_eq!(set.keys().find(is_secret), None, "secrets are in .env");
    assert_eq!(mirai["env_file"], ".env");
    assert_eq!((&mirai["read_only"], texts(&mirai["cap_drop"])), (&Value::Bool(true), vec!["ALL"]));
    for (name, service) in compose["services"].as_object().context("services")? {
        assert!(texts(&service["ports"]).iter().all(|port| port.starts_with("127.0.0.1:")), "{name}");
        let (image, is_built) = (service["image"].as_str().context("an image")?, service.get("build").is_some());
        assert!(is_built || image.contains(':') && !image.ends_with(":latest"), "{image} is any version");
    }
    Ok(())
}

#[test]
fn the_image_is_built_as_for_release_and_runs_as_nobody_in_particular() -> anyhow::Result<()> {
    let (image, toolchain) = (shipped("Dockerfile")?, shipped("rust-toolchain.toml")?);
    let toolchain: toml::Table = toolchain.parse()?;
    let channel = toolchain["toolchain"]["channel"].as_str().context("a channel")?;
    let from: Vec<_> = image.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert_eq!(from, [&format!("rust:{channel}-slim-bookworm AS build"), "debian:bookworm-slim"]);
    assert!(image.contains("--locked --package mirai --no-default-features --features control,gateway"));
    let user = image.lines().rev().find_map(|line| line.strip_prefix("USER ")).context("a user")?;
    assert!(!user.starts_with('0') && !user.contains("root"), "{user}");
    let ignored = shipped(".dockerignore")?;
    for secret in [".env", ".env.*", "mirai.toml", "data", ".git"] {
        assert!(ignored.lines().any(|line| line == secret), "{secret} is sent to the builder");
    }
    Ok(())
}

#[tokio::test]
async fn the_public_ci_may_read_and_no_more_and_names_what_it_runs() -> anyhow::Result<()> {
    let Some(yq) = need("yq", "yq")? else { return Ok(()) };
    let ci = yaml(&yq, ".github/workflows/ci.yml").await?;
    assert_eq!(ci["permissions"], serde_json::json!({ "contents": "read" }));
    let jobs = ci["jobs"].as_object().context("jobs")?;
    let steps: Vec<&Value> = jobs.values().flat_map(|job| job["steps"].as_array().into_iter().flatten()).collect();
    assert!(steps.iter().any(|step| step["run"] == ".ci/run"), "the gate is the one of everybody");
    for (name, job) in jobs {
        assert!(job.get("permissions").is_none() && job["timeout-minutes"].is_u64(), "{name}");
    }
    for action in steps.iter().filter_map(|step| step["uses"].as_str()) {
        let version = action.split_once('@').map_or("", |(_, version)| version);
        let is_major = version.strip_prefix('v').is_some_and(|major| major.parse::<u32>().is_ok());
        let is_commit = version.len() == 40 && version.chars().all(|c| c.is_ascii_hexdigit());
        assert!(is_major || is_commit, "{action}");
    }
    Ok(())
}

//! The crates' tests: built once, then run by nextest, or by `cargo test` where nextest is not installed.

use crate::run::{Heard, cargo, colours, hear, root, shown};
use crate::tally::{Tally, from_cargo_test, from_nextest};
use crate::{needs, say};
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Executables that the suites need, as cargo built them.
pub(crate) struct Built {
    pub(crate) mirai: PathBuf,
    pub(crate) mariadb_for_tests: PathBuf,
    /// Holds `mirai` under a name of this run's own: a build elsewhere must not swap the program during the tests.
    _held: TempDir,
}

/// Builds all tests and executables in one go, so that both are made with the same features.
pub(crate) fn build() -> anyhow::Result<Built> {
    let mut command = cargo(&["build", "--workspace", "--all-targets", "--locked"]);
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("`cargo build --workspace --all-targets --locked` failed");
    }
    let messages = String::from_utf8(output.stdout)?;
    let find = |name| executable(&messages, name).with_context(|| format!("cargo built no executable `{name}`"));
    let built = find("mirai")?;
    let beside = built.parent().context("an executable lies in a folder")?;
    let held = tempfile::Builder::new().prefix("under-test-").tempdir_in(beside)?;
    let mirai = held.path().join("mirai");
    std::fs::hard_link(&built, &mirai).or_else(|_| std::fs::copy(&built, &mirai).map(drop))?;
    Ok(Built { mirai, mariadb_for_tests: find("mariadb_for_tests")?, _held: held })
}

/// Builds one executable of a package for release.
pub(crate) fn build_release(package: &str, name: &str, more: &[&str]) -> anyhow::Result<PathBuf> {
    let mut command = cargo(&["build", "--release", "--locked", "--package", package]);
    command.args(more);
    built_by(&mut command, name)
}

/// Builds one executable of another checkout, into a folder of its own.
pub(crate) fn build_in(checkout: &Path, target: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let mut command = cargo(&["build", "--locked", "--package", name]);
    command.current_dir(checkout).env("CARGO_TARGET_DIR", target);
    built_by(&mut command, name)
}

/// The executable that this build of cargo's makes.
fn built_by(build: &mut Command, name: &str) -> anyhow::Result<PathBuf> {
    build.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped()).stderr(Stdio::inherit());
    let text = shown(build);
    let output = build.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("`{text}` failed");
    }
    let messages = String::from_utf8(output.stdout)?;
    executable(&messages, name).with_context(|| format!("cargo built no executable `{name}`"))
}

/// Where cargo builds.
pub(crate) fn target_folder() -> anyhow::Result<PathBuf> {
    let said =
        cargo(&["metadata", "--no-deps", "--format-version=1", "--locked"]).output().context("cannot run cargo")?;
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).context("cargo tells nothing of itself")?;
    said["target_directory"].as_str().map(PathBuf::from).context("cargo does not say where it builds")
}

/// The executable of a binary target among cargo's messages, one JSON object a line.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name && message["target"]["kind"][0] == "bin")
        .filter(|message| message["profile"]["test"] == false)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Runs the crates' tests, only those whose name contains one of `filters` when there are any.
pub(crate) fn test(filters: &[String], env: &[(&str, String)]) -> anyhow::Result<(Heard, Tally)> {
    let nextest = needs::has_nextest();
    let mut command = if nextest { with_nextest(filters) } else { with_cargo_test(filters) };
    command.envs(env.iter().map(|(name, value)| (name, value)));
    say::step(&shown(&command));
    let heard = hear(&mut command)?;
    let mut tally = if nextest { from_nextest(&heard.text) } else { from_cargo_test(&heard.text) };
    if nextest && !filters.is_empty() {
        // nextest counts what the filter leaves out as skipped, and that is not what was asked.
        tally.skipped = 0;
    }
    Ok((heard, tally))
}

fn with_nextest(filters: &[String]) -> Command {
    let mut command = cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
    if filters.is_empty() {
        // Among hundreds of tests with real programs one may meet a moment that is nobody's; it is named at the end.
        command.args(["--retries", "1"]);
    }
    // A test waits half of its time: for a database, a browser, a process that begins.
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    command.args(["--test-threads", &(processors + processors.div_ceil(2)).to_string()]);
    command.args(["--color", if colours() { "always" } else { "never" }]).args(filters);
    command
}

fn with_cargo_test(filters: &[String]) -> Command {
    let mut command = cargo(&["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]);
    command.args(["--color", if colours() { "always" } else { "never" }, "--"]).args(filters);
    command
}

/// Takes the pictures of the README.
pub(crate) fn take_screenshots() -> anyhow::Result<()> {
    let mut command = cargo(&["run", "--quiet", "--package", "testkit", "--bin", "screenshots", "docs/screenshots"]);
    say::step(&shown(&command));
    if !command.status().context("cannot run cargo")?.success() {
        bail!("the pictures were not taken");
    }
    Ok(())
}

/// Runs the examples in documentation comments. They compile slowly, so this is not even begun when there are none.
pub(crate) fn test_documentation() -> anyhow::Result<Option<(Heard, Tally)>> {
    if !has_examples()? {
        return Ok(None);
    }
    let mut command = cargo(&["test", "--workspace", "--doc", "--locked", "--no-fail-fast"]);
    say::step(&shown(&command));
    let heard = hear(&mut command)?;
    let tally = from_cargo_test(&heard.text);
    Ok(Some((heard, tally)))
}

/// True when a documentation comment in any crate opens a code block.
fn has_examples() -> anyhow::Result<bool> {
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && opens_example(&std::fs::read_to_string(path)?)
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn opens_example(source: &str) -> bool {
    source.lines().map(str::trim_start).any(|line| {
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        comment.is_some_and(|text| ["```", "```rust"].contains(&text.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_the_plain_one_not_its_test_harness() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"mirai","kind":["bin"]},"profile":{"test":true},"executable":"/t/deps/mirai-1"}
not json
{"reason":"compiler-artifact","target":{"name":"mirai","kind":["bin"]},"profile":{"test":false},"executable":"/t/mirai"}"#;
        assert_eq!(executable(messages, "mirai"), Some(PathBuf::from("/t/mirai")));
        assert_eq!(executable(messages, "other"), None);
    }

    #[test]
    fn an_example_is_a_code_block_of_rust_in_a_comment() {
        assert!(opens_example("    /// ```\n"));
        assert!(opens_example("//! ```rust\n"));
        assert!(!opens_example("/// ```text\nlet x = \"```\";\n"));
    }
}

//! `cargo xtask test`: everything that a change must pass, with one closing line.

use crate::needs::{self, Need};
use crate::tally::{Tally, from_node, second_tries};
use crate::{fuzz, mariadb, node, previous, rust, say};
use anyhow::{Context as _, bail};
use clap::Args;
use std::process::ExitCode;

/// What `cargo xtask test` takes.
#[derive(Args)]
#[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --skip-missing\n  \
    cargo xtask test wireguard\n\nExample: the last one runs only the Rust tests whose name contains \"wireguard\".")]
pub(crate) struct Options {
    /// Skip the suites whose programs are not installed, and list them at the end, instead of installing packages.
    #[arg(long)]
    skip_missing: bool,
    /// Run the long forms: more cases, more rounds, and an hour of fuzzing.
    #[arg(long)]
    long: bool,
    /// Run only Rust tests whose name contains one of these; leaves out the browser modules and the style sheet.
    filter: Vec<String>,
}

/// What the run has come to so far.
#[derive(Default)]
struct Outcome {
    tally: Tally,
    failures: Vec<String>,
    skipped: Vec<String>,
    second_tries: Vec<String>,
}

/// Runs the tests. The last line is the count; the exit code says whether all passed.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let missing = if options.skip_missing {
        needs::missing(&needs::TESTS)
    } else {
        needs::install(&needs::TESTS)?;
        Vec::new()
    };
    let mut outcome = Outcome::default();
    if options.filter.is_empty() {
        outcome.part("the browser side", |outcome| browser_side(options, outcome));
    }
    outcome.part("the crates", |outcome| crates(options, &missing, outcome));
    if options.long && options.filter.is_empty() {
        outcome.part("fuzzing", |outcome| fuzzing(options, outcome));
    }
    Ok(outcome.close())
}

impl Outcome {
    /// A part that breaks down before it could count its tests counts as one failed.
    fn part(&mut self, name: &str, run: impl FnOnce(&mut Self) -> anyhow::Result<()>) {
        if let Err(error) = run(self) {
            say::error(&format!("{error:#}"));
            self.tally.failed += 1;
            self.failures.push(format!("{name}: {error:#}"));
        }
    }

    fn count(&mut self, name: &str, success: bool, tally: Tally) {
        self.tally.add(tally);
        if !success {
            self.failures.push(format!("{name}: {}", tally.line()));
            // The runner itself may fail, say at building, without a failed test.
            self.tally.failed += u64::from(tally.failed == 0);
        }
    }

    fn passed(&self) -> bool {
        self.failures.is_empty() && self.tally.failed == 0
    }

    fn close(mut self) -> ExitCode {
        if !self.skipped.is_empty() {
            say::step("skipped");
            self.skipped.sort();
            self.skipped.iter().for_each(|line| say::note(&format!("  {line}")));
        }
        if !self.second_tries.is_empty() {
            say::step("passed only when tried again: each is a defect, of the test or of what it tests");
            self.second_tries.iter().for_each(|line| say::note(&format!("  {line}")));
        }
        if !self.failures.is_empty() {
            say::step("failed");
            self.failures.iter().for_each(|line| say::note(&format!("  {line}")));
        }
        say::note("");
        say::result(&self.tally.line());
        if self.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn browser_side(options: &Options, outcome: &mut Outcome) -> anyhow::Result<()> {
    if !node::exists() {
        return Ok(());
    }
    if let Some(obstacle) = needs::node_obstacle() {
        if !options.skip_missing {
            bail!("{obstacle}; `cargo xtask test --skip-missing` runs the rest");
        }
        outcome.tally.skipped += 1;
        outcome.skipped.push(obstacle);
        return Ok(());
    }
    say::step("npm ci, npm test (in assets/)");
    node::install()?;
    let heard = node::test()?;
    outcome.count("npm test", heard.success, from_node(&heard.text));
    say::step("is the style sheet fresh?");
    outcome.part("the style sheet", |_| node::css_is_fresh());
    Ok(())
}

fn crates(options: &Options, missing: &[Need], outcome: &mut Outcome) -> anyhow::Result<()> {
    say::step("cargo build --workspace --all-targets --locked");
    let built = rust::build()?;
    let notes = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
    let mut env = vec![
        ("MIRAI_BIN", built.mirai.display().to_string()),
        ("MIRAI_SKIPPED_LOG", notes.path().display().to_string()),
    ];
    if options.skip_missing {
        env.push(("MIRAI_SKIP_MISSING", "1".into()));
    }
    if options.long {
        env.push(("MIRAI_TEST_LONG", "1".into()));
        env.push(("MIRAI_PREVIOUS_BIN", previous::build()?.display().to_string()));
    }
    // Held until the tests are over.
    let server = if missing.iter().any(|need| need.package == "mariadb-server-core") {
        None
    } else {
        Some(mariadb::start(&built.mariadb_for_tests)?)
    };
    if let Some(server) = &server {
        env.push(("MIRAI_TEST_MARIADB", server.url.clone()));
        env.push(("MIRAI_TEST_TEMPLATES", server.templates.clone()));
    }

    let (heard, tally) = rust::test(&options.filter, &env)?;
    outcome.count("the crates' tests", heard.success, tally);
    outcome.second_tries = second_tries(&heard.text);
    if options.filter.is_empty()
        && let Some((heard, tally)) = rust::test_documentation()?
    {
        outcome.count("the documentation's examples", heard.success, tally);
    }
    drop(server);

    let notes = std::fs::read_to_string(notes.path())?;
    outcome.tally.skip_passed(u64::try_from(notes.lines().count())?);
    outcome.skipped.extend(notes.lines().map(str::to_owned));
    let packages = needs::packages(missing);
    if !packages.is_empty() {
        outcome.skipped.push(format!("to run all of it: apt-get install {}", packages.join(" ")));
        let suites: std::collections::BTreeSet<_> = missing.iter().map(|need| need.suite).collect();
        outcome.skipped.extend(suites.into_iter().map(|suite| format!("not tested: {suite}")));
    }
    Ok(())
}

fn fuzzing(options: &Options, outcome: &mut Outcome) -> anyhow::Result<()> {
    let targets = fuzz::targets()?;
    if options.skip_missing
        && let Some(missing) = fuzz::missing()
    {
        outcome.tally.skipped += u64::try_from(targets.len())?;
        outcome.skipped.push(format!("not fuzzed: {missing}"));
        return Ok(());
    }
    fuzz::prepare()?;
    let fuzzed = fuzz::feed(&targets, fuzz::LONG_S)?;
    outcome.tally.add(fuzzed.tally);
    outcome.failures.extend(fuzzed.failures);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_breaks_never_closes_with_zero_failed() {
        let mut outcome = Outcome::default();
        outcome.part("the crates", |_| bail!("does not compile"));
        assert_eq!(outcome.tally.line(), "0 passed, 1 failed, 0 skipped");
        assert!(!outcome.passed());

        let mut outcome = Outcome::default();
        outcome.count("npm test", false, Tally { passed: 3, failed: 0, skipped: 0 });
        assert_eq!(outcome.tally.failed, 1);
    }

    #[test]
    fn skipped_ones_alone_do_not_fail_a_run() {
        let mut outcome = Outcome::default();
        outcome.count("the crates' tests", true, Tally { passed: 3, failed: 0, skipped: 2 });
        outcome.skipped.push("a: no browser".into());
        assert!(outcome.passed());
    }
}

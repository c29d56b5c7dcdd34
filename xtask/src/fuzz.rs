//! `cargo xtask fuzz`: the parsers, fed by libFuzzer for a while. It needs the nightly compiler and cargo-fuzz.

use crate::run::{cargo, command, hear, must, root, shown};
use crate::say;
use crate::tally::Tally;
use anyhow::{Context as _, bail};
use clap::Args;
use std::process::{Command, ExitCode};

/// How long `cargo xtask test --long` feeds each target, in seconds.
pub(crate) const LONG_S: u32 = 600;

/// The whole product is built anew with its branches counted: quicker in several units, and hardly slower to run.
const UNITS: &str = "--codegen-units=16";

/// What `cargo xtask fuzz` takes.
#[derive(Args)]
#[command(after_help = "Examples:\n  cargo xtask fuzz\n  cargo xtask fuzz email cookies --seconds 3600\n\n\
    Example: the last one feeds two parsers for an hour each. What is found lies in fuzz/artifacts/, and belongs into \
    fuzz/corpus/ once it is mended.")]
pub(crate) struct Options {
    /// Targets, by the names of the files in fuzz/fuzz_targets/; all of them if none is named.
    target: Vec<String>,
    /// How long each target is fed.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// What came of it: each target is one test.
#[derive(Default)]
pub(crate) struct Fuzzed {
    pub(crate) tally: Tally,
    pub(crate) failures: Vec<String>,
}

/// Runs the targets. The last line is the count; the exit code says whether all passed.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let targets = chosen(&options.target, targets()?)?;
    prepare()?;
    let fuzzed = feed(&targets, options.seconds)?;
    fuzzed.failures.iter().for_each(|line| say::note(line));
    say::note("");
    say::result(&fuzzed.tally.line());
    Ok(if fuzzed.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The names of all targets, in order.
pub(crate) fn targets() -> anyhow::Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn chosen(wanted: &[String], all: Vec<String>) -> anyhow::Result<Vec<String>> {
    if let Some(strange) = wanted.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target `{strange}`; there are: {}", all.join(", "));
    }
    Ok(if wanted.is_empty() { all } else { wanted.to_vec() })
}

const NO_NIGHTLY: &str = "a nightly compiler is needed; type\n    rustup toolchain install nightly --profile minimal";
const NO_CARGO_FUZZ: &str = "cargo-fuzz is needed; type\n    cargo install --locked cargo-fuzz";

/// What fuzzing lacks here, with what to type; `None` when it can begin.
pub(crate) fn missing() -> Option<&'static str> {
    if !works(&["--version"]) {
        return Some(NO_NIGHTLY);
    }
    (!works(&["fuzz", "--version"])).then_some(NO_CARGO_FUZZ)
}

/// Installs cargo-fuzz if it is missing, and says so; else one error with the command to type.
pub(crate) fn prepare() -> anyhow::Result<()> {
    match missing() {
        None => Ok(()),
        Some(NO_CARGO_FUZZ) => {
            let mut install = cargo(&["install", "--locked", "cargo-fuzz"]);
            say::step(&format!("installing cargo-fuzz, which feeds the parsers: {}", shown(&install)));
            must(&mut install).context(NO_CARGO_FUZZ)
        }
        Some(lack) => bail!(lack),
    }
}

fn works(args: &[&str]) -> bool {
    nightly(args).output().is_ok_and(|output| output.status.success())
}

/// Feeds each of the targets for so many seconds. All are built first, so that a target's time is its own.
pub(crate) fn feed(targets: &[String], seconds: u32) -> anyhow::Result<Fuzzed> {
    let mut build = nightly(&["fuzz", "build", UNITS]);
    say::step(&shown(&build));
    must(&mut build)?;
    let mut fuzzed = Fuzzed::default();
    for target in targets {
        let (found, limit) = (format!("fuzz/found/{target}"), format!("-max_total_time={seconds}"));
        std::fs::create_dir_all(root().join(&found))?;
        // libFuzzer writes new inputs into the first folder only: the committed corpus stays as it is.
        let corpus = format!("fuzz/corpus/{target}");
        let mut run = nightly(&[
            "fuzz",
            "run",
            UNITS,
            target,
            &found,
            &corpus,
            "--",
            &limit,
            "-timeout=10",
            "-print_final_stats=1",
        ]);
        say::step(&shown(&run));
        let heard = hear(&mut run)?;
        fuzzed.tally.passed += u64::from(heard.success);
        fuzzed.tally.failed += u64::from(!heard.success);
        if !heard.success {
            fuzzed
                .failures
                .push(format!("fuzzing {target}: a promise is broken; the input is in fuzz/artifacts/{target}/"));
        }
    }
    Ok(fuzzed)
}

/// Cargo of the nightly toolchain; `rustup` because the cargo that started xtask is the pinned stable one.
fn nightly(args: &[&str]) -> Command {
    command("rustup", "", &[&["run", "nightly", "cargo"], args].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_targets_or_those_that_are_named() {
        let all = targets().unwrap();
        assert!(all.contains(&"email".to_owned()) && all.is_sorted(), "{all:?}");
        assert_eq!(chosen(&[], all.clone()).unwrap(), all);
        assert_eq!(chosen(&["email".to_owned()], all.clone()).unwrap(), ["email"]);
        let refusal = chosen(&["mail".to_owned()], all).unwrap_err().to_string();
        assert!(refusal.contains("`mail`") && refusal.contains("email"), "{refusal}");
    }
}

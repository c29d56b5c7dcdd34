//! `cargo xtask bench`: figures for docs/performance.md.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::run::{cargo, must, root, shown};
use crate::{needs, rust, say};

/// Other gateway programs that ours is measured beside: package and version on the registry.
const RIVALS: [&str; 2] = ["gotatun-cli@0.10.2", "boringtun-cli@0.7.1"];

/// What is measured.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this part, which takes the place of the page's; everything if left out
    #[arg(value_enum)]
    part: Option<Part>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    /// What agents on VPN servers do
    Gateways,
    /// Grants after a payment, and the proof of the books
    Money,
    /// The bot's answers, and the status page after a year
    Support,
}

/// Builds for release what is shipped and what measures it, measures, and writes the page.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    needs::install(&needs::BENCH)?;
    say::step("cargo build --release (the product as it is shipped, and what measures it)");
    let gateway = rust::build_release("mirai", "mirai", &["--no-default-features", "--features", "gateway"])?;
    // The next build takes its place.
    let kept = gateway.with_file_name("mirai-gateway");
    std::fs::rename(gateway, &kept).context("the gateway's build can't be kept")?;
    let mirai = rust::build_release("mirai", "mirai", &["--no-default-features", "--features", "control,gateway"])?;
    let bench = rust::build_release("testkit", "bench", &["--bin", "bench"])?;
    let tools = rivals(&bench)?;
    let page = root().join("docs/performance.md");
    say::step("measuring: about twelve minutes, and nothing else should run meanwhile");
    let what = match options.part {
        None => "measure",
        Some(Part::Gateways) => "gateways",
        Some(Part::Money) => "money",
        Some(Part::Support) => "support",
    };
    let mut measure = std::process::Command::new(bench);
    measure
        .arg(what)
        .arg(&page)
        .env("MIRAI_BIN", mirai)
        .env("MIRAI_GATEWAY_BIN", kept)
        .env("BENCH_TOOLS", tools)
        .current_dir(root());
    must(&mut measure)?;
    say::note(&std::fs::read_to_string(page)?);
    Ok(())
}

/// Builds the other programs once, in a folder of their own below that of all that is built.
fn rivals(bench: &Path) -> anyhow::Result<PathBuf> {
    let target = bench.parent().and_then(Path::parent).context("an executable lies in a folder")?;
    let tools = target.join("bench-tools");
    for package in RIVALS {
        let mut install = cargo(&["install", "--quiet", "--locked", package, "--root"]);
        install.arg(&tools).env("CARGO_TARGET_DIR", tools.join("target"));
        say::step(&shown(&install));
        must(&mut install)?;
    }
    Ok(tools)
}

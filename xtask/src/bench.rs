//! `cargo xtask bench`: figures for docs/performance.md.

use crate::run::{must, root};
use crate::{needs, rust, say};

/// Builds for release what is shipped and what measures it, measures, and writes the page.
pub(crate) fn run() -> anyhow::Result<()> {
    needs::install(&needs::BENCH)?;
    say::step("cargo build --release (the product as it is shipped, and what measures it)");
    let mirai = rust::build_release("mirai", "mirai", &["--no-default-features"])?;
    let bench = rust::build_release("testkit", "bench", &["--bin", "bench"])?;
    let page = root().join("docs/performance.md");
    say::step("measuring: about four minutes, and nothing else should run meanwhile");
    let mut measure = std::process::Command::new(bench);
    measure.arg("measure").arg(&page).env("MIRAI_BIN", mirai).current_dir(root());
    must(&mut measure)?;
    say::note(&std::fs::read_to_string(page)?);
    Ok(())
}

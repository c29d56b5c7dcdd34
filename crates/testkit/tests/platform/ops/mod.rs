//! What is shipped for the machines that the product runs on, as the programs read it that it is for.

mod firewall;
mod image;
mod metrics;
mod nginx;
mod refused;

use std::path::Path;
use std::time::Duration;

use testkit::house::root;
use testkit::missing::need;
use testkit::private_dir::PrivateDir;
use testkit::process::{Bin, Finished};

const PATIENCE: Duration = Duration::from_secs(90);

/// The text of a shipped file.
fn shipped(path: &str) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(root().join(path))?)
}

/// Runs a program to its end, and fails with what it said unless it succeeds.
async fn succeed<S: AsRef<std::ffi::OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = S>,
) -> anyhow::Result<Finished> {
    let done = Bin::at(program)?.launch().args(args).run(PATIENCE).await?;
    anyhow::ensure!(done.code == Some(0), "{}: {}{}", program.display(), done.stdout, done.stderr);
    Ok(done)
}

#[tokio::test]
async fn systemd_takes_the_shipped_units() -> anyhow::Result<()> {
    let Some(program) = need("systemd-analyze", "systemd")? else { return Ok(()) };
    let dir = PrivateDir::new("units")?;
    for unit in ["mirai.service", "mirai-gateway.service"] {
        let text = shipped(&format!("ops/systemd/{unit}"))?;
        // The program need not be installed to read the unit.
        let here = dir.join(unit);
        std::fs::write(&here, text.replace("/usr/local/bin/mirai", "/bin/true"))?;
        let done = Bin::at(&program)?.launch().arg("verify").arg(&here).run(PATIENCE).await?;
        anyhow::ensure!(done.code == Some(0) && done.stderr.trim().is_empty(), "{unit}: {}", done.stderr);
    }
    Ok(())
}

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
    for entry in std::fs::read_dir(root().join("ops/systemd"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            continue;
        }
        // The programs need not be installed to read the unit.
        let text = std::fs::read_to_string(entry.path())?;
        let text = text.lines().map(|line| match line.strip_prefix("ExecStart=") {
            Some(_) => "ExecStart=/bin/true",
            None => line,
        });
        std::fs::write(dir.join(&name), text.collect::<Vec<_>>().join("\n"))?;
    }
    // A unit names others of its folder: they lie side by side.
    let verify =
        Bin::at(&program)?.launch().env("SYSTEMD_UNIT_PATH", format!("{}:", dir.path().display())).arg("verify");
    for unit in std::fs::read_dir(dir.path())? {
        let path = unit?.path();
        // A template is read as one of its own.
        let named = path.display().to_string().replace("@.service", "@a.service");
        let done = verify.clone().arg(&named).run(PATIENCE).await?;
        anyhow::ensure!(done.code == Some(0) && done.stderr.trim().is_empty(), "{named}: {}", done.stderr);
    }
    Ok(())
}

//! Measures the product beside bare programs that do the least that the same answer needs, and its gateways beside other
//! programs, in one run and interleaved, and writes docs/performance.md: `cargo xtask bench`, which builds everything for
//! release first.

mod bare;
mod gateways;
mod load;
mod money;
mod report;
mod scenes;
mod support;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use testkit::setting::setting;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare", "list", file] => bare::list(PathBuf::from(file)).await,
        ["bare", "row", database, user] => bare::row(database, user.parse().context("a user's id")?).await,
        ["client", server] => gateways::client(server).await,
        ["money", file] => {
            is_built()?;
            let page = read(file)?;
            write(file, &report::with_money(&page, &money::all().await?))
        }
        ["support", file] => {
            is_built()?;
            let page = read(file)?;
            write(file, &report::with_support(&page, &support::all().await?))
        }
        ["gateways", file] => {
            is_built()?;
            // The rest of the page stays as it was measured.
            let page = read(file)?;
            let section = gateways::section(&gateways::all().await?);
            write(file, &report::with_gateways(&page, &section))
        }
        ["measure", file] => {
            is_built()?;
            let page = report::with_money(&report::page(&scenes::all().await?), &money::all().await?);
            let page = report::with_support(&page, &support::all().await?);
            let section = gateways::section(&gateways::all().await?);
            write(file, &report::with_gateways(&page, &section))
        }
        _ => bail!("use `cargo xtask bench`"),
    }
}

fn is_built() -> anyhow::Result<()> {
    anyhow::ensure!(setting("MIRAI_BIN").is_some(), "MIRAI_BIN names no executable: use `cargo xtask bench`");
    Ok(())
}

fn read(file: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{file} can't be read"))
}

fn write(file: &str, page: &str) -> anyhow::Result<()> {
    std::fs::write(file, page).with_context(|| format!("{file} can't be written"))
}

//! Measures the product beside bare programs that do the least that the same answer needs, in one run and interleaved,
//! and writes docs/performance.md: `cargo xtask bench`, which builds everything for release first.

mod bare;
mod load;
mod report;
mod scenes;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use testkit::setting::setting;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare", "list", file] => bare::list(PathBuf::from(file)).await,
        ["bare", "row", database, user] => bare::row(database, user.parse().context("a user's id")?).await,
        ["measure", file] => {
            anyhow::ensure!(setting("MIRAI_BIN").is_some(), "MIRAI_BIN names no executable: use `cargo xtask bench`");
            let figures = scenes::all().await?;
            std::fs::write(file, report::page(&figures)).with_context(|| format!("{file} can't be written"))
        }
        _ => bail!("use `cargo xtask bench`"),
    }
}

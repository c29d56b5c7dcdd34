//! Starts a private MariaDB, makes the templates of databases, prints its administrator URL and the folder of the
//! templates, and ends it when standard input closes.
//! `cargo xtask test` runs it once for all suites; by hand: `cargo run -p testkit --bin mariadb_for_tests`.

use anyhow::Context as _;
use testkit::mariadb::MariaDb;
use testkit::private_dir::PrivateDir;
use testkit::template;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "what is on standard output is this program's purpose")]
async fn main() -> anyhow::Result<()> {
    let server = MariaDb::start().await?.context("MariaDB is not installed")?;
    let templates = PrivateDir::new("templates")?;
    template::make(&server, templates.path()).await?;
    println!("{}\n{}", server.admin_url(), templates.path().display());
    // Nothing else runs here, so blocking the one thread is the plainest way to wait for the end of input.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

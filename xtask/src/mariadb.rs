//! One MariaDB for all suites of a run, held by testkit's helper program.

use anyhow::{Context as _, bail};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server; dropping it ends it. It ends too when xtask is interrupted or killed, since the helper's standard
/// input closes then.
pub(crate) struct Server {
    helper: Child,
    pub(crate) url: String,
    /// The folder with databases that are migrated already.
    pub(crate) templates: String,
}

/// Starts the server and waits until it answers.
pub(crate) fn start(helper: &Path) -> anyhow::Result<Server> {
    let mut helper = Command::new(helper)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start testkit's mariadb_for_tests")?;
    let mut lines = helper.stdout.take().map(|stdout| BufReader::new(stdout).lines());
    let mut line = || lines.as_mut().and_then(Iterator::next).transpose();
    let (Some(url), Some(templates)) = (line()?, line()?) else {
        drop(helper.wait());
        bail!("the MariaDB for the tests did not start");
    };
    Ok(Server { helper, url, templates })
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.helper.stdin.take());
        drop(self.helper.wait());
    }
}

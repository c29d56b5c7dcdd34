//! Logs: text to a terminal, JSON otherwise.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Begins logging to standard error. `filter` is the setting `LOG`.
pub(crate) fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{},{filter}", store::QUIET_MIGRATOR))
        .map_err(|_| anyhow::anyhow!("LOG takes error, warn, info, debug or trace"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() { builder.try_init() } else { builder.json().try_init() };
    started.map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
}

//! Logs: text to a terminal, JSON otherwise.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Begins logging to standard error. `filter` is the setting `LOG`.
pub(crate) fn start(filter: &str) -> anyhow::Result<()> {
    #[cfg(feature = "control")]
    let filter = format!("{},{filter}", store::QUIET_MIGRATOR);
    let asked =
        EnvFilter::try_new(filter).map_err(|_| anyhow::anyhow!("LOG takes error, warn, info, debug or trace"))?;
    // The embedded WireGuard names clients' addresses in its warnings: whatever is asked for, it is not heard.
    // The client of Discord's API has addresses in its spans by which others could answer in the bot's name.
    let silent = |target: &str| target.starts_with("gotatun") || target.starts_with("twilight_http");
    let filter = asked.and(filter_fn(move |said| !silent(said.target())));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = if std::io::stderr().is_terminal() { layer.boxed() } else { layer.json().boxed() };
    let started = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    started.map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
}

//! What happens without a laptop: at boot, on a request that nobody serves, and every few seconds. A switch whose agent is gone is
//! taken back, and what should be live is started.

use std::time::Duration;

use super::apply::take_back;
use super::{AgentError, Host, lock, systemd};

/// How long whoever deploys may still go on before the guard gives way. It comes again.
const WAIT: Duration = Duration::from_secs(5);
/// A request that nobody serves calls the guard again at once: not more often than this.
const PAUSE: Duration = Duration::from_secs(1);

/// Puts things right, if nobody is deploying. What it did, in a line each.
///
/// # Errors
/// When the state can't be read or written.
pub fn guard(host: &Host) -> Result<Vec<String>, AgentError> {
    let Ok(lock) = lock::take(&host.layout, "the guard of this host", WAIT)? else { return Ok(Vec::new()) };
    let mut did = Vec::new();
    let state = host.state()?;
    if let Some(pending) = &state.pending {
        did.push(format!("the switch to {} was not confirmed: it is taken back", pending.to.release));
        if let Err(trouble) = take_back(host)? {
            did.push(trouble);
        }
    }
    let live = host.state()?.live;
    let idle = live.as_ref().filter(|live| !systemd::unit(live.slot.unit()).is_active);
    if let Some(live) = idle {
        did.push(match systemd::start(live.slot.unit()) {
            Ok(()) => format!("{} did not run: it is started", live.release),
            Err(trouble) => trouble,
        });
    }
    host.settle()?;
    drop(lock);
    if live.is_none() || idle.is_some() {
        std::thread::sleep(PAUSE);
    }
    Ok(did)
}

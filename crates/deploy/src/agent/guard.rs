//! What happens without a laptop: at boot, on a request that nobody serves, and every few seconds. A switch whose agent is gone is
//! taken back, and what should be live is started.

use std::time::Duration;

use super::apply::{run_in_slot, take_back};
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
    let Ok(lock) = lock::take(&host.layout, lock::GUARD, WAIT)? else { return Ok(Vec::new()) };
    let mut did = Vec::new();
    let state = host.state()?;
    if let Some(pending) = &state.pending {
        did.push(format!("the switch to {} was not confirmed: it is taken back", pending.to.release));
        if let Err(trouble) = take_back(host)? {
            did.push(trouble);
        }
    }
    let state = host.state()?;
    let (live, is_settled) = (state.live.clone(), state.pending.is_none());
    let idle = live.as_ref().filter(|live| !host.runs(live));
    if let Some(live) = idle {
        did.push(match run_in_slot(host, live)? {
            Ok(()) => format!("{} did not run: it is started", live.release),
            Err(trouble) => trouble,
        });
    } else if let Some(live) = &live
        && is_settled
        && systemd::is_active(host.unit(live.slot.other()))
    {
        // Somebody has started it by hand, or it did not end in time: half of all visitors would meet it.
        let other = host.unit(live.slot.other());
        did.push(format!("{other} ran beside what is live: it is stopped"));
        let _ = systemd::stop(other);
    }
    host.settle()?;
    drop(lock);
    let is_idle = live.is_none_or(|live| !host.runs(&live));
    if is_idle {
        std::thread::sleep(PAUSE);
    }
    Ok(did)
}

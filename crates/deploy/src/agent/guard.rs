//! What happens without a laptop: at boot, on a request that nobody serves, and every few seconds. A switch whose agent is gone is
//! taken back, and what should be live is started.

use std::time::Duration;

use super::slots::{run_in_slot, take_back};
use super::systemd::{self, CANDIDATE};
use super::{AgentError, Host, lock};
use crate::state::{Live, Pending};

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
    let is_gateway = !host.role().is_site();
    if !is_gateway && systemd::is_active(CANDIDATE) {
        did.push(format!("{CANDIDATE} ran, and nobody looked at it any more: it is stopped"));
        let _ = systemd::stop(CANDIDATE);
    }
    // On a VPN server each try ends what runs: one that failed is not repeated while that runs.
    let is_given_up = |pending: &&Pending| {
        is_gateway && host.runs(&pending.to) && pending.from.as_ref().is_some_and(|from| host.has_no_way_back(from))
    };
    if let Some(pending) = state.pending.as_ref().filter(|pending| !is_given_up(pending)) {
        did.push(format!("the switch to {} was not confirmed: it is taken back", pending.to.release));
        if let Err(trouble) = take_back(host)? {
            did.push(trouble);
        }
    }
    let state = host.state()?;
    let (live, is_settled) = (state.live.clone(), state.pending.is_none());
    let other_runs = live.as_ref().is_some_and(|live| systemd::is_active(host.unit(live.slot.other())));
    let is_served = |live: &Live| host.runs(live) || (is_gateway && other_runs);
    let idle = live.as_ref().filter(|live| !is_served(live));
    if let Some(live) = idle {
        did.push(match run_in_slot(host, live)? {
            Ok(()) => format!("{} did not run: it is started", live.release),
            Err(trouble) => trouble,
        });
    } else if let Some(live) = &live
        && is_settled
        && other_runs
        && host.runs(live)
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

//! What runs in the two slots: starting it, going back, and the links that lead to it.

use std::fs;
use std::time::{Duration, Instant};

use super::store::link;
use super::{AgentError, Host, systemd};
use crate::state::Live;

/// How long a VPN server's agent has to run to have started.
const TO_SETTLE: Duration = Duration::from_secs(2);
/// How often what runs is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// A unit with the process that it had when it was first looked at.
pub(super) struct Running {
    pub(super) unit: &'static str,
    pid: Option<u32>,
}

impl Running {
    /// As it is now.
    pub(super) fn now(unit: &'static str) -> Running {
        Running { unit, pid: systemd::unit(unit).map(|unit| unit.pid) }
    }

    /// Whether it runs still, and was not started anew.
    pub(super) fn is_there(&self) -> bool {
        // While systemd does not answer nothing is known of the unit.
        systemd::unit(self.unit).is_none_or(|now| now.is_active && self.pid.is_none_or(|pid| now.pid == pid))
    }
}

/// Takes back a switch that is under way: what was live runs again before what was to be live ends. To be done again at will.
pub(super) fn take_back(host: &Host) -> Result<Result<(), String>, AgentError> {
    let state = host.state()?;
    let Some(pending) = &state.pending else { return Ok(Ok(())) };
    if let Some(from) = &pending.from {
        // What is taken back is a change of the settings. On a full disk it stays, and what was live has to do with it.
        if pending.changes_settings() && !host.runs(from) {
            let _ = host.put_settings_back();
        }
        if let Err(why) = run_in_slot(host, from)? {
            host.note_no_way_back(from);
            return Ok(Err(why));
        }
    }
    // Should it not end now, the guard ends it: nothing but what is live keeps running.
    let _ = systemd::stop(host.unit(pending.to.slot));
    host.failpoint("taking-back");
    host.save(&state.clone().reverted((host.clock)()))?;
    Ok(Ok(()))
}

/// Lets a release run in its slot, if it does not already. On a VPN server the other slot ends first: there is one device.
pub(super) fn run_in_slot(host: &Host, live: &Live) -> Result<Result<(), String>, AgentError> {
    link(&host.layout.slot(live.slot), &host.layout.release(&live.release))?;
    if host.runs(live) {
        return Ok(Ok(()));
    }
    let (unit, other) = (host.unit(live.slot), host.unit(live.slot.other()));
    if host.role().is_site() {
        return Ok(systemd::start(unit));
    }
    let had_other = systemd::is_under_way(other);
    let _ = systemd::stop(other);
    let started = systemd::start(unit).and_then(|()| settles(unit));
    if started.is_err() && had_other {
        // What had to end for it is better than nothing.
        let _ = systemd::stop(unit);
        let _ = systemd::start(other);
    }
    Ok(started)
}

/// A VPN server's agent has started as soon as it is a process: one that can't serve ends at once.
fn settles(unit: &'static str) -> Result<(), String> {
    let running = Running::now(unit);
    let until = Instant::now() + TO_SETTLE;
    while Instant::now() < until {
        std::thread::sleep(LOOK);
        if !running.is_there() {
            return Err(format!("{unit} ended at once"));
        }
    }
    Ok(())
}

impl Host {
    /// Lets the links lead to what is live: what people and timers call.
    pub(super) fn settle(&self) -> Result<(), AgentError> {
        let Some(live) = self.state()?.live else { return Ok(()) };
        link(&self.layout.current(), &self.layout.release(&live.release))?;
        // The agent is newer than what was gone back to; only one that is gone is replaced.
        if self.layout.agent().exists() {
            return Ok(());
        }
        link(&self.layout.agent(), &self.layout.program(&live.release))
    }

    /// Notes that this release could not be gone back to. On a VPN server each try ends what runs, so that one is enough.
    fn note_no_way_back(&self, to: &Live) {
        // Without room on the disk it is tried again.
        let _ = fs::write(self.layout.no_way_back(), to.release.as_str());
    }

    /// Whether that was noted of this release.
    pub(super) fn has_no_way_back(&self, to: &Live) -> bool {
        fs::read_to_string(self.layout.no_way_back()).is_ok_and(|noted| noted == to.release.as_str())
    }
}

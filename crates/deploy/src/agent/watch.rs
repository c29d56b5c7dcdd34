//! Looking at a release: before it is live, and once it is.

use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::apply::{Done, Trouble, Work};
use super::http;
use super::look::metrics_port;
use super::slots::{LOOK, Running};
use super::store::link;
use super::systemd::{self, CANDIDATE};
use crate::id::ReleaseId;
use crate::plan::Wish;
use crate::state::Live;
use crate::wire::Tell;

/// How long a candidate has to answer once it says that it is ready.
const TO_ANSWER: Duration = Duration::from_secs(10);
/// Pages that a candidate has to show.
const SMOKE: [&str; 4] = ["/", "/pricing", "/login", "/status.json"];
/// How long a VPN server's release may be without the site behind its watch, as while the site gets a release too.
const TO_HEAR: Duration = Duration::from_secs(20);
/// How often in a row a new release may not answer.
const MISSES: u32 = 3;
/// A new release is taken back when more than one answer in twenty is its own fault, and more than a few.
const FEW_FAULTS: u64 = 5;
const FAULTS_IN: u64 = 20;

impl<R: Read, W: Write> Work<'_, R, W> {
    pub(super) fn look_at(&mut self, release: &ReleaseId) -> Done {
        let _ = systemd::stop(CANDIDATE);
        link(&self.host.layout.candidate(), &self.host.layout.release(release))?;
        let seen = self.look_at_running(release);
        let _ = systemd::stop(CANDIDATE);
        seen
    }

    fn look_at_running(&self, release: &ReleaseId) -> Done {
        if let Err(said) = systemd::start(CANDIDATE) {
            return Err(Trouble::with_journal(format!("{release} does not start ({said})"), CANDIDATE));
        }
        let socket = self.host.layout.candidate_socket();
        let until = Instant::now() + TO_ANSWER;
        while let Err(why) = is_ready(&socket, release) {
            if Instant::now() >= until {
                return Err(Trouble::with_journal(format!("{release} does not serve: {why}"), CANDIDATE));
            }
            std::thread::sleep(LOOK);
        }
        for page in SMOKE {
            let why = match http::get(&socket, page) {
                Ok((200, _)) => continue,
                Ok((status, _)) => format!("{page} answers {status}"),
                Err(error) => format!("{page} does not answer: {error}"),
            };
            return Err(Trouble::with_journal(format!("{release} does not serve: {why}"), CANDIDATE));
        }
        Ok(())
    }

    /// The release that a switch is to, and the unit that it runs as.
    fn switched(&self) -> Result<(Live, Running), Trouble> {
        let pending = self.host.state()?.pending.ok_or_else(|| Trouble::of("no switch is under way"))?;
        let unit = self.host.unit(pending.to.slot);
        Ok((pending.to, Running::now(unit)))
    }

    /// A VPN server's release has to run throughout, and to hear from the site. What is gone back to was good before, and the
    /// site may be what is away.
    pub(super) fn watch_gateway(&mut self, seconds: u64) -> Done {
        let (Live { release, .. }, running) = self.switched()?;
        let (began, least) = (Instant::now(), Duration::from_secs(seconds));
        let is_known = matches!(self.apply.wish, Wish::Rollback(_));
        loop {
            keeps(&running, &release)?;
            let time = began.elapsed();
            match self.host.hears(&release, time) {
                Ok(()) if time >= least => return Ok(()),
                Err(why) if is_known && time >= least => {
                    self.link.tell(&Tell::Note(format!("{release} runs; {why}")));
                    return Ok(());
                }
                Err(why) if time >= least + TO_HEAR => {
                    return Err(Trouble::with_journal(format!("{release}: {why}"), running.unit));
                }
                _ => std::thread::sleep(LOOK),
            }
        }
    }

    pub(super) fn rehearse(&self, release: &ReleaseId) -> Done {
        let said = self.host.rehearse(release)?;
        said.map_err(|evidence| Trouble { cause: format!("{release} can't serve here"), evidence })
    }

    pub(super) fn watch(&mut self, seconds: u64) -> Done {
        let (Live { release, slot }, running) = self.switched()?;
        let socket = self.host.layout.public_socket();
        let until = Instant::now() + Duration::from_secs(seconds);
        let mut misses = 0;
        loop {
            keeps(&running, &release)?;
            match is_ready(&socket, &release) {
                Ok(()) => misses = 0,
                Err(why) => {
                    misses += 1;
                    if misses >= MISSES {
                        return Err(Trouble::with_journal(format!("{release} does not serve: {why}"), running.unit));
                    }
                }
            }
            if let Ok((all, faults)) = http::answers(metrics_port(slot))
                && faults > FEW_FAULTS
                && faults * FAULTS_IN > all
            {
                let cause = format!("{faults} of {all} answers of {release} were its own fault");
                return Err(Trouble::with_journal(cause, running.unit));
            }
            if Instant::now() >= until {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// An error once it does not run any more, or has been started anew.
fn keeps(running: &Running, release: &ReleaseId) -> Done {
    let words = || Trouble::with_journal(format!("{release} did not keep running"), running.unit);
    if running.is_there() { Ok(()) } else { Err(words()) }
}

fn is_ready(socket: &Path, release: &ReleaseId) -> Result<(), String> {
    match http::readiness(socket) {
        Ok(ready) if ready.ok && ready.release.as_deref() == Some(release.as_str()) => Ok(()),
        Ok(ready) => Err(ready.trouble(release.as_str())),
        Err(error) => Err(error.to_string()),
    }
}

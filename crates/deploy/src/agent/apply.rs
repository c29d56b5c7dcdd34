//! Doing a plan.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use super::link::Link;
use super::lock;
use super::slots::{run_in_slot, take_back};
use super::store::{self, file_error, link};
use super::{AgentError, Host, systemd};
use crate::archive::{self, ArchiveError};
use crate::id::ReleaseId;
use crate::logs;
use crate::outcome::{CHANGED, Ending, Outcome};
use crate::plan::{Step, Wanted, Wish, plan};
use crate::role::Role;
use crate::state::{Kept, Live, Mark, Pending};
use crate::wire::{Apply, Tell};

/// Lines of a release's log that are shown.
const EVIDENCE: u32 = 20;

/// Why a step did not do what it should.
pub(super) struct Trouble {
    pub(super) cause: String,
    pub(super) evidence: Vec<String>,
}

impl Trouble {
    pub(super) fn of(cause: impl Into<String>) -> Trouble {
        Trouble { cause: cause.into(), evidence: Vec::new() }
    }

    pub(super) fn with_journal(cause: impl Into<String>, unit: &str) -> Trouble {
        Trouble { cause: cause.into(), evidence: systemd::journal(unit, EVIDENCE) }
    }
}

impl From<AgentError> for Trouble {
    fn from(error: AgentError) -> Trouble {
        Trouble::of(error.to_string())
    }
}

pub(super) type Done = Result<(), Trouble>;

/// Does a plan under the lock.
pub(super) fn apply<R: Read, W: Write>(
    host: &Host,
    apply: &Apply,
    link: &mut Link<R, W>,
) -> Result<Ending, AgentError> {
    for folder in [host.layout.releases(), host.layout.tmp(), host.layout.logs()] {
        fs::create_dir_all(&folder).map_err(file_error(&folder))?;
    }
    let lock = match lock::take(&host.layout, &apply.by, Duration::from_secs(apply.wait_s))? {
        Ok(lock) => lock,
        Err(who) => {
            return Ok(Ending::refused(
                format!("{who} is deploying to this host"),
                "wait for that to end, or let this wait: add `--wait 600`",
            ));
        }
    };
    if let Some(refused) = has_changed(host, apply)? {
        return Ok(refused);
    }
    if !apply.plan.steps.is_empty() {
        let wanted = match &apply.wish {
            Wish::Push(wanted) | Wish::Release(wanted) => Some(wanted.sha256.as_str()),
            Wish::Rollback(_) => None,
        };
        host.sweep(wanted)?;
        host.keep_reserve();
        host.open_log(verb(&apply.wish), link);
    }
    let ending = Work { host, apply, link }.all();
    drop(lock);
    Ok(ending)
}

/// The plan that was shown is the one that is done, or nothing is.
fn has_changed(host: &Host, apply: &Apply) -> Result<Option<Ending>, AgentError> {
    let facts = host.facts(Some(&apply.wish))?;
    Ok(match plan(&facts, &apply.wish, &apply.manner) {
        Ok(plan) if plan == apply.plan => None,
        Ok(_) => Some(Ending::refused(CHANGED, "run the command again")),
        Err(refusal) => Some(refusal.into()),
    })
}

fn verb(wish: &Wish) -> &'static str {
    match wish {
        Wish::Push(_) => "push",
        Wish::Release(_) => "release",
        Wish::Rollback(_) => "rollback",
    }
}

/// A plan that is being done.
pub(super) struct Work<'a, R, W> {
    pub(super) host: &'a Host,
    pub(super) apply: &'a Apply,
    pub(super) link: &'a mut Link<R, W>,
}

impl<R: Read, W: Write> Work<'_, R, W> {
    fn all(&mut self) -> Ending {
        for (at, step) in self.apply.plan.steps.iter().enumerate() {
            self.link.tell(&Tell::Begin { at });
            let began = Instant::now();
            self.host.failpoint(step.name());
            if let Err(trouble) = self.step(step) {
                return self.failed(step, trouble);
            }
            self.link.tell(&Tell::Did { at, ms: began.elapsed().as_millis().try_into().unwrap_or(u64::MAX) });
        }
        self.succeeded()
    }

    fn step(&mut self, step: &Step) -> Done {
        match step {
            Step::Recover { .. } => self.recover(),
            Step::Start { .. } => self.start(),
            Step::Upload { from, .. } => self.upload(*from),
            Step::Unpack { release } => self.unpack(release),
            Step::Backup => self.command("the backup failed", &["backup", "create"]),
            Step::Migrate { .. } => {
                self.command("the database could not be brought to the tables of this release", &["migrate"])
            }
            Step::Try { release } => self.look_at(release),
            Step::Rehearse { release } => self.rehearse(release),
            Step::Switch { release, .. } => self.switch(release),
            Step::Watch { seconds } => match self.host.role() {
                Role::Site => self.watch(*seconds),
                Role::Gateway => self.watch_gateway(*seconds),
            },
            Step::Confirm { seconds } => self.confirm(*seconds),
            Step::Prune { releases } => Ok(self.prune(releases)?),
        }
    }

    /// The release that this is about.
    fn release(&self) -> Option<&ReleaseId> {
        self.apply.plan.steps.iter().find_map(|step| match step {
            Step::Try { release } | Step::Rehearse { release } => Some(release),
            _ => None,
        })
    }

    fn wanted(&self) -> Result<&Wanted, Trouble> {
        match &self.apply.wish {
            Wish::Push(wanted) | Wish::Release(wanted) => Ok(wanted),
            Wish::Rollback(_) => Err(Trouble::of("a rollback brings no archive")),
        }
    }

    /// Takes a switch back. If what served before does not start any more, what has begun goes on serving until what is wanted now
    /// takes over.
    fn recover(&mut self) -> Done {
        if let Err(why) = take_back(self.host)? {
            self.link.tell(&Tell::Note(format!("what served before does not start: {why}")));
            let state = self.host.state()?;
            self.host.save(&state.reverted((self.host.clock)()))?;
        }
        Ok(())
    }

    fn start(&self) -> Done {
        match self.host.state()?.live {
            Some(live) => start(self.host, &live),
            None => Ok(()),
        }
    }

    fn upload(&mut self, from: u64) -> Done {
        let wanted = self.wanted()?.clone();
        let path = self.host.layout.arriving(&wanted.sha256);
        let failed = |error: io::Error| {
            // A part that fills the disk is in everybody's way.
            if error.kind() == io::ErrorKind::StorageFull {
                let _ = fs::remove_file(&path);
            }
            Trouble::of(format!("the archive could not be kept: {error}"))
        };
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        self.link.tell(&Tell::Send { from });
        let mut left = wanted.size - from;
        loop {
            match self.link.piece() {
                Ok(Some(piece)) => {
                    let more = left.checked_sub(piece.len() as u64);
                    left = more.ok_or_else(|| Trouble::of("more came than the archive has"))?;
                    file.write_all(&piece).map_err(failed)?;
                }
                Ok(None) => break,
                Err(error) => {
                    let _ = file.sync_all();
                    return Err(Trouble::of(format!("the connection ended inside the archive ({error})")));
                }
            }
        }
        file.sync_all().map_err(failed)
    }

    fn unpack(&mut self, release: &ReleaseId) -> Done {
        let wanted = self.wanted()?.clone();
        let layout = &self.host.layout;
        let path = layout.arriving(&wanted.sha256);
        let open = || fs::File::open(&path).map(io::BufReader::new).map_err(file_error(&path));
        let (sha256, _) = archive::digest(open()?).map_err(file_error(&path))?;
        if sha256 != wanted.sha256 {
            store::remove(&path)?;
            return Err(Trouble::of("the archive that arrived is not the one that was sent; it is thrown away"));
        }
        // As a whole before anything is written.
        let manifest = match archive::verify(open()?) {
            Ok(manifest) if manifest.role != self.host.role() => {
                store::remove(&path)?;
                return Err(Trouble::of(format!("the archive is of a {}", manifest.role.as_str())));
            }
            Ok(manifest) if manifest.id == *release => manifest,
            Ok(manifest) => return Err(Trouble::of(format!("the archive is of {}", manifest.id))),
            Err(error @ ArchiveError::Refused(_)) => {
                store::remove(&path)?;
                return Err(Trouble::of(error.to_string()));
            }
            Err(error) => return Err(Trouble::of(error.to_string())),
        };
        let (filling, place) = (layout.tmp().join(release.as_str()), layout.release(release));
        store::remove(&filling)?;
        fs::create_dir(&filling).map_err(file_error(&filling))?;
        let unpacked = archive::unpack(open()?, &filling);
        if let Err(error) = unpacked {
            store::remove(&filling)?;
            return Err(Trouble::of(error.to_string()));
        }
        // What lies there is of a try that failed, or of one that was cut off before it was written down.
        store::remove(&place)?;
        fs::rename(&filling, &place).map_err(file_error(&place))?;
        store::sync(&layout.releases()).map_err(file_error(&place))?;
        let kept = Kept {
            id: release.clone(),
            sha256: wanted.sha256,
            version: manifest.version,
            mark: Mark::Ready,
            at_ms: (self.host.clock)(),
            by: self.apply.by.clone(),
        };
        self.host.save(&self.host.state()?.added(kept))?;
        Ok(store::remove(&path)?)
    }

    /// A command of the new release.
    fn command(&mut self, cause: &str, args: &[&str]) -> Done {
        let Some(release) = self.release() else { return Err(Trouble::of("the plan is of no release")) };
        let done = self.host.run(release, args)?;
        done.map(drop).map_err(|evidence| Trouble { cause: cause.to_owned(), evidence })
    }

    fn switch(&mut self, release: &ReleaseId) -> Done {
        let host = self.host;
        let state = host.state()?.switching(release.clone(), (host.clock)());
        let Some(pending) = &state.pending else { return Err(Trouble::of("no switch began")) };
        let (slot, from) = (pending.to.slot, pending.from.clone());
        host.save(&state)?;
        host.failpoint("switch-written");
        // The slot is the free one: what may still run there is what a switch has left that was cut off.
        let _ = systemd::stop(host.unit(slot));
        start(host, &pending.to)?;
        host.failpoint("switch-both");
        if let Some(from) = from {
            systemd::stop(host.unit(from.slot)).map_err(Trouble::of)?;
        }
        Ok(())
    }

    fn confirm(&mut self, seconds: u64) -> Done {
        let nonce = hex::encode(store::random::<16>()?);
        let (path, awaited) = (self.host.layout.confirmation(&nonce), self.host.layout.awaited());
        fs::write(&awaited, &nonce).map_err(file_error(&awaited))?;
        self.link.tell(&Tell::ConfirmBy { nonce });
        let until = Instant::now() + Duration::from_secs(seconds);
        while !path.exists() {
            if Instant::now() >= until {
                let _ = store::remove(&awaited);
                return Err(Trouble::of(format!(
                    "nobody confirmed within {seconds} s over a new connection that the host can be reached"
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let host = self.host;
        let before = host.state()?;
        host.save(&before.clone().confirmed((host.clock)()))?;
        host.failpoint("confirmed");
        // What follows may fail: the release is good, and the guard settles what is left.
        let _ = store::remove(&path).and_then(|()| store::remove(&awaited));
        // The agent is as new as what was brought last, or newer.
        if let Wish::Release(wanted) = &self.apply.wish
            && !before.pending.as_ref().is_some_and(Pending::changes_settings)
        {
            let _ = link(&host.layout.agent(), &host.layout.program(&wanted.id));
        }
        if let Some(pending) = &before.pending {
            let _ = host.keep_settings(&pending.to);
        }
        let _ = host.settle();
        Ok(())
    }

    fn prune(&self, releases: &[ReleaseId]) -> Result<(), AgentError> {
        let host = self.host;
        // First out of the list: what is half gone must not be a way back.
        host.save(&host.state()?.without(releases))?;
        releases.iter().try_for_each(|release| store::remove(&host.layout.release(release)))
    }

    fn succeeded(&self) -> Ending {
        let state = self.host.state().unwrap_or_default();
        let words = match (&self.apply.wish, &state.live) {
            (Wish::Push(wanted), _) => format!("{} lies on the host", wanted.id),
            (_, Some(live)) => format!("{} is live", live.release),
            (_, None) => "nothing is live".to_owned(),
        };
        if let (Some(live), [Step::Recover { .. }]) = (&state.live, &self.apply.plan.steps[..])
            && !self.host.runs(live)
        {
            return Ending {
                outcome: Outcome::Failed,
                cause: "recover: what served before does not start".to_owned(),
                evidence: systemd::journal(self.host.unit(live.slot), EVIDENCE),
                host: serves(self.host, Some(live)),
                next: "mend what it names and run `mirai deploy release` again".to_owned(),
            };
        }
        let is_idle = self.apply.plan.steps.is_empty();
        let cause = if is_idle { format!("{words} already: nothing was to be done") } else { words };
        Ending::good(cause, serves(self.host, state.live.as_ref()))
    }

    /// What a failed step leaves: the release from before, as soon as there was a switch.
    fn failed(&mut self, step: &Step, trouble: Trouble) -> Ending {
        let host = self.host;
        let again = "what failed is above; mend it and run `mirai deploy release` again".to_owned();
        let before = host.state().unwrap_or_default();
        let is_after = matches!(step, Step::Watch { .. } | Step::Confirm { .. });
        let ending = |outcome, host: String, next: String| Ending {
            outcome,
            cause: format!("{}: {}", step.name(), trouble.cause),
            evidence: trouble.evidence.clone(),
            host,
            next,
        };
        let Some(pending) = &before.pending else {
            if let Some(release) = self.release()
                && matches!(step, Step::Migrate { .. } | Step::Try { .. } | Step::Rehearse { .. })
            {
                // It can't be noted on a full disk; then it may be tried again, which is right too.
                let _ = host.save(&before.clone().failed(release, (host.clock)()));
            }
            if matches!(step, Step::Prune { .. }) {
                return ending(Outcome::Good, serves(host, before.live.as_ref()), String::new());
            }
            return ending(Outcome::Failed, format!("as before; {}", serves(host, before.live.as_ref())), again);
        };
        let had_ended =
            is_after || !host.role().is_site() || pending.from.as_ref().is_some_and(|from| !host.runs(from));
        let again = if pending.changes_settings() {
            let (now, refused) = (host.layout.settings(), host.layout.refused_settings());
            format!(
                "if {} is there, the settings from before were put back into {}: mend what was refused, then `mirai deploy \
                 provision` and `mirai deploy release`",
                refused.display(),
                now.display()
            )
        } else {
            again
        };
        match take_back(host).map_err(|error| error.to_string()).flatten() {
            Ok(()) => {
                let outcome = if had_ended && pending.from.is_some() { Outcome::RolledBack } else { Outcome::Failed };
                ending(outcome, serves(host, pending.from.as_ref()), again)
            }
            Err(why) => ending(
                Outcome::Stranded,
                format!("it could not go back: {why}"),
                format!("on the host, now: `systemctl status '{0}'`, `journalctl -u '{0}' -n 50`", host.role().units()),
            ),
        }
    }
}

fn serves(host: &Host, live: Option<&Live>) -> String {
    let Some(live) = live else { return "nothing serves".to_owned() };
    let (release, unit) = (&live.release, host.unit(live.slot));
    if host.runs(live) {
        format!("{release} serves as {unit}")
    } else {
        format!("{release} should serve as {unit}, and does not run")
    }
}

fn start(host: &Host, live: &Live) -> Done {
    let said = run_in_slot(host, live)?;
    said.map_err(|said| Trouble::with_journal(format!("it does not start ({said})"), host.unit(live.slot)))
}

impl Host {
    /// Begins the file of what is done now.
    pub(super) fn open_log<R: Read, W: Write>(&self, verb: &str, link: &mut Link<R, W>) {
        if let Some(file) = logs::begin(&self.layout.logs(), (self.clock)(), &format!("{verb}.jsonl")) {
            link.log_to(file);
        }
    }

    /// A test says in a file at which point the agent dies; a build for release knows nothing of it.
    pub(super) fn failpoint(&self, at: &str) {
        let path = self.layout.root().join("failpoint");
        if cfg!(debug_assertions) && fs::read_to_string(&path).is_ok_and(|wanted| wanted.trim() == at) {
            let _ = fs::remove_file(&path);
            std::process::abort();
        }
    }
}

//! A command, from the laptop's side: look, plan, show, apply, confirm, and what to do when the link is lost.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use super::ClientError;
use super::config::{FILE, Target};
use super::ssh::{BROKEN, Connection, NO_AGENT, OTHERWISE};
use crate::outcome::{CHANGED, Ending, Outcome};
use crate::plan::{Plan, Step, Wish, plan};
use crate::provision::gateway::TOKEN;
use crate::state::Live;
use crate::wire::{self, Apply, Ask, Given, PIECE, Provide, Secret, Status, Tell};
use crate::{archive, manifest};

/// How long to wait between two tries to reach a host again: its firewall lets ten connections in within a minute.
const PAUSE: Duration = Duration::from_secs(5);
/// How often a host is looked at that has changed by the time that something is to be done.
const TRIES: u32 = 3;
/// How much longer than the steps themselves a host may take before it is given up.
const AIR: Duration = Duration::from_secs(60);

/// How a command is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who is asking.
    pub by: String,
    /// Show the plan, and do nothing.
    pub is_dry: bool,
    /// How long to wait for somebody else who is deploying, in seconds.
    pub wait_s: u64,
}

/// What happens on the way, to be shown.
#[derive(Debug)]
pub enum Report<'a> {
    /// What will be done, or would be.
    Plan(&'a Plan),
    /// A step begins: its place and what it is.
    Begin(usize, String),
    /// A step is done: its place and how long it took, in milliseconds.
    Did(usize, u64),
    /// So much of the archive has been sent.
    Sent(u64, u64),
    /// Anything else.
    Note(&'a str),
}

/// Fulfils a wish on a host. The archive at `archive` is sent where it is needed.
pub fn carry_out(
    target: &Target,
    wish: Wish,
    archive: Option<&Path>,
    options: &Options,
    show: &mut dyn FnMut(Report<'_>),
) -> Ending {
    // The guard of the host may put something right between the look and the deed: then it is looked at again.
    for _ in 1..TRIES {
        let ending = prepared(target, wish.clone(), archive, options, show).unwrap_or_else(ClientError::ending);
        if ending.cause != CHANGED {
            return ending;
        }
    }
    prepared(target, wish, archive, options, show).unwrap_or_else(ClientError::ending)
}

fn prepared(
    target: &Target,
    wish: Wish,
    archive: Option<&Path>,
    options: &Options,
    show: &mut dyn FnMut(Report<'_>),
) -> Result<Ending, ClientError> {
    let mut connection = Connection::open(target)?;
    let facts = match ask(&mut connection, &Ask::Look(wish.clone())) {
        Some(Tell::Facts(facts)) => facts,
        Some(Tell::Done(ending)) => return Ok(ending),
        _ => return Err(lost(connection)),
    };
    if facts.role != target.role() {
        return Ok(Ending::refused(
            format!(
                "{} on {} is a {}'s, and {FILE} calls it a {}",
                target.root(),
                target.host,
                facts.role.as_str(),
                target.role().as_str()
            ),
            if facts.state.releases.is_empty() { "mirai deploy provision" } else { "name another `root` on it" },
        ));
    }
    let manner = target.manner();
    let plan = match plan(&facts, &wish, &manner) {
        Ok(plan) => plan,
        Err(refusal) => return Ok(refusal.into()),
    };
    show(Report::Plan(&plan));
    if options.is_dry {
        return Ok(Ending::good("that is what would be done", "nothing was changed"));
    }
    let apply = Apply { wish, manner, plan, by: options.by.clone(), wait_s: options.wait_s };
    if wire::say(&mut connection.to, &Ask::Apply(apply.clone())).is_err() {
        return Err(lost(connection));
    }
    let mut begun = None;
    Ok(match follow(target, &mut connection, &apply, archive, &mut begun, show) {
        Some(ending) => ending,
        None => {
            show(Report::Note("the connection is lost; the host goes on by itself, and is asked again"));
            drop(connection);
            find_out(target, &apply, begun.and_then(|at| apply.plan.steps.get(at)))
        }
    })
}

/// Gives a host what it should have. One without an agent gets it first, from the archive; in a dry run it can't be asked then.
///
/// A VPN server that has not enrolled yet gets its token from `site`, or from the operator's own settings.
pub fn provide(
    target: &Target,
    site: Option<&Target>,
    given: Given,
    archive: &Path,
    options: &Options,
    show: &mut dyn FnMut(Report<'_>),
) -> Ending {
    provided(target, site, given, archive, options, show).unwrap_or_else(ClientError::ending)
}

fn provided(
    target: &Target,
    site: Option<&Target>,
    given: Given,
    archive: &Path,
    options: &Options,
    show: &mut dyn FnMut(Report<'_>),
) -> Result<Ending, ClientError> {
    let resources = target.resources(site)?;
    let mut connection = match Connection::open(target) {
        Ok(connection) => connection,
        Err(error) if [NO_AGENT, OTHERWISE, BROKEN].iter().any(|words| error.to_string().contains(words)) => {
            if options.is_dry {
                show(Report::Note("the host has no agent of this version yet; of these, what is missing:"));
                resources.iter().for_each(|resource| show(Report::Note(&format!(" - {resource}"))));
                return Ok(Ending::good(
                    "the agent would be sent, and then asked what is missing",
                    "nothing was changed",
                ));
            }
            show(Report::Note("send the agent …"));
            bring_agent(target, archive)?;
            Connection::open(target)?
        }
        Err(error) => return Err(error),
    };
    let (role, by) = (target.role(), options.by.clone());
    let wanted = Provide { role, resources, given, is_dry: options.is_dry, by, wait_s: options.wait_s };
    if wire::say(&mut connection.to, &Ask::Provide(wanted)).is_err() {
        return Err(lost(connection));
    }
    loop {
        match wire::hear(&mut connection.from) {
            Ok(Some(Tell::Differences(lines))) => {
                lines.iter().for_each(|line| show(Report::Note(&format!(" - {line}"))))
            }
            Ok(Some(Tell::Note(text))) => show(Report::Note(&text)),
            Ok(Some(Tell::TokenWanted)) => {
                let token = token(target, site).map_err(|error| error.ending().lines().join("\n"));
                if wire::say(&mut connection.to, &Ask::Token(token)).is_err() {
                    return Err(lost(connection));
                }
            }
            Ok(Some(Tell::Done(ending))) => return Ok(ending),
            _ => {
                return Ok(Ending {
                    outcome: Outcome::Failed,
                    cause: "the connection was lost on the way".to_owned(),
                    evidence: connection.last_words(),
                    host: "what was shown as begun may be done; what serves was not touched".to_owned(),
                    next: "run the command again: it goes on from there".to_owned(),
                });
            }
        }
    }
}

/// A token for a VPN server, from its site.
fn token(target: &Target, site: Option<&Target>) -> Result<Secret, ClientError> {
    let (Some(vpn), Some(site)) = (&target.gateway, site) else {
        return Err(ClientError::Config(format!(
            "a token is needed: name the part of {FILE} with the site, `site = \"production\"`; or put {TOKEN}=… into a file \
             that `settings` names, from `mirai admin server add` on the site"
        )));
    };
    let server = vpn.server()?;
    let mut connection = Connection::open(site)?;
    match ask(&mut connection, &Ask::Server(server)) {
        Some(Tell::Token(token)) => Ok(token),
        Some(Tell::Done(ending)) => {
            Err(ClientError::Ssh { cause: ending.cause, evidence: ending.evidence, remedy: ending.next })
        }
        _ => Err(lost(connection)),
    }
}

/// The program of an archive, to the host.
fn bring_agent(target: &Target, archive: &Path) -> Result<(), ClientError> {
    let failed = |error: String| ClientError::Config(format!("the agent could not be unpacked: {error}"));
    let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
    let unpacked = File::open(archive).map_err(|error| error.to_string());
    let unpacked = unpacked
        .and_then(|file| archive::unpack(BufReader::new(file), folder.path()).map_err(|error| error.to_string()));
    match unpacked {
        Ok(manifest) => {
            let program = manifest.files.iter().find(|file| file.path == manifest::PROGRAM);
            let sha256 = program.map(|file| file.sha256.as_str()).unwrap_or_default();
            Connection::bring_agent(target, &folder.path().join(manifest::PROGRAM), sha256)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Listens until the end; `None` when the link is lost before.
fn follow(
    target: &Target,
    connection: &mut Connection,
    apply: &Apply,
    archive: Option<&Path>,
    begun: &mut Option<usize>,
    show: &mut dyn FnMut(Report<'_>),
) -> Option<Ending> {
    loop {
        match wire::hear(&mut connection.from).ok()?? {
            Tell::Begin { at } => {
                *begun = Some(at);
                show(Report::Begin(at, apply.plan.steps.get(at)?.to_string()));
            }
            Tell::Did { at, ms } => show(Report::Did(at, ms)),
            Tell::Note(text) => show(Report::Note(&text)),
            Tell::Send { from } => send(connection, archive?, from, show)?,
            Tell::ConfirmBy { nonce } => {
                if let Err(error) = confirm(target, &nonce) {
                    show(Report::Note(&format!("not confirmed: {error}")));
                }
            }
            Tell::Done(ending) => return Some(ending),
            _ => return None,
        }
    }
}

fn send(connection: &mut Connection, archive: &Path, from: u64, show: &mut dyn FnMut(Report<'_>)) -> Option<()> {
    let mut file = File::open(archive).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(from)).ok()?;
    let (mut piece, mut sent) = (vec![0; PIECE], from);
    loop {
        let count = file.read(&mut piece).ok()?;
        wire::send(&mut connection.to, &piece[..count]).ok()?;
        if count == 0 {
            return Some(());
        }
        sent += count as u64;
        show(Report::Sent(sent, size));
    }
}

/// Says the word of a switch over a connection of its own: that it can be made is what is to be proved.
fn confirm(target: &Target, nonce: &str) -> Result<(), ClientError> {
    let mut connection = Connection::open(target)?;
    match ask(&mut connection, &Ask::Confirm { nonce: nonce.to_owned() }) {
        Some(Tell::Done(Ending { outcome: Outcome::Good, .. })) => Ok(()),
        _ => Err(lost(connection)),
    }
}

fn ask(connection: &mut Connection, ask: &Ask) -> Option<Tell> {
    wire::say(&mut connection.to, ask).ok()?;
    wire::hear(&mut connection.from).ok()?
}

fn lost(connection: Connection) -> ClientError {
    ClientError::Ssh {
        cause: "the connection was lost".to_owned(),
        evidence: connection.last_words(),
        remedy: "run the command again".to_owned(),
    }
}

/// After a lost link: asks the host until nobody deploys there any more, says the word that it may wait for, and tells how it
/// ended.
fn find_out(target: &Target, apply: &Apply, begun: Option<&Step>) -> Ending {
    let patience = Duration::from_secs(apply.manner.watch_s + apply.manner.confirm_s) + AIR;
    let mut until = Instant::now() + patience;
    while Instant::now() < until {
        std::thread::sleep(PAUSE);
        let Ok(status) = status(target) else { continue };
        if status.locked_by.is_some() {
            // It works, however long that takes.
            until = Instant::now() + patience;
        }
        if let Some(nonce) = &status.awaited {
            let _ = confirm(target, nonce);
        } else if status.locked_by.is_none() && status.state.pending.is_none() {
            return ended(&status, apply, begun);
        }
    }
    Ending {
        outcome: Outcome::Failed,
        cause: format!("the connection was lost, and {} can't be asked", target.host),
        evidence: Vec::new(),
        host: "what served before serves, or serves again within seconds: a switch that nobody confirms is taken back"
            .to_owned(),
        next: "mirai deploy status".to_owned(),
    }
}

fn ended(status: &Status, apply: &Apply, begun: Option<&Step>) -> Ending {
    let live = status.state.live.as_ref().map(|live| live.release.clone());
    let host = live.as_ref().map_or("nothing serves".to_owned(), |live| format!("{live} serves; it {}", status.health));
    let switch = apply.plan.steps.iter().find_map(|step| match step {
        Step::Switch { release, slot, .. } => Some(Live { release: release.clone(), slot: *slot }),
        _ => None,
    });
    let is_done = match (&apply.wish, switch) {
        (Wish::Push(wanted), _) => status.state.find(&wanted.id).is_some(),
        // The same release may have been live before, in the other slot.
        (_, Some(switch)) => status.state.live.as_ref() == Some(&switch),
        (Wish::Release(wanted), None) => live.as_ref() == Some(&wanted.id),
        (Wish::Rollback(_), None) => false,
    };
    if is_done {
        return Ending::good("the connection was lost on the way, and all was done", host);
    }
    let was_live =
        matches!(begun, Some(Step::Switch { from: Some(_), .. } | Step::Watch { .. } | Step::Confirm { .. }));
    Ending {
        outcome: if was_live && live.is_some() { Outcome::RolledBack } else { Outcome::Failed },
        cause: "the connection was lost on the way".to_owned(),
        evidence: Vec::new(),
        host,
        next: "run the command again: it goes on where this one stopped".to_owned(),
    }
}

/// The releases of a host.
///
/// # Errors
/// When it can't be reached.
pub fn status(target: &Target) -> Result<Status, ClientError> {
    let mut connection = Connection::open(target)?;
    match ask(&mut connection, &Ask::Status) {
        Some(Tell::Status(status)) => Ok(status),
        Some(Tell::Done(ending)) => {
            Err(ClientError::Ssh { cause: ending.cause, evidence: ending.evidence, remedy: ending.next })
        }
        _ => Err(lost(connection)),
    }
}

/// The last lines of what serves.
///
/// # Errors
/// When the host can't be reached.
pub fn logs(target: &Target, lines: u32) -> Result<Vec<String>, ClientError> {
    let mut connection = Connection::open(target)?;
    match ask(&mut connection, &Ask::Logs { lines }) {
        Some(Tell::Logs(lines)) => Ok(lines),
        _ => Err(lost(connection)),
    }
}

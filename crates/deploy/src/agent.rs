//! The half on the host. It holds the lock, does the steps of a plan, and goes on when the link is lost: what it says is then
//! said to nobody, and stands in its log.

mod apply;
mod guard;
mod http;
mod link;
mod lock;
mod look;
mod provide;
mod run;
mod settings;
mod slots;
mod store;
mod systemd;
mod vpn;
mod watch;

use std::fs::File;
use std::io::{self, Read, Write};

pub use guard::guard;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::Mode;

use crate::layout::Layout;
use crate::outcome::Ending;
use crate::wire::{self, Ask, PROTOCOL, Status, Tell};
use link::Link;

/// A host, as its agent has it.
#[derive(Debug, Clone)]
pub struct Host {
    /// Where things lie.
    pub layout: Layout,
    /// The time in Unix milliseconds.
    pub clock: fn() -> i64,
    /// The agent's version.
    pub version: &'static str,
}

/// Why the agent ends early: its own files can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A file or a folder.
    #[error("{0}: {1}")]
    File(String, #[source] io::Error),
    /// The list of releases is damaged.
    #[error(
        "{0} can't be read ({1}); the folders beside it are whole: tell what serves with `systemctl status 'mirai*'`"
    )]
    State(String, #[source] serde_json::Error),
    /// The other half is gone, or says what nobody asked for.
    #[error("the connection ended: {0}")]
    Link(#[from] io::Error),
}

/// How long the other half may be silent when it is its turn: a link that died without a word must not hold the lock.
const SILENCE: Timespec = Timespec { tv_sec: 120, tv_nsec: 0 };

/// Reads what the other half says, as long as it says something.
struct Patient(File);

impl Read for Patient {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let mut waited = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut waited, Some(&SILENCE)) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::TimedOut, "the other half says nothing any more")),
            Ok(_) => self.0.read(block),
            Err(error) => Err(error.into()),
        }
    }
}

/// Speaks with the half on the laptop until that is gone.
///
/// # Errors
/// When nothing more can be said or read.
pub fn speak(host: &Host, from: File, mut to: impl Write) -> Result<(), AgentError> {
    // The program's user has to read the releases, whatever root's own habit is.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    to.write_all(wire::MAGIC)?;
    let mut link = Link::new(Patient(from), to);
    link.tell(&Tell::Hello { protocol: PROTOCOL, version: host.version.to_owned() });
    while let Some(ask) = link.hear::<Ask>()? {
        match ask {
            Ask::Look(wish) => match host.facts(Some(&wish)) {
                Ok(facts) => link.tell(&Tell::Facts(facts)),
                Err(error) => link.tell(&Tell::Done(broken(&error))),
            },
            Ask::Apply(apply) => {
                let ending = apply::apply(host, &apply, &mut link).unwrap_or_else(|error| broken(&error));
                link.tell(&Tell::Done(ending));
            }
            Ask::Provide(wanted) => {
                let ending = provide::provide(host, &wanted, &mut link).unwrap_or_else(|error| broken(&error));
                link.tell(&Tell::Done(ending));
            }
            Ask::Status => match status(host) {
                Ok(status) => link.tell(&Tell::Status(status)),
                Err(error) => link.tell(&Tell::Done(broken(&error))),
            },
            Ask::Logs { lines } => link.tell(&Tell::Logs(systemd::journal(host.role().units(), lines))),
            Ask::Server(new) => {
                let told = host.server(&new).unwrap_or_else(|error| Tell::Done(broken(&error)));
                link.tell(&told);
            }
            Ask::Token(_) => return Err(io::Error::other("a token came unasked").into()),
            Ask::Confirm { nonce } => {
                let ending = confirm(host, &nonce).unwrap_or_else(|error| broken(&error));
                link.tell(&Tell::Done(ending));
            }
        }
    }
    Ok(())
}

fn broken(error: &AgentError) -> Ending {
    Ending::refused(
        format!("the agent can't work on this host: {error}"),
        "look at the file that is named, on the host",
    )
}

fn status(host: &Host) -> Result<Status, AgentError> {
    let state = host.state()?;
    let health = match &state.live {
        None => "nothing is live".to_owned(),
        Some(live) if !host.role().is_site() => host.gateway_health(&live.release),
        Some(live) => match http::readiness(&host.layout.public_socket()) {
            Ok(ready) if ready.release.as_deref() == Some(live.release.as_str()) && ready.ok => "answers".to_owned(),
            Ok(ready) => format!("answers, but {}", ready.trouble(live.release.as_str())),
            Err(error) => format!("does not answer: {error}"),
        },
    };
    let health = match &state.live {
        Some(live) if host.has_new_settings(live) => {
            format!("{health}; the settings were changed since it began: `mirai deploy release` takes them up")
        }
        _ => health,
    };
    let locked_by = lock::holder(&host.layout);
    let awaited = locked_by.as_ref().and_then(|_| std::fs::read_to_string(host.layout.awaited()).ok());
    Ok(Status { role: host.role(), state, locked_by, awaited, health })
}

/// Only a word that was given out can be said: it names a file, so nothing else may stand in it.
fn confirm(host: &Host, nonce: &str) -> Result<Ending, AgentError> {
    if nonce.len() != 32 || !nonce.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Ending::refused("that is no word of a switch", ""));
    }
    let path = host.layout.confirmation(nonce);
    std::fs::write(&path, "").map_err(|error| AgentError::File(path.display().to_string(), error))?;
    Ok(Ending::good("confirmed", ""))
}

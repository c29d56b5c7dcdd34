//! `mirai deploy`: what is asked for, shown step by step, with an exit code that scripts can rely on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use deploy::client::artifact::{self, Artifact};
use deploy::client::config::{self, Target};
use deploy::client::log::Log;
use deploy::client::{self, ClientError, Options, Report};
use deploy::id::ReleaseId;
use deploy::outcome::{Ending, Outcome, plain};
use deploy::plan::Wish;
use deploy::role::Role;
use serde_json::json;

use crate::cli::{Change, Deploy, DeployVerb, Source};
use crate::out;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs a command to its end.
pub(crate) fn run(command: &Deploy) -> ExitCode {
    #[cfg(unix)]
    match &command.verb {
        DeployVerb::Agent { root } => return on_host::agent(root),
        DeployVerb::Guard { root } => return on_host::guard(root),
        _ => {}
    }
    let folder = Path::new(".");
    let ending = match &command.verb {
        DeployVerb::Build { allow_dirty, program, role } => {
            let role = role.map_or_else(|| role_of(folder, &command.env), |role| Ok(role.into()));
            role.and_then(|role| build(folder, *allow_dirty, role, program.as_deref()))
        }
        DeployVerb::Status => status(command, folder),
        DeployVerb::Logs { lines } => logs(command, folder, *lines),
        DeployVerb::Provision { source, change } => provision(command, folder, source, change),
        DeployVerb::Push { source, change } => bring(command, folder, source, change, "push", Wish::Push),
        DeployVerb::Release { source, change, provision: is_first } => {
            let before = if *is_first { provision(command, folder, source, change).map(Some) } else { Ok(None) };
            match before {
                Ok(Some(ending)) if ending.outcome != Outcome::Good => Ok(ending),
                Ok(_) => bring(command, folder, source, change, "release", Wish::Release),
                Err(error) => Err(error),
            }
        }
        DeployVerb::Rollback { release, change } => rollback(command, folder, release.as_deref(), change),
        #[cfg(unix)]
        DeployVerb::Agent { .. } | DeployVerb::Guard { .. } => return ExitCode::SUCCESS,
    };
    let ending = ending.unwrap_or_else(ClientError::ending);
    let code = ending.outcome.code();
    if command.format.json && !matches!(command.verb, DeployVerb::Status | DeployVerb::Logs { .. }) {
        out::line(&json!({ "code": code, "ending": ending }).to_string());
    } else if code == 0 {
        ending.lines().iter().filter(|line| !line.is_empty()).for_each(|line| out::line(line));
    } else {
        ending.lines().iter().for_each(|line| out::error(&format!("mirai: {line}")));
    }
    ExitCode::from(code)
}

/// What an environment's hosts are for. A build needs no settings: without any it is a site's.
fn role_of(folder: &Path, env: &str) -> Result<Role, ClientError> {
    let has_settings = [config::FILE, config::OLD_FILE].iter().any(|file| folder.join(file).is_file());
    if has_settings { Ok(config::read(folder, env)?.role()) } else { Ok(Role::Site) }
}

fn build(folder: &Path, allow_dirty: bool, role: Role, program: Option<&Path>) -> Result<Ending, ClientError> {
    let artifact = built(folder, allow_dirty, role, program)?;
    let path = artifact.path.display();
    Ok(Ending::good(format!("{path} is {}, {:.1} MB", artifact.wanted.id, artifact.wanted.size as f64 / 1e6), ""))
}

fn built(folder: &Path, allow_dirty: bool, role: Role, program: Option<&Path>) -> Result<Artifact, ClientError> {
    let folder = std::fs::canonicalize(folder).map_err(|error| ClientError::Config(format!("this folder: {error}")))?;
    let commit = artifact::clean_commit(&folder, allow_dirty)?;
    let program = match program {
        Some(program) => program.to_owned(),
        None => artifact::build(&folder, &commit, role)?,
    };
    artifact::pack(&folder, &commit, role, &program, VERSION)
}

/// The archive that was named, or this commit's: the one that lies there, or one that is built now.
fn sourced(folder: &Path, source: &Source, target: &Target) -> Result<Artifact, ClientError> {
    let role = target.role();
    if let Some(path) = &source.artifact {
        let artifact = artifact::open(path)?;
        if artifact.manifest.role == role {
            return Ok(artifact);
        }
        let (of, host) = (artifact.manifest.role.as_str(), role.as_str());
        return Err(ClientError::Artifact {
            cause: format!("{} is of a {of}, and {} is a {host}", path.display(), target.host),
            remedy: "`mirai deploy build --role site` or `--role gateway` makes the other".to_owned(),
        });
    }
    let commit = artifact::clean_commit(folder, source.allow_dirty)?;
    let lying = ReleaseId::of(&commit.stamp, &commit.revision, None).map(|id| artifact::place(folder, &id, role));
    match lying {
        Ok(path) if commit.changed.is_empty() && path.is_file() => artifact::open(&path),
        _ => built(folder, source.allow_dirty, role, None),
    }
}

fn bring(
    command: &Deploy,
    folder: &Path,
    source: &Source,
    change: &Change,
    verb: &str,
    wish: fn(deploy::plan::Wanted) -> Wish,
) -> Result<Ending, ClientError> {
    let target = config::read(folder, &command.env)?;
    let artifact = sourced(folder, source, &target)?;
    let wish = wish(artifact.wanted.clone());
    Ok(carry_out(command, folder, &target, wish, Some(artifact.path), change, verb))
}

fn rollback(command: &Deploy, folder: &Path, to: Option<&str>, change: &Change) -> Result<Ending, ClientError> {
    let target = config::read(folder, &command.env)?;
    let to = to.map(ReleaseId::parse).transpose().map_err(|error| ClientError::Config(error.to_string()))?;
    Ok(carry_out(command, folder, &target, Wish::Rollback(to), None, change, "rollback"))
}

fn provision(command: &Deploy, folder: &Path, source: &Source, change: &Change) -> Result<Ending, ClientError> {
    let target = config::read(folder, &command.env)?;
    let given = target.given(folder)?;
    let site = target.gateway.as_ref().and_then(|vpn| vpn.site.as_deref());
    let site = site.map(|part| config::read(folder, part)).transpose()?;
    let artifact = sourced(folder, source, &target)?;
    Ok(shown(command, folder, change, "provision", |options, show| {
        client::provide(&target, site.as_ref(), given, &artifact.path, options, show)
    }))
}

fn carry_out(
    command: &Deploy,
    folder: &Path,
    target: &Target,
    wish: Wish,
    archive: Option<PathBuf>,
    change: &Change,
    verb: &str,
) -> Ending {
    shown(command, folder, change, verb, |options, show| {
        client::carry_out(target, wish, archive.as_deref(), options, show)
    })
}

/// Does something whose steps are shown, and stand in this side's log unless nothing is done.
fn shown(
    command: &Deploy,
    folder: &Path,
    change: &Change,
    verb: &str,
    act: impl FnOnce(&Options, &mut dyn FnMut(Report<'_>)) -> Ending,
) -> Ending {
    let options = Options { by: who(), is_dry: change.dry_run, wait_s: change.wait };
    let mut log = (!change.dry_run).then(|| Log::begin(folder, &command.env, verb, now_ms()));
    let mut say = |text: &str| {
        let text = &plain(text);
        if let Some(log) = &mut log {
            log.line(now_ms(), text);
        }
        if !command.format.json {
            out::line(text);
        }
    };
    let mut shown_mb = 0;
    let mut show = |report: Report<'_>| match report {
        Report::Plan(plan) if command.format.json => out::line(&json!({ "plan": plan }).to_string()),
        Report::Plan(plan) => {
            for (at, step) in plan.steps.iter().enumerate() {
                say(&format!("{:>2}. {step}", at + 1));
            }
        }
        Report::Begin(at, step) => say(&format!("[{}] {step} …", at + 1)),
        Report::Did(at, ms) => say(&format!("[{}] done in {:.1} s", at + 1, ms as f64 / 1000.0)),
        Report::Sent(sent, size) => {
            if sent == size || sent / 5_000_000 > shown_mb {
                shown_mb = sent / 5_000_000;
                say(&format!("    {:.0} of {:.0} MB", sent as f64 / 1e6, size as f64 / 1e6));
            }
        }
        Report::Note(text) => say(text),
    };
    let ending = act(&options, &mut show);
    if let Some(log) = &mut log {
        ending.lines().iter().for_each(|line| log.line(now_ms(), line));
    }
    ending
}

fn status(command: &Deploy, folder: &Path) -> Result<Ending, ClientError> {
    let target = config::read(folder, &command.env)?;
    let status = client::status(&target)?;
    if command.format.json {
        out::line(&json!(status).to_string());
        return Ok(Ending::good("", ""));
    }
    let live = status.state.live.as_ref();
    for kept in status.state.releases.iter().rev() {
        let is_live = live.is_some_and(|live| live.release == kept.id);
        let mark = if is_live { "live" } else { kept.mark.as_str() };
        out::line(&plain(&format!("{mark:<6} {}  {}  by {}", kept.id, kept.version, kept.by)));
    }
    if let Some(pending) = &status.state.pending {
        out::line(&format!("a switch to {} is under way", pending.to.release));
    }
    if let Some(who) = &status.locked_by {
        out::line(&plain(&format!("{who} is deploying")));
    }
    Ok(Ending::good(live.map_or(status.health.clone(), |live| format!("{} {}", live.release, status.health)), ""))
}

fn logs(command: &Deploy, folder: &Path, lines: u32) -> Result<Ending, ClientError> {
    let target = config::read(folder, &command.env)?;
    client::logs(&target, lines)?.iter().for_each(|line| out::line(&plain(line)));
    Ok(Ending::good("", ""))
}

/// Who is at this machine: `mika@laptop`.
#[expect(clippy::disallowed_methods, reason = "this binary is where the environment comes in")]
fn who() -> String {
    let first =
        |names: [&str; 2]| names.iter().find_map(|name| std::env::var(name).ok()).filter(|text| !text.is_empty());
    let user = first(["USER", "USERNAME"]).unwrap_or_else(|| "somebody".to_owned());
    let file = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    let machine = first(["HOSTNAME", "COMPUTERNAME"]).or_else(file).unwrap_or_else(|| "a machine".to_owned());
    format!("{user}@{machine}")
}

#[expect(clippy::disallowed_methods, reason = "a command line has no other clock")]
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(unix)]
mod on_host {
    use std::os::fd::AsFd as _;
    use std::path::Path;
    use std::process::ExitCode;

    use deploy::agent::{self, Host};
    use deploy::layout::Layout;

    use crate::out;

    pub(super) fn agent(root: &Path) -> ExitCode {
        // As a file: what a buffer holds is not seen by whoever waits for more.
        let spoken = match std::io::stdin().as_fd().try_clone_to_owned() {
            Ok(from) => agent::speak(&host(root), from.into(), std::io::stdout().lock()),
            Err(error) => Err(error.into()),
        };
        finish(spoken.map(|()| Vec::new()))
    }

    pub(super) fn guard(root: &Path) -> ExitCode {
        finish(agent::guard(&host(root)))
    }

    fn host(root: &Path) -> Host {
        Host { layout: Layout::new(root), clock: super::now_ms, version: super::VERSION }
    }

    fn finish(done: Result<Vec<String>, agent::AgentError>) -> ExitCode {
        match done {
            Ok(lines) => {
                lines.iter().for_each(|line| out::line(line));
                ExitCode::SUCCESS
            }
            Err(error) => {
                out::error(&format!("mirai: {error}"));
                ExitCode::FAILURE
            }
        }
    }
}

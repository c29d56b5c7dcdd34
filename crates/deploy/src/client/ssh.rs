//! The connection: one `ssh` with the agent at its other end. The system's `ssh` brings the user's keys, jump hosts and
//! known hosts, on Windows too.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use tempfile::NamedTempFile;

use super::ClientError;
use super::config::Target;
use crate::wire::{self, PROTOCOL, Tell};

/// What is said of a host that nobody has deployed to.
pub(super) const NO_AGENT: &str = "the host has no agent yet";
/// What is said of an agent that does not run.
pub(super) const BROKEN: &str = "the host's agent does not run";
/// What is said of an agent of another version.
pub(super) const OTHERWISE: &str = "speaks otherwise than this program";
/// What a host says of an agent that did not arrive whole.
const PARTIAL: &str = "partial-agent";
/// What is shown of what `ssh` says.
const SHOWN: usize = 10;

/// A connection with an agent that has said hello.
pub(super) struct Connection {
    child: Child,
    pub(super) to: Sink,
    pub(super) from: BufReader<ChildStdout>,
    said: Option<JoinHandle<String>>,
    /// The host's pinned key, in a file as long as the connection lasts.
    _known_hosts: Option<NamedTempFile>,
}

/// What is said to the host; ended, so that the host hears that nothing more comes.
pub(super) struct Sink(Option<ChildStdin>);

impl Sink {
    fn take(&mut self) {
        self.0 = None;
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.flush()
    }
}

impl Connection {
    /// Connects.
    pub(super) fn open(target: &Target) -> Result<Connection, ClientError> {
        let sudo = if target.sudo { "sudo -n " } else { "" };
        // The folder's signs were checked when the settings were read: no shell can misread it.
        let command = format!("exec {sudo}{0}/agent deploy agent --root {0}", target.root());
        let mut connection = Connection::start(target, &command)?;
        match wire::pass_greeting(&mut connection.from) {
            Ok(Ok(())) => {}
            Ok(Err(greeting)) => return Err(connection.no_agent(target, &greeting)),
            Err(error) => return Err(connection.no_agent(target, &error.to_string())),
        }
        match wire::hear(&mut connection.from) {
            Ok(Some(Tell::Hello { protocol: PROTOCOL, .. })) => Ok(connection),
            Ok(Some(Tell::Hello { version, .. })) => Err(ClientError::Ssh {
                cause: format!("the agent on {} is of version {version}, and {OTHERWISE}", target.host),
                evidence: Vec::new(),
                remedy: "bring it to this version: `mirai deploy provision`".to_owned(),
            }),
            _ => Err(connection.no_agent(target, "")),
        }
    }

    /// Brings the host a first agent: the program is written there, and nothing else is needed on it but a shell.
    ///
    /// What has not arrived whole does not become the agent.
    pub(super) fn bring_agent(target: &Target, program: &Path, sha256: &str) -> Result<(), ClientError> {
        let (sudo, root) = (if target.sudo { "sudo -n " } else { "" }, target.root());
        let new = format!("{root}/bootstrap/new");
        let script = format!(
            "umask 022 && mkdir -p {root}/bootstrap && cat > {new} && \
             if ! echo \"{sha256}  {new}\" | sha256sum --check --status; then echo {PARTIAL}; exit 1; fi && \
             chmod 755 {new} && mv {new} {root}/bootstrap/mirai && ln -sfn {root}/bootstrap/mirai {root}/agent && echo brought"
        );
        let mut connection = Connection::start(target, &format!("exec {sudo}sh -c '{script}'"))?;
        let sent = File::open(program).and_then(|mut file| io::copy(&mut file, &mut connection.to));
        connection.to.take();
        let mut said = String::new();
        let heard = connection.from.read_to_string(&mut said);
        match (sent, heard) {
            (Ok(_), Ok(_)) if said.trim_end().ends_with("brought") => Ok(()),
            _ if said.contains(PARTIAL) => Err(ClientError::Ssh {
                cause: "the agent did not arrive whole, and was not taken".to_owned(),
                evidence: connection.last_words(),
                remedy: "run the command again".to_owned(),
            }),
            _ => Err(connection.no_agent(target, &said)),
        }
    }

    fn start(target: &Target, command: &str) -> Result<Connection, ClientError> {
        let known_hosts = target.host_key.as_deref().map(pin).transpose()?;
        let mut ssh = Command::new("ssh");
        ssh.args(["-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=15"]);
        ssh.args(["-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3", "-p", &target.port.to_string()]);
        // A connection of its own, whatever the user's settings share or add: that it can be made is what a confirmation proves.
        for option in
            ["ControlMaster=no", "ControlPath=none", "RemoteCommand=none", "ClearAllForwardings=yes", "ForwardAgent=no"]
        {
            ssh.args(["-o", option]);
        }
        if let Some(kept) = &known_hosts {
            let file = format!("UserKnownHostsFile=\"{}\"", kept.path().display());
            ssh.args([
                "-o",
                &file,
                "-o",
                "GlobalKnownHostsFile=none",
                "-o",
                "HostKeyAlias=pinned",
                "-o",
                "VerifyHostKeyDNS=no",
            ]);
        }
        if let Some(identity) = &target.identity {
            ssh.arg("-i").arg(identity).args(["-o", "IdentitiesOnly=yes"]);
        }
        ssh.arg(format!("{}@{}", target.user, target.host)).arg("--").arg(command);
        ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let failed = |cause: String| ClientError::Ssh {
            cause,
            evidence: Vec::new(),
            remedy: "install OpenSSH's client; Windows has it under Settings, Optional features".to_owned(),
        };
        let mut child = ssh.spawn().map_err(|error| failed(format!("ssh can't be run: {error}")))?;
        let (to, from, mut errors) = match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(to), Some(from), Some(errors)) => (to, BufReader::new(from), errors),
            _ => return Err(failed("ssh has no pipes".to_owned())),
        };
        let said = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Connection { child, to: Sink(Some(to)), from, said: Some(said), _known_hosts: known_hosts })
    }

    /// What `ssh` said, once it has ended.
    pub(super) fn last_words(mut self) -> Vec<String> {
        let _ = self.child.kill();
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        let lines: Vec<String> = said.lines().map(str::to_owned).collect();
        lines[lines.len().saturating_sub(SHOWN)..].to_vec()
    }

    fn no_agent(self, target: &Target, greeting: &str) -> ClientError {
        let mut evidence: Vec<String> = greeting.lines().take(SHOWN).map(str::to_owned).collect();
        evidence.extend(self.last_words());
        let words = evidence.join("\n");
        let (host, port) = (&target.host, target.port);
        let (cause, remedy) = if words.contains("Host key verification failed")
            || words.contains("REMOTE HOST IDENTIFICATION")
        {
            (
                format!("the key of {host} is not the one that is known, or none is known"),
                format!(
                    "compare it with what your provider shows (`ssh-keyscan -p {port} {host} | ssh-keygen -lf -`); if it is the \
                     same, put it into deploy.toml as `host_key`, or sign in once by hand"
                ),
            )
        } else if words.contains("Permission denied") {
            (
                format!("{host} does not let {} in", target.user),
                format!("try `ssh -p {port} {}@{host}`; `ssh-add` unlocks a key", target.user),
            )
        } else if words.contains("GLIBC_") || words.contains("Exec format") {
            (
                format!("{BROKEN}: it was built for another system than {host}'s"),
                "build on Debian 12, or take the archive that CI has built: `--artifact FILE`".to_owned(),
            )
        } else if words.contains("Segmentation") || words.contains("Bus error") {
            (BROKEN.to_owned(), "mirai deploy provision".to_owned())
        } else if words.contains("No such file") || words.contains("not found") {
            (NO_AGENT.to_owned(), "mirai deploy provision".to_owned())
        } else {
            (format!("{host} can't be reached"), format!("try `ssh -p {port} {}@{host}`", target.user))
        };
        ClientError::Ssh { cause, evidence, remedy }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file of known hosts with one key in it.
fn pin(key: &str) -> Result<NamedTempFile, ClientError> {
    let kept =
        NamedTempFile::new().and_then(|mut file| file.write_all(format!("pinned {key}\n").as_bytes()).map(|()| file));
    kept.map_err(|error| ClientError::Config(format!("the host's key can't be kept in a file for ssh: {error}")))
}

//! Giving a host what it should have. Each thing is looked at first: what is as it should be is left alone.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::link::Link;
use super::run::{TO_WORK, run_as_owner};
use super::store::{file_error, link, random, remove, replace};
use super::{AgentError, Host, lock, systemd};
use crate::outcome::{Ending, Outcome};
use crate::provision::gateway::TOKEN;
use crate::provision::site::FOR_CERTBOT;
use crate::provision::{Resource, Then};
use crate::wire::{Ask, Provide, Secret, Tell};

/// The shell of whoever is not to sign in.
const NO_SHELL: &str = "/usr/sbin/nologin";
/// Secrets that the host makes for itself: 32 bytes each, in Base64.
const SECRETS: [&str; 3] = ["X_API_KEY", "JWT_SECRET", "DATA_KEYS"];

/// Compares a host with what it should have, and gives it what is missing, in order.
pub(super) fn provide<R: io::Read, W: io::Write>(
    host: &Host,
    wanted: &Provide,
    line: &mut Link<R, W>,
) -> Result<Ending, AgentError> {
    let given = &wanted.given.0;
    if !rustix::process::geteuid().is_root() {
        return Ok(Ending::refused(
            "the user of this connection is not root",
            "set `user = \"root\"` or `sudo = true` in deploy.toml",
        ));
    }
    let _lock = match lock::take(&host.layout, &wanted.by, Duration::from_secs(wanted.wait_s))? {
        Ok(lock) => lock,
        Err(who) => {
            return Ok(Ending::refused(format!("{who} is deploying to this host"), "let this wait: add `--wait 600`"));
        }
    };
    let (role, has) = (host.role(), host.state()?);
    if role != wanted.role && !has.releases.is_empty() {
        return Ok(Ending::refused(
            format!("{} is a {}'s, with releases", host.layout.root().display(), role.as_str()),
            "name another `root` in deploy.toml",
        ));
    }
    let differences = wanted.resources.iter().map(|resource| difference(resource, given));
    let differences: Vec<String> = differences.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    line.tell(&Tell::Differences(differences.clone()));
    let good = |cause: &str| {
        let has_new_settings = has.live.as_ref().is_some_and(|live| host.has_new_settings(live));
        let next = if has_new_settings {
            "`mirai deploy release` takes up the new settings: what serves goes on with those that it began with"
        } else {
            ""
        };
        Ending { next: next.to_owned(), ..Ending::good(cause, "") }
    };
    if differences.is_empty() {
        return Ok(good("the host has all that it should: nothing was to be done"));
    }
    if wanted.is_dry {
        return Ok(Ending::good("that is what would be done", "nothing was changed"));
    }
    host.open_log("provision", line);
    for resource in &wanted.resources {
        let Some(what) = difference(resource, given)? else { continue };
        line.tell(&Tell::Note(format!("{what} …")));
        let applied = match apply(host, resource, given, line) {
            Ok(Ok(())) => match difference(resource, given) {
                Ok(None) => Ok(()),
                Ok(Some(_)) => Err(unmoved(resource)),
                Err(error) => Err(error.to_string()),
            },
            Ok(Err(said)) => Err(said),
            Err(error) => Err(error.to_string()),
        };
        if let Err(said) = applied {
            return Ok(Ending {
                outcome: Outcome::Failed,
                cause: format!("could not {what}"),
                evidence: said.lines().map(str::to_owned).collect(),
                host: "what came before this is done; what serves was not touched".to_owned(),
                next: "mend what is named above and run `mirai deploy provision` again: it goes on from there"
                    .to_owned(),
            });
        }
    }
    Ok(good("the host has all that it should"))
}

/// What is said of something that is not as it should be though all was done for it.
fn unmoved(resource: &Resource) -> String {
    match resource {
        Resource::Unit { name } => format!("it ended again:\n{}", systemd::journal(name, 10).join("\n")),
        _ => "it was done, and is still not so".to_owned(),
    }
}

/// What is not as it should be, in a line; `None` if all is well. `given` are the operator's own settings.
fn difference(resource: &Resource, given: &BTreeMap<String, String>) -> Result<Option<String>, AgentError> {
    let is_there = |path: &str| Path::new(path).symlink_metadata().is_ok();
    let words = resource.to_string();
    Ok(match resource {
        Resource::Program { program, .. } => {
            let places = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
            // A library is named by its path, which `join` takes as it is.
            let is_found = places.iter().any(|folder| Path::new(folder).join(program).is_file());
            (!is_found).then_some(words)
        }
        Resource::User { name, .. } => {
            (account(name)?.and_then(|parts| parts.into_iter().nth(6)).as_deref() != Some(NO_SHELL)).then_some(words)
        }
        Resource::Folder { path, mode, owner } => {
            let owner = owner.as_deref().map(id_of).transpose()?.flatten().unwrap_or((0, 0));
            let fits = fs::metadata(path)
                .is_ok_and(|held| held.is_dir() && held.mode() & 0o7777 == *mode && (held.uid(), held.gid()) == owner);
            (!fits).then_some(words)
        }
        Resource::File { path, content, then } => {
            let is_same = fs::read(path).is_ok_and(|held| held == content.as_bytes());
            (!is_same || is_there(&untold(*then))).then_some(words)
        }
        Resource::Absent { path, .. } => is_there(path).then_some(words),
        Resource::OwnCertificate { folder, .. } => {
            let is_made = is_there(&format!("{folder}/privkey.pem")) && is_there(&format!("{folder}/fullchain.pem"));
            (!is_made).then_some(words)
        }
        Resource::Certbot { domain, .. } => {
            let is_made = is_there(&format!("/etc/letsencrypt/live/{domain}/fullchain.pem"));
            (!is_made).then_some(words)
        }
        Resource::Settings { path, given: plain, has_mariadb, .. } => {
            settings_difference(path, plain, *has_mariadb, given)?
        }
        Resource::Enrolled { state, .. } => {
            let is_enrolled = is_there(&format!("{state}/identity.json"));
            (!is_enrolled).then_some(words)
        }
        Resource::Link { path, to } => {
            let leads = fs::read_link(path).is_ok_and(|now| now == Path::new(to));
            (!leads).then_some(words)
        }
        Resource::Unit { name } => {
            // One that ends by itself is enabled, and was there at boot.
            let runs = systemd::is_active(name) || systemd::is_oneshot(name);
            (!systemd::is_enabled(name) || !runs).then_some(words)
        }
    })
}

/// Brings it about.
fn apply<R: io::Read, W: io::Write>(
    host: &Host,
    resource: &Resource,
    given: &BTreeMap<String, String>,
    line: &mut Link<R, W>,
) -> Result<Result<(), String>, AgentError> {
    match resource {
        Resource::Program { package, .. } => Ok(install(package)),
        Resource::User { name, home } => {
            // Its home is where the program may write: with a shell, a program that was broken into could let itself in by ssh.
            Ok(if account(name)?.is_some() {
                run(Command::new("usermod").args(["--shell", NO_SHELL, name]))
            } else {
                run(Command::new("useradd").args(["--system", "--shell", NO_SHELL, "--home-dir", home, name]))
            })
        }
        Resource::Folder { path, mode, owner } => {
            let owner = owner.as_deref().map(id_of).transpose()?.flatten().unwrap_or((0, 0));
            let made = fs::create_dir_all(path)
                .and_then(|()| fs::set_permissions(path, Permissions::from_mode(*mode)))
                .and_then(|()| std::os::unix::fs::chown(path, Some(owner.0), Some(owner.1)));
            made.map_err(file_error(Path::new(path)))?;
            Ok(Ok(()))
        }
        Resource::File { path, content, then } => change(path, Some(content), *then),
        Resource::Absent { path, then } => change(path, None, *then),
        Resource::OwnCertificate { folder, domain } => own_certificate(folder, domain),
        Resource::Certbot { domain, email } => certbot(domain, email),
        Resource::Settings { path, group, given: plain, has_mariadb } => {
            settings(path, group, plain, *has_mariadb, given)
        }
        Resource::Link { path, to } => link(Path::new(path), Path::new(to)).map(Ok),
        Resource::Enrolled { control, state } => enrol(host, control, Path::new(state), given, line),
        Resource::Unit { name } => Ok(run(Command::new("systemctl").args(["--quiet", "enable", "--now", name]))),
    }
}

fn install(package: &str) -> Result<(), String> {
    let apt = |args: &[&str]| run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(args));
    let now = ["install", "--yes", "--quiet", "--no-install-recommends", package];
    // The lists of a fresh host are old or missing.
    apt(&now).or_else(|_| apt(&["update", "--quiet"]).and_then(|()| apt(&now)))
}

/// Writes a file, or takes it away, and tells who has to hear of it. What they don't take is put back as it was.
fn change(path: &str, content: Option<&str>, then: Then) -> Result<Result<(), String>, AgentError> {
    let before = fs::read(path).ok();
    let untold = untold(then);
    put(&untold, Some(b""))?;
    put(path, content.map(str::as_bytes))?;
    let told = tell(then, path);
    if told.is_err() {
        put(path, before.as_deref())?;
    }
    remove(Path::new(&untold))?;
    Ok(told)
}

/// There while somebody has not heard of a change yet: whoever comes after a crash tells them. A boot does so by itself.
fn untold(then: Then) -> String {
    format!("/run/mirai-untold/{then:?}")
}

fn put(path: &str, content: Option<&[u8]>) -> Result<(), AgentError> {
    let path = Path::new(path);
    let Some(content) = content else { return remove(path) };
    // Hidden, since nginx and others read whatever lies in their folders.
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let next = path.with_file_name(format!(".{name}.next"));
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&next)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&next, path)
    };
    written().map_err(file_error(path))
}

fn tell(then: Then, path: &str) -> Result<(), String> {
    let is_running = systemd::is_active;
    match then {
        Then::Nothing => Ok(()),
        Then::Units => run(Command::new("systemctl").arg("daemon-reload")),
        Then::Nginx => {
            run(Command::new("nginx").args(["-t", "-q"]))?;
            if is_running("nginx.service") { systemd::tell("reload", "nginx.service") } else { Ok(()) }
        }
        Then::Fail2ban if is_running("fail2ban.service") => systemd::tell("restart", "fail2ban.service"),
        Then::Prometheus if is_running("prometheus.service") => systemd::tell("restart", "prometheus.service"),
        Then::Fail2ban | Then::Prometheus => Ok(()),
        Then::Firewall => {
            run(Command::new("nft").args(["--check", "--file", path]))?;
            run(Command::new("nft").args(["--file", path]))
        }
    }
}

fn own_certificate(folder: &str, domain: &str) -> Result<Result<(), String>, AgentError> {
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o700)))
        .map_err(file_error(Path::new(folder)))?;
    // Both have their names once they are whole.
    let names_of = |file: &str| (format!("{folder}/.{file}.next"), format!("{folder}/{file}"));
    let ((next_key, key), (next_chain, chain)) = (names_of("privkey.pem"), names_of("fullchain.pem"));
    let (subject, names) = (format!("/CN={domain}"), format!("subjectAltName=DNS:{domain}"));
    let made = run(Command::new("openssl").args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "365",
        "-subj",
        &subject,
        "-addext",
        &names,
        "-keyout",
        &next_key,
        "-out",
        &next_chain,
    ]));
    if made.is_ok() {
        fs::rename(&next_key, &key)
            .and_then(|()| fs::rename(&next_chain, &chain))
            .map_err(file_error(Path::new(folder)))?;
    }
    Ok(made)
}

/// Let's Encrypt looks for a file over HTTP: nginx shows it by a file of its own, which goes when that is done, and what it serves already
/// stays as it is.
fn certbot(domain: &str, email: &str) -> Result<Result<(), String>, AgentError> {
    let alone = format!(
        "server {{\n    listen 80;\n    listen [::]:80;\n    server_name {domain};\n    access_log off;\n    \
         location /.well-known/acme-challenge/ {{\n        root /var/www/html;\n    }}\n    \
         location / {{\n        return 301 https://{domain}$request_uri;\n    }}\n}}\n"
    );
    if let Err(trouble) = change(FOR_CERTBOT, Some(&alone), Then::Nginx)? {
        return Ok(Err(trouble));
    }
    let started = run(Command::new("systemctl").args(["--quiet", "enable", "--now", "nginx.service"]));
    let made = started.and_then(|()| {
        run(Command::new("certbot").args([
            "certonly",
            "--webroot",
            "--webroot-path",
            "/var/www/html",
            "--domain",
            domain,
            "--email",
            email,
            "--agree-tos",
            "--non-interactive",
            "--deploy-hook",
            "systemctl reload nginx",
        ]))
        .map_err(|said| format!("{said}\nthe name has to lead to this host, and port 80 has to be open"))
    });
    let gone = change(FOR_CERTBOT, None, Then::Nginx)?;
    Ok(made.and(gone))
}

/// Makes the host a VPN server of a site. The token is the operator's, or asked for now: it is good for minutes, and once.
fn enrol<R: io::Read, W: io::Write>(
    host: &Host,
    control: &str,
    state: &Path,
    given: &BTreeMap<String, String>,
    line: &mut Link<R, W>,
) -> Result<Result<(), String>, AgentError> {
    let token = match given.get(TOKEN) {
        Some(token) => token.clone(),
        None => {
            line.tell(&Tell::TokenWanted);
            match line.hear()? {
                Some(Ask::Token(Ok(Secret(token)))) => token,
                Some(Ask::Token(Err(why))) => return Ok(Err(why)),
                _ => return Ok(Err("no token came".to_owned())),
            }
        }
    };
    let state_option = state.display().to_string();
    let args = ["gateway", "enroll", "--control", control, "--state", &state_option, "--token", "-"];
    // By its standard input: a command line is seen by all users of the host.
    let said = run_as_owner(&host.layout.agent(), &args, state, &token, TO_WORK)?;
    Ok(said.map(drop).map_err(|lines| lines.join("\n")))
}

/// Where Debian's MariaDB listens for programs of its own host: cheaper than the loopback, and never out of reach of the
/// accounts of `localhost`.
const DATABASE_SOCKET: &str = "/run/mysqld/mysqld.sock";

/// Settings as they should be.
struct WantedSettings {
    /// Names of those that are new or other.
    changed: Vec<String>,
    text: String,
    /// Of a database of the host's own that is still to be made. One that the operator gives is there already.
    password: Option<String>,
}

/// The settings as they should be, if they are not: the file's own lines, what is missing, and what the operator gives.
fn settings_wanted(
    path: &str,
    plain: &[(String, String)],
    has_mariadb: bool,
    given: &BTreeMap<String, String>,
) -> Result<WantedSettings, AgentError> {
    let held = fs::read_to_string(path).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(String::new()),
        _ => Err(file_error(Path::new(path))(error)),
    })?;
    let name_of = |line: &str| line.split_once('=').map(|(name, _)| name.trim().to_owned());
    let has = |name: &str| held.lines().any(|line| name_of(line).as_deref() == Some(name));
    // What deploy.toml says, and before it what the operator's own file says.
    let mut set: BTreeMap<String, String> = plain.iter().cloned().collect();
    set.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    let (mut changed, mut lines) = (Vec::new(), Vec::new());
    for line in held.lines() {
        match name_of(line).and_then(|name| Some((set.get(&name)?, name))) {
            Some((value, name)) if line != assignment(&name, value) => {
                lines.push(assignment(&name, value));
                changed.push(name);
            }
            _ => lines.push(line.to_owned()),
        }
    }
    let mut add = |name: &str, value: String| {
        lines.push(assignment(name, &value));
        changed.push(name.to_owned());
    };
    for (name, value) in set.iter().filter(|(name, _)| !has(name)) {
        add(name, value.clone());
    }
    for name in SECRETS.into_iter().filter(|name| !has(name) && !given.contains_key(*name)) {
        add(name, secret()?);
    }
    let mut password = None;
    if has_mariadb && !has("DATABASE_URL") && !given.contains_key("DATABASE_URL") {
        // Letters alone: it stands in a URL.
        let made: String = secret()?.chars().filter(char::is_ascii_alphanumeric).collect();
        add("DATABASE_URL", format!("mysql://mirai:{made}@localhost/mirai?socket={DATABASE_SOCKET}"));
        password = Some(made);
    }
    lines.push(String::new());
    Ok(WantedSettings { changed, text: lines.join("\n"), password })
}

fn assignment(name: &str, value: &str) -> String {
    let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@+=,".contains(c));
    if is_plain { format!("{name}={value}") } else { format!("{name}='{value}'") }
}

fn settings_difference(
    path: &str,
    plain: &[(String, String)],
    has_mariadb: bool,
    given: &BTreeMap<String, String>,
) -> Result<Option<String>, AgentError> {
    // Names alone: values are nobody's business but the host's.
    let changed = settings_wanted(path, plain, has_mariadb, given)?.changed;
    Ok((!changed.is_empty()).then(|| format!("set {} in {path}", changed.join(", "))))
}

fn settings(
    path: &str,
    group: &str,
    plain: &[(String, String)],
    has_mariadb: bool,
    given: &BTreeMap<String, String>,
) -> Result<Result<(), String>, AgentError> {
    let WantedSettings { text, password, .. } = settings_wanted(path, plain, has_mariadb, given)?;
    if let Some(password) = password
        && let Err(said) = database(&password)
    {
        return Ok(Err(said));
    }
    let (_, group) = id_of(group)?.unwrap_or((0, 0));
    replace(Path::new(path), text.as_bytes(), 0o640, (0, group)).map(Ok)
}

/// A database and its user in the MariaDB of this host. The password goes in by standard input.
fn database(password: &str) -> Result<(), String> {
    run(Command::new("systemctl").args(["--quiet", "enable", "--now", "mariadb.service"]))?;
    let sql = format!(
        "CREATE DATABASE IF NOT EXISTS mirai CHARACTER SET utf8mb4;\n\
         CREATE USER IF NOT EXISTS mirai@localhost;\nALTER USER mirai@localhost IDENTIFIED BY '{password}';\n\
         GRANT ALL ON mirai.* TO mirai@localhost;\nGRANT ALL ON `mirai\\_drill\\_%`.* TO mirai@localhost;\n"
    );
    let mut child = Command::new("mariadb")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("mariadb can't be run: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(sql.as_bytes()).map_err(|error| format!("mariadb: {error}"))?;
    }
    let done = child.wait_with_output().map_err(|error| format!("mariadb: {error}"))?;
    // What it says may quote the statement with the password.
    if done.status.success() {
        Ok(())
    } else {
        Err("mariadb refused to make the database; see `journalctl -u mariadb`".to_owned())
    }
}

fn secret() -> Result<String, AgentError> {
    use base64::Engine as _;
    Ok(base64::engine::general_purpose::STANDARD.encode(random::<32>()?))
}

/// User and group of a name, if the host knows it.
fn id_of(name: &str) -> Result<Option<(u32, u32)>, AgentError> {
    Ok(account(name)?.and_then(|parts| Some((parts.get(2)?.parse().ok()?, parts.get(3)?.parse().ok()?))))
}

/// An account's line in `/etc/passwd`, see passwd(5).
fn account(name: &str) -> Result<Option<Vec<String>>, AgentError> {
    let place = Path::new("/etc/passwd");
    let all = fs::read_to_string(place).map_err(file_error(place))?;
    let mut lines = all.lines().map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>());
    Ok(lines.find(|parts| parts.first().is_some_and(|known| known == name)))
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).output() {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => {
            let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
            let lines: Vec<&str> = said.trim().lines().collect();
            Err(format!("{name}: {}", lines[lines.len().saturating_sub(10)..].join("\n")))
        }
        Err(error) => Err(format!("{name} can't be run: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_added_to_and_never_taken_away_and_what_was_made_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env").display().to_string();
        let plain = vec![("APP_ENV".to_owned(), "production".to_owned())];
        let none = BTreeMap::new();
        let WantedSettings { changed, text, password } = settings_wanted(&path, &plain, true, &none).unwrap();
        assert_eq!(changed, ["APP_ENV", "X_API_KEY", "JWT_SECRET", "DATA_KEYS", "DATABASE_URL"]);
        let url = format!("'mysql://mirai:{}@localhost/mirai?socket=/run/mysqld/mysqld.sock'", password.unwrap());
        assert!(text.contains(&format!("DATABASE_URL={url}\n")), "{text}");
        fs::write(&path, format!("{text}LOG=debug\n")).unwrap();
        assert_eq!(settings_difference(&path, &plain, true, &none).unwrap(), None);

        let given = BTreeMap::from([
            ("MAIL_FROM".to_owned(), "Mirai <a@b.c>".to_owned()),
            ("LOG".to_owned(), "info".to_owned()),
        ]);
        let WantedSettings { changed, text: next, password } = settings_wanted(&path, &plain, true, &given).unwrap();
        assert_eq!((changed, password), (vec!["LOG".to_owned(), "MAIL_FROM".to_owned()], None));
        assert!(next.contains("LOG=info\n") && next.contains("MAIL_FROM='Mirai <a@b.c>'\n"), "{next}");
        assert!(text.lines().all(|line| next.contains(line)), "what the host made stays");
        let said = settings_difference(&path, &plain, true, &given).unwrap().unwrap();
        assert!(said.contains("MAIL_FROM") && !said.contains("a@b.c"), "{said}");
    }
}

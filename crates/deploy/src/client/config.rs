//! `deploy.toml`, and the `.env.deploy` that operators have already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ClientError;
use super::vpn::Vpn;
use crate::plan::Manner;
use crate::provision::Resource;
use crate::provision::gateway::{GatewayHost, TOKEN, gateway};
use crate::provision::site::{Database, SiteHost, Tls, site};
use crate::role::Role;
use crate::wire::Given;

/// The settings' file.
pub const FILE: &str = "deploy.toml";
/// The settings' file of the service before this one.
pub const OLD_FILE: &str = ".env.deploy";
/// The environment that is meant when none is named.
pub const DEFAULT: &str = "production";

/// A host to deploy to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Name or address.
    pub host: String,
    /// Who signs in there.
    #[serde(default = "root_user")]
    pub user: String,
    /// The port of its sshd.
    #[serde(default = "ssh_port")]
    pub port: u16,
    /// Where everything lies on it; by its role if left out.
    #[serde(default)]
    pub root: Option<String>,
    /// Whether the user becomes root by `sudo -n`.
    #[serde(default)]
    pub sudo: bool,
    /// The host's key, as `ssh-keyscan` prints it behind the name: `ssh-ed25519 AAAA…`. Without it the user's known_hosts count.
    #[serde(default)]
    pub host_key: Option<String>,
    /// The private key to sign in with; what `ssh` chooses by itself if left out.
    #[serde(default)]
    pub identity: Option<PathBuf>,
    /// The name of the site: `vpn.example.net`; the host's own if left out.
    #[serde(default)]
    pub domain: Option<String>,
    /// Whom Let's Encrypt warns before a certificate ends.
    #[serde(default)]
    pub email: Option<String>,
    /// `certbot`, or `self-signed` for a trial.
    #[serde(default = "certbot")]
    pub tls: Tls,
    /// `mariadb` on the host, or `sqlite`.
    #[serde(default = "mariadb")]
    pub database: Database,
    /// A file on this machine with settings for the host, a NAME=value each: what is secret among them goes over the connection alone.
    #[serde(default)]
    pub settings: Option<PathBuf>,
    /// To whom backups are encrypted: what `mirai backup key` prints. Without it there are none.
    #[serde(default)]
    pub backup_recipient: Option<String>,
    /// Whether the host has our firewall, fail2ban and Prometheus.
    #[serde(default = "yes")]
    pub guards: bool,
    /// The port of a VPN server on the same host, for our firewall to let in.
    #[serde(default)]
    pub vpn_port: Option<u16>,
    /// VPN servers, by name or address: nobody who comes from there is banned from the site, since customers in a tunnel do, many
    /// behind one address. Those that `deploy.toml` makes servers of this site are among them by themselves.
    #[serde(default)]
    pub vpn_servers: Vec<String>,
    /// The host is a VPN server, this one; a site's host if left out.
    #[serde(default)]
    pub gateway: Option<Vpn>,
    /// How long a new release is watched, in seconds.
    #[serde(default = "watch_seconds")]
    pub watch_seconds: u64,
    /// How long the second connection may take, in seconds.
    #[serde(default = "confirm_seconds")]
    pub confirm_seconds: u64,
}

fn root_user() -> String {
    "root".to_owned()
}

fn ssh_port() -> u16 {
    22
}

fn watch_seconds() -> u64 {
    60
}

fn confirm_seconds() -> u64 {
    30
}

fn certbot() -> Tls {
    Tls::Certbot
}

fn mariadb() -> Database {
    Database::Mariadb
}

fn yes() -> bool {
    true
}

impl Target {
    /// What the host is for.
    pub fn role(&self) -> Role {
        if self.gateway.is_some() { Role::Gateway } else { Role::Site }
    }

    /// Where everything lies on it.
    pub fn root(&self) -> &str {
        self.root.as_deref().unwrap_or(self.role().root())
    }

    /// The site's name.
    pub fn domain(&self) -> &str {
        self.domain.as_deref().unwrap_or(&self.host)
    }

    /// How its steps are to be done.
    pub fn manner(&self) -> Manner {
        Manner {
            watch_s: self.watch_seconds,
            confirm_s: self.confirm_seconds,
            has_backup: self.backup_recipient.is_some(),
        }
    }

    /// What it should have around the program.
    ///
    /// # Errors
    /// When Let's Encrypt is to make the certificate, and nobody is named whom it could warn; when a VPN server has no site.
    pub fn resources(&self, site_of_vpn: Option<&Target>) -> Result<Vec<Resource>, ClientError> {
        if let Some(vpn) = &self.gateway {
            return Ok(gateway(&GatewayHost {
                root: self.root(),
                control: &vpn.control(site_of_vpn)?,
                options: vpn.options(),
                listen_port: vpn.listen_port,
                ssh_port: self.port,
                has_guards: self.guards,
            }));
        }
        if self.tls == Tls::Certbot && self.email.is_none() {
            let wanted = "a certificate by Let's Encrypt needs `email = \"you@example.net\"`; for a trial without one: `tls = \"self-signed\"`";
            return Err(ClientError::Config(format!("{FILE}: {wanted}")));
        }
        Ok(site(&SiteHost {
            root: self.root(),
            domain: self.domain(),
            email: self.email.as_deref(),
            tls: &self.tls,
            database: self.database,
            backup_recipient: self.backup_recipient.as_deref(),
            ssh_port: self.port,
            vpn_port: self.vpn_port,
            vpn_servers: &self.vpn_servers,
            has_guards: self.guards,
        }))
    }

    /// The operator's own settings for the host.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn given(&self, folder: &Path) -> Result<Given, ClientError> {
        let Some(file) = &self.settings else { return Ok(Given::default()) };
        let path = folder.join(file);
        let lines = dotenvy::from_path_iter(&path).and_then(Iterator::collect::<Result<BTreeMap<String, String>, _>>);
        // The error of a line would quote it.
        let wrong = |_| {
            ClientError::Config(format!("{} can't be read: it should have a NAME=value in each line", path.display()))
        };
        let given = lines.map_err(wrong)?;
        if self.gateway.is_some() && given.keys().any(|name| name != TOKEN) {
            return Err(ClientError::Config(format!(
                "{} has more than {TOKEN} in it, and a VPN server gets nothing else: name a file of its own",
                path.display()
            )));
        }
        if given.values().any(|value| value.contains(['\'', '\n'])) {
            return Err(ClientError::Config(format!(
                "{}: a value can't have a quote or a line's end in it",
                path.display()
            )));
        }
        Ok(Given(given))
    }

    /// What stands in a command line or a remote shell's line must be nothing but what it is.
    fn check(self) -> Result<Target, ClientError> {
        plain("host", &self.host, ".-:")?;
        plain("user", &self.user, "._-")?;
        let root = self.root();
        plain("root", root, "/._-")?;
        if !root.starts_with('/') || root.split('/').any(|part| part == "..") || root.len() < 2 {
            return Err(ClientError::Config(format!("root {root:?} is no folder from the host's root on")));
        }
        if let Some(vpn) = &self.gateway {
            vpn.check()?;
            if self.domain.is_some() || self.email.is_some() || self.backup_recipient.is_some() {
                let said = "domain, email and backup_recipient are a site's; a part with a `gateway` has none of them";
                return Err(ClientError::Config(said.to_owned()));
            }
        }
        self.vpn_servers.iter().try_for_each(|server| plain("vpn_servers", server, ".-:/"))?;
        if let Some(domain) = &self.domain {
            plain("domain", domain, ".-")?;
        }
        if let Some(email) = &self.email {
            plain("email", email, "@.+_-")?;
        }
        if let Some(recipient) = &self.backup_recipient {
            plain("backup_recipient", recipient, ",")?;
        }
        let is_key = |key: &str| key.split(' ').count() >= 2 && !key.contains(['\n', '\r']);
        if self.host_key.as_deref().is_some_and(|key| !is_key(key)) {
            return Err(ClientError::Config("host_key must be a kind and a key: \"ssh-ed25519 AAAA…\"".to_owned()));
        }
        Ok(self)
    }
}

/// An error unless a text has none but letters, digits and these signs.
pub(super) fn plain(name: &str, text: &str, more: &str) -> Result<(), ClientError> {
    let is_plain = !text.is_empty()
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    if is_plain { Ok(()) } else { Err(ClientError::Config(format!("{name} {text:?} has signs that it can't have"))) }
}

/// Reads the host of an environment from `deploy.toml`, or from `.env.deploy` where there is none.
///
/// # Errors
/// When there is neither, or the environment is not in it, or something in it is wrong: the line says what.
pub fn read(folder: &Path, environment: &str) -> Result<Target, ClientError> {
    let path = folder.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => from_toml(&text, environment),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => from_old(folder, environment),
        Err(error) => Err(ClientError::Config(format!("{} can't be read: {error}", path.display()))),
    }
}

fn from_toml(text: &str, environment: &str) -> Result<Target, ClientError> {
    let all: BTreeMap<String, Target> =
        toml::from_str(text).map_err(|error| ClientError::Config(format!("{FILE}: {}", error.to_string().trim())))?;
    if let Some((one, other)) = both_guarded(&all) {
        return Err(ClientError::Config(format!(
            "{FILE}: [{one}] and [{other}] are one host with two firewalls: `guards = false` in the VPN server's part, and \
             `vpn_port` in the site's"
        )));
    }
    let is_of_this = |part: &&Target| part.gateway.as_ref().is_some_and(|vpn| vpn.site.as_deref() == Some(environment));
    let servers: Vec<String> = all.values().filter(is_of_this).map(|part| part.host.clone()).collect();
    let names = all.keys().cloned().collect::<Vec<_>>().join(", ");
    let target = all.into_iter().find_map(|(name, target)| (name == environment).then_some(target));
    let mut target =
        target.ok_or_else(|| ClientError::Config(format!("{FILE} has no [{environment}]; it has: {names}")))?;
    target.vpn_servers.extend(servers);
    if let Some(vpn) = &mut target.gateway {
        vpn.complete(environment, &target.host);
    }
    target.check()
}

/// A site and a VPN server on one host that would each load a firewall, which shuts the other out.
fn both_guarded(all: &BTreeMap<String, Target>) -> Option<(&str, &str)> {
    let guarded = |is_vpn: bool| all.iter().filter(move |(_, part)| part.guards && part.gateway.is_some() == is_vpn);
    guarded(true).find_map(|(one, vpn)| {
        let (other, _) = guarded(false).find(|(_, site)| site.host == vpn.host)?;
        Some((one.as_str(), other.as_str()))
    })
}

fn from_old(folder: &Path, environment: &str) -> Result<Target, ClientError> {
    let path = folder.join(OLD_FILE);
    if !path.is_file() {
        return Err(ClientError::Config(format!(
            "there is no {FILE} here. For one host two lines are enough: `[{DEFAULT}]` and `host = \"vpn.example.net\"`"
        )));
    }
    if environment != DEFAULT {
        return Err(ClientError::Config(format!("{OLD_FILE} is of `{DEFAULT}` alone; `{environment}` needs a {FILE}")));
    }
    let lines = dotenvy::from_path_iter(&path).and_then(Iterator::collect::<Result<BTreeMap<String, String>, _>>);
    // The error of a line would quote it.
    let wrong = |_| ClientError::Config(format!("{OLD_FILE} can't be read: it should have a NAME=value in each line"));
    let lines = lines.map_err(wrong)?;
    let value = |name: &str| lines.get(name).filter(|value| !value.is_empty());
    let host = value("VPS_HOST").ok_or_else(|| ClientError::Config(format!("{OLD_FILE} has no VPS_HOST")))?;
    let port = match value("VPS_PORT") {
        None => ssh_port(),
        Some(port) => port.parse().map_err(|_| ClientError::Config(format!("{OLD_FILE}: VPS_PORT is no port")))?,
    };
    let target = Target {
        host: host.clone(),
        user: value("VPS_USER").cloned().unwrap_or_else(root_user),
        port,
        root: value("REMOTE_ROOT").cloned(),
        sudo: value("VPS_USER").is_some_and(|user| user != "root"),
        host_key: None,
        identity: None,
        domain: None,
        email: None,
        tls: certbot(),
        database: mariadb(),
        settings: None,
        backup_recipient: None,
        guards: true,
        vpn_port: None,
        vpn_servers: Vec::new(),
        gateway: None,
        watch_seconds: watch_seconds(),
        confirm_seconds: confirm_seconds(),
    };
    target.check()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_are_enough_for_one_host() {
        let target = from_toml("[production]\nhost = \"vpn.example.net\"\n", DEFAULT).unwrap();
        assert_eq!((target.user.as_str(), target.port, target.root()), ("root", 22, "/srv/mirai"));
        let said = target.resources(None).unwrap_err().to_string();
        assert!(said.contains("email") && said.contains("self-signed"), "{said}");
        assert_eq!(target.manner(), Manner { watch_s: 60, confirm_s: 30, has_backup: false });
    }

    #[test]
    fn a_typo_or_a_value_that_a_shell_would_misread_is_named() {
        let said = |text: &str| from_toml(text, DEFAULT).unwrap_err().to_string();
        assert!(said("[production]\nhost = \"a\"\nprot = 22\n").contains("prot"));
        assert!(said("[staging]\nhost = \"a\"\n").contains("it has: staging"));
        for bad in [
            "host = \"-oProxyCommand=x\"",
            "host = \"a b\"",
            "host = \"a\"\nroot = \"/srv/$(id)\"",
            "host = \"a\"\nroot = \"/srv/../etc\"",
            "host = \"a\"\nuser = \"root;id\"",
        ] {
            assert!(from_toml(&format!("[production]\n{bad}\n"), DEFAULT).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_vpn_server_is_named_by_its_part_and_finds_its_site() {
        let part = "[production]\nhost = \"vpn.example.net\"\n[osaka-1]\nhost = \"vpn1.example.net\"\n\
                    [osaka-1.gateway]\nsite = \"production\"\nregion = \"jp\"\ncountry = \"JP\"\ncity = \"Osaka\"\n";
        let target = from_toml(part, "osaka-1").unwrap();
        let (vpn, site) = (target.gateway.as_ref().unwrap(), from_toml(part, DEFAULT).unwrap());
        assert_eq!((target.role(), target.root()), (Role::Gateway, "/srv/mirai-gateway"));
        assert_eq!(vpn.control(Some(&site)).unwrap(), "https://vpn.example.net");
        let server = vpn.server().unwrap();
        assert_eq!((server.name.as_str(), server.endpoint.as_str()), ("osaka-1", "vpn1.example.net:51820"));
        assert!(vpn.control(None).unwrap_err().to_string().contains("site = "));
        assert_eq!(site.vpn_servers, ["vpn1.example.net"]);

        let said = |more: &str| from_toml(&format!("{part}{more}\n"), "osaka-1").unwrap_err().to_string();
        assert!(said("egress = \"eth0; id\"").contains("egress"));
        assert!(said("driver = \"tap\"").contains("tap"));
        let mail = part.replace("[osaka-1.gateway]", "email = \"a@b.c\"\n[osaka-1.gateway]");
        assert!(from_toml(&mail, "osaka-1").unwrap_err().to_string().contains("email"));
        let half = from_toml(&part.replace("city = \"Osaka\"\n", ""), "osaka-1").unwrap();
        let same = from_toml(&part.replace("vpn1.", "vpn."), "osaka-1").unwrap_err().to_string();
        assert!(same.contains("two firewalls") && same.contains("guards = false"), "{same}");
        assert!(half.gateway.unwrap().server().unwrap_err().to_string().contains("city"));
    }

    #[test]
    fn the_file_from_before_is_still_read() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path(), DEFAULT).unwrap_err().to_string().contains("two lines are enough"));
        std::fs::write(
            dir.path().join(OLD_FILE),
            "VPS_HOST=vpn.example.net\nVPS_USER=deploy\nVPS_PORT=2222\nREMOTE_ROOT=/opt/mirai\n",
        )
        .unwrap();
        let target = read(dir.path(), DEFAULT).unwrap();
        assert_eq!(
            (target.host.as_str(), target.port, target.root(), target.sudo),
            ("vpn.example.net", 2222, "/opt/mirai", true)
        );
    }
}

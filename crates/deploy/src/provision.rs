//! What a host needs around the program, as a list that is compared with the host: what is there already is left alone.

pub mod gateway;
pub mod site;

use std::fmt;

use serde::{Deserialize, Serialize};

/// With this fail2ban reads the journal, where Debian's sshd writes.
const JOURNAL: &str = "/usr/lib/python3/dist-packages/systemd/journal.py";

/// Something that a host should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Resource {
    /// A program, by Debian's package.
    Program {
        /// Its name in the search path, or a file's whole path.
        program: String,
        /// The package that brings it.
        package: String,
    },
    /// A system user.
    User {
        /// Its name.
        name: String,
        /// Its home.
        home: String,
    },
    /// A folder.
    Folder {
        /// Where.
        path: String,
        /// Permissions.
        mode: u32,
        /// Whose, if not root's.
        owner: Option<String>,
    },
    /// A file with this content.
    File {
        /// Where.
        path: String,
        /// What stands in it.
        content: String,
        /// What has to hear of a change.
        then: Then,
    },
    /// A file or link that must not be there.
    Absent {
        /// Where.
        path: String,
        /// What has to hear of it.
        then: Then,
    },
    /// A certificate of this host's own making, for a trial: browsers don't trust it.
    OwnCertificate {
        /// The folder of `fullchain.pem` and `privkey.pem`.
        folder: String,
        /// The name in it.
        domain: String,
    },
    /// A certificate by Let's Encrypt.
    Certbot {
        /// The name in it.
        domain: String,
        /// Whom Let's Encrypt warns.
        email: String,
    },
    /// The settings: made with secrets of the host's own dice, and never taken away.
    Settings {
        /// Where.
        path: String,
        /// Who may read them; root alone writes.
        group: String,
        /// Names and values that are no secrets.
        given: Vec<(String, String)>,
        /// Whether MariaDB on this host is the database.
        has_mariadb: bool,
    },
    /// A link.
    Link {
        /// Where.
        path: String,
        /// Where it leads.
        to: String,
    },
    /// A VPN server's own key and credential, which it makes itself and registers with a site.
    Enrolled {
        /// The site's address.
        control: String,
        /// The folder of what it keeps, which belongs to its user.
        state: String,
    },
    /// A unit that is enabled and runs.
    Unit {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Program { package, .. } => write!(f, "install {package}"),
            Resource::User { name, home } => write!(f, "make the user {name}, at home in {home}"),
            Resource::Folder { path, .. } => write!(f, "make the folder {path}"),
            Resource::File { path, .. } => write!(f, "write {path}"),
            Resource::Absent { path, .. } => write!(f, "take {path} away"),
            Resource::OwnCertificate { domain, .. } => {
                write!(f, "make a certificate for {domain} that no browser trusts")
            }
            Resource::Certbot { domain, .. } => write!(f, "get a certificate for {domain} from Let's Encrypt"),
            Resource::Settings { path, .. } => write!(f, "set what is missing in {path}"),
            Resource::Link { path, to } => write!(f, "let {path} lead to {to}"),
            Resource::Enrolled { control, .. } => write!(f, "enrol as a VPN server of {control}"),
            Resource::Unit { name } => write!(f, "let {name} run, now and at each boot"),
        }
    }
}

/// What has to hear of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Nobody.
    Nothing,
    /// systemd reads its units again.
    Units,
    /// nginx, once it has found no fault in its files; else the change is taken back.
    Nginx,
    /// fail2ban.
    Fail2ban,
    /// The firewall, once `nft` has found no fault in it.
    Firewall,
    /// Prometheus.
    Prometheus,
}

macro_rules! shipped {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/", $path))
    };
}
use shipped;

fn program((program, package): (&str, &str)) -> Resource {
    Resource::Program { program: program.to_owned(), package: package.to_owned() }
}

fn folder(path: String, mode: u32, owner: Option<&str>) -> Resource {
    Resource::Folder { path, mode, owner: owner.map(str::to_owned) }
}

fn unit(name: &str) -> Resource {
    Resource::Unit { name: name.to_owned() }
}

fn file(path: &str, content: String, then: Then) -> Resource {
    Resource::File { path: path.to_owned(), content, then }
}

/// The folders of all that is deployed, whatever it is.
fn folders(root: &str, all: &mut Vec<Resource>) {
    for name in ["", "/releases", "/slots", "/tmp"] {
        all.push(folder(format!("{root}{name}"), 0o755, None));
    }
    all.push(folder(format!("{root}/deploy-logs"), 0o700, None));
}

/// A firewall of ours, told of an sshd on another port than its own.
fn firewall(text: &str, port: u16, all: &mut Vec<Resource>) {
    let text = text.replace("tcp dport 22 ct", &format!("tcp dport {port} ct"));
    all.push(file("/etc/nftables.conf", text, Then::Firewall));
    all.push(unit("nftables.service"));
}

/// fail2ban with one of our files in `jail.d`, told of an sshd on another port.
fn jail(name: &str, text: &str, port: u16, all: &mut Vec<Resource>) {
    let text = if port == 22 { text.to_owned() } else { text.replace("[sshd]\n", &format!("[sshd]\nport = {port}\n")) };
    all.push(file(&format!("/etc/fail2ban/jail.d/{name}"), text, Then::Fail2ban));
}

/// What keeps an eye on who signs in.
const FAIL2BAN: [(&str, &str); 2] = [("fail2ban-client", "fail2ban"), (JOURNAL, "python3-systemd")];

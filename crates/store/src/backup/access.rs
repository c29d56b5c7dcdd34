//! How the programs of MariaDB and MySQL reach a server: by a file of options that only this user can read, since what
//! stands on a command line can be read by everybody on the machine.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use super::tools::Kind;
use super::unusable;
use crate::{Result, Settings, Tls};

/// Where Debian keeps the certificates of public authorities: the programs have none built in.
const PUBLIC_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A server and a database of it, as a URL names them.
#[derive(Clone)]
pub struct Access {
    host: String,
    port: u16,
    socket: Option<String>,
    user: String,
    password: String,
    database: String,
    tls: Tls,
    settings: Settings,
}

/// Never with the password.
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

impl Access {
    /// Reads `mysql://user:password@host:port/database?socket=PATH`.
    ///
    /// # Errors
    /// When the URL is no such one, or names no database.
    pub fn of(settings: &Settings) -> Result<Access> {
        let url = Url::parse(&settings.url).map_err(|_| unusable("the URL of the database can't be read"))?;
        let decoded = |part: &str| {
            let text = percent_decode_str(part).decode_utf8();
            text.map(|text| text.into_owned()).map_err(|_| unusable("the URL of the database is not UTF-8"))
        };
        let database = decoded(url.path().trim_start_matches('/'))?;
        if database.is_empty() {
            return Err(unusable("the URL of the database names no database: mysql://HOST/DATABASE"));
        }
        Ok(Access {
            host: decoded(url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost"))?,
            port: url.port().unwrap_or(3306),
            socket: url.query_pairs().find(|(name, _)| name == "socket").map(|(_, path)| path.into_owned()),
            user: decoded(url.username())?,
            password: decoded(url.password().unwrap_or_default())?,
            database,
            tls: settings.tls.clone(),
            settings: settings.clone(),
        })
    }

    /// Name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Name of the user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The settings that it was made of.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same server and user with another database.
    ///
    /// # Errors
    /// Never for a URL that was read before.
    pub fn with_database(&self, name: &str) -> Result<Access> {
        let mut url = Url::parse(&self.settings.url).map_err(|_| unusable("the URL of the database can't be read"))?;
        url.set_path(name);
        Access::of(&Settings { url: url.into(), ..self.settings.clone() })
    }

    /// Writes the file of options for a program of this kind; it is gone when the value is dropped.
    pub(super) fn write(&self, folder: &Path, kind: Kind) -> Result<Options> {
        let path = (0..1000).map(|n| folder.join(format!("access-{n}.cnf"))).find(|path| !path.exists());
        let path = path.ok_or_else(|| unusable(format!("{} is full of files of options", folder.display())))?;
        let wrong = |error| unusable(format!("{} can't be written: {error}", path.display()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(wrong)?;
        let options = Options(path.clone());
        file.write_all(self.options(kind, Path::new(PUBLIC_AUTHORITIES).exists()).as_bytes()).map_err(wrong)?;
        Ok(options)
    }

    fn options(&self, kind: Kind, has_authorities: bool) -> String {
        let mut text = String::from("[client]\n");
        let mut put = |name: &str, value: &str| text.push_str(&format!("{name}={}\n", quoted(value)));
        put("user", &self.user);
        put("password", &self.password);
        match &self.socket {
            Some(path) => put("socket", path),
            None => {
                put("protocol", "tcp");
                put("host", self.host.trim_start_matches('[').trim_end_matches(']'));
                put("port", &self.port.to_string());
            }
        }
        let authority = match &self.tls {
            Tls::Required { ca: Some(path) } => Some(path.as_str()),
            Tls::Required { ca: None } => has_authorities.then_some(PUBLIC_AUTHORITIES),
            Tls::Off => None,
        };
        if let Some(path) = authority {
            put("ssl-ca", path);
        }
        text.push_str(match (&self.tls, kind) {
            (Tls::Off, Kind::MariaDb) => "skip-ssl\n",
            (Tls::Off, Kind::MySql) => "ssl-mode=DISABLED\n",
            (Tls::Required { .. }, Kind::MariaDb) => "ssl\nssl-verify-server-cert\n",
            (Tls::Required { .. }, Kind::MySql) => "ssl-mode=VERIFY_IDENTITY\n",
        });
        text
    }
}

/// A file of options, removed when dropped.
#[derive(Debug)]
pub(super) struct Options(PathBuf);

impl Options {
    /// The first argument of a program that is to read this file and no other.
    pub(super) fn argument(&self) -> String {
        format!("--defaults-file={}", self.0.display())
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A value as files of options write it: quoted, so that `#`, blanks and quotes in a password stay what they are.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Patience;

    fn access(url: &str, tls: Tls) -> Access {
        Access::of(&Settings { url: url.into(), tls, max_connections: 1, patience: Patience::Command }).unwrap()
    }

    #[test]
    fn a_url_becomes_options_and_its_password_is_never_shown() {
        let odd = access("mysql://mi%40rai:p%22a%23s%5C%20s@db.example.net:3307/shop", Tls::Off);
        let text = odd.options(Kind::MariaDb, true);
        for line in
            ["user=\"mi@rai\"", "password=\"p\\\"a#s\\\\ s\"", "host=\"db.example.net\"", "port=\"3307\"", "skip-ssl"]
        {
            assert!(text.lines().any(|one| one == line), "{line} in {text}");
        }
        assert_eq!(format!("{odd:?}"), "mi@rai@db.example.net:3307/shop");
        let other = odd.with_database("shop_drill_1").unwrap();
        assert_eq!((other.database(), &other.password), ("shop_drill_1", &odd.password));
    }

    #[test]
    fn a_remote_database_is_only_spoken_to_under_its_certificate() {
        let own = Tls::Required { ca: Some("/etc/mirai/ca.pem".into()) };
        let text = access("mysql://mirai@db.example.net/shop", own).options(Kind::MariaDb, true);
        assert!(text.contains("ssl-ca=\"/etc/mirai/ca.pem\"\nssl\nssl-verify-server-cert\n"), "{text}");
        let public = access("mysql://mirai@db.example.net/shop", Tls::Required { ca: None });
        assert!(public.options(Kind::MySql, true).contains("ca-certificates.crt"));
        assert!(public.options(Kind::MySql, true).contains("ssl-mode=VERIFY_IDENTITY"));
    }

    #[test]
    fn a_socket_wins_over_host_and_port() {
        let text = access("mysql://mirai@localhost/shop?socket=/run/db.sock", Tls::Off).options(Kind::MariaDb, true);
        assert!(text.contains("socket=\"/run/db.sock\"") && !text.contains("host="), "{text}");
    }

    #[test]
    fn a_url_without_a_database_is_refused() {
        let settings = Settings {
            url: "mysql://mirai@localhost/".into(),
            tls: Tls::Off,
            max_connections: 1,
            patience: Patience::Command,
        };
        assert!(Access::of(&settings).is_err_and(|error| error.to_string().contains("names no database")));
    }
}

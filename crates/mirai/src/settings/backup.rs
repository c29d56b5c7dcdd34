//! What backups need of the settings, and nothing else of them: a machine that only restores has no key of Stripe's.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use url::Url;

use super::Values;
use super::parsed::{database, database_at, number, required};

/// Where backups are, and of what.
pub(crate) struct Backup {
    pub(crate) database: store::Settings,
    /// Public keys as they were set.
    pub(crate) recipients: String,
    pub(crate) dir: PathBuf,
    pub(crate) keep: usize,
    pub(crate) identity: Option<PathBuf>,
}

pub(crate) fn backup(values: &Values) -> anyhow::Result<Backup> {
    Ok(Backup {
        database: database(values)?,
        recipients: values.text("BACKUP_RECIPIENTS").unwrap_or_default().to_owned(),
        dir: PathBuf::from(required(values, "BACKUP_DIR")?),
        keep: number(values, "BACKUP_KEEP", 1..=1000)?,
        identity: values.text("BACKUP_IDENTITY_FILE").map(PathBuf::from),
    })
}

/// The place that `--into` names. A URL without a user is reached as the settings' own database is.
pub(crate) fn restore_into(values: &Values, into: &str) -> anyhow::Result<store::Settings> {
    if into.starts_with("sqlite://") {
        return database_at(values, into.to_owned());
    }
    let mut url = Url::parse(into).ok().filter(|url| matches!(url.scheme(), "mysql" | "mariadb"));
    let Some(url) = &mut url else { bail!("--into takes sqlite://PATH or mysql://HOST/DATABASE") };
    if url.password().is_some() {
        crate::out::error(
            "mirai: warning: all users of this machine can read a password on the command line; \
             leave it out, and it is taken from the settings",
        );
    }
    if url.username().is_empty() {
        let own = database(values)?.url;
        let own = Url::parse(&own).ok().filter(|own| own.scheme() != "sqlite");
        let own = own.context("--into names no user, and the settings no MariaDB or MySQL to take it from")?;
        if (own.host_str(), own.port()) != (url.host_str(), url.port()) {
            bail!("--into names no user, and the settings' user is one of another server");
        }
        let wrong = || anyhow::anyhow!("--into takes mysql://HOST/DATABASE");
        url.set_username(own.username()).map_err(|()| wrong())?;
        url.set_password(own.password()).map_err(|()| wrong())?;
        if url.query().is_none() {
            url.set_query(own.query());
        }
    }
    database_at(values, url.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Source;

    #[test]
    fn a_place_without_a_user_takes_the_settings_own_on_the_same_server_alone() {
        let mut values = Values::default();
        values.put("DATABASE_URL", "mysql://mirai:secret@localhost/shop?socket=/run/db.sock".into(), Source::Default);
        let by_socket = restore_into(&values, "mysql://localhost/copy").unwrap().url;
        assert_eq!(by_socket, "mysql://mirai:secret@localhost/copy?socket=/run/db.sock");
        values.put("DATABASE_URL", "mysql://mirai:secret@127.0.0.1:3307/shop".into(), Source::Default);
        let into = |url: &str| restore_into(&values, url).map(|place| place.url).map_err(|error| error.to_string());
        assert_eq!(into("mysql://127.0.0.1:3307/copy").unwrap(), "mysql://mirai:secret@127.0.0.1:3307/copy");
        assert_eq!(into("mysql://root@127.0.0.1:3307/copy").unwrap(), "mysql://root@127.0.0.1:3307/copy");
        assert_eq!(into("sqlite://copy.db").unwrap(), "sqlite://copy.db");
        for wrong in ["mysql://127.0.0.1/copy", "mysql://other.example.net:3307/copy"] {
            assert!(into(wrong).unwrap_err().contains("another server"), "{wrong}");
        }
        assert!(into("copy.db").unwrap_err().contains("--into takes"));
    }
}

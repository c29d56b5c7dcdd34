//! Settings: environment first, then `.env` in the working folder, then `mirai.toml`, then the default.
//!
//! [`SETTINGS`] is the one list: `mirai config` prints it, the loader knows nothing beside it.

mod backup;
mod discord;
mod list;
mod parsed;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(crate) use backup::{Backup, backup, restore_into};
pub(crate) use discord::bot;
pub(crate) use list::{SETTINGS, Setting};
pub(crate) use parsed::{Parsed, database, parse};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Environment,
    DotEnv,
    Toml,
    Default,
}

impl Source {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Source::Environment => "environment",
            Source::DotEnv => ".env",
            Source::Toml => "mirai.toml",
            Source::Default => "default",
        }
    }
}

/// All values that are set, by name.
#[derive(Debug, Default)]
pub(crate) struct Values(BTreeMap<&'static str, (String, Source)>);

impl Values {
    /// The value, or the default.
    pub(crate) fn get(&self, name: &str) -> Option<(&str, Source)> {
        if let Some((value, source)) = self.0.get(name) {
            return Some((value, *source));
        }
        SETTINGS.iter().find(|s| s.name == name)?.default.map(|value| (value, Source::Default))
    }

    /// The value alone.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|(value, _)| value)
    }

    /// Sets a value by hand; for `mirai dev`, which takes none from outside.
    #[cfg(feature = "dev")]
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.put(name, value.to_owned(), Source::Default);
    }

    /// Fills in what `mirai admin` does not use: whoever lists servers needs a database and no keys of Stripe's. The
    /// values are inert; nothing is sent or sealed with them.
    pub(crate) fn stand_in(&mut self) {
        let dice = app::Dice::System;
        let secret = format!("{}{}", dice.token().text(), dice.token().text());
        for (name, value) in [
            ("APP_URL", "https://localhost".to_owned()),
            ("MAIL_FROM", "nobody@mail.invalid".to_owned()),
            ("JWT_SECRET", secret.clone()),
            ("DATA_KEYS", STANDARD.encode(dice.bytes::<32>())),
            ("STRIPE_SECRET_KEY", "sk_test_none".to_owned()),
            ("STRIPE_WEBHOOK_SECRET", secret),
            ("RESEND_API_KEY", "none".to_owned()),
        ] {
            if self.text(name).is_none() {
                self.put(name, value, Source::Default);
            }
        }
    }

    fn put(&mut self, name: &str, value: String, source: Source) -> bool {
        let Some(setting) = SETTINGS.iter().find(|s| s.name == name) else { return false };
        // An empty value is how one unsets a variable in many shells and panels.
        if !value.trim().is_empty() {
            self.0.insert(setting.name, (value.trim().to_owned(), source));
        }
        true
    }
}

/// Reads all layers. A key of the environment that looks like a misspelt name of ours is warned of; an unknown key in
/// `mirai.toml` is an error.
pub(crate) fn load(folder: &Path) -> anyhow::Result<Values> {
    load_from(folder, std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))))
}

fn load_from(folder: &Path, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<Values> {
    let mut values = Values::default();
    read_toml(folder, &mut values)?;
    let dot_env = folder.join(".env");
    if dot_env.is_file() {
        let pairs =
            dotenvy::from_path_iter(&dot_env).with_context(|| format!("{} can't be read", dot_env.display()))?;
        for pair in pairs {
            // The parser's error would quote the line, which may be a secret.
            let Ok((name, value)) = pair else { bail!("{} has a line that is not NAME=value", dot_env.display()) };
            if !values.put(&name, value, Source::DotEnv) {
                warn_of_near_miss(&name);
            }
        }
    }
    for (name, value) in environment {
        if !values.put(&name, value, Source::Environment) {
            warn_of_near_miss(&name);
        }
    }
    Ok(values)
}

fn read_toml(folder: &Path, values: &mut Values) -> anyhow::Result<()> {
    let path = folder.join("mirai.toml");
    if !path.is_file() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let table: toml::Table = match toml::from_str(&text) {
        Ok(table) => table,
        Err(error) => bail!("{} is not TOML: {}", path.display(), error.message()),
    };
    for (key, value) in table {
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            _ => bail!("{}: `{key}` takes a text or a number", path.display()),
        };
        let name = key.to_ascii_uppercase();
        if key != key.to_ascii_lowercase() || !values.put(&name, text, Source::Toml) {
            let hint = near(&name).map(|name| format!("; did you mean `{}`?", name.to_ascii_lowercase()));
            bail!("{}: `{key}` is no setting{}", path.display(), hint.unwrap_or_default());
        }
    }
    Ok(())
}

/// The setting that `name` differs from by one letter or two swapped ones.
fn near(name: &str) -> Option<&'static str> {
    let close = |setting: &&Setting| name.len() > 4 && strsim::damerau_levenshtein(setting.name, name) == 1;
    SETTINGS.iter().find(close).map(|setting| setting.name)
}

fn warn_of_near_miss(name: &str) {
    if let Some(meant) = near(name) {
        crate::out::error(&format!("mirai: warning: `{name}` is no setting; did you mean `{meant}`?"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        folder
    }

    fn environment(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn the_environment_wins_over_dot_env_over_toml_over_the_default() {
        let folder = folder(&[
            ("mirai.toml", "listen = \"a\"\nmail_from = \"toml@example.net\"\njwt_exp_min = 5"),
            (".env", "LISTEN=b\nMAIL_FROM=env@example.net\nSTRANGER=1"),
        ]);
        let values = load_from(folder.path(), environment(&[("LISTEN", "c"), ("MAIL_FROM", "")])).expect("loads");
        assert_eq!(values.get("LISTEN"), Some(("c", Source::Environment)));
        assert_eq!(values.get("MAIL_FROM"), Some(("env@example.net", Source::DotEnv)));
        assert_eq!(values.get("JWT_EXP_MIN"), Some(("5", Source::Toml)));
        assert_eq!(values.get("JWT_REFRESH_EXP_DAYS"), Some(("30", Source::Default)));
        assert_eq!(values.get("STRIPE_SECRET_KEY"), None);
    }

    #[test]
    fn an_unknown_key_in_the_file_is_an_error_that_names_the_nearest() {
        let folder = folder(&[("mirai.toml", "lisetn = \"a\"")]);
        let error = load_from(folder.path(), environment(&[])).expect_err("refused").to_string();
        assert!(error.ends_with("`lisetn` is no setting; did you mean `listen`?"), "{error}");
    }

    #[test]
    fn a_broken_dot_env_does_not_print_its_line() {
        let folder = folder(&[(".env", "JWT_SECRET=hunter2 hunter3 'x\n")]);
        let error = format!("{:#}", load_from(folder.path(), environment(&[])).expect_err("refused"));
        assert!(!error.contains("hunter2"), "{error}");
    }
}

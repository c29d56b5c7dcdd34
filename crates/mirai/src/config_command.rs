//! `mirai config`.

use std::path::Path;

use crate::cli::ConfigOptions;
use crate::out;
use crate::settings::{self, SETTINGS, Setting, Values};

pub(crate) fn run(options: &ConfigOptions) -> anyhow::Result<()> {
    if options.markdown {
        out::line(&markdown());
        return Ok(());
    }
    let values = settings::load(Path::new("."))?;
    if options.json {
        let rows: Vec<serde_json::Value> = SETTINGS.iter().map(|setting| json(setting, &values)).collect();
        out::line(&serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for setting in SETTINGS {
        let (value, source) = shown(setting, &values);
        out::line(&format!("{:<22} {value}  ({source})", setting.name));
        out::line(&format!("{:<22} {}", "", setting.meaning));
    }
    Ok(())
}

/// What can be set, whatever is set here.
fn markdown() -> String {
    let mut text = "# Settings\n\nMade by `mirai config --markdown`. The environment comes first, then `.env` in the working folder, then \
                    `mirai.toml` (names in lower case), then the default.\n\n| name | default | meaning |\n|---|---|---|"
        .to_owned();
    for setting in SETTINGS {
        let default = setting.default.map_or("–".to_owned(), |value| format!("`{value}`"));
        let secret = if setting.secret { "secret; " } else { "" };
        let meaning = setting.meaning.replace('|', "\\|");
        text.push_str(&format!("\n| `{}` | {default} | {secret}{meaning} |", setting.name));
    }
    text
}

fn shown(setting: &Setting, values: &Values) -> (String, &'static str) {
    match values.get(setting.name) {
        None => ("-".to_owned(), "not set"),
        Some((_, source)) if setting.secret => ("********".to_owned(), source.as_str()),
        // A secret key where a public one belongs; nothing works with it, and it is still a secret.
        Some((value, source)) if value.to_ascii_uppercase().contains("AGE-SECRET-KEY-") => {
            ("********".to_owned(), source.as_str())
        }
        Some((value, source)) => (mask_password(value), source.as_str()),
    }
}

/// A URL may hold a password.
fn mask_password(value: &str) -> String {
    match url::Url::parse(value) {
        Ok(mut url) if url.password().is_some() => match url.set_password(Some("********")) {
            Ok(()) => url.into(),
            Err(()) => "********".to_owned(),
        },
        _ => value.to_owned(),
    }
}

fn json(setting: &Setting, values: &Values) -> serde_json::Value {
    let (value, source) = shown(setting, values);
    let value = values.get(setting.name).map(|_| value);
    serde_json::json!({ "name": setting.name, "value": value, "source": source, "meaning": setting.meaning })
}

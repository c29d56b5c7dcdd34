//! The commands that the bot registers.

use app::i18n::{OFFERED, Translator};
use domain::account::Language;
use serde_json::{Value, json};
use twilight_model::application::command::Command;

use crate::Error;
use crate::rest::Rest;
use crate::settings::Settings;

/// Kinds of commands and options, by Discord's numbers.
const CHAT: u8 = 1;
const ON_A_MESSAGE: u8 = 3;
const SUB: u8 = 1;
const TEXT: u8 = 3;
const USER: u8 = 6;

/// Discord's names of a language; several for one that it has twice.
fn locales(language: Language) -> &'static [&'static str] {
    match language {
        Language::En => &["en-GB"],
        Language::De => &["de"],
        Language::Es => &["es-ES", "es-419"],
        Language::Fr => &["fr"],
        Language::Ja => &["ja"],
    }
}

/// A text in every language but English.
fn translated(key: &str) -> Value {
    let pairs = OFFERED.into_iter().filter(|language| *language != Language::En).flat_map(|language| {
        let text = Translator::new(language).say(key);
        locales(language).iter().map(move |locale| ((*locale).to_owned(), json!(text)))
    });
    Value::Object(pairs.collect())
}

/// A command or an option; its words are `bot-about-` and its name.
fn named(kind: u8, name: &str, about: &str, more: Value) -> Value {
    let key = format!("bot-about-{about}");
    let mut made = json!({
        "type": kind, "name": name, "description": Translator::new(Language::En).say(&key),
        "description_localizations": translated(&key),
    });
    if let (Value::Object(made), Value::Object(more)) = (&mut made, more) {
        made.extend(more);
    }
    made
}

fn chat(name: &str, options: Value) -> Value {
    named(CHAT, name, name, json!({ "options": options, "contexts": [0], "version": "1" }))
}

fn sub(command: &str, name: &str, options: Value) -> Value {
    named(SUB, name, &format!("{command}-{name}"), json!({ "options": options }))
}

/// Bits of permissions that whoever sees a command of the team has: by default those who may manage threads.
const MANAGE_THREADS: &str = "17179869184";

/// All commands.
///
/// # Errors
/// When one is not what Discord's models take: a defect.
pub(crate) fn all() -> Result<Vec<Command>, Error> {
    let someone = |about: &str| json!([named(USER, "user", about, json!({ "required": true }))]);
    let server = named(TEXT, "server", "status-server", json!({ "autocomplete": true, "max_length": 60 }));
    let code = named(TEXT, "code", "link-code", json!({ "required": true, "min_length": 8, "max_length": 20 }));
    let reason = named(TEXT, "reason", "ticket-close-reason", json!({ "max_length": 180 }));
    let mut staff = chat(
        "staff",
        json!([sub("staff", "count", json!([])), sub("staff", "list", json!([])), sub("staff", "toggle", json!([]))]),
    );
    staff["default_member_permissions"] = json!(MANAGE_THREADS);
    let ticket = json!([
        sub("ticket", "open", json!([])),
        sub("ticket", "close", json!([reason])),
        sub("ticket", "claim", json!([])),
        sub("ticket", "unclaim", json!([])),
        sub("ticket", "transfer", someone("ticket-transfer-user")),
        sub("ticket", "add", someone("ticket-add-user")),
        sub("ticket", "remove", someone("ticket-remove-user")),
    ]);
    let send = json!({
        "type": ON_A_MESSAGE, "name": Translator::new(Language::En).say("bot-send"), "description": "",
        "name_localizations": translated("bot-send"), "options": [], "contexts": [0], "version": "1",
    });
    let all = json!([
        chat("help", json!([])),
        chat("status", json!([server])),
        chat("servers", json!([])),
        chat("usage", json!([])),
        chat("link", json!([code])),
        chat("unlink", json!([])),
        chat("ticket", ticket),
        staff,
        send,
    ]);
    serde_json::from_value(all).map_err(|error| Error::Defect(error.to_string()))
}

/// What came of registering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// They were as they should be.
    Same,
    /// So many are registered now.
    Now(usize),
}

/// Registers the commands in the guild, if those that are there differ: Discord takes two hundred new ones a day.
pub(crate) async fn register(rest: &Rest, settings: &Settings) -> Result<Registered, Error> {
    let wanted = all()?;
    let there = rest.commands(settings.application, settings.guild).await?;
    if differ(&wanted, &there) {
        rest.set_commands(settings.application, settings.guild, &wanted).await?;
        return Ok(Registered::Now(wanted.len()));
    }
    Ok(Registered::Same)
}

/// Whether commands say something else, beside what Discord adds.
fn differ(wanted: &[Command], there: &[Command]) -> bool {
    let plain = |command: &Command| {
        let mut value = json!(command);
        tidy(&mut value);
        value.to_string()
    };
    let sorted = |commands: &[Command]| {
        let mut all: Vec<String> = commands.iter().map(plain).collect();
        all.sort();
        all
    };
    sorted(wanted) != sorted(there)
}

/// Takes out what Discord adds, and what says nothing.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for added in ["id", "application_id", "guild_id", "version", "dm_permission", "nsfw", "integration_types"] {
                fields.remove(added);
            }
            fields.values_mut().for_each(tidy);
            fields.retain(|_, value| {
                let is_empty =
                    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(|o| o.is_empty());
                !(value.is_null() || is_empty || *value == json!(false))
            });
        }
        Value::Array(all) => all.iter_mut().for_each(tidy),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_discord_adds_is_no_difference_and_another_word_is() {
        let wanted = all().expect("commands");
        let mut there: Vec<Value> = wanted.iter().map(|command| json!(command)).collect();
        for (at, command) in there.iter_mut().enumerate() {
            command["id"] = json!((at + 1).to_string());
            command["application_id"] = json!("5");
            command["guild_id"] = json!("6");
            command["version"] = json!("77");
            command["nsfw"] = json!(false);
        }
        there.reverse();
        let read = |there: &[Value]| -> Vec<Command> { serde_json::from_value(json!(there)).expect("commands") };
        assert!(!differ(&wanted, &read(&there)));
        there[3]["description"] = json!("Something else");
        assert!(differ(&wanted, &read(&there)));
        assert!(differ(&wanted, &read(&there[1..])));
    }
}

//! The commands of a guild.

use super::errors::ApiError;
use super::rest::{Answer, Call};
use serde_json::{Value, json};

/// The commands of one guild at most.
const MOST: usize = 100;

/// `GET` and `PUT /applications/{app}/guilds/{guild}/commands`; the latter replaces them all.
pub(crate) fn guild(call: &Call<'_>, method: &str, app: &str, guild: &str) -> Answer {
    if app != call.inner.bot.to_string() {
        return Err(ApiError::new(403, 20012, "You are not authorized to perform this action on this application"));
    }
    let mut state = call.inner.lock();
    let guild: u64 = guild.parse().unwrap_or_default();
    if !state.guilds.contains_key(&guild) {
        return Err(ApiError::no_access());
    }
    match method {
        "GET" => Ok(Some(json!(state.commands.get(&guild).cloned().unwrap_or_default()))),
        "PUT" => {
            let sent = call.body.as_array().ok_or_else(|| ApiError::new(400, 50035, "Invalid Form Body"))?;
            if sent.len() > MOST {
                return Err(ApiError::new(400, 30032, "Maximum number of application commands reached (100)."));
            }
            sent.iter().enumerate().try_for_each(|(at, command)| check(at, command))?;
            let mut made = Vec::new();
            for command in sent {
                let mut command = command.clone();
                command["id"] = json!(state.snowflake(call.now).to_string());
                command["version"] = json!(state.snowflake(call.now).to_string());
                command["application_id"] = json!(app);
                command["guild_id"] = json!(guild.to_string());
                for name in ["name", "description", "type", "default_member_permissions"] {
                    let default = if name == "type" { json!(1) } else { Value::Null };
                    if command[name].is_null() {
                        command[name] = default;
                    }
                }
                made.push(command);
            }
            state.commands.insert(guild, made.clone());
            Ok(Some(json!(made)))
        }
        _ => Err(ApiError::new(405, 0, "405: Method Not Allowed")),
    }
}

fn check(at: usize, command: &Value) -> Result<(), ApiError> {
    let name = command["name"].as_str().unwrap_or_default();
    // Commands on a message or a person stand in a menu, by a name of words and without a description.
    let in_a_menu = matches!(command["type"].as_u64(), Some(2 | 3));
    let legal = |letter: char| {
        let in_a_line = letter.is_alphanumeric() && !letter.is_uppercase() || matches!(letter, '-' | '_');
        in_a_line || in_a_menu && (letter.is_alphanumeric() || letter == ' ')
    };
    if !(1..=32).contains(&name.chars().count()) || !name.chars().all(legal) {
        return Err(ApiError::invalid(
            &format!("{at}.name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            "Command name is invalid",
        ));
    }
    let description = command["description"].as_str().unwrap_or_default();
    let (least, most) = if in_a_menu { (0, 0) } else { (1, 100) };
    if !(least..=most).contains(&description.chars().count()) {
        let message = "Must be between 1 and 100 in length, and empty in a menu.";
        return Err(ApiError::invalid(&format!("{at}.description"), "BASE_TYPE_BAD_LENGTH", message));
    }
    if command["options"].as_array().is_some_and(|options| options.len() > 25) {
        let message = "Must be 25 or fewer in length.";
        return Err(ApiError::invalid(&format!("{at}.options"), "BASE_TYPE_MAX_LENGTH", message));
    }
    Ok(())
}

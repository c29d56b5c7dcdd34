//! Whom a message really pings: what stands in the text, what the author may, and `allowed_mentions`.

use super::errors::ApiError;
use super::permissions::{MENTION_EVERYONE, in_channel};
use super::state::{Message, State};
use serde_json::Value;

/// Names of users or roles in one message's `allowed_mentions` at most.
const MOST: usize = 100;

/// Who is notified of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pings {
    /// Single people.
    pub users: Vec<u64>,
    /// Everyone with one of these roles.
    pub roles: Vec<u64>,
    /// `@everyone` or `@here`.
    pub everyone: bool,
}

/// The ids in `<@1>` and `<@!1>`, or in `<@&1>` for roles.
fn ids(content: &str, role: bool) -> Vec<u64> {
    let tails = content.split("<@").skip(1).filter_map(|tail| tail.split_once('>')).map(|(inner, _)| inner);
    let number = |inner: &str| match inner.strip_prefix('&') {
        Some(id) if role => id.parse().ok(),
        None if !role => inner.trim_start_matches('!').parse().ok(),
        _ => None,
    };
    tails.filter_map(number).collect()
}

fn names_everyone(content: &str) -> bool {
    content.contains("@everyone") || content.contains("@here")
}

/// Whether a text mentions anyone at all.
pub(crate) fn any(content: &str) -> bool {
    names_everyone(content) || !ids(content, false).is_empty() || !ids(content, true).is_empty()
}

/// Whom a message pings.
pub(crate) fn of(state: &State, message: &Message) -> Pings {
    let content = message.body["content"].as_str().unwrap_or_default();
    let allowed = message.body.get("allowed_mentions").filter(|allowed| allowed.is_object());
    let parses = |what: &str| {
        let listed =
            |allowed: &Value| allowed["parse"].as_array().is_some_and(|parse| parse.iter().any(|one| one == what));
        allowed.is_none_or(listed)
    };
    let lists = |what: &str, id: u64| {
        let names = allowed.and_then(|allowed| allowed[what].as_array());
        let id = id.to_string();
        names.is_some_and(|names| names.iter().any(|one| *one == id.as_str()))
    };
    let may_all = in_channel(state, message.channel, message.author) & MENTION_EVERYONE != 0;
    let known = |id: &u64| state.users.contains_key(id) && (parses("users") || lists("users", *id));
    let role = |id: &u64| {
        let exists = state.guild_of(message.channel).is_some_and(|guild| guild.roles.contains_key(id));
        may_all && exists && (parses("roles") || lists("roles", *id))
    };
    Pings {
        users: ids(content, false).into_iter().filter(known).collect(),
        roles: ids(content, true).into_iter().filter(role).collect(),
        everyone: may_all && names_everyone(content) && parses("everyone"),
    }
}

/// Refuses an `allowed_mentions` that says a thing twice, or too much.
pub(crate) fn check(body: &Value, base: &str) -> Result<(), ApiError> {
    let allowed = &body["allowed_mentions"];
    for what in ["users", "roles"] {
        let listed = allowed[what].as_array().map_or(0, Vec::len);
        let parsed = allowed["parse"].as_array().is_some_and(|parse| parse.iter().any(|one| one == what));
        let path = format!("{base}allowed_mentions.{what}");
        if listed > MOST {
            return Err(ApiError::invalid(&path, "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length."));
        }
        if listed > 0 && parsed {
            let message = "Mutually exclusive with the same name in parse.";
            return Err(ApiError::invalid(&path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message));
        }
    }
    Ok(())
}

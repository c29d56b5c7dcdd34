//! Channels and categories that a bot makes and moves, and what it sets for roles and members in them.

use super::errors::ApiError;
use super::permissions::{self, ADMINISTRATOR, MANAGE_CHANNELS, MANAGE_ROLES};
use super::rest::{Answer, Call};
use super::state::{CATEGORY, Channel, Overwrite, State, TEXT};
use super::{channels, events, show};
use serde_json::Value;
use std::collections::BTreeMap;

/// Channels and categories of one guild; threads do not count.
const MOST: usize = 500;
/// Channels of one category.
const MOST_BELOW: usize = 50;

/// `POST /guilds/{guild}/channels`
pub(crate) fn create(call: &Call<'_>, guild: u64) -> Answer {
    let mut state = call.inner.lock();
    let found = state.guilds.get(&guild).ok_or_else(|| ApiError::new(404, 10004, "Unknown Guild"))?;
    if permissions::in_guild(guild, found, call.inner.bot) & MANAGE_CHANNELS == 0 {
        return Err(ApiError::no_permission());
    }
    let kind = call.body["type"].as_u64().unwrap_or(TEXT);
    if ![TEXT, CATEGORY].contains(&kind) {
        return Err(ApiError::invalid("type", "BASE_TYPE_CHOICES", "Value must be one of {0, 4}."));
    }
    let name = channels::check_name(call.body)?;
    let name = name.ok_or_else(|| ApiError::invalid("name", "BASE_TYPE_REQUIRED", "This field is required"))?;
    let topic = channels::check_topic(call.body)?.flatten();
    let is_one = |one: &&Channel| one.guild == guild && one.thread.is_none();
    if state.channels.values().filter(is_one).count() >= MOST {
        return Err(ApiError::new(400, 30013, "Maximum number of guild channels reached (500)"));
    }
    let parent = parent(&state, call.body, (guild, kind), None)?.flatten();
    let overwrites = match overwrites(&state, call, guild)? {
        Some(overwrites) => overwrites,
        // Without any of its own it has those of its category.
        None => parent.and_then(|id| state.channels.get(&id)).map(|one| one.overwrites.clone()).unwrap_or_default(),
    };
    let id = state.snowflake(call.now);
    let made = Channel { topic, parent, overwrites, ..Channel::new(guild, kind, &tidy(kind, &name)) };
    state.channels.insert(id, made);
    let shown = show::channel(&state, id);
    state.gateway.dispatch(events::GUILDS, "CHANNEL_CREATE", &shown);
    Ok(Some(shown))
}

/// The name of a text channel has no capitals and no spaces.
pub(crate) fn tidy(kind: u64, name: &str) -> String {
    if kind == TEXT { name.to_lowercase().split_whitespace().collect::<Vec<&str>>().join("-") } else { name.to_owned() }
}

/// The category that a request puts a channel into, if it says so; null takes it out of its category.
pub(crate) fn parent(
    state: &State,
    body: &Value,
    (guild, kind): (u64, u64),
    now_in: Option<u64>,
) -> Result<Option<Option<u64>>, ApiError> {
    let refusal = |code, message| Err(ApiError::invalid("parent_id", code, message));
    let id = match body.get("parent_id") {
        None => return Ok(None),
        Some(Value::Null) => return Ok(Some(None)),
        Some(id) => id.as_str().and_then(|id| id.parse::<u64>().ok()).unwrap_or_default(),
    };
    if kind == CATEGORY {
        return refusal("CHANNEL_PARENT_INVALID_PARENT", "Categories cannot have subcategories");
    }
    match state.channels.get(&id).filter(|one| one.guild == guild) {
        None => return refusal("CHANNEL_PARENT_INVALID", "Category does not exist"),
        Some(one) if one.kind != CATEGORY => return refusal("CHANNEL_PARENT_INVALID_TYPE", "Not a category"),
        Some(_) => {}
    }
    let below = state.channels.values().filter(|one| one.parent == Some(id)).count();
    if below >= MOST_BELOW && now_in != Some(id) {
        return refusal("CHANNEL_PARENT_MAX_CHANNELS", "Maximum number of channels in category reached (50)");
    }
    Ok(Some(Some(id)))
}

/// All that a request sets for roles and members, if it says so.
pub(crate) fn overwrites(
    state: &State,
    call: &Call<'_>,
    guild: u64,
) -> Result<Option<BTreeMap<u64, Overwrite>>, ApiError> {
    let Some(listed) = call.body["permission_overwrites"].as_array() else { return Ok(None) };
    let one = |(at, one): (usize, &Value)| {
        let path = format!("permission_overwrites.{at}");
        let id = one["id"].as_str().and_then(|id| id.parse().ok());
        let id = id
            .ok_or_else(|| ApiError::invalid(&format!("{path}.id"), "NUMBER_TYPE_COERCE", "Value is not snowflake."))?;
        Ok((id, overwrite(state, call, (guild, id), (one, &format!("{path}.")))?))
    };
    listed.iter().enumerate().map(one).collect::<Result<_, ApiError>>().map(Some)
}

/// One of them. A bot gives and takes only what it has in the guild, and who is no admin does not pass on the right to
/// do so.
fn overwrite(
    state: &State,
    call: &Call<'_>,
    (guild, target): (u64, u64),
    (body, path): (&Value, &str),
) -> Result<Overwrite, ApiError> {
    let kind = body["type"].as_u64().filter(|kind| *kind < 2);
    let kind = kind.ok_or_else(|| {
        ApiError::invalid(&format!("{path}type"), "BASE_TYPE_CHOICES", "Value must be one of {0, 1}.")
    })?;
    let found = state.guilds.get(&guild).ok_or_else(|| ApiError::new(404, 10004, "Unknown Guild"))?;
    if kind == 0 && !found.roles.contains_key(&target) {
        return Err(ApiError::new(404, 10011, "Unknown Role"));
    }
    let bits = |name: &str| match &body[name] {
        Value::Null => Ok(0),
        given => given.as_str().and_then(|bits| bits.parse::<u64>().ok()).ok_or_else(|| {
            ApiError::invalid(&format!("{path}{name}"), "NUMBER_TYPE_COERCE", "Value is not an integer.")
        }),
    };
    let made = Overwrite { allow: bits("allow")?, deny: bits("deny")? };
    let has = permissions::in_guild(guild, found, call.inner.bot);
    let set = made.allow | made.deny;
    if set & !has != 0 || (set & MANAGE_ROLES != 0 && has & ADMINISTRATOR == 0) {
        return Err(ApiError::no_permission());
    }
    Ok(made)
}

/// `PUT` and `DELETE /channels/{channel}/permissions/{target}`
pub(crate) fn set(call: &Call<'_>, method: &str, channel: &str, target: &str) -> Answer {
    let mut state = call.inner.lock();
    let id = channels::find(&state, channel)?;
    permissions::require(&state, id, call.inner.bot, MANAGE_ROLES)?;
    let target: u64 = target.parse().map_err(|_| ApiError::unknown_overwrite())?;
    let guild = state.channels.get(&id).filter(|one| one.thread.is_none()).map(|one| one.guild);
    let guild = guild.ok_or_else(|| ApiError::new(400, 50024, "Cannot execute action on this channel type"))?;
    let mut all = state.channels.get(&id).map(|one| one.overwrites.clone()).unwrap_or_default();
    match method {
        "PUT" => {
            all.insert(target, overwrite(&state, call, (guild, target), (call.body, ""))?);
        }
        "DELETE" => {
            all.remove(&target).ok_or_else(ApiError::unknown_overwrite)?;
        }
        _ => return Err(ApiError::new(405, 0, "405: Method Not Allowed")),
    }
    if let Some(found) = state.channels.get_mut(&id) {
        found.overwrites = all;
    }
    let shown = show::channel(&state, id);
    state.gateway.dispatch(events::GUILDS, "CHANNEL_UPDATE", &shown);
    Ok(None)
}

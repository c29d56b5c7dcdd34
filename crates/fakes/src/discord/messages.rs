//! Messages: what they may hold, and sending one to a channel.

use super::errors::ApiError;
use super::interactions::EPHEMERAL;
use super::rest::{Answer, Call};
use super::state::{CATEGORY, Message, State};
use super::{channels, direct, embeds, events, files, mentions, permissions, show, threads};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// `/channels/{channel}/messages…`
pub(crate) fn serve(call: &Call<'_>, method: &str, channel: &str, rest: &[&str]) -> Answer {
    match (method, rest) {
        ("POST", []) => create(call, channel),
        ("GET", []) => list(call, channel),
        (_, [id]) => one(call, method, channel, id),
        _ => Err(ApiError::unknown_route()),
    }
}

/// Writing in a thread is another permission than writing in a channel.
pub(crate) fn may_write(state: &State, channel: u64, user: u64) -> Result<(), ApiError> {
    if state.channels.get(&channel).is_some_and(|one| one.kind == CATEGORY) {
        return Err(ApiError::new(400, 50008, "Cannot send messages in a non-text channel"));
    }
    let is_thread = state.channels.get(&channel).is_some_and(|one| one.thread.is_some());
    let wanted = if is_thread { permissions::SEND_IN_THREADS } else { permissions::SEND_MESSAGES };
    permissions::require(state, channel, user, wanted)
}

/// The newest first, as many as `limit` says, `before` or `after` a message.
fn list(call: &Call<'_>, channel: &str) -> Answer {
    let state = call.inner.lock();
    let channel = channels::find(&state, channel)?;
    permissions::require(&state, channel, call.inner.bot, permissions::READ_HISTORY)?;
    let asked = |name: &str| {
        let mut pairs = call.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse::<u64>().ok())
    };
    let limit = asked("limit").unwrap_or(50);
    if !(1..=100).contains(&limit) {
        return Err(ApiError::invalid("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100."));
    }
    let (before, after) = (asked("before").unwrap_or(u64::MAX), asked("after").unwrap_or(0));
    let fits = |(id, message): &(&u64, &Message)| {
        let is_in = message.channel == channel && message.flags & EPHEMERAL == 0;
        is_in && **id < before && **id > after
    };
    let mut ids: Vec<u64> = state.messages.iter().filter(fits).map(|(id, _)| *id).collect();
    let limit = usize::try_from(limit).unwrap_or(50);
    // `after` counts from the old end, everything else from the new one.
    if after == 0 {
        ids.drain(..ids.len().saturating_sub(limit));
    } else {
        ids.truncate(limit);
    }
    Ok(Some(ids.iter().rev().map(|id| events::by_api(&state, call.inner, *id)).collect()))
}

fn one(call: &Call<'_>, method: &str, channel: &str, id: &str) -> Answer {
    let mut state = call.inner.lock();
    let (bot, channel) = (call.inner.bot, channels::find(&state, channel)?);
    permissions::require(&state, channel, bot, permissions::READ_HISTORY)?;
    let id: u64 = id.parse().unwrap_or_default();
    let found = state.messages.get(&id).filter(|one| one.channel == channel && one.flags & EPHEMERAL == 0);
    let author = found.map(|one| one.author).ok_or_else(ApiError::unknown_message)?;
    if method == "GET" {
        return Ok(Some(events::by_api(&state, call.inner, id)));
    }
    if state.thread_mut(channel).is_some_and(|thread| thread.archived) {
        return Err(ApiError::archived());
    }
    match method {
        "PATCH" if author != bot => Err(ApiError::new(403, 50005, "Cannot edit a message authored by another user")),
        "PATCH" => {
            edit(&mut state, call, Some(id), call.body, "")?;
            Ok(Some(show::message(&state, call.inner, id)))
        }
        "DELETE" => {
            if author != bot {
                permissions::require(&state, channel, bot, permissions::MANAGE_MESSAGES)?;
            }
            state.messages.remove(&id);
            events::deleted(&mut state, call.inner, channel, id);
            Ok(None)
        }
        _ => Err(ApiError::new(405, 0, "405: Method Not Allowed")),
    }
}

fn create(call: &Call<'_>, channel: &str) -> Answer {
    check(call.body, "", call.uploads.len())?;
    let mut state = call.inner.lock();
    let channel = channels::find(&state, channel)?;
    may_write(&state, channel, call.inner.bot)?;
    if !call.uploads.is_empty() {
        permissions::require(&state, channel, call.inner.bot, permissions::ATTACH_FILES)?;
    }
    direct::check(&state, channel)?;
    threads::stir(&mut state, channel, call.now)?;
    let nonce = match &call.body["nonce"] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if nonce.as_ref().is_some_and(|nonce| nonce.len() > 25) {
        return Err(ApiError::invalid("nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 or fewer in length."));
    }
    if nonce.is_some() && call.body["enforce_nonce"] == true {
        let same = |message: &Message| message.channel == channel && message.nonce == nonce;
        if let Some(id) = state.messages.iter().find(|(_, message)| same(message)).map(|(id, _)| *id) {
            return Ok(Some(show::message(&state, call.inner, id)));
        }
    }
    watch_mentions(&mut state, call.body);
    let files = files::take(&mut state, call.now, call.body, (call.uploads, ""))?;
    let id = state.snowflake(call.now);
    let (author, body) = (call.inner.bot, call.body.clone());
    let message = Message { channel, author, body, files, flags: 0, edited: None, nonce, by: None };
    state.messages.insert(id, message);
    events::message(&mut state, call.inner, "MESSAGE_CREATE", id);
    Ok(Some(show::message(&state, call.inner, id)))
}

/// Changes what `body` names; the rest of the message stays. `base` is where the message stands in the request.
pub(crate) fn edit(
    state: &mut State,
    call: &Call<'_>,
    id: Option<u64>,
    body: &Value,
    base: &str,
) -> Result<(), ApiError> {
    watch_mentions(state, body);
    let old = id.and_then(|id| state.messages.get(&id)).ok_or_else(ApiError::unknown_message)?.files.clone();
    let files = files::change(state, call.now, (&old, body), (call.uploads, base))?;
    let message = id.and_then(|id| state.messages.get_mut(&id)).ok_or_else(ApiError::unknown_message)?;
    let mut changed = if message.body.is_object() { message.body.clone() } else { json!({}) };
    for (name, value) in call_fields(body) {
        changed[name] = value.clone();
    }
    check(&changed, base, files.len())?;
    message.body = changed;
    message.files = files;
    message.edited = Some(call.now);
    let (flags, id) = (message.flags, id.unwrap_or_default());
    if flags & EPHEMERAL == 0 {
        events::message(state, call.inner, "MESSAGE_UPDATE", id);
    }
    Ok(())
}

fn call_fields(body: &Value) -> impl Iterator<Item = (&str, &Value)> {
    const EDITABLE: [&str; 4] = ["content", "embeds", "components", "allowed_mentions"];
    EDITABLE.into_iter().filter_map(|name| Some((name, body.get(name)?)))
}

/// A mention in the text must be covered by `allowed_mentions`; that it is missing altogether lets all of them ping.
pub(crate) fn watch_mentions(state: &mut State, body: &Value) {
    let content = body["content"].as_str().unwrap_or_default();
    if mentions::any(content) && body["allowed_mentions"].is_null() {
        state.violation(format!("a mention without allowed_mentions: {content}"));
    }
}

/// Refuses what is too long, too much or doubled; `base` is the path of the message within the body,
/// and `files` how many it has beside it.
pub(crate) fn check(body: &Value, base: &str, files: usize) -> Result<(), ApiError> {
    let content = body["content"].as_str().unwrap_or_default();
    if content.chars().count() > 2000 {
        let message = "Must be 2000 or fewer in length.";
        return Err(ApiError::invalid(&format!("{base}content"), "BASE_TYPE_MAX_LENGTH", message));
    }
    mentions::check(body, base)?;
    let embeds = body["embeds"].as_array().map_or(&[][..], Vec::as_slice);
    embeds::check(embeds, &format!("{base}embeds"))?;
    let rows = body["components"].as_array().map_or(&[][..], Vec::as_slice);
    if content.is_empty() && embeds.is_empty() && rows.is_empty() && files == 0 {
        return Err(ApiError::new(400, 50006, "Cannot send an empty message"));
    }
    if rows.len() > 5 {
        let message = "Must be 5 or fewer in length.";
        return Err(ApiError::invalid(&format!("{base}components"), "BASE_TYPE_MAX_LENGTH", message));
    }
    let mut ids = BTreeSet::new();
    for (at, row) in rows.iter().enumerate() {
        let parts = row["components"].as_array().map_or(&[][..], Vec::as_slice);
        let path = format!("{base}components.{at}.components");
        if parts.len() > 5 {
            return Err(ApiError::invalid(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."));
        }
        for (part_at, part) in parts.iter().enumerate() {
            check_part(part, &format!("{path}.{part_at}"), &mut ids)?;
        }
    }
    Ok(())
}

fn check_part(part: &Value, path: &str, ids: &mut BTreeSet<String>) -> Result<(), ApiError> {
    // A button that is a link has no custom_id.
    if part["type"] == 2 && part["style"] == 5 {
        return Ok(());
    }
    let id = part["custom_id"].as_str().unwrap_or_default();
    let path_of_id = format!("{path}.custom_id");
    if !(1..=100).contains(&id.chars().count()) {
        let message = "Must be between 1 and 100 in length.";
        return Err(ApiError::invalid(&path_of_id, "BASE_TYPE_BAD_LENGTH", message));
    }
    if !ids.insert(id.to_owned()) {
        let message = "Component custom id cannot be duplicated";
        return Err(ApiError::invalid(&path_of_id, "COMPONENT_CUSTOM_ID_DUPLICATED", message));
    }
    embeds::check_part(part, path)
}

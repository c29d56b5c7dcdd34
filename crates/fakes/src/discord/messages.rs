//! Messages: what they may hold, and sending one to a channel.

use super::errors::ApiError;
use super::rest::{Answer, Call};
use super::state::{Message, State};
use super::{permissions, show};
use serde_json::Value;
use std::collections::BTreeSet;

/// `POST /channels/{channel}/messages`
pub(crate) fn create(call: &Call<'_>, channel: &str) -> Answer {
    check(call.body, "")?;
    let mut state = call.inner.lock();
    let channel: u64 = channel.parse().unwrap_or_default();
    if !state.channels.contains_key(&channel) {
        return Err(ApiError::unknown_channel());
    }
    permissions::require(&state, channel, call.inner.bot, permissions::SEND_MESSAGES)?;
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
    let id = state.snowflake(call.now);
    let message = Message { channel, author: call.inner.bot, body: call.body.clone(), flags: 0, nonce };
    state.messages.insert(id, message);
    let shown = show::message(&state, call.inner, id);
    state.gateway.dispatch(1 << 9, "MESSAGE_CREATE", &shown);
    Ok(Some(shown))
}

/// A mention in the text must be covered by `allowed_mentions`; that it is missing altogether lets all of them ping.
pub(crate) fn watch_mentions(state: &mut State, body: &Value) {
    let content = body["content"].as_str().unwrap_or_default();
    let pings = content.contains("<@") || content.contains("@everyone") || content.contains("@here");
    if pings && body["allowed_mentions"].is_null() {
        state.violation(format!("a mention without allowed_mentions: {content}"));
    }
}

/// Refuses what is too long, too much or doubled; `base` is the path of the message within the body.
pub(crate) fn check(body: &Value, base: &str) -> Result<(), ApiError> {
    let content = body["content"].as_str().unwrap_or_default();
    if content.chars().count() > 2000 {
        let message = "Must be 2000 or fewer in length.";
        return Err(ApiError::invalid(&format!("{base}content"), "BASE_TYPE_MAX_LENGTH", message));
    }
    let embeds = body["embeds"].as_array().map_or(0, Vec::len);
    let rows = body["components"].as_array().map_or(&[][..], Vec::as_slice);
    if content.is_empty() && embeds == 0 && rows.is_empty() {
        return Err(ApiError::new(400, 50006, "Cannot send an empty message"));
    }
    if embeds > 10 {
        return Err(ApiError::invalid(
            &format!("{base}embeds"),
            "BASE_TYPE_MAX_LENGTH",
            "Must be 10 or fewer in length.",
        ));
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
    if part["options"].as_array().is_some_and(|options| options.len() > 25) {
        let message = "Must be between 1 and 25 in length.";
        return Err(ApiError::invalid(&format!("{path}.options"), "BASE_TYPE_BAD_LENGTH", message));
    }
    Ok(())
}

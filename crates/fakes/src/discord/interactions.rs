//! What the bot answers to an interaction: the one callback, and the messages by its token.

use super::errors::ApiError;
use super::messages::{check, edit, watch_mentions};
use super::rest::{Answer, Call};
use super::state::{Message, State};
use super::{events, files, forms, show};
use serde_json::{Value, json};

/// Milliseconds for the callback.
pub(crate) const DEADLINE: i64 = 3_000;
/// Milliseconds that the token lives.
const TOKEN_LIFE: i64 = 15 * 60 * 1000;
/// The flag of a message that only one person sees.
pub(crate) const EPHEMERAL: u64 = 64;

/// `POST /interactions/{id}/{token}/callback`
pub(crate) fn callback(call: &Call<'_>, id: &str, token: &str) -> Answer {
    let mut state = call.inner.lock();
    let number: u64 = id.parse().unwrap_or_default();
    let found = state.interactions.get(&number).filter(|one| one.token == token);
    let one = found.ok_or_else(ApiError::unknown_interaction)?;
    // The first answer in time counts, so that a second one late is still a second one.
    if one.reply.is_some() {
        return Err(ApiError::acknowledged());
    }
    if call.now - one.at > DEADLINE {
        return Err(ApiError::unknown_interaction());
    }
    let kind = call.body["type"].as_u64().unwrap_or_default();
    let (asked, source, channel) = (one.kind, one.source, one.channel);
    let legal = match kind {
        4 | 5 => asked != 4,
        6 | 7 => asked == 3 || (asked == 5 && source.is_some()),
        8 => asked == 4,
        9 => matches!(asked, 2 | 3),
        _ => false,
    };
    if !legal {
        let message = "This interaction cannot be answered so.";
        return Err(ApiError::invalid("type", "INTERACTION_CALLBACK_INVALID", message));
    }
    let data = &call.body["data"];
    let mut original = source.filter(|_| matches!(kind, 6 | 7));
    match kind {
        4 => {
            check(data, "data.", call.uploads.len())?;
            original = Some(post(&mut state, call, (number, channel), (data, "data."))?);
        }
        5 => original = Some(post(&mut state, call, (number, channel), (data, "data."))?),
        7 => edit(&mut state, call, source, data, "data.")?,
        8 => check_choices(data)?,
        9 => forms::check(data)?,
        _ => {}
    }
    let Some(one) = state.interactions.get_mut(&number) else { return Err(ApiError::unknown_interaction()) };
    one.reply = Some(kind);
    one.original = original;
    one.placeholder = kind == 5;
    if matches!(kind, 4 | 5) {
        one.messages.extend(original);
    }
    match kind {
        8 => one.choices = data["choices"].as_array().cloned().unwrap_or_default(),
        9 => one.modal = Some(data.clone()),
        _ => {}
    }
    let asked_for_reply = call.query.split('&').any(|pair| pair == "with_response=true");
    Ok(asked_for_reply.then(|| {
        let mut reply = json!({ "interaction": { "id": id, "type": asked } });
        let mut resource = json!({ "type": kind });
        if let Some(message) = original {
            reply["interaction"]["response_message_id"] = json!(message.to_string());
            resource["message"] = show::message(&state, call.inner, message);
        }
        reply["resource"] = resource;
        reply
    }))
}

fn check_choices(data: &Value) -> Result<(), ApiError> {
    if data["choices"].as_array().is_none_or(|choices| choices.len() > 25) {
        let message = "Must be 25 or fewer in length.";
        return Err(ApiError::invalid("data.choices", "BASE_TYPE_MAX_LENGTH", message));
    }
    for (at, choice) in data["choices"].as_array().into_iter().flatten().enumerate() {
        let length = |name: &str| choice[name].as_str().unwrap_or_default().chars().count();
        for (name, least) in [("name", 1), ("value", 0)] {
            if !(least..=100).contains(&length(name)) {
                let path = format!("data.choices.{at}.{name}");
                return Err(ApiError::invalid(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."));
            }
        }
    }
    Ok(())
}

fn post(
    state: &mut State,
    call: &Call<'_>,
    (by, channel): (u64, u64),
    (body, base): (&Value, &str),
) -> Result<u64, ApiError> {
    watch_mentions(state, body);
    let files = files::take(state, call.now, body, (call.uploads, base))?;
    let id = state.snowflake(call.now);
    let flags = body["flags"].as_u64().unwrap_or_default();
    let (author, body) = (call.inner.bot, body.clone());
    let message = Message { channel, author, body, files, flags, edited: None, nonce: None, by: Some(by) };
    state.messages.insert(id, message);
    // The event tells already that it is the answer itself.
    if let Some(one) = state.interactions.get_mut(&by).filter(|one| one.reply.is_none()) {
        one.original = Some(id);
    }
    if flags & EPHEMERAL == 0 {
        events::message(state, call.inner, "MESSAGE_CREATE", id);
    }
    Ok(id)
}

/// `/webhooks/{app}/{token}…`, by the token of an interaction.
pub(crate) fn webhook(call: &Call<'_>, method: &str, (app, token): (&str, &str), rest: &[&str]) -> Answer {
    let mut state = call.inner.lock();
    let now = call.now;
    let bot = call.inner.bot;
    let one = state.interaction_by_token(token).filter(|_| app == bot.to_string());
    let (by, one) = one.ok_or_else(ApiError::unknown_webhook)?;
    if now - one.at > TOKEN_LIFE {
        return Err(ApiError::token_expired());
    }
    // Before the callback there is no such webhook.
    if one.reply.is_none() {
        return Err(ApiError::unknown_webhook());
    }
    let (original, channel) = (one.original, one.channel);
    let target = match rest {
        [] if method == "POST" => {
            if std::mem::take(&mut one.placeholder) {
                original
            } else {
                check(call.body, "", call.uploads.len())?;
                let id = post(&mut state, call, (by, channel), (call.body, ""))?;
                if let Some(one) = state.interactions.get_mut(&by) {
                    one.messages.push(id);
                }
                return Ok(Some(show::message(&state, call.inner, id)));
            }
        }
        ["messages", "@original"] => original,
        ["messages", id] => id.parse().ok().filter(|id| one.messages.contains(id)),
        _ => return Err(ApiError::unknown_route()),
    };
    let id = target.filter(|id| state.messages.contains_key(id)).ok_or_else(ApiError::unknown_message)?;
    match method {
        "GET" => {}
        "PATCH" | "POST" => {
            edit(&mut state, call, Some(id), call.body, "")?;
            if let Some(one) = state.interactions.get_mut(&by).filter(|one| one.original == Some(id)) {
                one.placeholder = false;
            }
        }
        "DELETE" => {
            let gone = state.messages.remove(&id);
            if gone.is_some_and(|gone| gone.flags & EPHEMERAL == 0) {
                events::deleted(&mut state, call.inner, channel, id);
            }
            return Ok(None);
        }
        _ => return Err(ApiError::new(405, 0, "405: Method Not Allowed")),
    }
    Ok(Some(show::message(&state, call.inner, id)))
}

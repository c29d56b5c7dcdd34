//! Channels: reading, changing and deleting them.

use super::errors::ApiError;
use super::permissions::{MANAGE_CHANNELS, MANAGE_THREADS, require};
use super::rest::{Answer, Call};
use super::state::State;
use super::{events, messages, show, threads};
use serde_json::{Value, json};

/// `/channels/{channel}` and what stands below it.
pub(crate) fn serve(call: &Call<'_>, method: &str, channel: &str, rest: &[&str]) -> Answer {
    match (method, rest) {
        (_, ["messages", rest @ ..]) => messages::serve(call, method, channel, rest),
        ("POST", ["threads"]) => threads::create(call, channel),
        (_, ["thread-members", rest @ ..]) => threads::members(call, method, channel, rest),
        ("POST", ["typing"]) => {
            let state = call.inner.lock();
            messages::may_write(&state, find(&state, channel)?, call.inner.bot)?;
            Ok(None)
        }
        (_, []) => one(call, method, channel),
        _ => Err(ApiError::unknown_route()),
    }
}

/// The channel, if there is one.
pub(crate) fn find(state: &State, channel: &str) -> Result<u64, ApiError> {
    channel.parse().ok().filter(|id| state.channels.contains_key(id)).ok_or_else(ApiError::unknown_channel)
}

fn one(call: &Call<'_>, method: &str, channel: &str) -> Answer {
    let mut state = call.inner.lock();
    let id = find(&state, channel)?;
    require(&state, id, call.inner.bot, 0)?;
    let is_thread = state.channels.get(&id).is_some_and(|one| one.thread.is_some());
    match method {
        "GET" => Ok(Some(show::channel(&state, id))),
        "PATCH" if is_thread => {
            threads::update(&mut state, call, id)?;
            Ok(Some(show::channel(&state, id)))
        }
        "PATCH" => {
            require(&state, id, call.inner.bot, MANAGE_CHANNELS)?;
            let name = check_name(call.body)?;
            let topic = call.body["topic"].as_str().map(str::to_owned);
            if topic.as_ref().is_some_and(|topic| topic.chars().count() > 1024) {
                let message = "Must be 1024 or fewer in length.";
                return Err(ApiError::invalid("topic", "BASE_TYPE_MAX_LENGTH", message));
            }
            if let Some(found) = state.channels.get_mut(&id) {
                found.name = name.unwrap_or_else(|| std::mem::take(&mut found.name));
                found.topic = topic.or_else(|| found.topic.take());
            }
            let shown = show::channel(&state, id);
            state.gateway.dispatch(events::GUILDS, "CHANNEL_UPDATE", &shown);
            Ok(Some(shown))
        }
        "DELETE" => {
            require(&state, id, call.inner.bot, if is_thread { MANAGE_THREADS } else { MANAGE_CHANNELS })?;
            Ok(Some(delete(&mut state, id)))
        }
        _ => Err(ApiError::new(405, 0, "405: Method Not Allowed")),
    }
}

/// The new name in a request, if there is one.
pub(crate) fn check_name(body: &Value) -> Result<Option<String>, ApiError> {
    let name = body["name"].as_str().map(str::to_owned);
    if name.as_ref().is_some_and(|name| !(1..=100).contains(&name.chars().count())) {
        return Err(ApiError::invalid("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."));
    }
    Ok(name)
}

/// Removes a channel or thread with all that is in it; what it was.
pub(crate) fn delete(state: &mut State, id: u64) -> Value {
    let hangs_on = |one: &super::state::Channel| one.thread.as_ref().is_some_and(|thread| thread.parent == id);
    let threads = state.channels.iter().filter(|(_, one)| hangs_on(one)).map(|(id, _)| *id);
    for thread in threads.collect::<Vec<u64>>() {
        delete(state, thread);
    }
    let shown = show::channel(state, id);
    let Some(gone) = state.channels.remove(&id) else { return shown };
    state.messages.retain(|_, message| message.channel != id);
    if let Some(thread) = gone.thread {
        let event = json!({
            "id": id.to_string(), "guild_id": gone.guild.to_string(), "parent_id": thread.parent.to_string(),
            "type": gone.kind,
        });
        state.gateway.dispatch(events::GUILDS, "THREAD_DELETE", &event);
    } else {
        state.gateway.dispatch(events::GUILDS, "CHANNEL_DELETE", &shown);
    }
    shown
}

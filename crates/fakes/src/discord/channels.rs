//! Channels: reading, changing and deleting them.

use super::errors::ApiError;
use super::permissions::{MANAGE_CHANNELS, MANAGE_ROLES, MANAGE_THREADS, require};
use super::rest::{Answer, Call};
use super::state::State;
use super::{channel_create, events, messages, show, threads};
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
        (_, ["permissions", target]) => channel_create::set(call, method, channel, target),
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
            update(&mut state, call, id)?;
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

fn update(state: &mut State, call: &Call<'_>, id: u64) -> Result<(), ApiError> {
    let (name, topic) = (check_name(call.body)?, check_topic(call.body)?);
    let (guild, kind, now_in) =
        state.channels.get(&id).map(|one| (one.guild, one.kind, one.parent)).ok_or_else(ApiError::unknown_channel)?;
    let parent = channel_create::parent(state, call.body, (guild, kind), now_in)?;
    let overwrites = channel_create::overwrites(state, call, guild)?;
    if overwrites.is_some() {
        require(state, id, call.inner.bot, MANAGE_ROLES)?;
    }
    let found = state.channels.get_mut(&id).ok_or_else(ApiError::unknown_channel)?;
    if let Some(name) = name {
        found.name = channel_create::tidy(kind, &name);
    }
    if let Some(topic) = topic {
        found.topic = topic;
    }
    if let Some(parent) = parent {
        found.parent = parent;
    }
    if let Some(overwrites) = overwrites {
        found.overwrites = overwrites;
    }
    Ok(())
}

/// The new topic in a request, if it says anything of it; null takes it away.
pub(crate) fn check_topic(body: &Value) -> Result<Option<Option<String>>, ApiError> {
    let topic = body.get("topic").map(|topic| topic.as_str().filter(|topic| !topic.is_empty()).map(str::to_owned));
    if topic.as_ref().and_then(Option::as_ref).is_some_and(|topic| topic.chars().count() > 1024) {
        return Err(ApiError::invalid("topic", "BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer in length."));
    }
    Ok(topic)
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
    // A category leaves its channels behind.
    let below = state.channels.iter().filter(|(_, one)| one.parent == Some(id)).map(|(id, _)| *id);
    for channel in below.collect::<Vec<u64>>() {
        if let Some(one) = state.channels.get_mut(&channel) {
            one.parent = None;
        }
        let shown = show::channel(state, channel);
        state.gateway.dispatch(events::GUILDS, "CHANNEL_UPDATE", &shown);
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

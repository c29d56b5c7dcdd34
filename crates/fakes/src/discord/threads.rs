//! Threads: they hang on a channel, have members of their own, and go to the archive when they fall quiet.

use super::errors::ApiError;
use super::permissions::{MANAGE_THREADS, PRIVATE_THREADS, PUBLIC_THREADS, SEND_IN_THREADS, require};
use super::rest::{Answer, Call};
use super::state::{Channel, PRIVATE_THREAD, PUBLIC_THREAD, State, TEXT, Thread};
use super::{Inner, channels, events, show};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Active threads in one guild.
const MOST_ACTIVE: usize = 1000;

/// `POST /channels/{channel}/threads`
pub(crate) fn create(call: &Call<'_>, channel: &str) -> Answer {
    let mut state = call.inner.lock();
    let parent = channels::find(&state, channel)?;
    let kind = call.body["type"].as_u64().unwrap_or(PRIVATE_THREAD);
    let wanted = match kind {
        PUBLIC_THREAD => PUBLIC_THREADS,
        PRIVATE_THREAD => PRIVATE_THREADS,
        _ => return Err(ApiError::invalid("type", "BASE_TYPE_CHOICES", "Value must be one of {11, 12}.")),
    };
    require(&state, parent, call.inner.bot, wanted)?;
    let name = channels::check_name(call.body)?.unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::invalid("name", "BASE_TYPE_REQUIRED", "This field is required"));
    }
    let auto_archive = check_auto_archive(call.body)?.unwrap_or(1440);
    let Some((guild, true)) = state.channels.get(&parent).map(|one| (one.guild, one.kind == TEXT)) else {
        return Err(ApiError::new(400, 50024, "Cannot execute action on this channel type"));
    };
    let active = |one: &&Channel| one.guild == guild && one.thread.as_ref().is_some_and(|thread| !thread.archived);
    if state.channels.values().filter(active).count() >= MOST_ACTIVE {
        return Err(ApiError::new(400, 160_006, "Maximum number of active threads reached"));
    }
    let id = state.snowflake(call.now);
    let thread = Thread {
        parent,
        owner: call.inner.bot,
        members: BTreeMap::from([(call.inner.bot, call.now)]),
        archived: false,
        locked: false,
        invitable: call.body["invitable"].as_bool().unwrap_or(true),
        auto_archive,
        archive_changed: call.now,
        active: call.now,
    };
    let made = Channel { thread: Some(thread), ..Channel::new(guild, kind, &name) };
    state.channels.insert(id, made);
    let mut shown = show::channel(&state, id);
    let answer = shown.clone();
    shown["newly_created"] = json!(true);
    state.gateway.dispatch(events::GUILDS, "THREAD_CREATE", &shown);
    Ok(Some(answer))
}

fn check_auto_archive(body: &Value) -> Result<Option<u64>, ApiError> {
    match body.get("auto_archive_duration") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(minutes @ (60 | 1440 | 4320 | 10080)) => Ok(Some(minutes)),
            _ => {
                let message = "Value must be one of {60, 1440, 4320, 10080}.";
                Err(ApiError::invalid("auto_archive_duration", "BASE_TYPE_CHOICES", message))
            }
        },
    }
}

/// `GET`, `PUT` and `DELETE /channels/{thread}/thread-members…`
pub(crate) fn members(call: &Call<'_>, method: &str, thread: &str, rest: &[&str]) -> Answer {
    let mut state = call.inner.lock();
    let id = channels::find(&state, thread)?;
    require(&state, id, call.inner.bot, 0)?;
    let bot = call.inner.bot;
    let Some(thread) = state.channels.get(&id).and_then(|one| one.thread.clone()) else {
        return Err(ApiError::new(400, 50024, "Cannot execute action on this channel type"));
    };
    let user = match rest {
        [] if method == "GET" => {
            let members = thread.members.iter().map(|(user, joined)| show::thread_member(id, *user, *joined));
            return Ok(Some(members.collect()));
        }
        ["@me"] => bot,
        [user] => user.parse().unwrap_or_default(),
        [] | [_, ..] => return Err(ApiError::unknown_route()),
    };
    let is_there = |state: &State| state.guild_of(id).is_some_and(|guild| guild.members.contains_key(&user));
    match method {
        "GET" => {
            let joined = thread.members.get(&user).ok_or_else(|| ApiError::new(404, 10007, "Unknown Member"))?;
            return Ok(Some(show::thread_member(id, user, *joined)));
        }
        _ if thread.archived => return Err(ApiError::archived()),
        "PUT" if !is_there(&state) => return Err(ApiError::new(404, 10013, "Unknown User")),
        "PUT" => {
            require(&state, id, bot, SEND_IN_THREADS)?;
            join(&mut state, call.inner, (id, user), call.now);
        }
        "DELETE" => {
            if user != bot && thread.owner != bot {
                require(&state, id, bot, MANAGE_THREADS)?;
            }
            leave(&mut state, (id, user), bot);
        }
        _ => return Err(ApiError::new(405, 0, "405: Method Not Allowed")),
    }
    Ok(None)
}

pub(crate) fn join(state: &mut State, inner: &Inner, (id, user): (u64, u64), now: i64) {
    let Some(thread) = state.thread_mut(id) else { return };
    if thread.members.contains_key(&user) {
        return;
    }
    thread.members.insert(user, now);
    let guild = state.channels.get(&id).map_or(0, |one| one.guild);
    let mut added = show::thread_member(id, user, now);
    added["member"] = show::member(state, inner, guild, user);
    added["presence"] = Value::Null;
    tell(state, (id, user), inner.bot, json!({ "added_members": [added] }));
}

pub(crate) fn leave(state: &mut State, (id, user): (u64, u64), bot: u64) {
    if state.thread_mut(id).is_some_and(|thread| thread.members.remove(&user).is_some()) {
        tell(state, (id, user), bot, json!({ "removed_member_ids": [user.to_string()] }));
    }
}

/// Of others than itself the bot hears by the intent for members alone.
fn tell(state: &mut State, (id, user): (u64, u64), bot: u64, mut event: Value) {
    let Some(channel) = state.channels.get(&id) else { return };
    event["id"] = json!(id.to_string());
    event["guild_id"] = json!(channel.guild.to_string());
    event["member_count"] = json!(channel.thread.as_ref().map_or(0, |thread| thread.members.len()));
    let intent = if user == bot { events::GUILDS } else { events::GUILD_MEMBERS };
    state.gateway.dispatch(intent, "THREAD_MEMBERS_UPDATE", &event);
}

/// `PATCH /channels/{thread}`
pub(crate) fn update(state: &mut State, call: &Call<'_>, id: u64) -> Result<(), ApiError> {
    let (body, bot) = (call.body, call.inner.bot);
    let name = channels::check_name(body)?;
    let minutes = check_auto_archive(body)?;
    require(state, id, bot, 0)?;
    let manages = require(state, id, bot, MANAGE_THREADS).is_ok();
    let thread = state.thread_mut(id).ok_or_else(ApiError::unknown_channel)?;
    let archived = body["archived"].as_bool();
    let only_reopens = archived == Some(false);
    if thread.archived && !only_reopens {
        return Err(ApiError::archived());
    }
    let may_reopen = thread.owner == bot || !thread.locked;
    let own = thread.owner == bot && body["locked"].is_null();
    if !(manages || own || (only_reopens && may_reopen)) || (thread.locked && !manages) {
        return Err(ApiError::no_permission());
    }
    if let Some(archived) = archived.filter(|archived| *archived != thread.archived) {
        thread.archived = archived;
        thread.archive_changed = call.now;
        thread.active = call.now;
    }
    thread.locked = body["locked"].as_bool().unwrap_or(thread.locked);
    thread.invitable = body["invitable"].as_bool().unwrap_or(thread.invitable);
    thread.auto_archive = minutes.unwrap_or(thread.auto_archive);
    if let Some((name, channel)) = name.zip(state.channels.get_mut(&id)) {
        channel.name = name;
    }
    announce(state, id);
    Ok(())
}

pub(crate) fn announce(state: &mut State, id: u64) {
    let shown = show::channel(state, id);
    state.gateway.dispatch(events::GUILDS, "THREAD_UPDATE", &shown);
}

/// Someone writes in a thread: it comes out of the archive, unless a moderator locked it.
pub(crate) fn stir(state: &mut State, id: u64, now: i64) -> Result<(), ApiError> {
    let Some(thread) = state.thread_mut(id) else { return Ok(()) };
    if thread.archived && thread.locked {
        return Err(ApiError::archived());
    }
    thread.active = now;
    if std::mem::take(&mut thread.archived) {
        thread.archive_changed = now;
        announce(state, id);
    }
    Ok(())
}

/// Threads that have been quiet for long enough go to the archive.
pub(crate) fn archive_quiet(state: &mut State, now: i64) {
    let is_due = |thread: &Thread| {
        let rest = i64::try_from(thread.auto_archive).unwrap_or(i64::MAX).saturating_mul(60_000);
        !thread.archived && now - thread.active >= rest
    };
    let due = state.channels.iter().filter(|(_, one)| one.thread.as_ref().is_some_and(is_due)).map(|(id, _)| *id);
    for id in due.collect::<Vec<u64>>() {
        if let Some(thread) = state.thread_mut(id) {
            thread.archived = true;
            thread.archive_changed = now;
        }
        announce(state, id);
    }
}

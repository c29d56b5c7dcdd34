//! The objects as Discord writes them.

use super::state::{CATEGORY, Channel, Guild, Message, Role, State};
use super::{Inner, files, interact, mentions, permissions};
use serde_json::{Value, json};

/// Unix milliseconds in the one form that Discord writes, with microseconds and `+00:00`.
pub(crate) fn stamp(at: i64) -> String {
    let second = time::OffsetDateTime::from_unix_timestamp(at.div_euclid(1000))
        .ok()
        .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_default();
    format!("{}.{:03}000+00:00", second.trim_end_matches('Z'), at.rem_euclid(1000))
}

pub(crate) fn user(state: &State, inner: &Inner, id: u64) -> Value {
    let name = state.users.get(&id).cloned().unwrap_or_default();
    let mut user = json!({
        "id": id.to_string(), "username": name, "discriminator": "0", "avatar": null, "global_name": name,
        "public_flags": 0,
    });
    if id == inner.bot {
        user["bot"] = json!(true);
    }
    user
}

/// The user of the token, with what only they see of themselves.
pub(crate) fn myself(state: &State, inner: &Inner) -> Value {
    let mut me = user(state, inner, inner.bot);
    me["verified"] = json!(true);
    me["mfa_enabled"] = json!(true);
    me["flags"] = json!(0);
    me["email"] = Value::Null;
    me
}

pub(crate) fn member(state: &State, inner: &Inner, guild: u64, id: u64) -> Value {
    let member = state.guilds.get(&guild).and_then(|guild| guild.members.get(&id)).cloned().unwrap_or_default();
    let roles: Vec<String> = member.roles.iter().map(u64::to_string).collect();
    let joined = member.joined;
    json!({
        "user": user(state, inner, id), "roles": roles, "joined_at": stamp(joined), "deaf": false, "mute": false,
        "flags": 0, "pending": false, "nick": null, "avatar": null, "banner": null, "premium_since": null,
        "communication_disabled_until": null,
    })
}

/// Among the resolved values of a command a member is shorter.
pub(crate) fn resolved_member(state: &State, inner: &Inner, guild: u64, id: u64) -> Value {
    let mut shown = member(state, inner, guild, id);
    if let Some(object) = shown.as_object_mut() {
        object.retain(|name, _| !["user", "deaf", "mute"].contains(&name.as_str()));
    }
    let held = state.guilds.get(&guild).map_or(0, |found| permissions::in_guild(guild, found, id));
    shown["permissions"] = json!(held.to_string());
    shown
}

pub(crate) fn channel(state: &State, id: u64) -> Value {
    let Some(channel) = state.channels.get(&id) else { return Value::Null };
    let roles = state.guilds.get(&channel.guild).map(|guild| &guild.roles);
    let overwrites: Vec<Value> = channel
        .overwrites
        .iter()
        .map(|(id, one)| {
            let kind = u8::from(roles.is_none_or(|roles| !roles.contains_key(id)));
            json!({
                "id": id.to_string(), "type": kind, "allow": one.allow.to_string(), "deny": one.deny.to_string(),
            })
        })
        .collect();
    let last = state.messages.iter().rfind(|(_, message)| message.channel == id).map(|(id, _)| id.to_string());
    let mut shown = json!({
        "id": id.to_string(), "type": channel.kind, "guild_id": channel.guild.to_string(), "name": channel.name,
        "last_message_id": last, "rate_limit_per_user": 0, "flags": 0,
    });
    if let Some(object) = shown.as_object_mut().filter(|_| channel.recipient.is_some()) {
        object.retain(|name, _| !["guild_id", "name", "rate_limit_per_user"].contains(&name.as_str()));
        return shown;
    }
    let Some(thread) = &channel.thread else {
        shown["position"] = json!(0);
        shown["permission_overwrites"] = json!(overwrites);
        shown["nsfw"] = json!(false);
        if channel.kind == CATEGORY {
            if let Some(object) = shown.as_object_mut() {
                object.retain(|name, _| !["last_message_id", "rate_limit_per_user"].contains(&name.as_str()));
            }
        } else {
            shown["topic"] = json!(channel.topic);
        }
        shown["parent_id"] = json!(channel.parent.map(|parent| parent.to_string()));
        return shown;
    };
    let count = state.messages.values().filter(|message| message.channel == id).count();
    shown["parent_id"] = json!(thread.parent.to_string());
    shown["owner_id"] = json!(thread.owner.to_string());
    shown["message_count"] = json!(count);
    shown["total_message_sent"] = json!(count);
    shown["member_count"] = json!(thread.members.len().min(50));
    shown["thread_metadata"] = json!({
        "archived": thread.archived, "auto_archive_duration": thread.auto_archive, "locked": thread.locked,
        "archive_timestamp": stamp(thread.archive_changed), "create_timestamp": stamp(created(id)),
        "invitable": thread.invitable,
    });
    shown
}

pub(crate) fn thread_member(thread: u64, user: u64, joined: i64) -> Value {
    json!({
        "id": thread.to_string(), "user_id": user.to_string(), "join_timestamp": stamp(joined), "flags": 0,
    })
}

/// Members from which on a guild counts as large, for a bot that has not asked for another number.
const LARGE: usize = 50;

/// A guild as a bot is told of it that does not follow who is there (intent GUILD_PRESENCES): of its members it sees itself alone.
pub(crate) fn guild(state: &State, inner: &Inner, id: u64) -> Value {
    let Some(guild) = state.guilds.get(&id) else { return Value::Null };
    let count = guild.members.len();
    let own: Vec<Value> =
        guild.members.contains_key(&inner.bot).then(|| member(state, inner, id, inner.bot)).into_iter().collect();
    let channels: Vec<Value> = state
        .channels
        .iter()
        .filter(|(_, channel)| channel.guild == id && channel.thread.is_none())
        .map(|(channel_id, _)| channel(state, *channel_id))
        .collect();
    let threads = active_threads(state, inner, id);
    let joined = guild.members.get(&inner.bot).map_or(0, |member| member.joined);
    json!({
        "id": id.to_string(), "name": guild.name, "owner_id": guild.owner.to_string(), "icon": null, "splash": null,
        "discovery_splash": null, "afk_channel_id": null, "afk_timeout": 300, "verification_level": 0,
        "default_message_notifications": 1, "explicit_content_filter": 0, "emojis": [], "features": [],
        "mfa_level": 0, "application_id": null, "system_channel_id": null, "system_channel_flags": 0,
        "rules_channel_id": null, "vanity_url_code": null, "description": null, "banner": null, "premium_tier": 0,
        "preferred_locale": "en-US", "public_updates_channel_id": null, "nsfw_level": 0, "stickers": [],
        "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null, "joined_at": stamp(joined),
        "large": count > LARGE, "unavailable": false, "member_count": count, "voice_states": [], "presences": [],
        "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [], "threads": threads,
        "hub_type": null, "incidents_data": null, "members": own, "channels": channels, "roles": roles(guild),
    })
}

/// The guild by the API, without what only the gateway tells.
pub(crate) fn guild_by_api(state: &State, inner: &Inner, id: u64) -> Value {
    const BY_GATEWAY: [&str; 12] = [
        "joined_at",
        "large",
        "unavailable",
        "member_count",
        "voice_states",
        "presences",
        "stage_instances",
        "guild_scheduled_events",
        "soundboard_sounds",
        "threads",
        "members",
        "channels",
    ];
    let mut shown = guild(state, inner, id);
    if let Some(object) = shown.as_object_mut() {
        object.retain(|name, _| !BY_GATEWAY.contains(&name.as_str()));
    }
    shown
}

/// The threads of a guild that are in no archive, as far as the bot sees them.
pub(crate) fn active_threads(state: &State, inner: &Inner, guild: u64) -> Vec<Value> {
    let has = |one: u64| permissions::in_channel(state, one, inner.bot) & permissions::VIEW_CHANNEL != 0;
    let is_active = |one: &Channel| one.guild == guild && one.thread.as_ref().is_some_and(|thread| !thread.archived);
    let threads = state.channels.iter().filter(|(thread, one)| is_active(one) && has(**thread));
    threads.map(|(thread, _)| channel(state, *thread)).collect()
}

pub(crate) fn roles(guild: &Guild) -> Value {
    guild.roles.iter().map(|(id, one)| role(*id, one)).collect()
}

pub(crate) fn role(id: u64, role: &Role) -> Value {
    json!({
        "id": id.to_string(), "name": role.name, "color": 0, "hoist": false, "icon": null, "unicode_emoji": null,
        "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null }, "position": role.position,
        "permissions": role.permissions.to_string(), "managed": role.managed, "mentionable": false, "flags": 0,
    })
}

pub(crate) fn message(state: &State, inner: &Inner, id: u64) -> Value {
    let Some(message) = state.messages.get(&id) else { return Value::Null };
    let list = |name: &str| message.body.get(name).filter(|list| list.is_array()).cloned().unwrap_or(json!([]));
    let content = message.body["content"].as_str().unwrap_or_default();
    let pings = mentions::of(state, message);
    let roles: Vec<String> = pings.roles.iter().map(u64::to_string).collect();
    let users: Vec<Value> = pings.users.iter().map(|id| user(state, inner, *id)).collect();
    let mut shown = json!({
        "id": id.to_string(), "type": 0, "channel_id": message.channel.to_string(),
        "author": user(state, inner, message.author), "content": content,
        "timestamp": stamp(created(id)), "edited_timestamp": message.edited.map(stamp),
        "tts": false, "mention_everyone": pings.everyone,
        "mentions": users, "mention_roles": roles, "attachments": files::show(inner, message), "embeds": embeds(inner, message),
        "components": components(list("components")), "pinned": false, "flags": message.flags,
    });
    if let Some((by, one)) = message.by.and_then(|by| state.interactions.get(&by).map(|one| (by, one))) {
        shown["application_id"] = json!(inner.bot.to_string());
        shown["webhook_id"] = json!(inner.bot.to_string());
        shown["interaction_metadata"] = interact::metadata(state, inner, by, Some(id));
        if one.kind == 2 && one.original == Some(id) {
            shown["type"] = json!(20);
        }
    }
    if let Some(nonce) = &message.nonce {
        shown["nonce"] = json!(nonce);
    }
    shown
}

/// Embeds as they come back: with what a bot may leave out, and its files by their addresses.
pub(crate) fn embeds(inner: &Inner, message: &Message) -> Value {
    let sent = message.body.get("embeds").filter(|sent| sent.is_array());
    let mut embeds = sent.cloned().unwrap_or(json!([]));
    for embed in embeds.as_array_mut().into_iter().flatten() {
        embed["type"] = json!("rich");
        for place in files::IN_EMBEDS {
            let file = embed.pointer(place).and_then(|url| files::named(message, url));
            if let Some((file, url)) = file.zip(embed.pointer_mut(place)) {
                *url = json!(files::address(inner, message.channel, file));
            }
        }
        for field in embed.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
            field["inline"] = json!(field["inline"] == true);
        }
    }
    embeds
}

/// Components as they come back: numbered from one, each before those within it.
fn components(mut rows: Value) -> Value {
    let mut number = 0;
    let mut next = |part: &mut Value| {
        number += 1;
        part["id"] = json!(number);
    };
    for row in rows.as_array_mut().into_iter().flatten() {
        next(row);
        row.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten().for_each(&mut next);
    }
    rows
}

/// When a snowflake was made, unix milliseconds.
pub(crate) fn created(id: u64) -> i64 {
    i64::try_from(id >> 22).unwrap_or_default() + 1_420_070_400_000
}

//! Events about messages: who hears of them, and what is left out of them.

use super::permissions::{VIEW_CHANNEL, in_channel};
use super::state::State;
use super::{Inner, show};
use serde_json::{Value, json};

/// The intents by which events come.
pub(crate) const GUILDS: u64 = 1;
pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
pub(crate) const DIRECT_MESSAGES: u64 = 1 << 12;
const MESSAGE_CONTENT: u64 = 1 << 15;

/// `MESSAGE_CREATE` or `MESSAGE_UPDATE`, if the bot sees the channel.
pub(crate) fn message(state: &mut State, inner: &Inner, name: &str, id: u64) {
    let Some((channel, author)) = state.messages.get(&id).map(|one| (one.channel, one.author)) else { return };
    let Some(guild) = state.channels.get(&channel).map(|one| one.guild) else { return };
    let mut event = show::message(state, inner, id);
    if state.gateway.intents() & MESSAGE_CONTENT == 0 {
        redact(state, inner, &mut event);
    }
    if guild == 0 {
        state.gateway.dispatch(DIRECT_MESSAGES, name, &event);
    } else if in_channel(state, channel, inner.bot) & VIEW_CHANNEL != 0 {
        event["guild_id"] = json!(guild.to_string());
        let mut member = show::member(state, inner, guild, author);
        if let Some(member) = member.as_object_mut() {
            // The event has the author already.
            member.remove("user");
        }
        event["member"] = member;
        state.gateway.dispatch(GUILD_MESSAGES, name, &event);
    }
}

/// `MESSAGE_DELETE`, told after the message has gone.
pub(crate) fn deleted(state: &mut State, inner: &Inner, channel: u64, id: u64) {
    let guild = state.channels.get(&channel).map_or(0, |one| one.guild);
    let mut event = json!({ "id": id.to_string(), "channel_id": channel.to_string() });
    if guild == 0 {
        state.gateway.dispatch(DIRECT_MESSAGES, "MESSAGE_DELETE", &event);
    } else if in_channel(state, channel, inner.bot) & VIEW_CHANNEL != 0 {
        event["guild_id"] = json!(guild.to_string());
        state.gateway.dispatch(GUILD_MESSAGES, "MESSAGE_DELETE", &event);
    }
}

/// The message by the API, where what counts is that the intent was switched on for the application.
pub(crate) fn by_api(state: &State, inner: &Inner, id: u64) -> Value {
    let mut shown = show::message(state, inner, id);
    if inner.privileged & MESSAGE_CONTENT == 0 {
        redact(state, inner, &mut shown);
    }
    shown
}

/// Takes out what a bot without the intent for contents does not see: all but its own messages, those that mention
/// it, and what is written to it alone.
fn redact(state: &State, inner: &Inner, shown: &mut Value) {
    let bot = inner.bot.to_string();
    let mentions = shown["mentions"].as_array().into_iter().flatten().any(|user| user["id"] == bot.as_str());
    let channel = shown["channel_id"].as_str().and_then(|id| id.parse::<u64>().ok());
    let is_direct = channel.and_then(|id| state.channels.get(&id)).is_some_and(|one| one.guild == 0);
    if mentions || is_direct || shown["author"]["id"] == bot.as_str() {
        return;
    }
    shown["content"] = json!("");
    for list in ["embeds", "attachments", "components"] {
        shown[list] = json!([]);
    }
}

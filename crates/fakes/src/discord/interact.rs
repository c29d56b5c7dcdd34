//! An act of a person becomes an interaction: the event that the bot gets, and what its messages tell of it later.

use super::hands::{guild_of, refused};
use super::interactions::EPHEMERAL;
use super::state::{Interaction, Message, State};
use super::{FakeDiscord, Inner, files, permissions, show};
use crate::FakeError;
use serde_json::{Value, json};

/// Who does something, and where.
pub(crate) struct Place {
    pub(crate) channel: u64,
    pub(crate) member: u64,
}

/// What they do.
pub(crate) struct Act {
    /// The type of the interaction.
    pub(crate) kind: u64,
    pub(crate) data: Value,
    /// The message whose component was used.
    pub(crate) source: Option<u64>,
    /// The command as it was typed.
    pub(crate) line: Option<String>,
    /// The interaction by which the form opened that is sent.
    pub(crate) opened_by: Option<u64>,
}

impl Act {
    pub(crate) fn new(kind: u64, data: Value) -> Act {
        Act { kind, data, source: None, line: None, opened_by: None }
    }
}

/// By whom the bot was installed: by the guild, or by nobody in a direct channel.
fn owners(guild: u64) -> Value {
    json!({ "0": guild.to_string() })
}

/// The message, if the person sees it: what was for one alone is used by that one alone.
pub(crate) fn seen_by(state: &State, message: u64, member: u64) -> Result<&Message, FakeError> {
    let on = state.messages.get(&message).ok_or_else(|| refused("the message is gone"))?;
    let is_for = on.by.and_then(|by| state.interactions.get(&by)).map(|one| one.member);
    if on.flags & EPHEMERAL != 0 && is_for != Some(member) {
        return Err(refused("that person does not see the message"));
    }
    Ok(on)
}

/// What a message tells of the interaction by which it came (`interaction_metadata`).
pub(crate) fn metadata(state: &State, inner: &Inner, by: u64, message: Option<u64>) -> Value {
    let Some(one) = state.interactions.get(&by) else { return Value::Null };
    let guild = state.channels.get(&one.channel).map_or(0, |channel| channel.guild);
    let mut shown = json!({
        "id": by.to_string(), "type": one.kind, "user": show::user(state, inner, one.member),
        "authorizing_integration_owners": owners(guild),
    });
    if let Some(original) = one.original.filter(|original| message.is_some_and(|message| message != *original)) {
        shown["original_response_message_id"] = json!(original.to_string());
    }
    if let Some(source) = one.source.filter(|_| one.kind == 3) {
        shown["interacted_message_id"] = json!(source.to_string());
    }
    if let Some(opener) = one.opened_by {
        shown["triggering_interaction_metadata"] = metadata(state, inner, opener, None);
    }
    shown
}

impl FakeDiscord {
    pub(crate) fn interact(&self, state: &mut State, place: &Place, act: Act) -> Result<u64, FakeError> {
        let now = self.inner.now();
        let guild = guild_of(state, place.channel)?;
        let may = permissions::in_channel(state, place.channel, place.member);
        if may & permissions::VIEW_CHANNEL == 0 {
            return Err(refused("that person does not see the channel"));
        }
        let app_may = permissions::in_channel(state, place.channel, self.inner.bot);
        let id = state.snowflake(now);
        let token = format!("interaction-token-{id}");
        let mut event = json!({
            "id": id.to_string(), "application_id": self.inner.bot.to_string(), "type": act.kind, "token": token,
            "version": 1, "data": act.data, "channel_id": place.channel.to_string(),
            "channel": show::channel(state, place.channel), "app_permissions": app_may.to_string(),
            "locale": "en-US", "entitlements": [], "attachment_size_limit": files::LARGEST_FILE,
            "authorizing_integration_owners": owners(guild),
        });
        if guild == 0 {
            event["user"] = show::user(state, &self.inner, place.member);
            event["context"] = json!(1);
        } else {
            event["member"] = show::member(state, &self.inner, guild, place.member);
            event["member"]["permissions"] = json!(may.to_string());
            event["guild_id"] = json!(guild.to_string());
            event["guild"] = json!({ "id": guild.to_string(), "features": [], "locale": "en-US" });
            event["guild_locale"] = json!("en-US");
            event["context"] = json!(0);
        }
        if let Some(message) = act.source {
            event["message"] = show::message(state, &self.inner, message);
        }
        let one = Interaction {
            kind: act.kind,
            at: now,
            token,
            channel: place.channel,
            member: place.member,
            source: act.source,
            line: act.line,
            opened_by: act.opened_by,
            reply: None,
            modal: None,
            choices: Vec::new(),
            original: None,
            placeholder: false,
            messages: Vec::new(),
        };
        state.interactions.insert(id, one);
        state.gateway.dispatch(0, "INTERACTION_CREATE", &event);
        Ok(id)
    }
}

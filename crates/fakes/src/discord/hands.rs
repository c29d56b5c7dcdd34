//! A person's hands and eyes: what people do in a guild, and what they see of the bot.

use super::interactions::{DEADLINE, EPHEMERAL};
use super::state::{Channel, Guild, Interaction, Member, Role, State};
use super::{FakeDiscord, permissions, show};
use crate::FakeError;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A message of the bot as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The message.
    pub id: u64,
    /// Its text.
    pub content: String,
    /// Whether only the person who asked sees it.
    pub is_ephemeral: bool,
    /// Label and `custom_id` of each of its buttons.
    pub buttons: Vec<(String, String)>,
}

/// What has come of an interaction so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet, and there is still time.
    Waiting,
    /// "The application did not respond."
    DidNotRespond,
    /// "… is thinking": the bot has asked for time.
    Thinking,
    /// The bot has answered; its messages by this interaction, oldest first.
    Answered(Vec<Seen>),
    /// A form has opened: its title and its `custom_id`.
    Modal {
        /// The title.
        title: String,
        /// The form's id.
        custom_id: String,
    },
}

/// Who does something, and where.
struct Place {
    channel: u64,
    member: u64,
}

pub(crate) fn refused(what: impl Into<String>) -> FakeError {
    FakeError::Refused(what.into())
}

impl FakeDiscord {
    /// Makes a guild with an owner of its own, and the bot in it.
    #[must_use]
    pub fn guild(&self, name: &str) -> u64 {
        let now = self.inner.now();
        let mut state = self.inner.lock();
        let owner = state.snowflake(now);
        state.users.insert(owner, "owner".to_owned());
        let id = state.snowflake(now);
        let bot_role = state.snowflake(now);
        let member = |roles: &[u64]| Member { joined: now, roles: roles.iter().copied().collect() };
        let members = BTreeMap::from([(owner, member(&[])), (self.inner.bot, member(&[bot_role]))]);
        let role =
            |name: &str, permissions, position, managed| Role { name: name.to_owned(), permissions, position, managed };
        let roles = BTreeMap::from([
            (id, role("@everyone", permissions::OF_EVERYONE, 0, false)),
            (bot_role, role("mirai", permissions::OF_THE_BOT, 1, true)),
        ]);
        state.guilds.insert(id, Guild { name: name.to_owned(), owner, members, roles });
        let shown = show::guild(&state, &self.inner, id);
        state.gateway.dispatch(1, "GUILD_CREATE", &shown);
        id
    }

    /// Lets someone join a guild, whose account is as old as it is given in unix milliseconds.
    #[must_use]
    pub fn member(&self, guild: u64, name: &str, account_made: i64) -> u64 {
        let now = self.inner.now();
        let mut state = self.inner.lock();
        let id = state.snowflake(account_made);
        state.users.insert(id, name.to_owned());
        if let Some(guild) = state.guilds.get_mut(&guild) {
            guild.members.insert(id, Member { joined: now, roles: BTreeSet::new() });
        }
        id
    }

    /// Makes a text channel.
    #[must_use]
    pub fn text_channel(&self, guild: u64, name: &str) -> u64 {
        let now = self.inner.now();
        let mut state = self.inner.lock();
        let id = state.snowflake(now);
        state.channels.insert(id, Channel::new(guild, 0, name));
        let shown = show::channel(&state, id);
        state.gateway.dispatch(1, "CHANNEL_CREATE", &shown);
        id
    }

    /// A member runs a registered command without options.
    ///
    /// # Errors
    /// When the guild has no such command, or the person is not in it.
    pub fn slash(&self, channel: u64, member: u64, command: &str) -> Result<u64, FakeError> {
        let mut state = self.inner.lock();
        let guild = guild_of(&state, channel)?;
        let found = state.commands.get(&guild).into_iter().flatten().find(|one| one["name"] == command);
        let found = found.ok_or_else(|| refused(format!("/{command} is not registered")))?;
        if found["options"].as_array().into_iter().flatten().any(|option| option["required"] == true) {
            return Err(refused(format!("/{command} has an option that is required")));
        }
        let wanted = found["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
        let wanted = wanted.unwrap_or_default() | permissions::USE_COMMANDS;
        if permissions::in_channel(&state, channel, member) & wanted != wanted {
            return Err(refused(format!("that person may not run /{command}")));
        }
        let data = json!({
            "id": found["id"], "name": command, "type": 1, "guild_id": guild.to_string(), "options": [],
        });
        self.interact(&mut state, &Place { channel, member }, 2, (data, None))
    }

    /// A member clicks a button of a message, by its `custom_id`.
    ///
    /// # Errors
    /// When the message is gone, or has no such button.
    pub fn click(&self, message: u64, member: u64, custom_id: &str) -> Result<u64, FakeError> {
        let mut state = self.inner.lock();
        let on = state.messages.get(&message).ok_or_else(|| refused("the message is gone"))?;
        if !buttons(&on.body).iter().any(|(_, id)| id == custom_id) {
            return Err(refused(format!("the message has no button {custom_id}")));
        }
        let place = Place { channel: on.channel, member };
        let data = json!({ "custom_id": custom_id, "component_type": 2 });
        self.interact(&mut state, &place, 3, (data, Some(message)))
    }

    fn interact(
        &self,
        state: &mut State,
        place: &Place,
        kind: u64,
        (data, source): (Value, Option<u64>),
    ) -> Result<u64, FakeError> {
        let now = self.inner.now();
        let guild = guild_of(state, place.channel)?;
        if !state.guilds.get(&guild).is_some_and(|guild| guild.members.contains_key(&place.member)) {
            return Err(refused("that person is not in the guild"));
        }
        let id = state.snowflake(now);
        let token = format!("interaction-token-{id}");
        let mut member = show::member(state, &self.inner, guild, place.member);
        let may = permissions::in_channel(state, place.channel, place.member);
        if may & permissions::VIEW_CHANNEL == 0 {
            return Err(refused("that person does not see the channel"));
        }
        let app_may = permissions::in_channel(state, place.channel, self.inner.bot);
        member["permissions"] = json!(may.to_string());
        let mut event = json!({
            "id": id.to_string(), "application_id": self.inner.bot.to_string(), "type": kind, "token": token,
            "version": 1, "data": data, "guild_id": guild.to_string(), "channel_id": place.channel.to_string(),
            "channel": show::channel(state, place.channel), "member": member, "app_permissions": app_may.to_string(),
            "guild": { "id": guild.to_string(), "features": [], "locale": "en-US" },
            "locale": "en-US", "guild_locale": "en-US", "entitlements": [], "context": 0,
            "authorizing_integration_owners": { "0": guild.to_string() }, "attachment_size_limit": 10_485_760,
        });
        if let Some(message) = source {
            event["message"] = show::message(state, &self.inner, message);
        }
        let one = Interaction {
            kind,
            at: now,
            token,
            channel: place.channel,
            source,
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

    /// What has come of an interaction, as the person sees it.
    ///
    /// # Errors
    /// When there is no such interaction.
    pub fn outcome(&self, interaction: u64) -> Result<Outcome, FakeError> {
        let state = self.inner.lock();
        let one = state.interactions.get(&interaction).ok_or_else(|| refused("there is no such interaction"))?;
        Ok(match one.reply {
            None if self.inner.now() - one.at > DEADLINE => Outcome::DidNotRespond,
            None => Outcome::Waiting,
            Some(5) if one.placeholder => Outcome::Thinking,
            Some(9) => {
                let text = |name: &str| {
                    let form = one.modal.as_ref().and_then(|form| form[name].as_str());
                    form.unwrap_or_default().to_owned()
                };
                Outcome::Modal { title: text("title"), custom_id: text("custom_id") }
            }
            Some(6 | 7) => {
                let ids = one.source.iter().chain(&one.messages);
                Outcome::Answered(ids.filter_map(|id| seen(&state, *id)).collect())
            }
            Some(_) => Outcome::Answered(one.messages.iter().filter_map(|id| seen(&state, *id)).collect()),
        })
    }

    /// The messages of a channel that everyone there sees, oldest first.
    #[must_use]
    pub fn channel_messages(&self, channel: u64) -> Vec<Seen> {
        let state = self.inner.lock();
        let ids = state.messages.iter().filter(|(_, message)| message.channel == channel).map(|(id, _)| *id);
        ids.filter_map(|id| seen(&state, id)).filter(|seen| !seen.is_ephemeral).collect()
    }
}

fn guild_of(state: &State, channel: u64) -> Result<u64, FakeError> {
    state.channels.get(&channel).map(|channel| channel.guild).ok_or_else(|| refused("the channel is gone"))
}

fn seen(state: &State, id: u64) -> Option<Seen> {
    let message = state.messages.get(&id)?;
    Some(Seen {
        id,
        content: message.body["content"].as_str().unwrap_or_default().to_owned(),
        is_ephemeral: message.flags & EPHEMERAL != 0,
        buttons: buttons(&message.body),
    })
}

fn buttons(body: &Value) -> Vec<(String, String)> {
    let rows = body["components"].as_array().into_iter().flatten();
    let parts = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    let text = |part: &Value, name: &str| part[name].as_str().unwrap_or_default().to_owned();
    parts.filter(|part| part["type"] == 2).map(|part| (text(part, "label"), text(part, "custom_id"))).collect()
}

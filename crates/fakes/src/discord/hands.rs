//! A person's hands and eyes: what people do in a guild, and what they see of the bot.

use super::files::File;
use super::interactions::{DEADLINE, EPHEMERAL};
use super::state::{CATEGORY, Channel, Guild, Member, Role, State, TEXT};
use super::{FakeDiscord, Inner, Pings, files, mentions, permissions, show};
use crate::FakeError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A message of the bot as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The message.
    pub id: u64,
    /// Its text.
    pub content: String,
    /// Title and text of each of its boxes.
    pub embeds: Vec<(String, String)>,
    /// Whether only the person who asked sees it.
    pub is_ephemeral: bool,
    /// Label and `custom_id` of each of its buttons.
    pub buttons: Vec<(String, String)>,
    /// Who is notified of it.
    pub pings: Pings,
    /// The files on it.
    pub files: Vec<SeenFile>,
}

/// A file on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: usize,
    /// Where it is served, for a day from the last full minute.
    pub url: String,
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
    /// The bot proposes these for the option that is being typed: name and value.
    Choices(Vec<(String, Value)>),
    /// A form has opened: its title and its `custom_id`.
    Modal {
        /// The title.
        title: String,
        /// The form's id.
        custom_id: String,
    },
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
        self.make_channel(guild, TEXT, name)
    }

    /// Makes a category.
    #[must_use]
    pub fn category(&self, guild: u64, name: &str) -> u64 {
        self.make_channel(guild, CATEGORY, name)
    }

    /// Makes a text channel in a category, with the category's rights.
    ///
    /// # Errors
    /// When there is no such category.
    pub fn text_channel_in(&self, category: u64, name: &str) -> Result<u64, FakeError> {
        let guild = guild_of(&self.inner.lock(), category)?;
        let id = self.make_channel(guild, TEXT, name);
        let mut state = self.inner.lock();
        let rights = state.channels.get(&category).map(|one| one.overwrites.clone()).unwrap_or_default();
        if let Some(made) = state.channels.get_mut(&id) {
            (made.parent, made.overwrites) = (Some(category), rights);
        }
        Ok(id)
    }

    fn make_channel(&self, guild: u64, kind: u64, name: &str) -> u64 {
        let now = self.inner.now();
        let mut state = self.inner.lock();
        let id = state.snowflake(now);
        state.channels.insert(id, Channel::new(guild, kind, name));
        let shown = show::channel(&state, id);
        state.gateway.dispatch(1, "CHANNEL_CREATE", &shown);
        id
    }

    /// What has come of an interaction, as the person sees it.
    ///
    /// # Errors
    /// When there is no such interaction.
    pub fn outcome(&self, interaction: u64) -> Result<Outcome, FakeError> {
        outcome(&self.inner, &self.inner.lock(), interaction)
    }

    /// The messages of a channel that everyone there sees, oldest first.
    #[must_use]
    pub fn channel_messages(&self, channel: u64) -> Vec<Seen> {
        let state = self.inner.lock();
        let ids = state.messages.iter().filter(|(_, message)| message.channel == channel).map(|(id, _)| *id);
        ids.filter_map(|id| seen(&self.inner, &state, id)).filter(|seen| !seen.is_ephemeral).collect()
    }
}

/// What has come of an interaction so far.
pub(crate) fn outcome(inner: &Inner, state: &State, interaction: u64) -> Result<Outcome, FakeError> {
    let one = state.interactions.get(&interaction).ok_or_else(|| refused("there is no such interaction"))?;
    Ok(match one.reply {
        None if inner.now() - one.at > DEADLINE => Outcome::DidNotRespond,
        None => Outcome::Waiting,
        Some(5) if one.placeholder => Outcome::Thinking,
        Some(8) => {
            let pair =
                |choice: &Value| (choice["name"].as_str().unwrap_or_default().to_owned(), choice["value"].clone());
            Outcome::Choices(one.choices.iter().map(pair).collect())
        }
        Some(9) => {
            let text = |name: &str| {
                let form = one.modal.as_ref().and_then(|form| form[name].as_str());
                form.unwrap_or_default().to_owned()
            };
            Outcome::Modal { title: text("title"), custom_id: text("custom_id") }
        }
        Some(6 | 7) => {
            let ids = one.source.iter().chain(&one.messages);
            Outcome::Answered(ids.filter_map(|id| seen(inner, state, *id)).collect())
        }
        Some(_) => Outcome::Answered(one.messages.iter().filter_map(|id| seen(inner, state, *id)).collect()),
    })
}

pub(crate) fn guild_of(state: &State, channel: u64) -> Result<u64, FakeError> {
    state.channels.get(&channel).map(|channel| channel.guild).ok_or_else(|| refused("the channel is gone"))
}

fn seen(inner: &Inner, state: &State, id: u64) -> Option<Seen> {
    let message = state.messages.get(&id)?;
    Some(Seen {
        id,
        content: message.body["content"].as_str().unwrap_or_default().to_owned(),
        embeds: embeds(&message.body),
        is_ephemeral: message.flags & EPHEMERAL != 0,
        buttons: buttons(&message.body),
        pings: mentions::of(state, message),
        files: message.files.iter().map(|file| seen_file(inner, message.channel, file)).collect(),
    })
}

fn seen_file(inner: &Inner, channel: u64, file: &File) -> SeenFile {
    SeenFile { name: file.name.clone(), size: file.bytes.len(), url: files::address(inner, channel, file) }
}

fn embeds(body: &Value) -> Vec<(String, String)> {
    let text = |embed: &Value, name: &str| embed[name].as_str().unwrap_or_default().to_owned();
    let all = body["embeds"].as_array().into_iter().flatten();
    all.map(|embed| (text(embed, "title"), text(embed, "description"))).collect()
}

fn buttons(body: &Value) -> Vec<(String, String)> {
    let rows = body["components"].as_array().into_iter().flatten();
    let parts = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    let text = |part: &Value, name: &str| part[name].as_str().unwrap_or_default().to_owned();
    parts.filter(|part| part["type"] == 2).map(|part| (text(part, "label"), text(part, "custom_id"))).collect()
}

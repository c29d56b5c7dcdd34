//! What the pretend Discord knows, and its snowflakes.

use super::files::File;
use super::limits::Limits;
use super::trouble::Plan;
use super::{LoggedRequest, gateway};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// 2015-01-01, from which Discord counts; unix milliseconds.
const EPOCH: i64 = 1_420_070_400_000;

#[derive(Debug)]
pub(crate) struct Guild {
    pub(crate) name: String,
    pub(crate) owner: u64,
    pub(crate) members: BTreeMap<u64, Member>,
    /// `@everyone` among them, by the guild's id.
    pub(crate) roles: BTreeMap<u64, Role>,
}

#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) permissions: u64,
    pub(crate) position: u64,
    /// It belongs to a bot, and nobody else can have it.
    pub(crate) managed: bool,
}

/// What a role or a member may and may not do in one channel.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Overwrite {
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Member {
    pub(crate) joined: i64,
    pub(crate) roles: BTreeSet<u64>,
}

/// Kinds of channels.
pub(crate) const TEXT: u64 = 0;
pub(crate) const CATEGORY: u64 = 4;
pub(crate) const PUBLIC_THREAD: u64 = 11;
pub(crate) const PRIVATE_THREAD: u64 = 12;

#[derive(Debug)]
pub(crate) struct Channel {
    /// 0 for what is written to the bot alone.
    pub(crate) guild: u64,
    pub(crate) kind: u64,
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    /// The category that it stands in.
    pub(crate) parent: Option<u64>,
    pub(crate) overwrites: BTreeMap<u64, Overwrite>,
    pub(crate) thread: Option<Thread>,
    /// With whom the bot talks there alone.
    pub(crate) recipient: Option<u64>,
}

impl Channel {
    pub(crate) fn new(guild: u64, kind: u64, name: &str) -> Channel {
        Channel {
            guild,
            kind,
            name: name.to_owned(),
            topic: None,
            parent: None,
            overwrites: BTreeMap::new(),
            thread: None,
            recipient: None,
        }
    }
}

/// What a thread has beyond a channel. Times are unix milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    pub(crate) parent: u64,
    pub(crate) owner: u64,
    /// With the time of joining.
    pub(crate) members: BTreeMap<u64, i64>,
    pub(crate) archived: bool,
    pub(crate) locked: bool,
    pub(crate) invitable: bool,
    /// Minutes of quiet until it is archived.
    pub(crate) auto_archive: u64,
    pub(crate) archive_changed: i64,
    /// When something was last written in it.
    pub(crate) active: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) channel: u64,
    pub(crate) author: u64,
    /// `content`, `embeds` and `components` as the bot sent them.
    pub(crate) body: Value,
    pub(crate) files: Vec<File>,
    pub(crate) flags: u64,
    pub(crate) edited: Option<i64>,
    pub(crate) nonce: Option<String>,
    /// The interaction by which the bot sent it.
    pub(crate) by: Option<u64>,
}

/// What a person did, and what the bot made of it.
#[derive(Debug)]
pub(crate) struct Interaction {
    pub(crate) kind: u64,
    pub(crate) at: i64,
    pub(crate) token: String,
    pub(crate) channel: u64,
    /// Who did it.
    pub(crate) member: u64,
    /// The message whose component was used.
    pub(crate) source: Option<u64>,
    /// The command as it was typed.
    pub(crate) line: Option<String>,
    /// The interaction by which the form opened that was sent.
    pub(crate) opened_by: Option<u64>,
    /// The type of the one callback.
    pub(crate) reply: Option<u64>,
    pub(crate) modal: Option<Value>,
    pub(crate) choices: Vec<Value>,
    pub(crate) original: Option<u64>,
    /// The first follow-up fills the placeholder of a deferred reply.
    pub(crate) placeholder: bool,
    pub(crate) messages: Vec<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    made: u64,
    /// The bot's user.
    pub(crate) bot: u64,
    pub(crate) users: BTreeMap<u64, String>,
    pub(crate) guilds: BTreeMap<u64, Guild>,
    pub(crate) channels: BTreeMap<u64, Channel>,
    pub(crate) messages: BTreeMap<u64, Message>,
    pub(crate) interactions: BTreeMap<u64, Interaction>,
    /// The registered commands of each guild.
    pub(crate) commands: BTreeMap<u64, Vec<Value>>,
    pub(crate) gateway: gateway::Sessions,
    pub(crate) journal: Vec<LoggedRequest>,
    pub(crate) violations: Vec<String>,
    pub(crate) plan: Plan,
    pub(crate) limits: Limits,
    /// Who takes no direct messages.
    pub(crate) closed_to_dms: BTreeSet<u64>,
}

impl State {
    /// A new id, whose upper bits are the time; ids of one millisecond stay in order.
    pub(crate) fn snowflake(&mut self, at: i64) -> u64 {
        self.made += 1;
        (u64::try_from(at - EPOCH).unwrap_or_default() << 22) | (self.made & 0x3f_ffff)
    }

    pub(crate) fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    /// The guild that a channel stands in.
    pub(crate) fn guild_of(&self, channel: u64) -> Option<&Guild> {
        self.guilds.get(&self.channels.get(&channel)?.guild)
    }

    pub(crate) fn thread_mut(&mut self, id: u64) -> Option<&mut Thread> {
        self.channels.get_mut(&id)?.thread.as_mut()
    }

    pub(crate) fn interaction_by_token(&mut self, token: &str) -> Option<(u64, &mut Interaction)> {
        self.interactions.iter_mut().find(|(_, one)| one.token == token).map(|(id, one)| (*id, one))
    }
}

//! What someone may do: roles first, then the overwrites of the channel.

use super::errors::ApiError;
use super::state::{Channel, Guild, PRIVATE_THREAD, State};

pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const MANAGE_CHANNELS: u64 = 1 << 4;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_HISTORY: u64 = 1 << 16;
pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
pub(crate) const MANAGE_ROLES: u64 = 1 << 28;
pub(crate) const USE_COMMANDS: u64 = 1 << 31;
pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
pub(crate) const PUBLIC_THREADS: u64 = 1 << 35;
pub(crate) const PRIVATE_THREADS: u64 = 1 << 36;
pub(crate) const SEND_IN_THREADS: u64 = 1 << 38;
/// Every bit that has a meaning.
pub(crate) const ALL: u64 = (1 << 53) - 1;

/// What `@everyone` may do in a new guild.
pub(crate) const OF_EVERYONE: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_HISTORY
    | MENTION_EVERYONE
    | USE_COMMANDS
    | PUBLIC_THREADS
    | PRIVATE_THREADS
    | SEND_IN_THREADS;

/// What the link that invites the bot asks for.
pub(crate) const OF_THE_BOT: u64 = OF_EVERYONE | MANAGE_CHANNELS | MANAGE_ROLES | MANAGE_THREADS | MANAGE_MESSAGES;

/// By the roles alone; someone who is not a member may nothing.
pub(crate) fn in_guild(guild_id: u64, guild: &Guild, user: u64) -> u64 {
    let Some(member) = guild.members.get(&user) else { return 0 };
    if guild.owner == user {
        return ALL;
    }
    let everyone = guild.roles.get(&guild_id).map_or(0, |role| role.permissions);
    let roles = member.roles.iter().filter_map(|role| guild.roles.get(role));
    let sum = roles.fold(everyone, |sum, role| sum | role.permissions);
    if sum & ADMINISTRATOR != 0 { ALL } else { sum }
}

/// In a channel. A thread has the permissions of the channel that it hangs on.
pub(crate) fn in_channel(state: &State, id: u64, user: u64) -> u64 {
    let Some(channel) = state.channels.get(&id) else { return 0 };
    if let Some(recipient) = channel.recipient {
        return if channel_is_theirs(state, recipient, user) { OF_EVERYONE } else { 0 };
    }
    let Some(guild) = state.guilds.get(&channel.guild) else { return 0 };
    let base = in_guild(channel.guild, guild, user);
    if base == ALL {
        return ALL;
    }
    if let Some(thread) = &channel.thread {
        let above = in_channel(state, thread.parent, user);
        let is_open = channel.kind != PRIVATE_THREAD || thread.members.contains_key(&user);
        return if is_open || above & MANAGE_THREADS != 0 { above } else { 0 };
    }
    let sum = overwritten(channel, guild, user, base);
    // Who does not see a channel can do nothing in it.
    if sum & VIEW_CHANNEL == 0 { 0 } else { sum }
}

/// A direct channel is seen by its recipient and by the bot, which opened it.
fn channel_is_theirs(state: &State, recipient: u64, user: u64) -> bool {
    recipient == user || state.bot == user
}

fn overwritten(channel: &Channel, guild: &Guild, user: u64, base: u64) -> u64 {
    let of = |id: &u64| channel.overwrites.get(id).copied().unwrap_or_default();
    let everyone = of(&channel.guild);
    let mut sum = base & !everyone.deny | everyone.allow;
    let roles = guild.members.get(&user).into_iter().flat_map(|member| &member.roles).map(of);
    let (deny, allow) = roles.fold((0, 0), |(deny, allow), one| (deny | one.deny, allow | one.allow));
    sum = sum & !deny | allow;
    let own = of(&user);
    sum & !own.deny | own.allow
}

/// Refuses what `user` may not do in a channel: 50001 if they do not even see it, 50013 for the rest.
pub(crate) fn require(state: &State, channel: u64, user: u64, wanted: u64) -> Result<(), ApiError> {
    let has = in_channel(state, channel, user);
    if has & VIEW_CHANNEL == 0 {
        return Err(ApiError::no_access());
    }
    if has & wanted == wanted { Ok(()) } else { Err(ApiError::no_permission()) }
}

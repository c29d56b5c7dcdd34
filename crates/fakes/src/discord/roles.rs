//! Roles: an admin makes them and gives them, by hand; the bot gives and takes them by the API.

use super::errors::ApiError;
use super::permissions::{self, MANAGE_ROLES};
use super::rest::{Answer, Call};
use super::state::{Guild, Overwrite, Role, State};
use super::{FakeDiscord, Inner, channel_create, show};
use crate::FakeError;
use serde_json::{Value, json};

const GUILDS: u64 = 1;
const GUILD_MEMBERS: u64 = 1 << 1;

/// `/guilds/{guild}` and what stands below it.
pub(crate) fn guild(call: &Call<'_>, method: &str, guild: &str, rest: &[&str]) -> Answer {
    let id: u64 = guild.parse().unwrap_or_default();
    if (method, rest) == ("POST", &["channels"]) {
        return channel_create::create(call, id);
    }
    let mut state = call.inner.lock();
    let Some(found) = state.guilds.get(&id).filter(|guild| guild.members.contains_key(&call.inner.bot)) else {
        return Err(ApiError::new(404, 10004, "Unknown Guild"));
    };
    match (method, rest) {
        ("GET", []) => Ok(Some(show::guild_by_api(&state, call.inner, id))),
        ("GET", ["roles"]) => Ok(Some(show::roles(found))),
        ("GET", ["channels"]) => {
            let channels = state.channels.iter().filter(|(_, one)| one.guild == id);
            Ok(Some(channels.map(|(channel, _)| show::channel(&state, *channel)).collect()))
        }
        ("GET", ["threads", "active"]) => {
            Ok(Some(json!({ "threads": show::active_threads(&state, call.inner, id), "members": [] })))
        }
        ("GET", ["members", user]) => {
            let user = member_of(found, user)?;
            Ok(Some(show::member(&state, call.inner, id, user)))
        }
        ("PUT" | "DELETE", ["members", user, "roles", role]) => {
            let (user, role) = (member_of(found, user)?, role.parse().unwrap_or_default());
            may_give(id, found, call.inner.bot, role)?;
            give(&mut state, call.inner, (id, user, role), method == "PUT");
            Ok(None)
        }
        _ => Err(ApiError::unknown_route()),
    }
}

fn member_of(guild: &Guild, user: &str) -> Result<u64, ApiError> {
    let user = user.parse().ok().filter(|user| guild.members.contains_key(user));
    user.ok_or_else(|| ApiError::new(404, 10007, "Unknown Member"))
}

/// A role can be given by who may manage roles and has a higher one.
fn may_give(guild_id: u64, guild: &Guild, giver: u64, role: u64) -> Result<(), ApiError> {
    let wanted = guild.roles.get(&role).ok_or_else(|| ApiError::new(404, 10011, "Unknown Role"))?;
    if role == guild_id || wanted.managed {
        return Err(ApiError::new(400, 50028, "Invalid Role"));
    }
    let own = guild.members.get(&giver).into_iter().flat_map(|member| &member.roles);
    let highest = own.filter_map(|role| guild.roles.get(role)).map(|role| role.position).max().unwrap_or_default();
    if permissions::in_guild(guild_id, guild, giver) & MANAGE_ROLES == 0 || wanted.position >= highest {
        return Err(ApiError::no_permission());
    }
    Ok(())
}

fn give(state: &mut State, inner: &Inner, (guild, user, role): (u64, u64, u64), given: bool) {
    let member = state.guilds.get_mut(&guild).and_then(|guild| guild.members.get_mut(&user));
    let changed =
        member.is_some_and(|member| if given { member.roles.insert(role) } else { member.roles.remove(&role) });
    if changed {
        let mut shown = show::member(state, inner, guild, user);
        shown["guild_id"] = json!(guild.to_string());
        state.gateway.dispatch(GUILD_MEMBERS, "GUILD_MEMBER_UPDATE", &shown);
    }
}

fn no_role() -> FakeError {
    FakeError::Refused("there is no such role".to_owned())
}

impl FakeDiscord {
    /// Makes a role with these permissions, below all others but `@everyone`.
    ///
    /// # Errors
    /// When there is no such guild.
    pub fn role(&self, guild: u64, name: &str, permissions: u64) -> Result<u64, FakeError> {
        let now = self.inner.now();
        let mut state = self.inner.lock();
        let id = state.snowflake(now);
        let found = state.guilds.get_mut(&guild).ok_or_else(|| FakeError::Refused("no such guild".to_owned()))?;
        for role in found.roles.values_mut().filter(|role| role.position > 0) {
            role.position += 1;
        }
        found.roles.insert(id, Role { name: name.to_owned(), permissions, position: 1, managed: false });
        announce(&mut state, guild, id, "GUILD_ROLE_CREATE");
        Ok(id)
    }

    /// The role that the bot got when it was invited.
    #[must_use]
    pub fn bot_role(&self, guild: u64) -> u64 {
        let state = self.inner.lock();
        let bot = state.guilds.get(&guild).and_then(|guild| guild.members.get(&self.inner.bot));
        bot.and_then(|bot| bot.roles.first().copied()).unwrap_or_default()
    }

    /// Gives a role other permissions; the role of `@everyone` has the guild's id.
    ///
    /// # Errors
    /// When there is no such role.
    pub fn set_permissions(&self, guild: u64, role: u64, permissions: u64) -> Result<(), FakeError> {
        self.change_role(guild, role, |role, _| role.permissions = permissions)
    }

    /// Drags a role above all others, the bot's too.
    ///
    /// # Errors
    /// When there is no such role.
    pub fn raise_role(&self, guild: u64, role: u64) -> Result<(), FakeError> {
        self.change_role(guild, role, |role, highest| role.position = highest + 1)
    }

    fn change_role(&self, guild: u64, role: u64, change: impl FnOnce(&mut Role, u64)) -> Result<(), FakeError> {
        let mut state = self.inner.lock();
        let found = state.guilds.get_mut(&guild).ok_or_else(no_role)?;
        let highest = found.roles.values().map(|role| role.position).max().unwrap_or_default();
        change(found.roles.get_mut(&role).ok_or_else(no_role)?, highest);
        announce(&mut state, guild, role, "GUILD_ROLE_UPDATE");
        Ok(())
    }

    /// An admin gives a member a role by hand.
    ///
    /// # Errors
    /// When there is no such role or member.
    pub fn give_role(&self, guild: u64, member: u64, role: u64) -> Result<(), FakeError> {
        self.by_hand(guild, member, role, true)
    }

    /// An admin takes a role from a member by hand.
    ///
    /// # Errors
    /// When there is no such role or member.
    pub fn take_role(&self, guild: u64, member: u64, role: u64) -> Result<(), FakeError> {
        self.by_hand(guild, member, role, false)
    }

    fn by_hand(&self, guild: u64, member: u64, role: u64, given: bool) -> Result<(), FakeError> {
        let mut state = self.inner.lock();
        let found = state.guilds.get(&guild).ok_or_else(no_role)?;
        if !found.roles.contains_key(&role) || !found.members.contains_key(&member) {
            return Err(no_role());
        }
        give(&mut state, &self.inner, (guild, member, role), given);
        Ok(())
    }

    /// The roles of a member, without `@everyone`.
    #[must_use]
    pub fn roles_of(&self, guild: u64, member: u64) -> Vec<u64> {
        let state = self.inner.lock();
        let member = state.guilds.get(&guild).and_then(|guild| guild.members.get(&member));
        member.map_or_else(Vec::new, |member| member.roles.iter().copied().collect())
    }

    /// An admin sets what a role or a member may and may not do in one channel.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn overwrite(&self, channel: u64, target: u64, allow: u64, deny: u64) -> Result<(), FakeError> {
        let mut state = self.inner.lock();
        let found = state.channels.get_mut(&channel);
        let found = found.ok_or_else(|| FakeError::Refused("the channel is gone".to_owned()))?;
        found.overwrites.insert(target, Overwrite { allow, deny });
        let shown = show::channel(&state, channel);
        state.gateway.dispatch(GUILDS, "CHANNEL_UPDATE", &shown);
        Ok(())
    }
}

fn announce(state: &mut State, guild: u64, role: u64, name: &str) {
    let found = state.guilds.get(&guild).and_then(|guild| guild.roles.get(&role));
    let shown = found.map_or(Value::Null, |found| show::role(role, found));
    state.gateway.dispatch(GUILDS, name, &json!({ "guild_id": guild.to_string(), "role": shown }));
}

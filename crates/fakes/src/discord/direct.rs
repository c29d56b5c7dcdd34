//! Messages between the bot and one person.

use super::errors::ApiError;
use super::rest::{Answer, Call};
use super::state::{Channel, State};
use super::{FakeDiscord, Seen, show};
use crate::FakeError;

/// `POST /users/@me/channels`
pub(crate) fn create(call: &Call<'_>) -> Answer {
    let mut state = call.inner.lock();
    let user = call.body["recipient_id"].as_str().and_then(|id| id.parse().ok());
    let known = user.filter(|user| state.users.contains_key(user) && *user != call.inner.bot);
    let user = known.ok_or_else(|| ApiError::invalid("recipient_id", "USER_INVALID", "Unknown User"))?;
    let id = open(&mut state, user, call.now);
    let mut shown = show::channel(&state, id);
    shown["recipients"] = serde_json::json!([show::user(&state, call.inner, user)]);
    Ok(Some(shown))
}

pub(crate) fn find(state: &State, user: u64) -> Option<u64> {
    state.channels.iter().find(|(_, one)| one.recipient == Some(user)).map(|(id, _)| *id)
}

fn open(state: &mut State, user: u64, now: i64) -> u64 {
    find(state, user).unwrap_or_else(|| {
        let id = state.snowflake(now);
        state.channels.insert(id, Channel { recipient: Some(user), ..Channel::new(0, 1, "") });
        id
    })
}

/// Who does not take messages from strangers refuses the bot's too.
pub(crate) fn check(state: &State, channel: u64) -> Result<(), ApiError> {
    let recipient = state.channels.get(&channel).and_then(|one| one.recipient);
    if recipient.is_some_and(|user| state.closed_to_dms.contains(&user)) {
        return Err(ApiError::new(403, 50007, "Cannot send messages to this user"));
    }
    Ok(())
}

impl FakeDiscord {
    /// From now on a person takes no direct messages from the bot.
    pub fn refuse_dms(&self, member: u64) {
        self.inner.lock().closed_to_dms.insert(member);
    }

    /// A person writes to the bot alone; the message.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn write_to_bot(&self, member: u64, content: &str) -> Result<u64, FakeError> {
        self.write_to_bot_with_files(member, content, &[])
    }

    /// A person writes to the bot alone, with files: name and bytes of each.
    ///
    /// # Errors
    /// When there is no such person, and as with [`FakeDiscord::write_with_files`].
    pub fn write_to_bot_with_files(
        &self,
        member: u64,
        content: &str,
        files: &[(&str, &[u8])],
    ) -> Result<u64, FakeError> {
        let now = self.inner.now();
        let channel = {
            let mut state = self.inner.lock();
            if !state.users.contains_key(&member) {
                return Err(super::hands::refused("there is no such person"));
            }
            open(&mut state, member, now)
        };
        self.write_with_files(channel, member, content, files)
    }

    /// What stands between a person and the bot alone, oldest first.
    #[must_use]
    pub fn direct_messages(&self, member: u64) -> Vec<Seen> {
        let channel = find(&self.inner.lock(), member);
        channel.map_or_else(Vec::new, |channel| self.channel_messages(channel))
    }
}

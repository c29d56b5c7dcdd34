//! What people write, and what they do to threads and channels by hand.

use super::files::{File, LARGEST_FILE, MOST};
use super::hands::refused;
use super::permissions::{ATTACH_FILES, VIEW_CHANNEL, in_channel};
use super::state::{CATEGORY, Message};
use super::{FakeDiscord, channels, events, messages, threads};
use crate::FakeError;
use axum::body::Bytes;
use serde_json::json;

/// A thread as a moderator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenThread {
    /// The thread.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whether only its members see it.
    pub is_private: bool,
    /// Whether it is in the archive.
    pub is_archived: bool,
    /// Whether only a moderator can open it again.
    pub is_locked: bool,
    /// Who is in it, the bot too.
    pub members: Vec<u64>,
}

/// A channel or category as an admin sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenChannel {
    /// The channel.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What stands above its messages.
    pub topic: Option<String>,
    /// Whether it is a category.
    pub is_category: bool,
    /// The category that it stands in.
    pub category: Option<u64>,
}

impl FakeDiscord {
    /// A person writes a message in a channel or thread.
    ///
    /// # Errors
    /// When they do not see it, may not write there, or a moderator has locked it.
    pub fn write(&self, channel: u64, member: u64, content: &str) -> Result<u64, FakeError> {
        self.write_with_files(channel, member, content, &[])
    }

    /// A person writes a message with files on it: name and bytes of each. With files the text may be empty.
    ///
    /// # Errors
    /// As with [`FakeDiscord::write`]; when they may not attach files there, when there are more than ten, or one is
    /// larger than 10 MiB.
    pub fn write_with_files(
        &self,
        channel: u64,
        member: u64,
        content: &str,
        files: &[(&str, &[u8])],
    ) -> Result<u64, FakeError> {
        if content.chars().count() > 2000 || (content.trim().is_empty() && files.is_empty()) {
            return Err(refused("a message has 1 to 2000 letters, or files"));
        }
        if files.len() > MOST || files.iter().any(|(_, bytes)| bytes.len() > LARGEST_FILE) {
            return Err(refused("a message has ten files at most, of 10 MiB each"));
        }
        let now = self.inner.now();
        let mut state = self.inner.lock();
        threads::archive_quiet(&mut state, now);
        messages::may_write(&state, channel, member).map_err(|_| refused("that person may not write there"))?;
        if !files.is_empty() && in_channel(&state, channel, member) & ATTACH_FILES == 0 {
            return Err(refused("that person may not attach files there"));
        }
        threads::stir(&mut state, channel, now).map_err(|_| refused("the thread is locked"))?;
        if state.channels.get(&channel).is_some_and(|one| one.thread.is_some()) {
            threads::join(&mut state, &self.inner, (channel, member), now);
        }
        let made = |(name, bytes): &(&str, &[u8])| File::new(&mut state, now, name, Bytes::copy_from_slice(bytes));
        let files = files.iter().map(made).collect();
        let id = state.snowflake(now);
        let body = json!({ "content": content });
        let message = Message { channel, author: member, body, files, flags: 0, edited: None, nonce: None, by: None };
        state.messages.insert(id, message);
        events::message(&mut state, &self.inner, "MESSAGE_CREATE", id);
        Ok(id)
    }

    /// A moderator deletes a message by hand.
    ///
    /// # Errors
    /// When it is gone.
    pub fn delete_message(&self, message: u64) -> Result<(), FakeError> {
        let mut state = self.inner.lock();
        let gone = state.messages.remove(&message).ok_or_else(|| refused("the message is gone"))?;
        events::deleted(&mut state, &self.inner, gone.channel, message);
        Ok(())
    }

    /// A moderator deletes a channel with its threads, or one thread, by hand.
    ///
    /// # Errors
    /// When it is gone.
    pub fn delete_channel(&self, channel: u64) -> Result<(), FakeError> {
        let mut state = self.inner.lock();
        if !state.channels.contains_key(&channel) {
            return Err(refused("the channel is gone"));
        }
        channels::delete(&mut state, channel);
        Ok(())
    }

    /// A moderator puts a thread into the archive by hand.
    ///
    /// # Errors
    /// When there is no such thread.
    pub fn archive_thread(&self, thread: u64) -> Result<(), FakeError> {
        let now = self.inner.now();
        let mut state = self.inner.lock();
        let found = state.thread_mut(thread).ok_or_else(|| refused("the thread is gone"))?;
        found.archived = true;
        found.archive_changed = now;
        threads::announce(&mut state, thread);
        Ok(())
    }

    /// A person leaves a thread.
    ///
    /// # Errors
    /// When there is no such thread.
    pub fn leave_thread(&self, thread: u64, member: u64) -> Result<(), FakeError> {
        let mut state = self.inner.lock();
        state.thread_mut(thread).ok_or_else(|| refused("the thread is gone"))?;
        threads::leave(&mut state, (thread, member), self.inner.bot);
        Ok(())
    }

    /// The channels and categories of a guild, oldest first, without threads.
    #[must_use]
    pub fn channels(&self, guild: u64) -> Vec<SeenChannel> {
        let state = self.inner.lock();
        let own = state.channels.iter().filter(|(_, one)| one.guild == guild && one.thread.is_none());
        let seen = own.map(|(id, one)| SeenChannel {
            id: *id,
            name: one.name.clone(),
            topic: one.topic.clone(),
            is_category: one.kind == CATEGORY,
            category: one.parent,
        });
        seen.collect()
    }

    /// The threads of a channel, oldest first.
    #[must_use]
    pub fn threads(&self, channel: u64) -> Vec<SeenThread> {
        let now = self.inner.now();
        let mut state = self.inner.lock();
        threads::archive_quiet(&mut state, now);
        let threads = state.channels.iter().filter_map(|(id, one)| {
            let thread = one.thread.as_ref().filter(|thread| thread.parent == channel)?;
            Some(SeenThread {
                id: *id,
                name: one.name.clone(),
                is_private: one.kind == super::state::PRIVATE_THREAD,
                is_archived: thread.archived,
                is_locked: thread.locked,
                members: thread.members.keys().copied().collect(),
            })
        });
        threads.collect()
    }

    /// Whether a person sees a channel or thread.
    #[must_use]
    pub fn sees(&self, channel: u64, member: u64) -> bool {
        in_channel(&self.inner.lock(), channel, member) & VIEW_CHANNEL != 0
    }
}

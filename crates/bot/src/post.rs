//! Messages that the bot posts by itself. Each has a nonce, by which Discord takes it once however often it is sent
//! within a few minutes, and a mark in its footer, by which it is known for good.

use serde_json::{Value, json};
use twilight_model::channel::Message;
use twilight_model::http::attachment::Attachment;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, UserMarker};

use crate::Bot;
use crate::reply::{Button, cut, rows};
use crate::rest::Rest;
use crate::trouble::Trouble;

/// Most characters of an embed's description, of its title and of a footer.
const MOST_DESCRIPTION: usize = 4_096;
const MOST_TITLE: usize = 256;
/// Messages in which a mark is looked for.
const RECENT: u16 = 50;

/// A message of the bot's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Post {
    /// Words above the box; the only ones in which somebody may be mentioned.
    pub(crate) content: String,
    /// Who is called by them.
    pub(crate) calls: Option<Id<UserMarker>>,
    pub(crate) title: String,
    pub(crate) text: String,
    /// Tells it from all others of the channel.
    pub(crate) mark: String,
    pub(crate) nonce: u64,
    pub(crate) buttons: Vec<Button>,
    pub(crate) files: Vec<Attachment>,
}

impl Post {
    /// What Discord takes.
    pub(crate) fn json(&self) -> Value {
        let mut embed = json!({});
        for (name, text, most) in [("title", &self.title, MOST_TITLE), ("description", &self.text, MOST_DESCRIPTION)] {
            if !text.is_empty() {
                embed[name] = json!(cut(text, most));
            }
        }
        if !self.mark.is_empty() {
            embed["footer"] = json!({ "text": self.mark });
        }
        let mut body = json!({
            "allowed_mentions": { "parse": [], "users": self.calls.iter().map(ToString::to_string).collect::<Vec<_>>() },
            "components": rows(&self.buttons),
        });
        if embed != json!({}) {
            body["embeds"] = json!([embed]);
        }
        if !self.content.is_empty() {
            body["content"] = json!(self.content);
        }
        body
    }

    /// Sends it.
    pub(crate) async fn send(&self, rest: &Rest, channel: Id<ChannelMarker>) -> Result<Message, Trouble> {
        let mut body = self.json();
        body["nonce"] = json!(self.nonce.to_string());
        body["enforce_nonce"] = json!(true);
        if !self.files.is_empty() {
            let file = |file: &Attachment| json!({ "id": file.id.to_string(), "filename": file.filename });
            body["attachments"] = self.files.iter().map(file).collect();
        }
        rest.post(channel, &body, &self.files).await
    }

    /// The message with this mark, if it is there: sent before, by a process that did not live to note it.
    pub(crate) async fn find(&self, bot: &Bot, channel: Id<ChannelMarker>) -> Result<Option<Message>, Trouble> {
        let recent = bot.rest.newest_messages(channel, RECENT).await?;
        let has_mark = |message: &Message| {
            let mut footers = message.embeds.iter().filter_map(|embed| embed.footer.as_ref());
            message.author.id.get() == bot.settings.application.get() && footers.any(|footer| footer.text == self.mark)
        };
        Ok(recent.into_iter().find(has_mark))
    }
}

//! What people write in the threads of tickets. Only what mentions the bot can be read without a privilege; who writes
//! something else is told how to be heard, once in a while.

use std::sync::Arc;
use std::time::Duration;

use app::discord::gate::{self, Gate};
use app::discord::thread::{self, ThreadRow};
use app::discord::{Snowflake, board, link};
use app::i18n::Translator;
use app::ticket::{Source, TicketRow, Written};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use twilight_model::channel::Message;
use twilight_model::channel::message::MessageType;

use crate::act::{self, channel_id, entry_id};
use crate::ask::{Person, language};
use crate::decide::side;
use crate::ids::{made_at, message_id, snowflake};
use crate::post::Post;
use crate::{Bot, Error, files, insist, words};

/// Messages that are read at a time when the bot was away.
const PAGE: u16 = 100;

/// When reading what was missed is tried again: seconds after a new session Discord may still be in trouble.
const AGAIN: [Duration; 4] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];

/// Messages that wait at the most: more than people write while one is taken.
const ROOM: usize = 1_000;

/// Something to be read.
pub(crate) enum Letter {
    /// A message that somebody wrote.
    Message(Box<Message>),
    /// What was written while the bot was away; before anything that comes after.
    CatchUp,
    /// A message was deleted.
    MessageGone(Snowflake),
    /// A thread or channel was deleted.
    ThreadGone(Snowflake),
}

/// Where messages wait: they are read in their order, beside the gateway.
pub(crate) struct Inbox {
    sender: mpsc::Sender<Letter>,
    /// Ends with the inbox, whatever it reads.
    reader: JoinSet<()>,
}

impl Inbox {
    /// Begins to read.
    pub(crate) fn begin(bot: Arc<Bot>) -> Inbox {
        let (sender, mut letters) = mpsc::channel(ROOM);
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Some(letter) = letters.recv().await {
                if let Err(error) = open(&bot, letter).await {
                    tracing::warn!(%error, "what was written or deleted on Discord was not taken in");
                }
            }
        });
        Inbox { sender, reader }
    }

    /// Puts something in.
    pub(crate) fn put(&self, letter: Letter) {
        if self.sender.try_send(letter).is_err() {
            tracing::error!("more is written on Discord than can be read; something was left out");
        }
    }

    /// Reads what is there, and ends.
    pub(crate) async fn end(self) {
        let Inbox { sender, mut reader } = self;
        drop(sender);
        reader.join_next().await;
    }
}

async fn open(bot: &Bot, letter: Letter) -> Result<(), Error> {
    let app = &bot.app;
    match letter {
        Letter::Message(message) => take(bot, &message).await,
        Letter::CatchUp => Box::pin(catch_up(bot)).await,
        // What the bot keeps comes back with its next round.
        Letter::MessageGone(message) => Ok(insist(|| board::gone(app, message)).await?),
        Letter::ThreadGone(channel) => match insist(|| thread::of_channel(app, channel)).await? {
            Some((thread, _)) => Ok(insist(|| thread::gone(app, thread.ticket_id)).await?),
            None => Ok(()),
        },
    }
}

/// A message that somebody wrote.
async fn take(bot: &Bot, message: &Message) -> Result<(), Error> {
    let is_written = matches!(message.kind, MessageType::Regular | MessageType::Reply);
    if message.author.bot || !is_written || message.guild_id.is_none_or(|guild| guild != bot.settings.guild) {
        return Ok(());
    }
    let channel = snowflake(message.channel_id);
    if let Some((thread, ticket)) = insist(|| thread::of_channel(&bot.app, channel)).await? {
        read(bot, &thread, &ticket, message).await;
    }
    Ok(())
}

async fn read(bot: &Bot, thread: &ThreadRow, ticket: &TicketRow, message: &Message) {
    // Whoever wrote what can't be taken is told, so that nothing is lost without a word.
    let taken = insist(|| put(bot, thread, ticket, message)).await;
    let t = Translator::new(language(&thread.locale));
    let said = taken.unwrap_or_else(|error| Some(words::failed(t, &error)));
    if let Some(words) = said {
        answer(bot, message, words).await;
    }
    if let Err(error) = thread::read(&bot.app, ticket.id, snowflake(message.id)).await {
        tracing::warn!(error = error.chain(), "it can't be noted how far a thread was read");
    }
}

/// Puts a message into its ticket; what is to be said of it.
async fn put(bot: &Bot, thread: &ThreadRow, ticket: &TicketRow, message: &Message) -> app::Result<Option<String>> {
    let t = Translator::new(language(&thread.locale));
    let id = snowflake(message.author.id);
    let roles = message.member.as_ref().map_or(&[][..], |member| member.roles.as_slice());
    let person = Person::of(id, roles, &bot.settings);
    let account = link::who(&bot.app, id).await?;
    let by = account.and_then(|account| side(&person, &account, (thread, ticket)));
    // Others who were added read along.
    let Some(by) = by else { return Ok(None) };
    let is_readable = !message.content.is_empty() || !message.attachments.is_empty();
    if !is_readable {
        return Ok(gate::may_be_told(&bot.app, id)
            .await?
            .then(|| t.with("bot-unread", "bot", format!("<@{}>", bot.settings.application).as_str())));
    }
    match gate::pass_message(&bot.app, id, made_at(snowflake(message.id))).await? {
        Gate::Open => {}
        Gate::Blocked => return Ok(None),
        Gate::Wait(ms) => {
            let words = t.with("bot-no-wait", "seconds", ms.max(0) / 1000 + 1);
            return Ok(gate::may_be_told(&bot.app, id).await?.then_some(words));
        }
    }
    let files = files::fetch(bot, &message.attachments).await?;
    let written = Written::parse(&files::body(bot, message), files, Source::Thread)?;
    act::write(bot, &by, ticket.id, &written.once(Some(entry_id(message.id)))).await?;
    Ok(None)
}

async fn answer(bot: &Bot, message: &Message, words: String) {
    let post = Post { text: words, nonce: message.id.get(), ..Post::default() };
    if let Err(error) = post.send(&bot.rest, message.channel_id).await {
        tracing::warn!(%error, "somebody was not told what became of a message");
    }
}

/// Reads what was written while the bot was away.
async fn catch_up(bot: &Bot) -> Result<(), Error> {
    for mut thread in thread::live(&bot.app).await? {
        let Some(channel) = thread.channel_id else { continue };
        let mut pauses = AGAIN.iter();
        while let Err(error) = catch_up_one(bot, &thread, channel).await {
            // One after the other: what Discord refuses for good must not keep the others waiting.
            let is_passing = matches!(&error, Error::Discord(error) if error.is_passing());
            let Some(pause) = pauses.next().filter(|_| is_passing) else {
                tracing::warn!(ticket = %thread.ticket_id, %error, "what was written meanwhile can't be read");
                break;
            };
            tokio::time::sleep(*pause).await;
            // What was read before it broke is not read, and counted, again.
            if let Some((known, _)) = insist(|| thread::of_channel(&bot.app, channel)).await? {
                thread = known;
            }
        }
    }
    Ok(())
}

async fn catch_up_one(bot: &Bot, thread: &ThreadRow, channel: Snowflake) -> Result<(), Error> {
    let mut after = thread.read_to;
    while after > 0 {
        let from = message_id(after);
        let page = bot.rest.messages_after(channel_id(channel), from, PAGE).await;
        let mut page = match page {
            Err(error) if error.is_channel_gone() => {
                return Ok(thread::gone(&bot.app, thread.ticket_id).await?);
            }
            page => page?,
        };
        page.sort_by_key(|message| message.id);
        let Some(last) = page.last() else { return Ok(()) };
        after = snowflake(last.id);
        for mut message in page {
            // What is read so does not say where it is from.
            message.guild_id = Some(bot.settings.guild);
            if message.member.is_none() {
                message.member = member(bot, &message).await;
            }
            take(bot, &message).await?;
        }
    }
    Ok(())
}

/// Who of the guild wrote a message: their roles tell the team from others.
async fn member(bot: &Bot, message: &Message) -> Option<twilight_model::guild::PartialMember> {
    if message.author.bot {
        return None;
    }
    let member = bot.rest.member(bot.settings.guild, message.author.id).await.ok()?;
    serde_json::from_value(serde_json::json!({
        "roles": member.roles, "deaf": false, "mute": false, "joined_at": member.joined_at, "flags": 0,
    }))
    .ok()
}

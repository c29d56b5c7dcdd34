//! What people write in the threads of tickets. Only what mentions the bot can be read without a privilege; who writes
//! something else is told how to be heard, once in a while.

use app::discord::gate::{self, Costly, Gate};
use app::discord::thread::{self, ThreadRow};
use app::discord::{Snowflake, link};
use app::i18n::Translator;
use app::ticket::{Source, TicketRow, Written};
use twilight_model::channel::Message;

use crate::act::{self, channel_id, entry_id};
use crate::ask::{Person, language};
use crate::decide::side;
use crate::ids::snowflake;
use crate::post::Post;
use crate::{Bot, Error, files};

/// Messages that are read at a time when the bot was away.
const PAGE: u16 = 100;

/// A message that somebody wrote.
pub(crate) async fn take(bot: &Bot, message: &Message) {
    if message.author.bot || message.guild_id.is_none_or(|guild| guild != bot.settings.guild) {
        return;
    }
    let known = thread::of_channel(&bot.app, snowflake(message.channel_id)).await;
    match known {
        Ok(Some((thread, ticket))) => read(bot, &thread, &ticket, message).await,
        Ok(None) => {}
        Err(error) => tracing::warn!(error = error.chain(), "a message was not read; it is when the bot starts anew"),
    }
}

async fn read(bot: &Bot, thread: &ThreadRow, ticket: &TicketRow, message: &Message) {
    let taken = put(bot, thread, ticket, message).await;
    let said = match taken {
        Ok(said) => said,
        // Nobody is told of what goes away by itself: it is read again.
        Err(error @ (app::Error::Busy { .. } | app::Error::Contention(_))) => {
            tracing::warn!(error = error.chain(), "a message is not in its ticket yet");
            return;
        }
        Err(error) => Some(failed(thread, &error)),
    };
    if let Some(words) = said {
        answer(bot, message, words).await;
    }
    if let Err(error) = thread::read(&bot.app, ticket.id, snowflake(message.id)).await {
        tracing::warn!(error = error.chain(), "it can't be noted how far a thread was read");
    }
}

fn failed(thread: &ThreadRow, error: &app::Error) -> String {
    let t = Translator::new(language(&thread.locale));
    let (code, english) = match error {
        app::Error::Invalid(fields) => (
            fields.first().map_or("invalid", |field| field.code),
            fields.iter().map(|f| f.detail.clone()).collect::<Vec<_>>().join("; "),
        ),
        other => (other.code(), other.to_string()),
    };
    t.find(&format!("error-{}", code.replace('_', "-"))).unwrap_or(english)
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
        return Ok(nudge(bot, id)
            .await?
            .then(|| t.with("bot-unread", "bot", format!("<@{}>", bot.settings.application).as_str())));
    }
    match gate::pass(&bot.app, id, thread.guild_id, Some(Costly::Write)).await? {
        Gate::Open => {}
        Gate::Blocked => return Ok(None),
        Gate::Wait(ms) => return Ok(Some(t.with("bot-no-wait", "seconds", ms.max(0) / 1000 + 1))),
    }
    let files = files::fetch(bot, &message.attachments).await?;
    let written = Written::parse(&files::body(bot, message), files, Source::Thread)?;
    act::write(bot, &by, ticket.id, &written.once(Some(entry_id(message.id)))).await?;
    Ok(None)
}

/// Whether somebody is told that the bot can't read them: now and then, not of every line.
async fn nudge(bot: &Bot, whom: Snowflake) -> app::Result<bool> {
    Ok(gate::pass(&bot.app, whom, 0, Some(Costly::Nudge)).await? == Gate::Open)
}

async fn answer(bot: &Bot, message: &Message, words: String) {
    let post = Post { text: words, nonce: message.id.get(), ..Post::default() };
    if let Err(error) = post.send(&bot.http, message.channel_id).await {
        tracing::warn!(%error, "somebody was not told what became of a message");
    }
}

/// Reads what was written while the bot was away.
pub(crate) async fn catch_up(bot: &Bot) -> Result<(), Error> {
    for thread in thread::live(&bot.app).await? {
        let Some(channel) = thread.channel_id else { continue };
        if let Err(error) = catch_up_one(bot, &thread, channel).await {
            tracing::warn!(ticket = %thread.ticket_id, %error, "what was written in a thread meanwhile can't be read");
        }
    }
    Ok(())
}

async fn catch_up_one(bot: &Bot, thread: &ThreadRow, channel: Snowflake) -> Result<(), Error> {
    let mut after = thread.read_to;
    while after > 0 {
        let from = twilight_model::id::Id::new(after.unsigned_abs());
        let page = bot.http.channel_messages(channel_id(channel)).after(from).limit(PAGE).await;
        let mut page = match page {
            Err(error) if crate::trouble::is_channel_gone(&error) => {
                return Ok(thread::gone(&bot.app, thread.ticket_id).await?);
            }
            page => page?.models().await?,
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
            take(bot, &message).await;
        }
    }
    Ok(())
}

/// Who of the guild wrote a message: their roles tell the team from others.
async fn member(bot: &Bot, message: &Message) -> Option<twilight_model::guild::PartialMember> {
    if message.author.bot {
        return None;
    }
    let member = bot.http.guild_member(bot.settings.guild, message.author.id).await.ok()?.model().await.ok()?;
    serde_json::from_value(serde_json::json!({
        "roles": member.roles, "deaf": false, "mute": false, "joined_at": member.joined_at, "flags": 0,
    }))
    .ok()
}

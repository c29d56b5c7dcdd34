//! Brings the place of a ticket on Discord to how it should be. Each step is noted once it is done, and each can be done again:
//! whoever starts after a crash finds what is there before making it anew.

use app::App;
use app::discord::link;
use app::discord::thread::{self, ThreadRow, Work};
use app::i18n::Translator;
use app::ticket::{self, Line, TicketRow};
use domain::ticket::{Deed, Entry, Side, State};
use domain::time::minute;
use serde_json::json;
use twilight_model::http::attachment::Attachment;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};
use uuid::Uuid;

use crate::act::{channel_id, user_id};
use crate::ask::language;
use crate::ids::{Press, snowflake};
use crate::post::Post;
use crate::reply::{Button, Look};
use crate::{Bot, Error, place};

/// How long who asked can be answered, with a minute to spare.
const TOKEN_MS: i64 = 14 * 60_000;
/// After so many failures they are told that there is no thread yet.
const PATIENCE: i64 = 2;

/// Does what there is to do about a ticket's thread.
pub(crate) async fn mend(bot: &Bot, id: Uuid) -> app::Result<()> {
    let Some(work) = thread::work(&bot.app, id).await? else { return Ok(()) };
    let done = match steps(bot, &work).await {
        Ok(()) => thread::settled(&bot.app, id).await,
        Err(Error::Discord(error)) if error.is_channel_gone() && work.thread.channel_id.is_some() => {
            tracing::info!(ticket = work.ticket.number, "a ticket's thread was deleted");
            thread::gone(&bot.app, id).await
        }
        Err(error) => {
            tracing::warn!(ticket = work.ticket.number, %error, "a ticket's thread is not as it should be; tried again");
            if work.thread.tries >= PATIENCE && !work.thread.told {
                tell(bot, &work, None).await.ok();
            }
            thread::failed(&bot.app, id).await
        }
    };
    done.inspect_err(|error| tracing::warn!(ticket = %id, error = error.chain(), "a thread's state can't be noted"))
}

fn translator(thread: &ThreadRow) -> Translator {
    Translator::new(language(&thread.locale))
}

async fn steps(bot: &Bot, work: &Work) -> Result<(), Error> {
    let (thread, ticket) = (&work.thread, &work.ticket);
    let is_closed = ticket.state == State::Closed.as_str();
    let channel = match thread.channel_id {
        Some(channel) => channel_id(channel),
        // Closed before there was a thread, or after it was deleted: nobody is to be told there.
        None if is_closed => {
            for post in &work.posts {
                thread::posted(&bot.app, post.line.id).await?;
            }
            return tell(bot, work, None).await;
        }
        None => {
            let channel = place::of(bot, ticket, user_id(thread.discord_id)).await?;
            if !thread::placed(&bot.app, ticket.id, snowflake(channel)).await? {
                // The account was deleted at this moment.
                bot.rest.delete_channel(channel).await?;
                return Ok(());
            }
            channel
        }
    };
    if thread.intro_id.is_none() {
        introduce(bot, work, channel).await?;
    }
    tell(bot, work, Some(channel)).await?;
    if !is_closed && thread.shut {
        place::open(bot, ticket, channel).await?;
    }
    for post in &work.posts {
        write(bot, work, post, channel).await?;
    }
    if is_closed && !thread.shut {
        transcript(bot, work).await?;
        place::shut(bot, ticket, channel, user_id(thread.discord_id)).await?;
    }
    Ok(())
}

/// The first message, and who asked in the thread.
async fn introduce(bot: &Bot, work: &Work, channel: Id<ChannelMarker>) -> Result<(), Error> {
    let (thread, ticket, t) = (&work.thread, &work.ticket, translator(&work.thread));
    let customer = user_id(thread.discord_id);
    match place::let_in(&bot.rest, channel, customer).await {
        // Whoever has left the guild reads on the site.
        Err(trouble) if trouble.is_nobody() => {}
        added => added?,
    }
    let post = Post {
        content: format!("<@{customer}>"),
        calls: Some(customer),
        title: format!("#{} · {}", ticket.number, without_masks(&ticket.subject)),
        text: format!(
            "{}\n\n{}",
            t.say(&format!("ticket-category-{}", ticket.category)),
            t.with("bot-thread-how", "bot", format!("<@{}>", bot.settings.application).as_str())
        ),
        mark: format!("#{}", ticket.number),
        nonce: nonce(ticket.id),
        buttons: vec![
            Button::main(t.say("bot-write"), Press::Write),
            Button { look: Look::Grave, ..Button::new(t.say("bot-close"), Press::Close) },
            Button::new(t.say("bot-claim"), Press::Claim),
            Button::new(t.say("bot-beside"), Press::Beside),
        ],
        files: Vec::new(),
    };
    let message = match post.find(bot, channel).await? {
        Some(there) => there,
        None => post.send(&bot.rest, channel).await?,
    };
    Ok(thread::introduced(&bot.app, ticket.id, snowflake(message.id)).await?)
}

/// Tells who asked where the thread is; once, and not by a token that is too old.
async fn tell(bot: &Bot, work: &Work, channel: Option<Id<ChannelMarker>>) -> Result<(), Error> {
    let (thread, ticket, t) = (&work.thread, &work.ticket, translator(&work.thread));
    if thread.told {
        return Ok(());
    }
    if let Some(token) = &thread.reply_token
        && bot.app.clock.now() - thread.created_at < TOKEN_MS
    {
        let number = ticket.number;
        let words = match channel {
            Some(channel) => {
                let place = format!("<#{channel}>");
                t.with_all("bot-ticket-opened", &[("number", number.into()), ("place", place.as_str().into())])
            }
            None => {
                let page = bot.app.config.link(&format!("/dashboard/tickets/{}", ticket.id));
                t.with_all("bot-ticket-on-site", &[("number", number.into()), ("page", page.as_str().into())])
            }
        };
        let body = json!({ "content": words, "allowed_mentions": { "parse": [] } });
        let told = bot.rest.change_response(bot.settings.application, token, &body).await;
        match told {
            Err(error) if !error.is_token_over() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(thread::told(&bot.app, ticket.id).await?)
}

/// An id of ours as a nonce.
pub(crate) fn nonce(id: Uuid) -> u64 {
    let (_, low) = id.as_u64_pair();
    low
}

/// Posts an entry, unless it is there already.
async fn write(bot: &Bot, work: &Work, post: &thread::Post, channel: Id<ChannelMarker>) -> Result<(), Error> {
    let line = &post.line;
    if let Some(mut message) = said(bot, work, line) {
        let is_there = post.was_begun && message.find(bot, channel).await?.is_some();
        if !is_there {
            for (at, file) in (1..).zip(&line.files) {
                let content = ticket::staff_file(&bot.app, work.ticket.id, file.id).await?;
                message.files.push(Attachment::from_bytes(content.name, content.bytes, at));
            }
            thread::posting(&bot.app, line.id).await?;
            match message.send(&bot.rest, channel).await {
                // Something in it that Discord does not take must not hold up what comes after it.
                Err(error) if !error.is_passing() && !error.is_channel_gone() => {
                    tracing::warn!(ticket = work.ticket.number, %error, "Discord refuses an entry");
                    let page = bot.app.config.link(&format!("/dashboard/tickets/{}", work.ticket.id));
                    let text = translator(&work.thread).with("bot-not-shown", "page", page.as_str());
                    Post { text, files: Vec::new(), ..message }.send(&bot.rest, channel).await?;
                }
                sent => drop(sent?),
            }
        }
    }
    Ok(thread::posted(&bot.app, line.id).await?)
}

/// An entry as a message; some say nothing to those in the thread.
fn said(bot: &Bot, work: &Work, line: &Line) -> Option<Post> {
    let t = translator(&work.thread);
    let who = match line.side {
        Side::Customer => t.say("bot-customer"),
        Side::Staff => t.say("bot-support"),
        Side::System => bot.app.config.brand.name.clone(),
    };
    let (title, text) = match line.deed() {
        None if line.entry == Entry::Message => (who, without_masks(&line.body)),
        None | Some((Deed::Sorted | Deed::Rated, _)) => return None,
        // To whom is an id.
        Some((deed @ Deed::Transferred, _)) => (String::new(), deed_words(t, &who, deed)),
        Some((deed, more)) => (String::new(), format!("{}\n{more}", deed_words(t, &who, deed)).trim_end().to_owned()),
    };
    let mark = format!("#{} · {:08x}", work.ticket.number, nonce(line.id) & 0xffff_ffff);
    Some(Post { title, text, mark, nonce: nonce(line.id), ..Post::default() })
}

/// A link that says something else than where it leads stays as it was typed: this is read in the bot's name.
fn without_masks(text: &str) -> String {
    text.replace("](", "]\\(")
}

fn deed_words(t: Translator, who: &str, deed: Deed) -> String {
    format!("{who} · {}", t.say(&format!("ticket-deed-{}", deed.as_str())))
}

/// All that was written, for the log of the team and for the customer.
async fn transcript(bot: &Bot, work: &Work) -> Result<(), Error> {
    let (ticket, t) = (&work.ticket, translator(&work.thread));
    let text = conversation(&bot.app, ticket, t).await?;
    let file = || Attachment::from_bytes(format!("ticket-{}.txt", ticket.number), text.clone().into_bytes(), 1);
    let closed = ticket.closed_at.unwrap_or_default();
    // Closed again is another end.
    let nonce = nonce(ticket.id) ^ closed.unsigned_abs();
    let post = Post {
        title: format!("#{} · {}", ticket.number, without_masks(&ticket.subject)),
        text: ticket.close_reason.clone().unwrap_or_default(),
        mark: format!("#{} · {} · {:08x}", ticket.number, minute(closed), nonce & 0xffff_ffff),
        nonce,
        files: vec![file()],
        ..Post::default()
    };
    if let Some(log) = bot.settings.log_channel {
        let kept = async {
            let message = post_to(bot, log, &post).await?;
            Ok(thread::logged(&bot.app, ticket.id, snowflake(message)).await?)
        };
        unless_refused(kept.await)?;
    }
    // Whoever is linked now is told, and nobody who was.
    if link::discord_of(&bot.app, ticket.user_id).await? != Some(work.thread.discord_id) {
        return Ok(());
    }
    let stars = (1..=5)
        .map(|stars| Button::new("★".repeat(stars), Press::Rate(ticket.number, i64::try_from(stars).unwrap_or(5))));
    let letter = Post {
        content: t.with("bot-closed-letter", "number", ticket.number),
        buttons: stars.collect(),
        nonce: !post.nonce,
        ..post
    };
    unless_refused(write_to(bot, work.thread.discord_id, &letter).await)
}

/// What Discord refuses for good, of a log that is gone or of one who takes no letters, must not keep a thread from being
/// shut.
fn unless_refused(sent: Result<(), Error>) -> Result<(), Error> {
    match sent {
        Err(Error::Discord(error)) if !error.is_passing() => {
            tracing::warn!(%error, "a conversation was not sent along");
            Ok(())
        }
        sent => sent,
    }
}

/// Posts something in a channel, unless it is there.
async fn post_to(bot: &Bot, channel: Id<ChannelMarker>, post: &Post) -> Result<Id<MessageMarker>, Error> {
    match post.find(bot, channel).await? {
        Some(there) => Ok(there.id),
        None => Ok(post.send(&bot.rest, channel).await?.id),
    }
}

/// A direct message.
async fn write_to(bot: &Bot, whom: i64, letter: &Post) -> Result<(), Error> {
    let channel = bot.rest.letters_of(user_id(whom)).await?;
    post_to(bot, channel.id, letter).await.map(drop)
}

/// What was written and done, without what the team wrote for itself.
async fn conversation(app: &App, ticket: &TicketRow, t: Translator) -> Result<String, Error> {
    let mut text = format!("#{} {}\n", ticket.number, ticket.subject);
    for line in ticket::whole(app, ticket.id).await?.lines {
        let who = match line.side {
            Side::Customer => t.say("bot-customer"),
            Side::Staff => t.say("bot-support"),
            Side::System => app.config.brand.name.clone(),
        };
        let said = match (line.entry, line.deed()) {
            (Entry::Message, _) => line.body.clone(),
            (_, Some((deed, _))) => format!("({})", t.say(&format!("ticket-deed-{}", deed.as_str()))),
            _ => continue,
        };
        text.push_str(&format!("\n{} UTC · {who}\n{said}\n", minute(line.at)));
        text.extend(line.files.iter().map(|file| format!("[{}]\n", file.name)));
    }
    Ok(text)
}

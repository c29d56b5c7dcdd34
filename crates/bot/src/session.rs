//! The session at Discord's gateway: events in, presence out. It outlives its process: whoever starts next resumes it.

use std::sync::Arc;
use std::time::Duration;

use app::discord::session::{self, Kept};
use futures_util::StreamExt as _;
use secrecy::ExposeSecret as _;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use twilight_gateway::StreamExt as _;
use twilight_gateway::error::{ReceiveMessageError, ReceiveMessageErrorType};
use twilight_gateway::{
    CloseFrame, ConfigBuilder, Event, EventTypeFlags, Intents, MessageSender, Session, Shard, ShardId,
};
use twilight_model::gateway::payload::outgoing::UpdatePresence;
use twilight_model::gateway::presence::{Activity, ActivityType, MinimalActivity, Status};

use crate::ids::snowflake;
use crate::inbox::{Inbox, Letter};
use crate::settings::{Reading, Settings};
use crate::{Bot, Error, answer, ask};

/// How often the session is written down, for a process that is killed.
const KEEP: Duration = Duration::from_secs(5);
/// Interactions that are answered at a time.
const AT_ONCE: usize = 64;
/// How long a session that is left has to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

const WANTED: EventTypeFlags = EventTypeFlags::READY
    .union(EventTypeFlags::INTERACTION_CREATE)
    .union(EventTypeFlags::MESSAGE_CREATE)
    .union(EventTypeFlags::MESSAGE_DELETE)
    .union(EventTypeFlags::THREAD_DELETE)
    .union(EventTypeFlags::CHANNEL_DELETE)
    .union(EventTypeFlags::GATEWAY_INVALIDATE_SESSION);

fn intents(settings: &Settings) -> Intents {
    let usual = Intents::GUILDS | Intents::GUILD_MESSAGES;
    match settings.reading {
        Reading::Mentions => usual,
        Reading::Everything => usual | Intents::MESSAGE_CONTENT,
    }
}

/// A shard that resumes what was left, if there is something.
async fn shard(bot: &Bot) -> Result<Shard, Error> {
    let settings = &bot.settings;
    let mut config = ConfigBuilder::new(settings.token.expose_secret().to_owned(), intents(settings));
    if let Some(gateway) = settings.gateway() {
        config = config.proxy_url(gateway);
    }
    if let Some(kept) = session::kept(&bot.app).await? {
        config = config.session(Session::new(kept.sequence, kept.id)).resume_url(kept.resume_url);
    }
    Ok(Shard::with_config(ShardId::ONE, config.build()))
}

/// Holds a session until `stop` turns true. Ends with an error where Discord refuses for good.
pub(crate) async fn run(bot: Arc<Bot>, mut stop: watch::Receiver<bool>) -> Result<(), Error> {
    let mut shard = shard(&bot).await?;
    bot.speak_by(shard.sender());
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let inbox = Inbox::begin(Arc::clone(&bot));
    let mut keep = tokio::time::interval(KEEP);
    let ended = loop {
        while tasks.try_join_next().is_some() {}
        let event = tokio::select! {
            event = shard.next_event(WANTED) => event,
            _ = stop.changed() => break Ok(()),
            _ = keep.tick() => {
                save(&bot, kept(&shard)).await;
                continue;
            }
        };
        match event {
            Some(Ok(event)) => {
                // From its first moment on the session can be taken over.
                if matches!(event, Event::Ready(_)) {
                    save(&bot, kept(&shard)).await;
                }
                take(&bot, event, &room, &inbox, &mut tasks).await;
            }
            Some(Err(error)) => tracing::warn!(error = what_is_wrong(&error), "the gateway is in trouble"),
            None => break Err(Error::Refused),
        }
    };
    if ended.is_ok() {
        leave(&mut shard).await;
    }
    save(&bot, kept(&shard)).await;
    inbox.end().await;
    while tasks.join_next().await.is_some() {}
    ended
}

/// Goes so that the session can be resumed.
async fn leave(shard: &mut Shard) {
    shard.close(CloseFrame::RESUME);
    let gone = async {
        while shard.next().await.is_some_and(|message| !matches!(message, Ok(message) if message.is_close())) {}
    };
    if tokio::time::timeout(GOODBYE, gone).await.is_err() {
        tracing::debug!("the gateway did not say goodbye");
    }
}

/// Few words: with an event that can't be read comes the event, in which there is what people wrote.
fn what_is_wrong(error: &ReceiveMessageError) -> &'static str {
    match error.kind() {
        ReceiveMessageErrorType::Deserializing { .. } => "an event can't be read",
        ReceiveMessageErrorType::Reconnect => "it does not answer",
        _ => "the connection is broken",
    }
}

fn kept(shard: &Shard) -> Option<Kept> {
    let (known, url) = shard.session().zip(shard.resume_url())?;
    Some(Kept { id: known.id().to_owned(), resume_url: url.to_owned(), sequence: known.sequence() })
}

async fn save(bot: &Bot, kept: Option<Kept>) {
    let Some(kept) = kept else { return };
    if let Err(error) = session::keep(&bot.app, &kept).await {
        tracing::warn!(error = error.chain(), "the session can't be written down");
    }
}

async fn take(bot: &Arc<Bot>, event: Event, room: &Arc<Semaphore>, inbox: &Inbox, tasks: &mut JoinSet<()>) {
    match event {
        Event::Ready(_) => {
            metrics::counter!("mirai_bot_identifies_total").increment(1);
            bot.is_new_to_discord();
            inbox.put(Letter::CatchUp);
        }
        Event::InteractionCreate(interaction) => {
            let Some(asked) = ask::read(&interaction, &bot.settings) else { return };
            let bot = Arc::clone(bot);
            let room = Arc::clone(room);
            tasks.spawn(async move {
                // Here and not before: events and heartbeats don't wait for a crowd.
                let Ok(permit) = room.acquire_owned().await else { return };
                Box::pin(answer::answer(&bot, asked)).await;
                drop(permit);
            });
        }
        // In their order, one after the other, and not here: files are fetched meanwhile.
        Event::MessageCreate(message) => inbox.put(Letter::Message(Box::new(message.message))),
        Event::MessageDelete(gone) => inbox.put(Letter::MessageGone(snowflake(gone.id))),
        Event::ChannelDelete(gone) => inbox.put(Letter::ThreadGone(snowflake(gone.id))),
        Event::ThreadDelete(gone) => inbox.put(Letter::ThreadGone(snowflake(gone.id))),
        Event::GatewayInvalidateSession(false) => {
            if let Err(error) = session::forget(&bot.app).await {
                tracing::warn!(error = error.chain(), "a session that is over can't be forgotten");
            }
        }
        _ => {}
    }
}

/// Shows a few words as the bot's presence.
pub(crate) fn show(sender: &MessageSender, words: &str) {
    let activity: Activity =
        MinimalActivity { kind: ActivityType::Custom, name: "status".to_owned(), url: None }.into();
    let activity = Activity { state: Some(words.to_owned()), ..activity };
    match UpdatePresence::new(vec![activity], false, None, Status::Online) {
        Ok(update) => drop(sender.command(&update)),
        Err(error) => tracing::error!(%error, "the presence can't be shown"),
    }
}

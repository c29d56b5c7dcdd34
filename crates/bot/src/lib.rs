//! The Discord bot: help by buttons, tickets in private threads, the state of the network.
//!
//! An interaction is read into what it means (`ask`), decided by a pure function of it and of what is known (`decide`), done
//! by the product's use cases (`act`), and answered in time in one place (`answer`). What is to stand on Discord (threads
//! of tickets, the panel, incidents, roles) is written down in the database first, and brought there by a loop that notes
//! each step, so that a crash between any two loses and doubles nothing.
//!
//! Invariant: the bot decides nothing about tickets, customers or money; whatever it does, it does as the account that is
//! linked. It mentions nobody but the customer of a new thread, and answers in no guild but its own.

mod act;
mod answer;
mod ask;
mod boards;
mod commands;
mod decide;
mod files;
mod forms;
mod help;
mod ids;
mod inbox;
mod place;
mod post;
mod reply;
mod rest;
mod roles;
mod routes;
mod session;
mod settings;
mod thread;
mod trouble;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::App;
use app::discord::session as kept_session;
use app::i18n::Translator;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use twilight_gateway::MessageSender;

pub use commands::Registered;
pub use settings::{Reading, Settings, id};
pub use trouble::Trouble;

use rest::Rest;

/// How long a call to Discord may take.
const CALL: Duration = Duration::from_secs(10);
/// How often it is looked for what is to be done, beside when somebody does something here.
const LOOK: Duration = Duration::from_secs(1);
/// How often the lease is renewed or tried for.
const LEASE: Duration = Duration::from_secs(3);
/// How often boards, roles and presence are looked at, in milliseconds of the product's clock: Discord takes a presence
/// every fifteen seconds at the most.
const ROUND_MS: i64 = 15_000;
/// The pause before a session is begun anew after an error.
const PAUSE: Duration = Duration::from_secs(5);
/// Pauses between tries while the database is busy.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_000),
    Duration::from_millis(2_000),
    Duration::from_millis(4_000),
];
/// How long a life that ends may take, well within what a lease lasts.
const FAREWELL: Duration = Duration::from_secs(6);
/// A process that could not renew its lease for so long is not the bot any more.
const LOST: Duration = Duration::from_secs(8);
/// Threads that are worked on at a time.
const AT_ONCE: usize = 8;

/// Why the bot can't do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Discord refuses, or is away.
    #[error("Discord: {0}")]
    Discord(#[from] Trouble),
    /// The product refuses, or its database is away.
    #[error("{}", .0.chain())]
    App(#[from] app::Error),
    /// Discord's gateway takes no session.
    #[error("Discord's gateway refuses the bot: check DISCORD_TOKEN and the intents of the application")]
    Refused,
    /// A defect of ours.
    #[error("{0}")]
    Defect(String),
}

/// The bot's parts.
pub(crate) struct Bot {
    pub(crate) app: App,
    pub(crate) settings: Settings,
    pub(crate) rest: Rest,
    /// There is something to bring to Discord.
    pub(crate) wake: Notify,
    voice: Mutex<Voice>,
}

/// How the bot speaks to the gateway, and what it shows there.
#[derive(Default)]
struct Voice {
    sender: Option<MessageSender>,
    shown: String,
}

impl Bot {
    fn new(app: App, settings: Settings) -> Result<Bot, Error> {
        let rest = Rest::new(&settings)?;
        Ok(Bot { app, settings, rest, wake: Notify::new(), voice: Mutex::default() })
    }

    /// Commands to the gateway go by this from now on.
    fn speak_by(&self, sender: MessageSender) {
        self.voice.lock().unwrap_or_else(PoisonError::into_inner).sender = Some(sender);
    }

    /// A new session shows nothing yet.
    fn is_new_to_discord(&self) {
        self.voice.lock().unwrap_or_else(PoisonError::into_inner).shown.clear();
    }

    /// Shows a few words as its presence, unless it does already.
    fn show(&self, words: &str) {
        let mut voice = self.voice.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &voice.sender
            && voice.shown != words
        {
            session::show(sender, words);
            words.clone_into(&mut voice.shown);
        }
    }
}

/// Registers the commands, where they differ from those that are registered.
///
/// # Errors
/// When Discord refuses or is away.
pub async fn register(settings: &Settings) -> Result<Registered, Error> {
    commands::register(&Rest::new(settings)?, settings).await
}

/// Is the bot until `stop` turns true. Of several processes one is at a time; another takes its place within seconds.
///
/// # Errors
/// When Discord refuses the bot for good.
pub async fn run(app: App, settings: Settings, mut stop: watch::Receiver<bool>) -> Result<(), Error> {
    // Of a counter that appears with its first rise nobody sees the rise.
    for name in ["mirai_bot_unanswered_total", "mirai_bot_identifies_total"] {
        metrics::counter!(name).increment(0);
    }
    let bot = Arc::new(Bot::new(app, settings)?);
    let me = bot.app.dice.id(bot.app.clock.now());
    let mut life: Option<Life> = None;
    let mut held_at = Instant::now();
    let ended = loop {
        if *stop.borrow() {
            break Ok(());
        }
        match kept_session::hold(&bot.app, me).await {
            Ok(true) => {
                held_at = Instant::now();
                if let Some(broken) = life.take_if(|life| life.is_broken()) {
                    tracing::error!("a part of the bot broke; all of it begins anew");
                    broken.end().await;
                }
                if life.as_ref().is_some_and(|life| life.session.is_finished()) {
                    // Only a refusal for good ends a session that nobody stopped.
                    break Err(Error::Refused);
                }
                life.get_or_insert_with(|| Life::begin(&bot));
            }
            Ok(false) => {
                if let Some(life) = life.take() {
                    life.end().await;
                }
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), "the bot can't get at the database");
                if held_at.elapsed() > LOST
                    && let Some(life) = life.take()
                {
                    life.end().await;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LEASE) => {}
            _ = stop.changed() => {}
        }
    };
    if let Some(life) = life.take() {
        life.end().await;
    }
    if let Err(error) = kept_session::release(&bot.app, me).await {
        tracing::warn!(error = error.chain(), "the bot's lease could not be given back; it runs out by itself");
    }
    ended
}

/// What runs while this process is the bot.
struct Life {
    stop: watch::Sender<bool>,
    session: JoinHandle<()>,
    work: [JoinHandle<()>; 2],
}

impl Life {
    fn begin(bot: &Arc<Bot>) -> Life {
        let (stop, stopped) = watch::channel(false);
        let session = tokio::spawn(hold_session(Arc::clone(bot), stopped.clone()));
        let work =
            [tokio::spawn(work(Arc::clone(bot), stopped.clone())), tokio::spawn(rounds(Arc::clone(bot), stopped))];
        Life { stop, session, work }
    }

    /// Whether something has ended that nobody stopped.
    fn is_broken(&self) -> bool {
        self.work.iter().any(JoinHandle::is_finished)
    }

    async fn end(self) {
        self.stop.send_replace(true);
        let [threads, rounds] = self.work;
        let mut tasks = [self.session, threads, rounds];
        let ended = async {
            for task in &mut tasks {
                task.await.ok();
            }
        };
        // What is half done is found by whoever comes next; two at it at once would be worse.
        if tokio::time::timeout(FAREWELL, ended).await.is_err() {
            tasks.iter().for_each(JoinHandle::abort);
        }
    }
}

async fn hold_session(bot: Arc<Bot>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match session::run(Arc::clone(&bot), stop.clone()).await {
            Ok(()) => return,
            Err(error @ Error::Refused) => return tracing::error!(%error, "the bot ends"),
            Err(error) => tracing::warn!(%error, "the session did not begin; it is tried again"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Brings to Discord what is to stand there.
async fn work(bot: Arc<Bot>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = mend_threads(&bot).await {
            tracing::warn!(error = error.chain(), "what is to be done on Discord can't be read");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = bot.wake.notified() => {}
            _ = stop.changed() => {}
        }
    }
}

/// Looks now and then at what is to stand on Discord, beside the tickets: those don't wait for it.
async fn rounds(bot: Arc<Bot>, mut stop: watch::Receiver<bool>) {
    let (mut round_at, mut left_alone) = (i64::MIN, roles::LeftAlone::default());
    while !*stop.borrow() {
        let now = bot.app.clock.now();
        if now.saturating_sub(round_at) >= ROUND_MS {
            round_at = now;
            round(&bot, &mut left_alone).await;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn mend_threads(bot: &Arc<Bot>) -> app::Result<()> {
    let mut tasks = JoinSet::new();
    for id in app::discord::thread::due(&bot.app).await? {
        if tasks.len() >= AT_ONCE {
            tasks.join_next().await;
        }
        let bot = Arc::clone(bot);
        tasks.spawn(async move { thread::mend(&bot, id).await.ok() });
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// Tries again while the database is busy: who asked waits, and can be answered for a quarter of an hour. All that is done
/// is done once however often it is tried.
pub(crate) async fn insist<T, F: Future<Output = app::Result<T>>>(act: impl Fn() -> F) -> app::Result<T> {
    let mut pauses = PATIENCE.iter();
    loop {
        match act().await {
            Err(error @ (app::Error::Busy { .. } | app::Error::Contention(_) | app::Error::Locked { .. })) => {
                match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return Err(error),
                }
            }
            done => return done,
        }
    }
}

/// Boards, presence and roles.
async fn round(bot: &Bot, left_alone: &mut roles::LeftAlone) {
    match boards::keep(bot).await {
        Ok(overview) => bot.show(&words::presence(Translator::new(bot.settings.language), &overview)),
        Err(error) => tracing::warn!(%error, "a message that the bot keeps is not as it should be"),
    }
    if let Err(error) = roles::keep(bot, left_alone).await {
        tracing::warn!(%error, "roles are not as they should be");
    }
}

//! The bot of a test, on a guild of the pretend Discord.

use anyhow::{Context as _, bail};
use app::discord::link;
use app::session::Who;
use app::{App, Clock};
use bot::{Reading, Settings, id};
use domain::account::Language;
use fakes::discord::{DiscordOptions, FakeDiscord, Outcome, Seen};
use serde_json::Value;
use store::sessions::Live;
use store::users;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

use crate::app::{DAY, START, TestApp, loopback};
use crate::fleet;

/// The bot's token.
pub const TOKEN: &str = "the.bots.token";
/// The permission that docs/discord.md asks for beside, where tickets have channels.
const MANAGE_CHANNELS: u64 = 1 << 4;
/// Bits of Discord's permissions that the team has: seeing private threads.
const MANAGE_THREADS: u64 = 1 << 34;

/// Bits that everybody has: to see channels and what was written, to write there and in threads with files, to ask bots.
const OF_EVERYONE: u64 = 1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 31 | 1 << 38;

/// The permissions in the invitation of docs/discord.md.
fn permissions_of_the_docs() -> anyhow::Result<u64> {
    let docs = std::fs::read_to_string(crate::house::root().join("docs/discord.md"))?;
    let number = docs.split_once("permissions=").context("docs/discord.md has an invitation")?.1;
    let end = number.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(number.len());
    Ok(number[..end].parse()?)
}

/// A guild with what the bot needs in it.
pub struct Guild {
    /// The pretend Discord; its clock is the product's.
    pub fake: FakeDiscord,
    /// The guild.
    pub id: u64,
    /// Where the panel is.
    pub support: u64,
    /// The category in which tickets have channels of their own, if they have.
    pub tickets: Option<u64>,
    /// The language of what all read.
    pub language: Language,
    /// Where conversations are kept.
    pub log: u64,
    /// Where incidents are posted.
    pub status: u64,
    /// The role of the team.
    pub staff_role: u64,
    /// The role of its leads.
    pub lead_role: u64,
    /// The role of subscribers.
    pub subscriber_role: u64,
}

impl Guild {
    /// A guild whose clock is the product's.
    ///
    /// # Errors
    /// When the pretend Discord does not start.
    pub async fn of(app: &App) -> anyhow::Result<Guild> {
        Guild::by(app.clock.clone()).await
    }

    /// A guild with a clock of its own, for what is about real seconds.
    ///
    /// # Errors
    /// When the pretend Discord does not start.
    pub async fn by(clock: Clock) -> anyhow::Result<Guild> {
        let options = DiscordOptions {
            listener: loopback().await?,
            token: TOKEN.to_owned(),
            now: std::sync::Arc::new(move || clock.now()),
            privileged: 0,
        };
        let fake = FakeDiscord::start(options).await?;
        fake.lift_rate_limits();
        let id = fake.guild("Mirai");
        // What the page for operators asks for is enough, where nobody may do more than see, write and ask.
        fake.set_permissions(id, fake.bot_role(id), permissions_of_the_docs()?)?;
        fake.set_permissions(id, id, OF_EVERYONE)?;
        let role = |name, permissions| fake.role(id, name, permissions);
        let (staff_role, lead_role) = (role("staff", MANAGE_THREADS)?, role("lead", MANAGE_THREADS)?);
        let subscriber_role = role("subscriber", 0)?;
        let channel = |name| fake.text_channel(id, name);
        let (support, log, status) = (channel("help"), channel("log"), channel("status"));
        Ok(Guild {
            id,
            support,
            tickets: None,
            language: Language::En,
            log,
            status,
            staff_role,
            lead_role,
            subscriber_role,
            fake,
        })
    }

    /// From the bot's next start on tickets have channels of their own.
    ///
    /// # Errors
    /// When the bot may not be given what it needs for that.
    pub fn use_channels(&mut self) -> anyhow::Result<u64> {
        let category = self.fake.category(self.id, "tickets");
        self.fake.set_permissions(
            self.id,
            self.fake.bot_role(self.id),
            permissions_of_the_docs()? | MANAGE_CHANNELS,
        )?;
        self.tickets = Some(category);
        Ok(category)
    }

    /// What the bot is told of it.
    ///
    /// # Errors
    /// When the pretend Discord has no address.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings {
            token: TOKEN.to_owned().into(),
            application: id(self.fake.bot_id()),
            guild: id(self.id),
            staff_role: id(self.staff_role),
            lead_role: Some(id(self.lead_role)),
            subscriber_role: Some(id(self.subscriber_role)),
            support_channel: id(self.support),
            ticket_category: self.tickets.map(id),
            log_channel: Some(id(self.log)),
            status_channel: Some(id(self.status)),
            api_base: Url::parse(&self.fake.base_url())?,
            youngest_ms: 3 * DAY,
            reading: Reading::Mentions,
            language: self.language,
        })
    }

    /// The settings as the environment of a process has them.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = vec![
            ("DISCORD_TOKEN", TOKEN.to_owned()),
            ("DISCORD_CLIENT_ID", self.fake.bot_id().to_string()),
            ("GUILD_ID", self.id.to_string()),
            ("STAFF_ROLE_ID", self.staff_role.to_string()),
            ("SUBSCRIBER_ROLE_ID", self.subscriber_role.to_string()),
            ("SUPPORT_CHANNEL_ID", self.support.to_string()),
            ("LOG_CHANNEL_ID", self.log.to_string()),
            ("STATUS_CHANNEL_ID", self.status.to_string()),
            ("DISCORD_API_BASE", self.fake.base_url()),
        ];
        environment.extend(self.tickets.map(|category| ("TICKET_CATEGORY_ID", category.to_string())));
        environment
    }

    /// Registers the commands and starts the bot; returns once it has heard of its guild.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn bot(&self, app: &App) -> anyhow::Result<Running> {
        let settings = self.settings()?;
        bot::register(&settings).await?;
        let before = self.fake.identifies() + self.fake.resumes();
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(bot::run(app.clone(), settings, stopped));
        let up = || Ok((self.fake.identifies() + self.fake.resumes() > before).then_some(()));
        eventually("the bot's session", up).await?;
        Ok(Running { stop, task })
    }

    /// Somebody who is long on Discord joins the guild.
    #[must_use]
    pub fn join(&self, name: &str) -> u64 {
        self.fake.member(self.id, name, START - 400 * DAY)
    }

    /// Links somebody's account on Discord with an account of the product, as both do it.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn link(&self, app: &App, user: Uuid, member: u64) -> anyhow::Result<()> {
        let code = link::code(app, user).await?;
        let said = self.says(self.fake.slash_with(self.support, member, "link", &[("code", code.into())])?).await?;
        anyhow::ensure!(said.content.contains("linked"), "{said:?}");
        Ok(())
    }

    /// Joins, and links with an account of the product.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn join_linked(&self, app: &App, name: &str, user: Uuid) -> anyhow::Result<u64> {
        let member = self.join(name);
        self.link(app, user, member).await?;
        Ok(member)
    }

    /// What the bot says to somebody who asked.
    ///
    /// # Errors
    /// When it says nothing in time.
    pub async fn says(&self, interaction: u64) -> anyhow::Result<Seen> {
        let said = || match self.fake.outcome(interaction)? {
            Outcome::Answered(all) => Ok(all.into_iter().next_back()),
            Outcome::DidNotRespond => bail!("the bot did not respond"),
            _ => Ok(None),
        };
        let waited = eventually("what the bot says", said).await;
        waited.with_context(|| format!("{:?}", self.fake.requests().into_iter().rev().take(3).collect::<Vec<_>>()))
    }

    /// Waits until a form is open; fills it in.
    ///
    /// # Errors
    /// When none opens.
    pub async fn fill(&self, interaction: u64, fields: &[(&str, &str)]) -> anyhow::Result<u64> {
        let open = || match self.fake.outcome(interaction)? {
            Outcome::Modal { .. } => Ok(Some(())),
            Outcome::Answered(all) => bail!("no form, but {all:?}"),
            _ => Ok(None),
        };
        eventually("a form", open).await?;
        Ok(self.fake.submit(interaction, fields)?)
    }

    /// Opens a ticket by `/ticket open`; its thread, once the bot has told of it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn open(&self, member: u64, subject: &str, text: &str) -> anyhow::Result<u64> {
        let form = self.fake.slash(self.support, member, "ticket open")?;
        let sent = self.fill(form, &[("subject", subject), ("text", text)]).await?;
        let said = self.says(sent).await?;
        let place = said.content.split_once("<#").and_then(|(_, rest)| rest.split_once('>'));
        place.with_context(|| format!("no thread: {said:?}"))?.0.parse().context("an id")
    }

    /// The texts of a thread: what stands above and in each box.
    #[must_use]
    pub fn texts(&self, channel: u64) -> Vec<String> {
        let line = |seen: Seen| {
            let boxes = seen.embeds.iter().map(|(title, text)| format!("{title}: {text}"));
            boxes.fold(seen.content, |line, one| format!("{line}{one}"))
        };
        self.fake.channel_messages(channel).into_iter().map(line).collect()
    }

    /// Waits until a text is in a channel.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn wait_for(&self, channel: u64, text: &str) -> anyhow::Result<()> {
        let there = || Ok(self.texts(channel).iter().any(|one| one.contains(text)).then_some(()));
        let waited = eventually(text, there).await;
        waited.with_context(|| format!("{:?}", self.texts(channel)))
    }

    /// The one private thread of a ticket.
    ///
    /// # Errors
    /// When there is none or several.
    pub fn only_thread(&self) -> anyhow::Result<fakes::discord::SeenThread> {
        let mut threads = self.fake.threads(self.support);
        anyhow::ensure!(threads.len() == 1, "{threads:?}");
        threads.pop().context("a thread")
    }

    /// Discord's rules were kept.
    ///
    /// # Errors
    /// When one was not.
    pub fn is_content(&self) -> anyhow::Result<()> {
        let violations = self.fake.violations();
        anyhow::ensure!(violations.is_empty(), "{violations:?}");
        Ok(())
    }
}

/// A bot that runs in the test's process.
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), bot::Error>>,
}

impl Running {
    /// Ends it as a restart does.
    ///
    /// # Errors
    /// When it ended before.
    pub async fn end(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        Ok(self.task.await??)
    }
}

/// An account as who is signed in.
///
/// # Errors
/// When there is none.
pub async fn who(app: &App, user: Uuid) -> anyhow::Result<Who> {
    let row = users::by_id(&app.store, user).await?.context("no account")?;
    let now = app.clock.now();
    Ok(Who { session: Live { id: Uuid::nil(), seen_day: now, proved_at: now }, user: row.into() })
}

/// Looks again and again until something is there; [`fleet::eventually`] for what can be seen at once.
///
/// # Errors
/// When there is none in time, or asking fails.
pub async fn eventually<T>(what: &str, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    fleet::eventually(what, || std::future::ready(ask())).await
}

/// A value of an option that names a person.
#[must_use]
pub fn person(id: u64) -> Value {
    Value::String(id.to_string())
}

/// The product and a guild with a running bot.
pub struct Setting {
    /// The product.
    pub test: TestApp,
    /// The guild.
    pub guild: Guild,
    /// The bot.
    pub bot: Running,
}

impl Setting {
    /// Starts all of it; `None` where the database may be skipped.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start(database: crate::app::Database) -> anyhow::Result<Option<Setting>> {
        let Some(test) = TestApp::start(&crate::app::Wanted::on(database)).await? else { return Ok(None) };
        let guild = Guild::of(&test.app).await?;
        let bot = guild.bot(&test.app).await?;
        Ok(Some(Setting { test, guild, bot }))
    }
}

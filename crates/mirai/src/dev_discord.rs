//! The Discord of `mirai dev`: a pretend one with a guild, three people and the bot, and a page on which one is each of
//! them.

use std::sync::Arc;

use anyhow::Context as _;
use app::App;
use app::discord::{link, session};
use bot::{Reading, Settings, id};
use domain::account::Language;
use domain::time::DAY_MS;
use fakes::discord::{DiscordOptions, DiscordPage, FakeDiscord};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

/// The bot's token; nothing but the pretend Discord takes it.
const TOKEN: &str = "the.pretend.token";
/// What the team may do on Discord: see private threads.
const MANAGE_THREADS: u64 = 1 << 34;

/// A pretend Discord that runs.
pub(crate) struct Discord {
    fake: FakeDiscord,
    settings: Settings,
    page: DiscordPage,
    address: String,
    /// Who of the guild is the team's.
    helper: u64,
}

impl Discord {
    /// Makes the guild. Its page is at `page`; the bot talks to a port of its own.
    pub(crate) async fn start(page: TcpListener) -> anyhow::Result<Discord> {
        let clock = app::Clock::System;
        let now = clock.now();
        let options = DiscordOptions {
            listener: TcpListener::bind(("127.0.0.1", 0)).await?,
            token: TOKEN.to_owned(),
            now: Arc::new(move || clock.now()),
            privileged: 0,
        };
        let fake = FakeDiscord::start(options).await.context("the pretend Discord did not start")?;
        let guild = fake.guild("MiraiVPN");
        let staff = fake.role(guild, "Support", MANAGE_THREADS)?;
        let subscribers = fake.role(guild, "Subscriber", 0)?;
        let (support, status, log) =
            (fake.text_channel(guild, "help"), fake.text_channel(guild, "status"), fake.text_channel(guild, "log"));
        // The conversations of closed tickets are for the team.
        fake.overwrite(log, guild, 0, 1 << 10)?;
        fake.overwrite(log, staff, 1 << 10, 0)?;
        fake.overwrite(log, fake.bot_role(guild), 1 << 10, 0)?;
        let helper = fake.member(guild, "Sora from the team", now - 900 * DAY_MS);
        fake.give_role(guild, helper, staff)?;
        let _ = (fake.member(guild, "Mika", now - 400 * DAY_MS), fake.member(guild, "Noa", now - 400 * DAY_MS));
        let settings = Settings {
            token: TOKEN.to_owned().into(),
            application: id(fake.bot_id()),
            guild: id(guild),
            staff_role: id(staff),
            lead_role: None,
            subscriber_role: Some(id(subscribers)),
            support_channel: id(support),
            ticket_category: None,
            log_channel: Some(id(log)),
            status_channel: Some(id(status)),
            api_base: Url::parse(&fake.base_url())?,
            youngest_ms: 3 * DAY_MS,
            reading: Reading::Mentions,
            language: Language::En,
        };
        let address = format!("http://localhost:{}", page.local_addr()?.port());
        let page = DiscordPage::start(&fake, page)?;
        Ok(Discord { fake, settings, page, address, helper })
    }

    /// Where the page is.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Links the admin's account with the helper's on Discord, so that there is somebody who can claim.
    pub(crate) async fn prepare(&self, app: &App, admin: uuid::Uuid) -> anyhow::Result<()> {
        let linked = async {
            // What the last start knew of a Discord that is gone.
            session::forget(app).await?;
            let code = link::code(app, admin).await?;
            link::link(app, i64::try_from(self.helper).unwrap_or(i64::MAX), &code).await
        };
        linked.await.map(drop).map_err(|error| anyhow::anyhow!(error.chain()))
    }

    /// Runs page and bot until `stop` turns true.
    pub(crate) async fn run(self, app: App, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        bot::register(&self.settings).await?;
        let ended = bot::run(app, self.settings, stop).await;
        self.page.stop().await;
        self.fake.stop().await;
        Ok(ended?)
    }
}

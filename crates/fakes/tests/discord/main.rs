//! The pretend Discord, driven by a real client library and by requests that no library would send.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod acts;
mod channels;
mod files;
mod gateway;
mod golden;
mod limits;
#[path = "../support/npm.rs"]
mod npm;
mod page;
mod permissions;
mod rules;
mod socket;
mod story;
mod threads;
mod types;

use fakes::discord::{DiscordOptions, FakeDiscord};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::net::TcpListener;
use twilight_gateway::{ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _};
use twilight_model::application::command::{Command, CommandType};
use twilight_model::gateway::payload::incoming::InteractionCreate;
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType};
use twilight_model::id::Id;
use twilight_model::id::marker::GuildMarker;

const TOKEN: &str = "the.bots.token";
/// 2026-11-23 12:00 UTC, in milliseconds.
const START: i64 = 1_795_435_200_000;

/// A guild with a channel and one person, and a bot by twilight.
struct World {
    fake: FakeDiscord,
    time: Arc<AtomicI64>,
    http: twilight_http::Client,
    web: reqwest::Client,
    guild: u64,
    channel: u64,
    mika: u64,
}

impl World {
    async fn new() -> World {
        World::with_privileged(0).await
    }

    /// One whose bot has these privileged intents.
    async fn with_privileged(privileged: u64) -> World {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let time = Arc::new(AtomicI64::new(START));
        let at = Arc::clone(&time);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let now = Arc::new(move || at.load(Ordering::SeqCst));
        let options = DiscordOptions { listener, token: TOKEN.to_owned(), now, privileged };
        let fake = FakeDiscord::start(options).await.unwrap();
        let host = fake.base_url().trim_start_matches("http://").to_owned();
        let http = twilight_http::Client::builder().token(TOKEN.to_owned()).proxy(host, true).build();
        let guild = fake.guild("Mirai");
        let channel = fake.text_channel(guild, "help");
        let mika = fake.member(guild, "mika", START - 90 * 86_400_000);
        World { fake, time, http, web: reqwest::Client::new(), guild, channel, mika }
    }

    fn advance(&self, milliseconds: i64) {
        self.time.fetch_add(milliseconds, Ordering::SeqCst);
    }

    fn shard(&self, intents: Intents) -> Shard {
        let config = ConfigBuilder::new(TOKEN.to_owned(), intents).proxy_url(self.fake.gateway_url()).build();
        Shard::with_config(ShardId::ONE, config)
    }

    /// A shard that has heard of its guild.
    async fn ready(&self) -> Shard {
        let mut shard = self.shard(Intents::GUILDS | Intents::GUILD_MESSAGES);
        until(&mut shard, |event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
        shard
    }

    /// Registers `/ticket`.
    async fn with_ticket(&self) {
        let interactions = self.http.interaction(Id::new(self.fake.bot_id()));
        interactions.set_guild_commands(self.guild_id(), &[ticket()]).await.unwrap().models().await.unwrap();
    }

    fn guild_id(&self) -> Id<GuildMarker> {
        Id::new(self.guild)
    }

    async fn answer(&self, to: &InteractionCreate, response: &InteractionResponse) -> Result<(), twilight_http::Error> {
        let interactions = self.http.interaction(Id::new(self.fake.bot_id()));
        interactions.create_response(to.id, &to.token, response).await.map(|_| ())
    }
}

#[expect(deprecated, reason = "the struct has a field that is to go")]
fn ticket() -> Command {
    Command {
        application_id: None,
        contexts: None,
        default_member_permissions: None,
        description: "Talk to a human".to_owned(),
        description_localizations: None,
        dm_permission: None,
        guild_id: None,
        id: None,
        integration_types: None,
        kind: CommandType::ChatInput,
        name: "ticket".to_owned(),
        name_localizations: None,
        nsfw: None,
        options: Vec::new(),
        version: Id::new(1),
    }
}

fn reply(kind: InteractionResponseType, content: &str) -> InteractionResponse {
    let data = InteractionResponseData { content: Some(content.to_owned()), ..InteractionResponseData::default() };
    InteractionResponse { kind, data: Some(data) }
}

/// The next event that is wanted; a frame that the library's types don't take fails the test.
async fn until<T>(shard: &mut Shard, wanted: impl Fn(Event) -> Option<T>) -> T {
    let search = async {
        loop {
            let event = shard.next_event(EventTypeFlags::all()).await.unwrap().unwrap();
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), search).await.unwrap()
}

async fn interaction(shard: &mut Shard) -> Box<InteractionCreate> {
    until(shard, |event| if let Event::InteractionCreate(event) = event { Some(event) } else { None }).await
}

/// Discord's code of a refusal.
fn code(error: &twilight_http::Error) -> u64 {
    match error.kind() {
        twilight_http::error::ErrorType::Response {
            error: twilight_http::api_error::ApiError::General(general),
            ..
        } => general.code,
        other => panic!("not a refusal by Discord: {other:?}"),
    }
}

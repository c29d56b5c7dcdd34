//! `mirai bot`.

use app::App;
use app::discord::gate;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cli::{Bot, BotCommand};
use crate::{out, serve, settings, signals, wiring};

/// The bot, or something about it.
pub(crate) async fn run(options: Bot) -> anyhow::Result<()> {
    match options.command {
        None => alone().await,
        Some(BotCommand::Register) => register().await,
        Some(BotCommand::Block { id, reason }) => {
            gate::block(&open().await?, id, &reason).await?;
            out::line(&format!("the bot does not answer {id} any more"));
            Ok(())
        }
        Some(BotCommand::Unblock { id }) => {
            let unblocked = gate::unblock(&open().await?, id).await;
            unblocked.map_err(|_| anyhow::anyhow!("{id} is not blocked"))?;
            out::line(&format!("the bot answers {id} again"));
            Ok(())
        }
        Some(BotCommand::Blocked) => {
            for row in gate::blocked(&open().await?).await? {
                out::line(&format!("{}  {}", row.discord_id, row.reason));
            }
            Ok(())
        }
    }
}

async fn open() -> anyhow::Result<App> {
    let mut values = serve::load()?;
    values.stand_in();
    Ok(wiring::app(settings::parse(&values)?, store::Patience::Command).await?.0)
}

async fn alone() -> anyhow::Result<()> {
    let values = serve::load()?;
    let (parsed, settings) = (settings::parse(&values)?, settings::bot(&values)?);
    let (app, _) = wiring::app(parsed, store::Patience::Serving).await?;
    let stop = signals::stop()?;
    let mut tasks = JoinSet::new();
    if let Some(place) = values.text("BOT_METRICS_LISTEN") {
        serve::serve_metrics(("BOT_METRICS_LISTEN", place), &mut tasks, &stop).await?;
    }
    tracing::info!(guild = %settings.guild, version = env!("CARGO_PKG_VERSION"), "the bot begins");
    bot::run(app.clone(), settings, stop).await?;
    // It may have ended by itself.
    tasks.shutdown().await;
    app.store.close().await?;
    Ok(())
}

/// The bot beside site and API; they go on without it.
pub(crate) async fn beside(app: App, settings: bot::Settings, stop: watch::Receiver<bool>) {
    if let Err(error) = bot::run(app, settings, stop).await {
        tracing::error!(%error, "the bot has ended; site and API go on");
    }
}

async fn register() -> anyhow::Result<()> {
    let values = serve::load()?;
    match bot::register(&settings::bot(&values)?).await? {
        bot::Registered::Same => out::line("the commands are registered as they should be"),
        bot::Registered::Now(count) => out::line(&format!("{count} commands are registered now")),
    }
    Ok(())
}

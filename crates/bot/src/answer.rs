//! The one place that answers interactions: in time, once, and with what was decided.

use std::time::Duration;

use app::discord::gate::{self, Costly, Gate};
use app::discord::{link, thread};
use serde_json::json;
use twilight_model::application::command::{CommandOptionChoice, CommandOptionChoiceValue};
use twilight_model::channel::message::{AllowedMentions, MessageFlags};
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType};

use crate::ask::{Ask, What};
use crate::decide::{self, Facts, costly, decide, is_acknowledged_first};
use crate::ids::snowflake;
use crate::reply::{Reply, rows};
use crate::{Bot, act, forms, insist};

/// What takes longer is asked time for: Discord waits three seconds, and the way there and back takes its share.
const BUDGET: Duration = Duration::from_millis(1_000);
/// Discord's own failures are met by asking again, at these moments after the first.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(500)];

/// Answers an interaction.
pub(crate) async fn answer(bot: &Bot, ask: Ask) {
    let began = tokio::time::Instant::now();
    if let What::SuggestServer(typed) = &ask.what {
        return suggest(bot, &ask, typed).await;
    }
    if let Some(form) = forms::of(&ask) {
        let known = tokio::time::timeout(BUDGET, gated(bot, &ask, None)).await;
        // Where the database is slow the form opens all the same, and what it ends in is decided then.
        let refused = match known {
            Ok(Ok(facts)) => decide::may_fill(&ask, &facts, &bot.settings).err(),
            _ => None,
        };
        match refused {
            Some(refused) => {
                first(
                    bot,
                    &ask,
                    InteractionResponseType::ChannelMessageWithSource,
                    act::refused(bot, &ask, refused).data(),
                )
                .await
            }
            None => first(bot, &ask, InteractionResponseType::Modal, form.data()).await,
        };
        return measure(began);
    }
    let (now, later) = if ask.is_on_own {
        (InteractionResponseType::UpdateMessage, InteractionResponseType::DeferredUpdateMessage)
    } else {
        (InteractionResponseType::ChannelMessageWithSource, InteractionResponseType::DeferredChannelMessageWithSource)
    };
    let opens = matches!(ask.what, What::Opened { .. });
    if opens || is_acknowledged_first(&ask.what) {
        let is_taken = first(bot, &ask, later, waiting()).await;
        measure(began);
        // A ticket is opened once however often it is asked for; what can't be done twice is left to whoever was first, and
        // so is what is said of either.
        if is_taken || opens {
            let reply = handle(bot, &ask).await;
            last(bot, &ask, reply.filter(|_| is_taken)).await;
        }
        return;
    }
    let mut work = std::pin::pin!(handle(bot, &ask));
    tokio::select! {
        reply = &mut work => {
            let reply = reply.unwrap_or_default();
            first(bot, &ask, now, reply.data()).await;
            measure(began);
        }
        () = tokio::time::sleep(BUDGET) => {
            first(bot, &ask, later, waiting()).await;
            measure(began);
            let reply = work.await;
            last(bot, &ask, reply).await;
        }
    }
}

fn measure(began: tokio::time::Instant) {
    metrics::histogram!("mirai_bot_answered_seconds").record(began.elapsed().as_secs_f64());
}

fn waiting() -> InteractionResponseData {
    InteractionResponseData { flags: Some(MessageFlags::EPHEMERAL), ..InteractionResponseData::default() }
}

/// What is known when it is asked.
async fn facts(bot: &Bot, ask: &Ask) -> app::Result<Facts> {
    let app = &bot.app;
    Ok(Facts {
        now: app.clock.now(),
        gate: Gate::Open,
        account: link::who(app, ask.who.id).await?,
        place: if ask.channel == 0 { None } else { thread::of_channel(app, ask.channel).await? },
    })
}

/// What is known, and whether who asks is answered.
async fn gated(bot: &Bot, ask: &Ask, costly: Option<Costly>) -> app::Result<Facts> {
    let guild = snowflake(bot.settings.guild);
    let gate = insist(|| gate::pass(&bot.app, ask.who.id, guild, costly)).await?;
    Ok(Facts { gate, ..insist(|| facts(bot, ask)).await? })
}

/// Decides and does; what is said, unless it is said elsewhere.
async fn handle(bot: &Bot, ask: &Ask) -> Option<Reply> {
    let tried = async {
        let facts = gated(bot, ask, costly(&ask.what)).await?;
        match decide(ask, &facts, &bot.settings) {
            Ok(deed) => insist(|| act::run(bot, ask, deed.clone())).await,
            Err(refused) => {
                let reply = act::refused(bot, ask, refused);
                let kept = act::kept(ask, reply.content.clone());
                Ok(Some(Reply { content: kept.content, ..reply }))
            }
        }
    };
    Box::pin(tried).await.unwrap_or_else(|error| Some(act::failed(ask, &error)))
}

/// The first answer, of which Discord takes one; whether it was this.
async fn first(bot: &Bot, ask: &Ask, kind: InteractionResponseType, data: InteractionResponseData) -> bool {
    let response = InteractionResponse { kind, data: Some(data) };
    let mut pauses = AGAIN.iter();
    let mut may_be_there = false;
    loop {
        let Err(error) = bot.rest.respond(ask.id, &ask.token, &response).await else { return true };
        if may_be_there && error.is_answered() {
            // Discord had taken it, and what it said of that was lost.
            return true;
        }
        match pauses.next().filter(|_| error.is_passing()) {
            Some(pause) => {
                may_be_there = true;
                tokio::time::sleep(*pause).await;
            }
            None => {
                tracing::warn!(%error, "an interaction was not answered");
                metrics::counter!("mirai_bot_unanswered_total").increment(1);
                return false;
            }
        }
    }
}

/// What comes after the first answer, for which there is a quarter of an hour.
async fn last(bot: &Bot, ask: &Ask, reply: Option<Reply>) {
    let Some(reply) = reply else { return };
    let body = json!({
        "content": reply.text(), "components": rows(&reply.buttons), "allowed_mentions": AllowedMentions::default(),
    });
    let mut pauses = AGAIN.iter();
    loop {
        let Err(error) = bot.rest.change_response(bot.settings.application, &ask.token, &body).await else { return };
        match pauses.next().filter(|_| error.is_passing()) {
            Some(pause) => tokio::time::sleep(*pause).await,
            None => {
                return tracing::warn!(%error, "what came of an interaction was not told");
            }
        }
    }
}

async fn suggest(bot: &Bot, ask: &Ask, typed: &str) {
    let known = tokio::time::timeout(BUDGET, act::suggest(bot, typed)).await;
    let names = match known {
        Ok(Ok(names)) => names,
        _ => Vec::new(),
    };
    let choice = |name: String| CommandOptionChoice {
        name: name.clone(),
        name_localizations: None,
        value: CommandOptionChoiceValue::String(name),
    };
    let data = InteractionResponseData {
        choices: Some(names.into_iter().map(choice).collect()),
        ..InteractionResponseData::default()
    };
    first(bot, ask, InteractionResponseType::ApplicationCommandAutocompleteResult, data).await;
}

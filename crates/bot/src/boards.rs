//! Messages that the bot keeps as they should be: the panel, and one for each incident.

use std::sync::Arc;

use app::discord::board::{self, Step, Wanted};
use app::i18n::Translator;
use app::status::{self, Overview};
use domain::time::DAY_MS;
use twilight_model::id::Id;
use twilight_model::id::marker::ChannelMarker;

use crate::ids::{Press, message_id, snowflake};
use crate::post::Post;
use crate::reply::Button;
use crate::{Bot, Error, words};

/// Incidents that were over before then are not posted when the bot is new.
const RECENT_MS: i64 = DAY_MS;

/// Brings all of them to where they should be; how the network is, for those who need it too.
pub(crate) async fn keep(bot: &Bot) -> Result<Arc<Overview>, Error> {
    let overview = status::overview(&bot.app).await?;
    note(keep_one(bot, "panel", bot.settings.support_channel, panel(bot)).await);
    if let Some(channel) = bot.settings.status_channel {
        let t = Translator::new(bot.settings.language);
        let recent = |one: &&status::Incident| one.resolved_at.is_none_or(|at| overview.at - at < RECENT_MS);
        // The oldest first: they are read in this order.
        for one in overview.incidents.iter().rev().filter(recent) {
            let name = format!("incident:{}", one.id);
            let post = Post { text: words::incident(t, one), mark: format!("{}", one.id.simple()), ..Post::default() };
            note(keep_one(bot, &name, channel, post).await);
        }
    }
    Ok(overview)
}

/// One that can't be kept must not keep the others from it.
fn note(kept: Result<(), Error>) {
    if let Err(error) = kept {
        tracing::warn!(%error, "a message that the bot keeps is not as it should be");
    }
}

/// The panel: where everybody finds help.
fn panel(bot: &Bot) -> Post {
    let t = Translator::new(bot.settings.language);
    Post {
        title: bot.app.config.brand.name.clone(),
        text: t.say("bot-panel"),
        mark: t.say("bot-panel-mark"),
        buttons: vec![
            Button::main(t.say("bot-help"), Press::Help),
            Button::new(t.say("bot-ask"), Press::Ticket),
            Button::link(t.say("bot-status-page"), bot.app.config.link("/status")),
        ],
        ..Post::default()
    }
}

/// A nonce of its own for each try: one that was deleted a moment ago is not to be taken for what is posted now. What was
/// posted before is found by its mark.
async fn keep_one(bot: &Bot, name: &str, channel: Id<ChannelMarker>, mut post: Post) -> Result<(), Error> {
    post.nonce = bot.app.dice.number();
    let body = post.json();
    let content = body.to_string();
    let wanted = Wanted { name, channel: snowflake(channel), content: &content };
    let there = match board::step(&bot.app, wanted).await? {
        Step::Nothing => return Ok(()),
        // One that was posted by a process that did not live to note it may say something else by now.
        Step::Post => post.find(bot, channel).await?.map(|there| there.id),
        Step::Edit(message) => Some(message_id(message)),
    };
    let message = match there {
        None => post.send(&bot.rest, channel).await?.id,
        Some(id) => match bot.rest.change_message(channel, id, &body).await {
            Ok(()) => id,
            // Somebody deleted it: it is posted again, next time.
            Err(error) if error.is_message_gone() => return Ok(board::gone(&bot.app, snowflake(id)).await?),
            Err(error) => return Err(error.into()),
        },
    };
    Ok(board::settled(&bot.app, wanted, snowflake(message)).await?)
}

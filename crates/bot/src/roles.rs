//! The role of subscribers: given and taken as subscriptions begin and end, and what is to be taken back.

use std::collections::HashMap;

use app::discord::Snowflake;
use app::discord::role::{self, Undo};
use domain::time::UnixMs;

use crate::act::{channel_id, user_id};
use crate::ids::message_id;
use crate::trouble::Trouble;
use crate::{Bot, Error, place};

/// Roles that are given or taken in one round: Discord takes ten in ten seconds.
const A_ROUND: usize = 20;
/// How long somebody is left alone for whom it did not work: most are not in the guild.
const AGAIN_MS: i64 = 3_600_000;

/// Until when people are left alone.
#[derive(Default)]
pub(crate) struct LeftAlone(HashMap<Snowflake, UnixMs>);

/// Gives and takes what is to be given and taken.
pub(crate) async fn keep(bot: &Bot, left_alone: &mut LeftAlone) -> Result<(), Error> {
    for undo in role::to_undo(&bot.app).await? {
        match take_back(bot, undo).await {
            Err(error) if error.is_nobody() || error.is_channel_gone() || error.is_message_gone() => {
                role::undone(&bot.app, undo).await?;
            }
            Err(error) => {
                tracing::warn!(?undo, %error, "something can't be taken back on Discord");
                role::put_off(&bot.app, undo).await?;
            }
            Ok(()) => role::undone(&bot.app, undo).await?,
        }
    }
    let Some(subscribers) = bot.settings.subscriber_role else { return Ok(()) };
    let now = bot.app.clock.now();
    left_alone.0.retain(|_, until| *until > now);
    let mut changes = role::changes(&bot.app).await?;
    changes.retain(|one| !left_alone.0.contains_key(&one.link.discord_id));
    for change in changes.into_iter().take(A_ROUND) {
        let (guild, whom) = (bot.settings.guild, user_id(change.link.discord_id));
        let done = if change.should_have {
            bot.rest.give_role(guild, whom, subscribers).await
        } else {
            bot.rest.take_role(guild, whom, subscribers).await
        };
        match done {
            Ok(()) => role::settled(&bot.app, &change).await?,
            Err(error) => {
                if !error.is_nobody() {
                    tracing::warn!(%error, "the role of subscribers can't be given or taken");
                }
                left_alone.0.insert(change.link.discord_id, now + AGAIN_MS);
            }
        }
    }
    Ok(())
}

async fn take_back(bot: &Bot, undo: Undo) -> Result<(), Trouble> {
    match (undo, bot.settings.subscriber_role) {
        (Undo::Role(whom), Some(role)) => bot.rest.take_role(bot.settings.guild, user_id(whom), role).await,
        (Undo::Role(_), None) => Ok(()),
        (Undo::Thread(thread), _) => bot.rest.delete_channel(channel_id(thread)).await,
        (Undo::Member { thread, whom }, _) => place::put_out(&bot.rest, channel_id(thread), user_id(whom)).await,
        (Undo::Log(message), _) => match bot.settings.log_channel {
            Some(log) => bot.rest.delete_message(log, message_id(message)).await,
            None => Ok(()),
        },
    }
}

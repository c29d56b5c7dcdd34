//! The role of subscribers: given and taken as subscriptions begin and end, and what is to be taken back.

use app::discord::role::{self, Undo};

use crate::act::{channel_id, user_id};
use crate::{Bot, Error, trouble};

/// Gives and takes what is to be given and taken.
pub(crate) async fn keep(bot: &Bot) -> Result<(), Error> {
    for undo in role::to_undo(&bot.app).await? {
        let done = match (undo, bot.settings.subscriber_role) {
            (Undo::Role(whom), Some(role)) => {
                bot.http.remove_guild_member_role(bot.settings.guild, user_id(whom), role).await.map(drop)
            }
            (Undo::Role(_), None) => Ok(()),
            (Undo::Thread(thread), _) => bot.http.delete_channel(channel_id(thread)).await.map(drop),
        };
        match done {
            Ok(()) => role::undone(&bot.app, undo).await?,
            Err(error) if trouble::is_nobody(&error) || trouble::is_channel_gone(&error) => {
                role::undone(&bot.app, undo).await?;
            }
            Err(error) => {
                tracing::warn!(?undo, error = %trouble::words(&error), "something can't be taken back on Discord");
                role::put_off(&bot.app, undo).await?;
            }
        }
    }
    let Some(subscribers) = bot.settings.subscriber_role else { return Ok(()) };
    for change in role::changes(&bot.app).await? {
        let (guild, whom) = (bot.settings.guild, user_id(change.link.discord_id));
        let done = if change.should_have {
            bot.http.add_guild_member_role(guild, whom, subscribers).await.map(drop)
        } else {
            bot.http.remove_guild_member_role(guild, whom, subscribers).await.map(drop)
        };
        match done {
            Ok(()) => role::settled(&bot.app, &change).await?,
            // Not in the guild (yet): they get it when they ask the bot for something, or with the next look.
            Err(error) if trouble::is_nobody(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

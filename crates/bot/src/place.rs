//! Where a ticket is on Discord: a private thread of the channel for help, or a channel of its own in a category. Which of
//! the two is asked of Discord, not of the settings: those may have changed since the ticket was opened.

use app::discord::thread;
use app::ticket::TicketRow;
use twilight_model::channel::Channel;
use twilight_model::channel::permission_overwrite::{PermissionOverwrite, PermissionOverwriteType};
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, UserMarker};

use crate::ids::snowflake;
use crate::rest::Rest;
use crate::thread::nonce;
use crate::trouble::Trouble;
use crate::{Bot, Error};

/// What those do in the channel of a ticket who may see it.
const OF_THOSE_IN_IT: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::EMBED_LINKS)
    .union(Permissions::ATTACH_FILES)
    .union(Permissions::READ_MESSAGE_HISTORY);

/// The place of a ticket: the one that is there already, or a new one.
pub(crate) async fn of(bot: &Bot, ticket: &TicketRow, customer: Id<UserMarker>) -> Result<Id<ChannelMarker>, Error> {
    let name = name(ticket);
    if let Some(found) = find(bot, &name).await? {
        return Ok(found);
    }
    if let Some(category) = bot.settings.ticket_category {
        match make_channel(bot, category, &name, customer).await {
            // A category takes fifty channels. Whoever needs help gets a thread rather than nothing.
            Err(why) if !why.is_passing() => {
                tracing::warn!(ticket = ticket.number, %why, "Discord makes no channel for a ticket; it gets a thread");
            }
            made => return Ok(made?.id),
        }
    }
    Ok(bot.rest.make_thread(bot.settings.support_channel, &name).await?.id)
}

/// `ticket-12-1a2b3c4d`: a number can come again when the newest ticket is deleted, an id can't.
fn name(ticket: &TicketRow) -> String {
    format!("ticket-{}-{:08x}", ticket.number, nonce(ticket.id) & 0xffff_ffff)
}

/// What was made by a process that did not live to note it. The ticket is in its name.
async fn find(bot: &Bot, name: &str) -> Result<Option<Id<ChannelMarker>>, Error> {
    // A ticket that was opened again at once has the name of the channel that it has left.
    let leaving = thread::leaving(&bot.app).await?;
    let has_name = |one: &Channel, parent| {
        let is_its = one.parent_id == Some(parent) && one.name.as_deref() == Some(name);
        is_its && !leaving.contains(&snowflake(one.id))
    };
    if let Some(category) = bot.settings.ticket_category {
        let there = bot.rest.channels(bot.settings.guild).await?;
        if let Some(found) = there.iter().find(|one| has_name(one, category)) {
            return Ok(Some(found.id));
        }
    }
    let there = bot.rest.threads(bot.settings.guild).await?;
    let is_ours = |one: &Channel| one.owner_id.is_some_and(|owner| owner.get() == bot.settings.application.get());
    let found = there.iter().find(|one| has_name(one, bot.settings.support_channel) && is_ours(one));
    Ok(found.map(|one| one.id))
}

/// A channel that nobody sees but the team, the bot and who asked.
async fn make_channel(
    bot: &Bot,
    category: Id<ChannelMarker>,
    name: &str,
    customer: Id<UserMarker>,
) -> Result<Channel, Trouble> {
    let settings = &bot.settings;
    let (nothing, one, role) = (Permissions::empty(), PermissionOverwriteType::Member, PermissionOverwriteType::Role);
    let right = |id, kind, allow, deny| PermissionOverwrite { allow, deny, id, kind };
    let mut rights = vec![
        right(settings.guild.cast(), role, nothing, Permissions::VIEW_CHANNEL),
        right(settings.application.cast(), one, OF_THOSE_IN_IT, nothing),
        right(settings.staff_role.cast(), role, OF_THOSE_IN_IT, nothing),
        right(customer.cast(), one, OF_THOSE_IN_IT, nothing),
    ];
    rights.extend(settings.lead_role.map(|lead| right(lead.cast(), role, OF_THOSE_IN_IT, nothing)));
    bot.rest.make_channel(settings.guild, category, name, &rights).await
}

async fn is_thread(rest: &Rest, place: Id<ChannelMarker>) -> Result<bool, Trouble> {
    Ok(rest.channel(place).await?.kind.is_thread())
}

/// Lets somebody in.
pub(crate) async fn let_in(rest: &Rest, place: Id<ChannelMarker>, whom: Id<UserMarker>) -> Result<(), Trouble> {
    if is_thread(rest, place).await? {
        return rest.add_to_thread(place, whom).await;
    }
    rest.set_right(place, &member(whom, OF_THOSE_IN_IT, Permissions::empty())).await
}

/// Sends somebody out; nothing happens to who is not in it.
pub(crate) async fn put_out(rest: &Rest, place: Id<ChannelMarker>, whom: Id<UserMarker>) -> Result<(), Trouble> {
    if is_thread(rest, place).await? {
        return rest.remove_from_thread(place, whom).await;
    }
    match rest.delete_right(place, whom).await {
        Err(trouble) if trouble.is_overwrite_gone() => Ok(()),
        gone => gone,
    }
}

fn member(whom: Id<UserMarker>, allow: Permissions, deny: Permissions) -> PermissionOverwrite {
    PermissionOverwrite { allow, deny, id: whom.cast(), kind: PermissionOverwriteType::Member }
}

/// The ticket is closed: a thread is shut, a channel is left to be deleted, since Discord has room for few.
pub(crate) async fn shut(
    bot: &Bot,
    ticket: &TicketRow,
    place: Id<ChannelMarker>,
    customer: Id<UserMarker>,
) -> Result<(), Error> {
    if is_thread(&bot.rest, place).await? {
        bot.rest.shut_thread(place, true).await?;
        return Ok(thread::set_shut(&bot.app, ticket.id, true).await?);
    }
    // What they would write there now would be lost.
    bot.rest.set_right(place, &member(customer, Permissions::VIEW_CHANNEL, Permissions::SEND_MESSAGES)).await?;
    Ok(thread::left(&bot.app, ticket.id).await?)
}

/// The ticket is open again. A channel was deleted when it was closed: this one is new.
pub(crate) async fn open(bot: &Bot, ticket: &TicketRow, place: Id<ChannelMarker>) -> Result<(), Error> {
    if is_thread(&bot.rest, place).await? {
        bot.rest.shut_thread(place, false).await?;
    }
    Ok(thread::set_shut(&bot.app, ticket.id, false).await?)
}

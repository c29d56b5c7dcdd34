//! Where a ticket is on Discord: a private thread of the channel for help, or a channel of its own in a category. Which of
//! the two is asked of Discord, not of the settings: those may have changed since the ticket was opened.

use app::discord::thread;
use app::ticket::TicketRow;
use twilight_http::Client;
use twilight_model::channel::Channel;
use twilight_model::channel::ChannelType;
use twilight_model::channel::permission_overwrite::{PermissionOverwrite, PermissionOverwriteType};
use twilight_model::channel::thread::AutoArchiveDuration;
use twilight_model::guild::Permissions;
use twilight_model::http::permission_overwrite as change;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, UserMarker};

use crate::thread::nonce;
use crate::{Bot, Error, trouble};

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
            Err(Error::Discord(error)) if !trouble::is_passing(&error) => {
                let why = trouble::words(&error);
                tracing::warn!(ticket = ticket.number, why, "Discord makes no channel for a ticket; it gets a thread");
            }
            made => return made,
        }
    }
    let made = bot.http.create_thread(bot.settings.support_channel, &name, ChannelType::PrivateThread);
    let made = made.invitable(false).auto_archive_duration(AutoArchiveDuration::Week).await?.model().await?;
    Ok(made.id)
}

/// `ticket-12-1a2b3c4d`: a number can come again when the newest ticket is deleted, an id can't.
fn name(ticket: &TicketRow) -> String {
    format!("ticket-{}-{:08x}", ticket.number, nonce(ticket.id) & 0xffff_ffff)
}

/// What was made by a process that did not live to note it. The ticket is in its name.
async fn find(bot: &Bot, name: &str) -> Result<Option<Id<ChannelMarker>>, Error> {
    let has_name = |one: &Channel, parent| one.parent_id == Some(parent) && one.name.as_deref() == Some(name);
    if let Some(category) = bot.settings.ticket_category {
        let there = bot.http.guild_channels(bot.settings.guild).await?.models().await?;
        if let Some(found) = there.iter().find(|one| has_name(one, category)) {
            return Ok(Some(found.id));
        }
    }
    let there = bot.http.active_threads(bot.settings.guild).await?.model().await?.threads;
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
) -> Result<Id<ChannelMarker>, Error> {
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
    let made = bot.http.create_guild_channel(settings.guild, name).kind(ChannelType::GuildText);
    Ok(made.parent_id(category).permission_overwrites(&rights).await?.model().await?.id)
}

async fn is_thread(http: &Client, place: Id<ChannelMarker>) -> Result<bool, Error> {
    Ok(http.channel(place).await?.model().await?.kind.is_thread())
}

/// Lets somebody in.
pub(crate) async fn let_in(http: &Client, place: Id<ChannelMarker>, whom: Id<UserMarker>) -> Result<(), Error> {
    if is_thread(http, place).await? {
        http.add_thread_member(place, whom).await?;
    } else {
        http.update_channel_permission(place, &member(whom, OF_THOSE_IN_IT, Permissions::empty())).await?;
    }
    Ok(())
}

/// Sends somebody out; nothing happens to who is not in it.
pub(crate) async fn put_out(http: &Client, place: Id<ChannelMarker>, whom: Id<UserMarker>) -> Result<(), Error> {
    if is_thread(http, place).await? {
        http.remove_thread_member(place, whom).await?;
        return Ok(());
    }
    match http.delete_channel_permission(place).member(whom).await {
        Err(error) if trouble::is_overwrite_gone(&error) => Ok(()),
        gone => Ok(gone.map(drop)?),
    }
}

fn member(whom: Id<UserMarker>, allow: Permissions, deny: Permissions) -> change::PermissionOverwrite {
    let kind = change::PermissionOverwriteType::Member;
    change::PermissionOverwrite { allow: Some(allow), deny: Some(deny), id: whom.cast(), kind }
}

/// The ticket is closed: a thread is shut, a channel is left to be deleted, since Discord has room for few.
pub(crate) async fn shut(
    bot: &Bot,
    ticket: &TicketRow,
    place: Id<ChannelMarker>,
    customer: Id<UserMarker>,
) -> Result<(), Error> {
    if is_thread(&bot.http, place).await? {
        bot.http.update_thread(place).archived(true).locked(true).await?;
        return Ok(thread::set_shut(&bot.app, ticket.id, true).await?);
    }
    // What they would write there now would be lost.
    let silent = member(customer, Permissions::VIEW_CHANNEL, Permissions::SEND_MESSAGES);
    bot.http.update_channel_permission(place, &silent).await?;
    Ok(thread::left(&bot.app, ticket.id).await?)
}

/// The ticket is open again. A channel was deleted when it was closed: this one is new.
pub(crate) async fn open(bot: &Bot, ticket: &TicketRow, place: Id<ChannelMarker>) -> Result<(), Error> {
    if is_thread(&bot.http, place).await? {
        bot.http.update_thread(place).archived(false).locked(false).await?;
    }
    Ok(thread::set_shut(&bot.app, ticket.id, false).await?)
}

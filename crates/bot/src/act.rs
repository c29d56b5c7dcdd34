//! Doing what was decided, by the product's use cases, and saying what came of it.

use app::discord::{duty, link};
use app::i18n::Translator;
use app::ticket::{self, Change, NewTicket, Source, TicketRow, Written};
use app::{Error, faq, server, status, subscription, usage};
use domain::faq::Way;
use domain::ticket::{Category, Helper, Note, Stars, TicketError};
use twilight_model::id::Id;
use uuid::Uuid;

use crate::ask::Ask;
use crate::decide::{By, Deed, Refused, Sent};
use crate::files;
use crate::ids::{Press, snowflake, way};
use crate::reply::{Button, MOST_CONTENT, Reply, cut};
use crate::trouble::Trouble;
use crate::words;
use crate::{Bot, help, place};

/// Does it; what is said of it, unless that is said once a thread is there.
pub(crate) async fn run(bot: &Bot, ask: &Ask, deed: Deed) -> app::Result<Option<Reply>> {
    let (app, t) = (&bot.app, Translator::new(ask.language));
    let say = |key: &str| Ok(Some(Reply::say(t.say(key))));
    match deed {
        Deed::Status(server) => {
            let overview = status::overview(app).await?;
            Ok(Some(Reply::say(words::network(t, &overview, server.as_deref(), &app.config.link("/status")))))
        }
        Deed::Servers => Ok(Some(Reply::say(words::servers(t, &server::list(app).await?)))),
        Deed::Usage(who) => {
            let subscriptions = subscription::list(app, &who).await?;
            let days = usage::days(app, &who).await?;
            let sum = |of: fn(&usage::Day) -> i64| days.iter().map(of).sum();
            Ok(Some(Reply::say(words::usage(t, &subscriptions, sum(|day| day.received), sum(|day| day.sent)))))
        }
        Deed::Walk(trail, who) => help::walk(app, t, trail.as_deref(), who.as_ref()).await.map(Some),
        Deed::Solved(trail) => help::solved(app, t, &trail).await.map(Some),
        Deed::Link(code) => {
            link::link(app, ask.who.id, &code).await?;
            bot.wake.notify_one();
            say("bot-linked")
        }
        Deed::Unlink(who) => {
            link::unlink(app, &who).await?;
            bot.wake.notify_one();
            say("bot-unlinked")
        }
        Deed::StaffCount => {
            let waiting = i64::try_from(ticket::count_open(app).await?).unwrap_or(i64::MAX);
            let ends = faq::ends(app).await?;
            let sum = |of: fn(&faq::Ends) -> i64| ends.iter().map(of).sum::<i64>();
            let (solved, human) = (sum(|end| end.solved), sum(|end| end.human));
            let values = [("waiting", waiting.into()), ("solved", solved.into()), ("human", human.into())];
            Ok(Some(Reply::say(t.with_all("bot-staff-count", &values))))
        }
        Deed::StaffList => Ok(Some(Reply::say(words::colleagues(t, &duty::list(app).await?)))),
        Deed::StaffToggle(who) => say(if duty::toggle(app, &who).await? { "bot-on-duty" } else { "bot-off-duty" }),
        Deed::Open { who, place, trail, subject, text } => {
            let flow = faq::flow(app)?;
            let way: Option<Way> = trail.as_deref().and_then(|trail| way(flow, trail));
            let new = NewTicket {
                subject: ticket::subject(&subject)?,
                category: way.as_ref().map_or(Category::Other, Way::category),
                first: Written::parse(&text, Vec::new(), Source::Form)?.once(Some(entry_id(ask.id))),
                way,
                place: Some(*place),
            };
            ticket::open(app, &who, &new).await?;
            if let Some(way) = &new.way {
                faq::count(app, way, faq::End::Human).await?;
            }
            bot.wake.notify_one();
            Ok(None)
        }
        Deed::Claim(helper, ticket) => change(bot, helper, &ticket, &Change::Claim, t, "bot-claimed").await.map(Some),
        Deed::Unclaim(helper, ticket) => {
            change(bot, helper, &ticket, &Change::Release, t, "bot-released").await.map(Some)
        }
        Deed::Transfer(helper, ticket, to) => {
            let to = link::who(app, to).await?.ok_or_else(|| {
                Error::invalid("to", "ticket_helper_unknown", "a ticket is handed to one of the team")
            })?;
            change(bot, helper, &ticket, &Change::Transfer(to.user.id), t, "bot-transferred").await.map(Some)
        }
        Deed::Add(channel, whom) => {
            place::let_in(&bot.rest, channel_id(channel), user_id(whom)).await.map_err(of_discord)?;
            say("bot-added")
        }
        Deed::Remove(channel, whom) => {
            place::put_out(&bot.rest, channel_id(channel), user_id(whom)).await.map_err(of_discord)?;
            say("bot-removed")
        }
        Deed::Close(by, ticket, reason) => {
            match by {
                By::Customer(who) => drop(ticket::close_own(app, &who, ticket.id).await?),
                By::Staff(helper) => {
                    let reason: Note = ticket::words("reason", &reason)?;
                    ticket::change(app, helper, ticket.id, &Change::Close(reason)).await?;
                }
            }
            bot.wake.notify_one();
            say("bot-closed")
        }
        Deed::Write(by, ticket, text) => {
            let written = Written::parse(&text, Vec::new(), Source::Form)?.once(Some(entry_id(ask.id)));
            write(bot, &by, ticket.id, &written).await?;
            say("bot-written")
        }
        Deed::Send(sent) => {
            let Sent { by, ticket, message } = *sent;
            let files = files::fetch(bot, &message.attachments).await?;
            let written = Written::parse(&files::body(bot, &message), files, Source::Thread)?;
            write(bot, &by, ticket.id, &written.once(Some(entry_id(message.id)))).await?;
            say("bot-written")
        }
        Deed::Beside(ticket) => {
            let beside = ticket::beside(app, &ticket).await?;
            let overview = status::overview(app).await?;
            let open: Vec<_> = overview.incidents.iter().filter(|one| one.resolved_at.is_none()).cloned().collect();
            let page = app.config.link(&format!("/admin/tickets/{}", ticket.id));
            Ok(Some(Reply::say(words::beside(t, &ticket, &beside, &open, &page))))
        }
        Deed::Rate { who, ticket, stars } => {
            let stars = Stars::parse(stars)
                .map_err(|error: TicketError| Error::invalid("stars", error.code(), error.to_string()))?;
            let row = ticket::by_number(app, &ticket.to_string()).await?;
            ticket::rate(app, &who, row.id, stars, Note::default()).await?;
            say("bot-rated")
        }
    }
}

/// Writes in a ticket, on the side on which somebody is.
pub(crate) async fn write(bot: &Bot, by: &By, ticket: Uuid, written: &Written) -> app::Result<()> {
    match by {
        By::Customer(who) => drop(ticket::write(&bot.app, who, ticket, written).await?),
        By::Staff(helper) => drop(ticket::reply(&bot.app, *helper, ticket, written).await?),
    }
    bot.wake.notify_one();
    Ok(())
}

async fn change(
    bot: &Bot,
    helper: Helper,
    ticket: &TicketRow,
    change: &Change,
    t: Translator,
    said: &str,
) -> app::Result<Reply> {
    ticket::change(&bot.app, helper, ticket.id, change).await?;
    bot.wake.notify_one();
    Ok(Reply::say(t.with(said, "number", ticket.number)))
}

/// Names that begin as somebody types, of servers that are shown.
pub(crate) async fn suggest(bot: &Bot, typed: &str) -> app::Result<Vec<String>> {
    let typed = typed.trim().to_lowercase();
    let names = server::list(&bot.app).await?;
    let fits = |name: &&str| name.to_lowercase().contains(&typed);
    Ok(names.iter().map(|row| row.name.as_str()).filter(fits).take(25).map(str::to_owned).collect())
}

/// Why nothing is done, and what to do instead.
pub(crate) fn refused(bot: &Bot, ask: &Ask, refused: Refused) -> Reply {
    let t = Translator::new(ask.language);
    let reply = match refused {
        Refused::Wait(ms) => Reply::say(t.with(refused.key(), "seconds", ms.max(0) / 1000 + 1)),
        _ => Reply::say(t.say(refused.key())),
    };
    match refused {
        Refused::Unlinked => reply
            .with(Button::link(t.say("bot-get-code"), bot.app.config.link("/dashboard/discord")))
            .with(Button::main(t.say("bot-help"), Press::Help)),
        Refused::Unknown | Refused::Thread => reply.with(Button::main(t.say("bot-help"), Press::Help)),
        _ => reply,
    }
}

/// What went wrong, in the reader's language. What they wrote comes back with it, so that it is not lost.
pub(crate) fn failed(ask: &Ask, error: &Error) -> Reply {
    kept(ask, words::failed(Translator::new(ask.language), error))
}

/// Words, and what was written in a form that came to nothing.
pub(crate) fn kept(ask: &Ask, words: String) -> Reply {
    let text = match &ask.what {
        crate::ask::What::Opened { text, .. } | crate::ask::What::Write(text) => text,
        _ => return Reply::say(words),
    };
    let room = MOST_CONTENT.saturating_sub(words.chars().count() + 10);
    Reply::say(format!("{words}\n```\n{}\n```", cut(&text.replace("```", "'''"), room)))
}

/// What Discord does not do for somebody: now, or at all.
fn of_discord(trouble: Trouble) -> Error {
    if trouble.is_passing() {
        return Error::Busy { what: "Discord", source: Some(Box::new(trouble)) };
    }
    let words = "Discord refuses. Is this person on the server?";
    Error::Conflict { code: "discord_refused", detail: words.to_owned() }
}

pub(crate) fn channel_id(id: i64) -> Id<twilight_model::id::marker::ChannelMarker> {
    Id::new(u64::try_from(id).unwrap_or(1).max(1))
}

pub(crate) fn user_id(id: i64) -> Id<twilight_model::id::marker::UserMarker> {
    Id::new(u64::try_from(id).unwrap_or(1).max(1))
}

/// An id of our own for what came by an id of Discord's: what comes twice is the same.
pub(crate) fn entry_id<T>(id: Id<T>) -> Uuid {
    let [a, b, c, d, e, f, g, h] = snowflake(id).to_be_bytes();
    Uuid::new_v8([a, b, c, d, e, f, 0, 0, 0, g, h, b'd', b'i', b's', b'c', 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_messages_of_discord_have_one_id_of_ours() {
        let id = |number: u64| entry_id(Id::<()>::new(number));
        assert_eq!(id(1_442_000_000_000_000_001), id(1_442_000_000_000_000_001));
        let ids: std::collections::BTreeSet<Uuid> = (0..64).map(|bit| id(1 << bit.min(62) | 1)).collect();
        assert_eq!(ids.len(), 63);
    }
}

//! What stands beside the messages: who one may be, where one may look, and who is there.

use super::view::{Place, Viewer, address_of};
use crate::discord::Inner;
use crate::discord::permissions::{VIEW_CHANNEL, in_channel};
use crate::discord::state::{CATEGORY, Channel, PRIVATE_THREAD, State};
use crate::html::escape;

/// Everyone but the bot, in all guilds.
pub(crate) fn people(state: &State) -> Vec<u64> {
    state.users.keys().copied().filter(|user| *user != state.bot && guild_of(state, *user).is_some()).collect()
}

/// The first guild that someone is in.
fn guild_of(state: &State, user: u64) -> Option<u64> {
    state.guilds.iter().find(|(_, guild)| guild.members.contains_key(&user)).map(|(id, _)| *id)
}

/// A person's name as HTML.
pub(crate) fn name(state: &State, user: u64) -> String {
    escape(state.users.get(&user).map_or("unknown-user", String::as_str))
}

/// Name and topic of the place, as HTML.
pub(crate) fn title(state: &State, viewer: &Viewer) -> (String, String) {
    match viewer.place {
        Some(Place::Channel(id)) => {
            let channel = state.channels.get(&id);
            let name = channel.map_or("", |channel| channel.name.as_str());
            let topic = channel.and_then(|channel| channel.topic.as_deref()).unwrap_or_default();
            (format!("#{}", escape(name)), escape(topic))
        }
        Some(Place::Direct) => (format!("@{}", name(state, state.bot)), String::new()),
        None => ("Nothing to see".to_owned(), String::new()),
    }
}

fn item(me: u64, place: Option<Place>, is_here: bool, label: &str) -> String {
    let here = if is_here { " aria-current=\"page\"" } else { "" };
    format!("<li><a href=\"{}\"{here}>{label}</a></li>\n", escape(&address_of(me, place, &[])))
}

/// The names of someone's roles, highest first, as HTML; the owner is named as such.
fn roles(state: &State, user: u64) -> String {
    let Some(guild) = guild_of(state, user).and_then(|id| state.guilds.get(&id)) else { return String::new() };
    let held = guild.members.get(&user).map(|member| &member.roles);
    let mut roles: Vec<_> = held.into_iter().flatten().filter_map(|role| guild.roles.get(role)).collect();
    roles.sort_by_key(|role| std::cmp::Reverse(role.position));
    let owner = (guild.owner == user).then(|| "<span class=\"role\">owner</span>".to_owned());
    let role = |role: &&crate::discord::state::Role| format!("<span class=\"role\">{}</span>", escape(&role.name));
    owner.into_iter().chain(roles.iter().map(role)).collect()
}

/// Who one may be, then where one may look.
pub(crate) fn nav(state: &State, inner: &Inner, viewer: &Viewer) -> String {
    let me = viewer.me;
    let person = |user: u64| {
        let label = format!("{} {}", name(state, user), roles(state, user));
        item(user, viewer.place, user == me, &label)
    };
    let people: String = people(state).into_iter().map(person).collect();
    let mut out = format!("<h2>You are</h2>\n<ul class=\"people\">\n{people}</ul>\n");
    for (id, guild) in &state.guilds {
        let channels: String = ordered(state, *id).into_iter().map(|channel| entry(state, viewer, channel)).collect();
        out.push_str(&format!("<h2>{}</h2>\n<ul>\n{channels}</ul>\n", escape(&guild.name)));
    }
    let direct = item(me, Some(Place::Direct), viewer.place == Some(Place::Direct), &name(state, inner.bot));
    out + &format!("<h2>Direct messages</h2>\n<ul>\n{direct}</ul>\n")
}

/// The channels of a guild: those without a category, then each category with its own.
fn ordered(state: &State, guild: u64) -> Vec<u64> {
    let is_channel = |one: &Channel| one.guild == guild && one.thread.is_none();
    let mut found: Vec<(Option<u64>, u64, u64)> = Vec::new();
    for (id, one) in state.channels.iter().filter(|(_, one)| is_channel(one)) {
        // A category stands before its own.
        let above = if one.kind == CATEGORY { Some(*id) } else { one.parent };
        found.push((above, u64::from(one.kind != CATEGORY), *id));
    }
    found.sort_unstable();
    found.into_iter().map(|(.., id)| id).collect()
}

/// A channel with its threads, as far as the viewer sees them.
fn entry(state: &State, viewer: &Viewer, id: u64) -> String {
    let sees = |id: u64| in_channel(state, id, viewer.me) & VIEW_CHANNEL != 0;
    let Some(channel) = state.channels.get(&id).filter(|_| sees(id)) else { return String::new() };
    if channel.kind == CATEGORY {
        let is_below = |(below, one): (&u64, &Channel)| one.parent == Some(id) && sees(*below);
        let has_any = state.channels.iter().any(is_below);
        return if has_any { format!("<li class=\"quiet\">{}</li>\n", escape(&channel.name)) } else { String::new() };
    }
    let place = |id: u64| Some(Place::Channel(id));
    let mut out = item(viewer.me, place(id), viewer.place == place(id), &format!("# {}", escape(&channel.name)));
    let threads = state.channels.iter().filter_map(|(thread_id, one)| {
        let thread = one.thread.as_ref().filter(|thread| thread.parent == id && sees(*thread_id))?;
        Some((*thread_id, one, thread))
    });
    let threads: String = threads
        .map(|(thread_id, one, thread)| {
            let sign = if one.kind == PRIVATE_THREAD { "🔒" } else { "🧵" };
            let rest = match (thread.archived, thread.locked) {
                (true, true) => " <span class=\"role\">archived, locked</span>",
                (true, false) => " <span class=\"role\">archived</span>",
                (false, true) => " <span class=\"role\">locked</span>",
                (false, false) => "",
            };
            let label = format!("{sign} {}{rest}", escape(&one.name));
            item(viewer.me, place(thread_id), viewer.place == place(thread_id), &label)
        })
        .collect();
    if !threads.is_empty() {
        out.push_str(&format!("<li><ul>\n{threads}</ul></li>\n"));
    }
    out
}

/// Who sees the place, and how the bot presents itself.
pub(crate) fn members(state: &State, inner: &Inner, viewer: &Viewer) -> String {
    let (status, activity) = presence(state);
    let bot = format!(
        "<li><span class=\"dot {status}\"></span>{} <span class=\"tag\">APP</span><br><span class=\"quiet\">{status}{}</span></li>\n",
        name(state, inner.bot),
        if activity.is_empty() { String::new() } else { format!(": {}", escape(&activity)) },
    );
    let channel = viewer.channel(state);
    let is_there = |user: &u64| match viewer.place {
        Some(Place::Direct) => *user == viewer.me,
        _ => channel.is_some_and(|channel| in_channel(state, channel, *user) & VIEW_CHANNEL != 0),
    };
    let one = |user: u64| format!("<li>{} {}</li>\n", name(state, user), roles(state, user));
    let others: String = people(state).into_iter().filter(is_there).map(one).collect();
    format!("<h2>Members</h2>\n<ul>\n{bot}{others}</ul>\n")
}

/// The bot's status and what it says that it does, in the words of the client.
fn presence(state: &State) -> (&'static str, String) {
    let Some(shown) = state.gateway.presence() else { return ("offline", String::new()) };
    let status = match shown["status"].as_str() {
        Some("idle") => "idle",
        Some("dnd") => "dnd",
        Some("invisible" | "offline") => return ("offline", String::new()),
        _ => "online",
    };
    let activity = &shown["activities"][0];
    let name = activity["name"].as_str().unwrap_or_default();
    let text = match activity["type"].as_u64() {
        None => String::new(),
        Some(1) => format!("Streaming {name}"),
        Some(2) => format!("Listening to {name}"),
        Some(3) => format!("Watching {name}"),
        Some(4) => activity["state"].as_str().unwrap_or_default().to_owned(),
        Some(5) => format!("Competing in {name}"),
        Some(_) => format!("Playing {name}"),
    };
    (status, text)
}

//! The messages of a place as one person sees them, with all that hangs on them.

use super::lists::name;
use super::markdown::{html, is_url, link};
use super::view::Viewer;
use crate::discord::hands::{self, Outcome};
use crate::discord::interactions::EPHEMERAL;
use crate::discord::state::{Interaction, Message, State};
use crate::discord::{Inner, files, show};
use crate::html::escape;
use serde_json::Value;
use std::collections::BTreeSet;

/// The newest of them are shown.
const MOST: usize = 100;

/// All that the viewer sees there, oldest first, and what came of the last thing that they did.
pub(crate) fn list(state: &State, inner: &Inner, viewer: &Viewer) -> String {
    let Some(channel) = viewer.channel(state) else {
        return "<p class=\"quiet\">Nothing was written here.</p>".to_owned();
    };
    let own: Vec<&Interaction> = state.interactions.values().filter(|one| one.member == viewer.me).collect();
    let for_me: BTreeSet<u64> = own.iter().flat_map(|one| one.messages.iter().copied()).collect();
    let is_seen =
        |(id, one): &(&u64, &Message)| one.channel == channel && (one.flags & EPHEMERAL == 0 || for_me.contains(id));
    let seen: Vec<(&u64, &Message)> = state.messages.iter().filter(is_seen).collect();
    let newest = seen.get(seen.len().saturating_sub(MOST)..).unwrap_or_default();
    let waiting: BTreeSet<u64> =
        state.interactions.values().filter(|one| one.placeholder).filter_map(|one| one.original).collect();
    let mut out: String =
        newest.iter().map(|(id, one)| message(state, inner, viewer, (**id, one, waiting.contains(id)))).collect();
    if newest.is_empty() {
        out.push_str("<p class=\"quiet\">Nothing was written here.</p>\n");
    }
    out + &outcome(state, inner, viewer)
}

fn outcome(state: &State, inner: &Inner, viewer: &Viewer) -> String {
    let Some(id) = viewer.act.filter(|id| state.interactions.get(id).is_some_and(|one| one.member == viewer.me)) else {
        return String::new();
    };
    let bot = name(state, inner.bot);
    match hands::outcome(inner, state, id) {
        Ok(Outcome::Waiting) => format!("<p class=\"quiet\" role=\"status\">Waiting for {bot}…</p>\n"),
        Ok(Outcome::DidNotRespond) => {
            "<p class=\"bad\" role=\"alert\">The application did not respond</p>\n".to_owned()
        }
        Ok(Outcome::Modal { title, .. }) if viewer.form.is_none() => {
            let to = viewer.address(&[("form", &id.to_string())]);
            format!("<p><a href=\"{}\">{}</a></p>\n", escape(&to), escape(&title))
        }
        _ => String::new(),
    }
}

fn message(state: &State, inner: &Inner, viewer: &Viewer, (id, one, waits): (u64, &Message, bool)) -> String {
    let author = name(state, one.author);
    let tag = if one.author == inner.bot { " <span class=\"tag\">APP</span>" } else { "" };
    let at = crate::html::when(show::created(id).div_euclid(1000));
    let text = one.body["content"].as_str().unwrap_or_default();
    let used = one.by.and_then(|by| state.interactions.get(&by)).and_then(|by| Some((by.member, by.line.as_ref()?)));
    let used = used.map_or_else(String::new, |(member, line)| {
        format!("<p class=\"quiet\">{} used /{}</p>", name(state, member), escape(line))
    });
    let content = if waits { format!("<em>{author} is thinking…</em>") } else { html(state, text) };
    let edited = if one.edited.is_some() && !waits { " <span class=\"quiet\">(edited)</span>" } else { "" };
    let embeds: String =
        show::embeds(inner, one).as_array().into_iter().flatten().map(|embed| show_embed(state, embed)).collect();
    let files: String = one.files.iter().map(|file| show_file(inner, one.channel, file)).collect();
    let rows: String =
        one.body["components"].as_array().into_iter().flatten().map(|row| show_row(viewer, id, row)).collect();
    let alone = if one.flags & EPHEMERAL == 0 { "" } else { "<p class=\"quiet alone\">Only you can see this</p>" };
    let class = if one.flags & EPHEMERAL == 0 { "message" } else { "message alone" };
    format!(
        "<article class=\"{class}\" id=\"m{id}\">{used}<p class=\"by\"><strong>{author}</strong>{tag} <time>{at}</time></p>\
         <div class=\"text\">{content}{edited}</div>{embeds}{files}{rows}{alone}</article>\n"
    )
}

fn show_file(inner: &Inner, channel: u64, file: &files::File) -> String {
    let to = link(&files::address(inner, channel, file), &escape(&file.name));
    format!("<p class=\"file\">📄 {to} <span class=\"quiet\">{} B</span></p>", file.bytes.len())
}

fn show_embed(state: &State, embed: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut out = String::new();
    let author = text(&embed["author"]["name"]);
    if !author.is_empty() {
        out.push_str(&format!("<p class=\"quiet\">{}</p>", escape(&author)));
    }
    let title = html(state, &text(&embed["title"]));
    if !title.is_empty() {
        let url = text(&embed["url"]);
        let title = if is_url(&url) { link(&url, &title) } else { title };
        out.push_str(&format!("<p><strong>{title}</strong></p>"));
    }
    let description = html(state, &text(&embed["description"]));
    if !description.is_empty() {
        out.push_str(&format!("<div class=\"text\">{description}</div>"));
    }
    for field in embed["fields"].as_array().into_iter().flatten() {
        let class = if field["inline"] == true { "field inline" } else { "field" };
        let (name, value) = (html(state, &text(&field["name"])), html(state, &text(&field["value"])));
        out.push_str(&format!("<div class=\"{class}\"><strong>{name}</strong><br>{value}</div>"));
    }
    for picture in ["image", "thumbnail"] {
        let url = text(&embed[picture]["url"]);
        if is_url(&url) {
            out.push_str(&format!("<p>{}</p>", link(&url, &escape(&url))));
        }
    }
    let footer = text(&embed["footer"]["text"]);
    if !footer.is_empty() {
        out.push_str(&format!("<p class=\"quiet\">{}</p>", escape(&footer)));
    }
    let color = embed["color"].as_u64().unwrap_or(0x4e_50_58) & 0xff_ff_ff;
    format!("<div class=\"embed\" style=\"border-color:#{color:06x}\">{out}</div>")
}

fn show_row(viewer: &Viewer, message: u64, row: &Value) -> String {
    let parts = row["components"].as_array().into_iter().flatten();
    let parts: String = parts.map(|part| show_part(viewer, message, part)).collect();
    format!("<div class=\"acts\">{parts}</div>")
}

fn show_part(viewer: &Viewer, message: u64, part: &Value) -> String {
    let emoji = part["emoji"]["name"].as_str().map_or_else(String::new, |name| format!("{} ", escape(name)));
    let label = format!("{emoji}{}", escape(part["label"].as_str().unwrap_or_default()));
    let off = if part["disabled"] == true { " disabled" } else { "" };
    if part["type"] == 2 && part["style"] == 5 {
        let url = part["url"].as_str().unwrap_or_default();
        return if is_url(url) { link(url, &format!("{label} ↗")) } else { label };
    }
    let what = if part["type"] == 2 { "click" } else { "choose" };
    let start = format!(
        "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"do\" value=\"{what}\">\
         <input type=\"hidden\" name=\"message\" value=\"{message}\">\
         <input type=\"hidden\" name=\"custom_id\" value=\"{}\">",
        escape(&viewer.address(&[])),
        escape(part["custom_id"].as_str().unwrap_or_default()),
    );
    match part["type"].as_u64() {
        Some(2) => {
            let style = part["style"].as_u64().unwrap_or(2).min(5);
            format!("{start}<button class=\"s{style}\"{off}>{label}</button></form>")
        }
        Some(3) => {
            let menu = show_menu(part, "value", &[], off);
            format!("{start}{menu}<button{off}>Choose</button></form>")
        }
        _ => String::new(),
    }
}

/// A menu, of a message or a form; `chosen` outweighs what the bot chose.
pub(crate) fn show_menu(menu: &Value, field: &str, chosen: &[&str], attributes: &str) -> String {
    let many = menu["max_values"].as_u64().unwrap_or(1) > 1;
    let placeholder = menu["placeholder"].as_str().unwrap_or("Make a selection");
    let first = if many { String::new() } else { format!("<option value=\"\">{}</option>", escape(placeholder)) };
    let option = |option: &Value| {
        let text = |name: &str| escape(option[name].as_str().unwrap_or_default());
        let is_chosen = if chosen.is_empty() {
            option["default"] == true
        } else {
            chosen.iter().any(|value| option["value"] == *value)
        };
        let about =
            if option["description"].is_string() { format!(" – {}", text("description")) } else { String::new() };
        let selected = if is_chosen { " selected" } else { "" };
        format!("<option value=\"{}\"{selected}>{}{about}</option>", text("value"), text("label"))
    };
    let options: String = menu["options"].as_array().into_iter().flatten().map(option).collect();
    format!(
        "<select name=\"{}\" aria-label=\"{}\"{}{attributes}>{first}{options}</select>",
        escape(field),
        escape(placeholder),
        if many { " multiple" } else { "" },
    )
}

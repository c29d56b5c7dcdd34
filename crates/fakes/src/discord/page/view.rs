//! The whole page: who looks, at what, and the parts put together.

use super::{commands, lists, messages, modal};
use crate::discord::permissions::{VIEW_CHANNEL, in_channel};
use crate::discord::state::{CATEGORY, State, TEXT};
use crate::discord::{Inner, direct};
use crate::html::escape;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const NOTE: &str = "This is a pretend Discord: nothing here reaches the real one. You may be anyone.";

/// Where someone looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Channel(u64),
    /// What stands between them and the bot alone.
    Direct,
}

/// Who looks, and at what. It stands in the address, so that each tab of a browser can be another person.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    pub(crate) me: u64,
    pub(crate) place: Option<Place>,
    /// The interaction whose outcome is to be told of.
    pub(crate) act: Option<u64>,
    /// The interaction by which a form opened.
    pub(crate) form: Option<u64>,
    /// The command that is about to be run.
    pub(crate) line: Option<String>,
}

/// What someone had filled in when something was not right, and what the bot proposed.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) error: Option<String>,
    pub(crate) values: Vec<(String, String)>,
    /// The option, and the names and values that were proposed for it.
    pub(crate) proposals: Option<(String, Vec<(String, Value)>)>,
}

impl Draft {
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What was not right, as HTML.
    pub(crate) fn complaint(&self) -> String {
        let error = self.error.as_ref();
        error.map_or_else(String::new, |error| format!("<p class=\"bad\" role=\"alert\">{}</p>", escape(error)))
    }
}

impl Viewer {
    /// By the query; who or what is not there is replaced by the first there is.
    pub(crate) fn new(inner: &Inner, query: &BTreeMap<String, String>) -> Viewer {
        let state = inner.lock();
        let number = |key: &str| query.get(key).and_then(|text| text.parse::<u64>().ok());
        let people = lists::people(&state);
        let owners: Vec<u64> = state.guilds.values().map(|guild| guild.owner).collect();
        let first = people.iter().find(|one| !owners.contains(one)).or(people.first()).copied().unwrap_or_default();
        let me = number("as").filter(|one| people.contains(one)).unwrap_or(first);
        let is_category = |id: &u64| state.channels.get(id).is_some_and(|one| one.kind == CATEGORY);
        let sees = |id: &u64| !is_category(id) && in_channel(&state, *id, me) & VIEW_CHANNEL != 0;
        let place = if query.get("in").is_some_and(|text| text == "dm") {
            Some(Place::Direct)
        } else {
            let wanted = number("in").filter(sees);
            let text = |(_, one): &(&u64, &crate::discord::state::Channel)| one.kind == TEXT;
            let first = || state.channels.iter().filter(text).map(|(id, _)| *id).find(sees);
            wanted.or_else(first).map(Place::Channel)
        };
        let line = query.get("line").filter(|line| !line.is_empty()).cloned();
        Viewer { me, place, act: number("act"), form: number("form"), line }
    }

    /// The channel, once there is one: a direct one is made by the first message.
    pub(crate) fn channel(&self, state: &State) -> Option<u64> {
        match self.place? {
            Place::Channel(id) => Some(id),
            Place::Direct => direct::find(state, self.me),
        }
    }

    /// The address of the same place, `more` after it; to be escaped where it goes into HTML.
    pub(crate) fn address(&self, more: &[(&str, &str)]) -> String {
        address_of(self.me, self.place, more)
    }
}

/// The address of a place for a person. It has no path, so that the page works wherever it is mounted.
pub(crate) fn address_of(me: u64, place: Option<Place>, more: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
    query.append_pair("as", &me.to_string());
    match place {
        Some(Place::Channel(id)) => query.append_pair("in", &id.to_string()),
        Some(Place::Direct) => query.append_pair("in", "dm"),
        None => &mut query,
    };
    query.extend_pairs(more).finish()
}

/// A page and the mark of what it shows: another mark, something changed.
pub(crate) struct Page {
    pub(crate) version: String,
    html: String,
}

fn version(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part.as_bytes()));
    hex::encode(hash.finalize().get(..8).unwrap_or_default())
}

/// Everything as one person sees it now.
pub(crate) fn page(inner: &Inner, viewer: &Viewer, draft: &Draft) -> Page {
    let now = inner.now();
    let mut state = inner.lock();
    crate::discord::threads::archive_quiet(&mut state, now);
    let state = &state;
    let (title, topic) = lists::title(state, viewer);
    let nav = lists::nav(state, inner, viewer);
    let members = lists::members(state, inner, viewer);
    let list = messages::list(state, inner, viewer);
    let below = if let Some(form) = viewer.form {
        modal::show(state, viewer, form, draft)
    } else {
        format!("{}{}", commands::show(state, viewer, draft), composer(viewer, draft))
    };
    let version = version(&[&nav, &members, &list, &title, &topic]);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} – pretend Discord</title>\n<style>{STYLE}</style>\n</head>\n<body data-version=\"{version}\">\n\
         <p class=\"note\">{NOTE} <a class=\"jump\" href=\"#nav\">Channels</a> <a class=\"jump\" href=\"#members\">Members</a></p>\n\
         <div class=\"room\">\n<main>\n<header><h1 id=\"title\" data-live>{title}</h1><p id=\"topic\" data-live>{topic}</p></header>\n\
         <div id=\"messages\" data-live aria-live=\"polite\">\n{list}</div>\n<div id=\"end\">{below}</div>\n</main>\n\
         <nav id=\"nav\" data-live>\n{nav}</nav>\n<aside id=\"members\" data-live>\n{members}</aside>\n</div>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n",
    );
    Page { version, html }
}

/// The box to write in.
fn composer(viewer: &Viewer, draft: &Draft) -> String {
    if viewer.place.is_none() {
        return "<p class=\"quiet\">There is no channel that you see.</p>".to_owned();
    }
    let is_own = viewer.line.is_none();
    let text = draft.value("content").unwrap_or_default();
    format!(
        "<form class=\"write\" method=\"post\" enctype=\"multipart/form-data\" action=\"{}\">{}\
         <input type=\"hidden\" name=\"do\" value=\"write\">\
         <label for=\"content\">Message</label><textarea id=\"content\" name=\"content\" rows=\"2\" maxlength=\"2000\">{}</textarea>\
         <div class=\"acts\"><input type=\"file\" name=\"file\" multiple aria-label=\"Files\"><button class=\"s1\">Send</button></div></form>\n",
        escape(&viewer.address(&[])),
        if is_own { draft.complaint() } else { String::new() },
        escape(text),
    )
}

impl Page {
    /// The reply: nothing from elsewhere, and no script but the page's own.
    pub(crate) fn response(self, status: StatusCode) -> Response {
        let script = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let headers: [(HeaderName, &str); 4] = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, &policy),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        (status, headers, self.html).into_response()
    }
}

//! The mailbox page: what was sent, newest first, with links to click.

use super::{Inner, Message};
use crate::html::{escape, page, when};
use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;

const NOTE: &str = "Pretend mailbox: no mail leaves this machine.";

/// `GET /`
pub(crate) async fn list(Shared(inner): Shared<Arc<Inner>>) -> Response {
    let rows: String = inner
        .mailbox()
        .messages
        .iter()
        .rev()
        .map(|message| {
            format!(
                "<tr><td>{}</td><td><a href=\"/messages/{}\">{}</a></td><td>{}</td></tr>\n",
                escape(&message.to.join(", ")),
                escape(&message.id),
                escape(&message.subject),
                when(message.at),
            )
        })
        .collect();
    let body = if rows.is_empty() {
        "<h1>Mailbox</h1>\n<p class=\"quiet\">No mail yet. It appears here as soon as one is sent; load the page again.</p>".to_owned()
    } else {
        format!(
            "<h1>Mailbox</h1>\n<table id=\"messages\">\n<thead><tr><th>To</th><th>Subject</th><th>Time</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
        )
    };
    page(StatusCode::OK, "Mailbox", NOTE, &body)
}

fn find(inner: &Inner, id: &str) -> Option<Message> {
    inner.mailbox().messages.iter().find(|message| message.id == id).cloned()
}

fn nothing_here() -> Response {
    page(StatusCode::NOT_FOUND, "Not found", NOTE, "<h1>There is no such mail</h1>\n<p><a href=\"/\">All mail</a></p>")
}

/// `GET /messages/{id}`
pub(crate) async fn message(Shared(inner): Shared<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let Some(message) = find(&inner, &id) else { return nothing_here() };
    let text = message
        .text
        .as_deref()
        .map_or_else(String::new, |text| format!("<h2>Text</h2>\n<pre id=\"text\">{}</pre>", linked(text)));
    let html = if message.html.is_some() {
        let frame = "<h2>HTML</h2>\n<iframe title=\"The mail's HTML\" sandbox=\"allow-popups\" src=\"/messages/";
        format!("{frame}{}/html\"></iframe>", escape(&message.id))
    } else {
        String::new()
    };
    let headers: String = message
        .headers
        .iter()
        .map(|(name, value)| format!("\n<dt>{}</dt><dd>{}</dd>", escape(name), linked(value)))
        .collect();
    let body = format!(
        "<p><a id=\"back\" href=\"/\">All mail</a></p>\n<h1>{}</h1>\n<dl>\n<dt>From</dt><dd>{}</dd>\n<dt>To</dt><dd>{}</dd>\n<dt>Time</dt><dd>{}</dd>{headers}\n</dl>\n{text}\n{html}",
        escape(&message.subject),
        escape(&message.from),
        escape(&message.to.join(", ")),
        when(message.at),
    );
    page(StatusCode::OK, &message.subject, NOTE, &body)
}

/// `text` escaped, with its web addresses as links.
fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        let blank = &piece[word.len()..];
        let start = ["https://", "http://"].iter().filter_map(|scheme| word.find(scheme)).min();
        match start {
            Some(at) => {
                // A full stop or a bracket after an address belongs to the sentence.
                let address = word[at..].trim_end_matches(['.', ',', ';', ')', '>', '"', '\'']);
                let after = &word[at + address.len()..];
                let safe = escape(address);
                out.push_str(&format!("{}<a href=\"{safe}\">{safe}</a>{}", escape(&word[..at]), escape(after)));
            }
            None => out.push_str(&escape(word)),
        }
        out.push_str(&escape(blank));
    }
    out
}

/// `GET /messages/{id}/html`: the HTML alone, in its own sandbox.
pub(crate) async fn html(Shared(inner): Shared<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let Some(html) = find(&inner, &id).and_then(|message| message.html) else { return nothing_here() };
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; \
                  frame-ancestors 'self'; sandbox allow-popups";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, html).into_response()
}

#[derive(Deserialize)]
pub(crate) struct Filter {
    to: Option<String>,
}

/// `GET /messages.json?to=`: oldest first.
pub(crate) async fn json(Shared(inner): Shared<Arc<Inner>>, Query(filter): Query<Filter>) -> Response {
    let mailbox = inner.mailbox();
    let messages: Vec<&Message> =
        mailbox.messages.iter().filter(|message| filter.to.as_deref().is_none_or(|to| message.is_to(to))).collect();
    Json(messages).into_response()
}

#[cfg(test)]
mod tests {
    use super::linked;

    #[test]
    fn an_address_in_the_text_is_a_link_and_the_rest_is_text() {
        assert_eq!(
            linked("Go:\nhttps://vpn.example/verify?token=a&b=1\n(or http://x.example).\n<b>"),
            "Go:\n<a href=\"https://vpn.example/verify?token=a&amp;b=1\">https://vpn.example/verify?token=a&amp;b=1</a>\n\
             (or <a href=\"http://x.example\">http://x.example</a>).\n&lt;b&gt;"
        );
    }
}

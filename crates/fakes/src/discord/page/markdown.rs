//! The part of Discord's markdown that bots use, as HTML. Whatever is not known stays text, escaped.

use crate::discord::state::State;
use crate::html::{escape, when};

/// Marks within marks are followed so deep.
const DEEPEST: u8 = 6;
const MARKS: [(&str, &str); 4] = [("**", "strong"), ("__", "u"), ("~~", "s"), ("*", "em")];

/// A text as HTML.
pub(crate) fn html(state: &State, text: &str) -> String {
    let parts: Vec<&str> = text.split("```").collect();
    // Of an even number of parts the last fence stays open, and is text.
    let open = if parts.len().is_multiple_of(2) { parts.len() - 1 } else { parts.len() };
    let part = |(at, part): (usize, &&str)| match at {
        _ if at == open => format!("```{}", lines(state, part)),
        _ if at % 2 == 1 => format!("<pre><code>{}</code></pre>", escape(code(part))),
        _ => lines(state, part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A block of code without the name of its language.
fn code(block: &str) -> &str {
    let without = match block.split_once('\n') {
        Some((language, rest)) if language.chars().all(char::is_alphanumeric) => rest,
        _ => block,
    };
    without.trim_end_matches('\n')
}

fn lines(state: &State, text: &str) -> String {
    let line = |line: &str| {
        let prefixes = [("### ", "h3"), ("## ", "h2"), ("# ", "h1"), ("-# ", "small"), ("> ", "said"), ("- ", "item")];
        let found = prefixes.iter().find_map(|(mark, class)| line.strip_prefix(mark).map(|rest| (class, rest)));
        match found {
            Some((class, rest)) => format!("<span class=\"{class}\">{}</span>", inline(state, rest, 0)),
            None => inline(state, line, 0),
        }
    };
    text.split('\n').map(line).collect::<Vec<String>>().join("<br>")
}

fn inline(state: &State, text: &str, depth: u8) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let (html, taken) = special(state, rest, depth)
            .unwrap_or_else(|| (escape(rest.get(..letter.len_utf8()).unwrap_or_default()), letter.len_utf8()));
        out.push_str(&html);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// What the text begins with, if it is more than a letter: its HTML, and its length in bytes.
fn special(state: &State, text: &str, depth: u8) -> Option<(String, usize)> {
    if let Some(next) = text.strip_prefix('\\').and_then(|rest| rest.chars().next()).filter(char::is_ascii_punctuation)
    {
        return Some((escape(&next.to_string()), 2));
    }
    if let Some((inner, _)) =
        text.strip_prefix('`').and_then(|rest| rest.split_once('`')).filter(|(code, _)| !code.is_empty())
    {
        return Some((format!("<code>{}</code>", escape(inner)), inner.len() + 2));
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        let end = text.find(|letter: char| letter.is_whitespace() || "<>\"".contains(letter)).unwrap_or(text.len());
        let url = text.get(..end)?.trim_end_matches(['.', ',', ')', '!', '?', ':', ';']);
        return Some((link(url, &escape(url)), url.len()));
    }
    if let Some((inner, _)) = text.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        let html = if is_url(inner) { Some(link(inner, &escape(inner))) } else { mention(state, inner) };
        return html.map(|html| (html, inner.len() + 2));
    }
    if depth >= DEEPEST {
        return None;
    }
    if let Some((label, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once("](")) {
        let (url, _) = rest.split_once(')')?;
        let html = is_url(url).then(|| link(url, &inline(state, label, depth + 1)))?;
        return Some((html, label.len() + url.len() + 4));
    }
    let (mark, tag) = MARKS.iter().find(|(mark, _)| text.starts_with(mark))?;
    let (inner, _) = text.get(mark.len()..)?.split_once(mark).filter(|(inner, _)| !inner.trim().is_empty())?;
    Some((format!("<{tag}>{}</{tag}>", inline(state, inner, depth + 1)), inner.len() + 2 * mark.len()))
}

/// Whether a link may lead there: nothing but the web.
pub(crate) fn is_url(text: &str) -> bool {
    let is_web = text.starts_with("http://") || text.starts_with("https://");
    is_web && !text.contains(char::is_whitespace) && url::Url::parse(text).is_ok()
}

/// A link out of the page; `label` is HTML.
pub(crate) fn link(url: &str, label: &str) -> String {
    format!("<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">{label}</a>", escape(url))
}

/// What stands between `<` and `>`: people, roles and channels by their names, and times.
fn mention(state: &State, inner: &str) -> Option<String> {
    let role_name =
        |id: u64| state.guilds.values().find_map(|guild| guild.roles.get(&id)).map(|role| role.name.clone());
    let name = if let Some(id) = inner.strip_prefix("@&") {
        format!("@{}", role_name(id.parse().ok()?).unwrap_or_else(|| "deleted-role".to_owned()))
    } else if let Some(id) = inner.strip_prefix('@') {
        let user = state.users.get(&id.trim_start_matches('!').parse().ok()?);
        format!("@{}", user.map_or("unknown-user", String::as_str))
    } else if let Some(id) = inner.strip_prefix('#') {
        let channel = state.channels.get(&id.parse().ok()?);
        format!("#{}", channel.map_or("unknown", |channel| channel.name.as_str()))
    } else {
        let seconds = inner.strip_prefix("t:")?.split(':').next()?;
        when(seconds.parse().ok()?)
    };
    Some(format!("<span class=\"at\">{}</span>", escape(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html_and_markup_stays_text() {
        let mut state = State::default();
        state.users.insert(7, "<mika>".to_owned());
        let cases = [
            ("**bold** and *soft*", "<strong>bold</strong> and <em>soft</em>"),
            ("a * b * c_d_e", "a <em> b </em> c_d_e"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("`<b>`", "<code>&lt;b&gt;</code>"),
            ("```conf\n[Peer]\n```", "<pre><code>[Peer]</code></pre>"),
            ("open ```fence", "open ```fence"),
            ("hi <@7> <@9>", "hi <span class=\"at\">@&lt;mika&gt;</span> <span class=\"at\">@unknown-user</span>"),
            ("\\*plain\\*", "*plain*"),
            ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
            ("# Title\n- one", "<span class=\"h1\">Title</span><br><span class=\"item\">one</span>"),
            ("<t:1700000000:R>", "<span class=\"at\">2023-11-14 22:13 UTC</span>"),
        ];
        for (text, wanted) in cases {
            assert_eq!(html(&state, text), wanted, "{text}");
        }
        let rel = "target=\"_blank\" rel=\"noopener noreferrer\"";
        let wanted = format!("see <a href=\"https://a.example/?q=&quot;\" {rel}>");
        assert!(!html(&state, "see https://a.example/?q=\"").starts_with(&wanted));
        let named = format!("<a href=\"https://a.example/x\" {rel}>the <strong>guide</strong></a>.");
        assert_eq!(html(&state, "[the **guide**](https://a.example/x)."), named);
    }
}

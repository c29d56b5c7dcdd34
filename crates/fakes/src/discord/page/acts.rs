//! What a person does on the page, by a form: it becomes the same act that a test would do by hand.

use super::view::{Draft, Place, Viewer};
use crate::FakeError;
use crate::discord::acts::find_line;
use crate::discord::hands::{Outcome, refused};
use crate::discord::{FakeDiscord, files};
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::header;
use serde_json::{Value, json};
use std::time::Duration;

/// The page looks so often for the bot's answer, and so long: a little longer than Discord waits.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 62;

/// The fields of a form, and its files.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) texts: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
}

impl Fields {
    /// Of either encoding; nothing if it can't be read.
    pub(crate) async fn read(request: Request) -> Option<Fields> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut fields = Fields::default();
        if !kind.starts_with("multipart/form-data") {
            let bytes = to_bytes(request.into_body(), files::LARGEST_FORM).await.ok()?;
            fields.texts = serde_urlencoded::from_bytes(&bytes).ok()?;
            return Some(fields);
        }
        let mut form = Multipart::from_request(request, &()).await.ok()?;
        while let Some(field) = form.next_field().await.ok()? {
            let name = field.name().unwrap_or_default().to_owned();
            let file = field.file_name().map(str::to_owned);
            let bytes = field.bytes().await.ok()?;
            match file {
                // A browser sends a field for files with nothing in it when none was chosen.
                Some(file) if file.is_empty() => {}
                Some(file) => fields.files.push((file, bytes)),
                None => fields.texts.push((name, String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))),
            }
        }
        Some(fields)
    }

    fn text(&self, name: &str) -> &str {
        self.texts.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// Those whose name begins so, without the beginning; what was left empty is not among them.
    fn under(&self, start: &str) -> Vec<(&str, &str)> {
        let named = self.texts.iter().filter_map(|(key, value)| Some((key.strip_prefix(start)?, value.as_str())));
        named.filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// Where the page goes after an act.
pub(crate) enum Next {
    /// To this address.
    Go(String),
    /// It stays, with what was filled in.
    Stay(Draft),
}

/// Does what a form asks for.
pub(crate) async fn act(hands: &FakeDiscord, viewer: &Viewer, fields: Fields) -> Next {
    let done = match fields.text("do") {
        "write" => write(hands, viewer, &fields).map(|_| None),
        "click" => hands.click(fields.number("message"), viewer.me, fields.text("custom_id")).map(Some),
        "choose" => choose(hands, viewer, &fields).map(Some),
        "run" if !fields.text("suggest").is_empty() => return suggest(hands, viewer, fields).await,
        "run" if !fields.text("pick").is_empty() => return Next::Stay(pick(fields)),
        "run" => run(hands, viewer, &fields).map(Some),
        "submit" => hands.submit(viewer.form.unwrap_or_default(), &fields.under("f:")).map(Some),
        _ => Err(refused("the page knows no such act")),
    };
    match done {
        Ok(None) => Next::Go(format!("{}#end", viewer.address(&[]))),
        Ok(Some(interaction)) => {
            let name = if matches!(wait(hands, interaction).await, Outcome::Modal { .. }) { "form" } else { "act" };
            Next::Go(format!("{}#end", viewer.address(&[(name, &interaction.to_string())])))
        }
        Err(error) => Next::Stay(stay(fields, error.to_string())),
    }
}

fn stay(fields: Fields, error: String) -> Draft {
    Draft { error: Some(error), values: fields.texts, proposals: None }
}

/// Waits for the bot as the client does.
async fn wait(hands: &FakeDiscord, interaction: u64) -> Outcome {
    for _ in 0..LOOKS {
        match hands.outcome(interaction) {
            Ok(Outcome::Waiting) => tokio::time::sleep(LOOK).await,
            Ok(outcome) => return outcome,
            Err(_) => break,
        }
    }
    Outcome::DidNotRespond
}

fn write(hands: &FakeDiscord, viewer: &Viewer, fields: &Fields) -> Result<u64, FakeError> {
    let files: Vec<(&str, &[u8])> = fields.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_ref())).collect();
    let text = fields.text("content");
    match viewer.place {
        Some(Place::Channel(channel)) => hands.write_with_files(channel, viewer.me, text, &files),
        Some(Place::Direct) => hands.write_to_bot_with_files(viewer.me, text, &files),
        None => Err(refused("there is no channel")),
    }
}

fn choose(hands: &FakeDiscord, viewer: &Viewer, fields: &Fields) -> Result<u64, FakeError> {
    let values: Vec<&str> = fields.under("value").into_iter().map(|(_, value)| value).collect();
    hands.choose(fields.number("message"), viewer.me, fields.text("custom_id"), &values)
}

/// The command of the viewer's line, with the options as their types want them.
fn run(hands: &FakeDiscord, viewer: &Viewer, fields: &Fields) -> Result<u64, FakeError> {
    let (Some(Place::Channel(channel)), Some(line)) = (viewer.place, viewer.line.as_deref()) else {
        return Err(refused("there is no such command here"));
    };
    let known = find_line(&hands.inner.lock(), channel, viewer.me, line)?.options;
    let typed = |(name, text): (&'_ str, &str)| {
        let kind = known.iter().find(|option| option["name"] == name).and_then(|option| option["type"].as_u64());
        let value: Option<Value> = match kind {
            Some(4) => text.parse::<i64>().ok().map(|number| json!(number)),
            Some(5) => text.parse::<bool>().ok().map(|truth| json!(truth)),
            Some(10) => text.parse::<f64>().ok().map(|number| json!(number)),
            _ => Some(json!(text)),
        };
        value.map(|value| (name.to_owned(), value)).ok_or_else(|| refused(format!("{text} is no value for {name}")))
    };
    let options = fields.under("o:").into_iter().map(typed).collect::<Result<Vec<_>, FakeError>>()?;
    let options: Vec<(&str, Value)> = options.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    hands.slash_with(channel, viewer.me, line, &options)
}

/// Asks the bot what it proposes for one option.
async fn suggest(hands: &FakeDiscord, viewer: &Viewer, fields: Fields) -> Next {
    let name = fields.text("suggest").to_owned();
    let text = fields.text(&format!("o:{name}")).to_owned();
    let (Some(Place::Channel(channel)), Some(line)) = (viewer.place, viewer.line.as_deref()) else {
        return Next::Stay(stay(fields, "there is no such command here".to_owned()));
    };
    let beside: Vec<(&str, Value)> =
        fields.under("o:").into_iter().map(|(option, value)| (option, json!(value))).collect();
    let asked = match hands.type_option_beside(channel, viewer.me, line, (&name, &text), &beside) {
        Ok(asked) => asked,
        Err(error) => return Next::Stay(stay(fields, error.to_string())),
    };
    match wait(hands, asked).await {
        Outcome::Choices(choices) => {
            Next::Stay(Draft { error: None, values: fields.texts, proposals: Some((name, choices)) })
        }
        _ => Next::Stay(stay(fields, "Loading options failed".to_owned())),
    }
}

/// Fills in what the bot had proposed: the name of the option, a space, the value.
fn pick(fields: Fields) -> Draft {
    let picked = fields.text("pick").split_once(' ').map(|(name, value)| (format!("o:{name}"), value.to_owned()));
    let mut values = fields.texts;
    if let Some((name, value)) = picked {
        values.retain(|(key, _)| *key != name);
        values.push((name, value));
    }
    Draft { error: None, values, proposals: None }
}

//! Files on messages: how they come in, how they are shown, and the address under which they are served.

use super::Inner;
use super::errors::ApiError;
use super::rest::LARGEST;
use super::state::{Message, State};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Multipart, Path, Query, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of one file at most, in a guild without boosts; interactions name it as `attachment_size_limit`.
pub(crate) const LARGEST_FILE: usize = 10 * 1024 * 1024;
/// Files of one message at most.
pub(crate) const MOST: usize = 10;
/// The largest form that is read: all files and the message itself.
pub(crate) const LARGEST_FORM: usize = MOST * LARGEST_FILE + LARGEST;
/// Seconds for which an address is good.
const ADDRESS_LIFE: i64 = 24 * 60 * 60;
/// A message shows a new address this often, in seconds, and not with every look: a page that asks whether something
/// changed would find that it always did.
const ADDRESS_STEP: i64 = 60;

/// A file in a request: `files[slot]`.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) slot: u64,
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
}

/// A file on a message.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// The name as it was given, when it held what a file's name may not.
    title: Option<String>,
    description: Option<String>,
    pub(crate) bytes: Bytes,
}

/// What a request holds: its JSON, and files if it was a form.
pub(crate) struct Sent {
    pub(crate) json: Bytes,
    pub(crate) uploads: Vec<Upload>,
}

/// Takes a form apart: `payload_json` and `files[n]`.
pub(crate) async fn read(head: &Parts, bytes: Bytes) -> Result<Sent, ApiError> {
    let broken = || ApiError::new(400, 50035, "Invalid Form Body");
    let mut request = Request::new(Body::from(bytes));
    request.headers_mut().clone_from(&head.headers);
    *request.extensions_mut() = head.extensions.clone();
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let mut sent = Sent { json: Bytes::from_static(b"{}"), uploads: Vec::new() };
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        let slot = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']')).and_then(|n| n.parse().ok());
        let file = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|_| broken())?;
        match slot {
            _ if name == "payload_json" => sent.json = bytes,
            Some(_) if bytes.len() > LARGEST_FILE => return Err(ApiError::too_large()),
            Some(slot) => sent.uploads.push(Upload { slot, name: file, bytes }),
            None => return Err(broken()),
        }
    }
    Ok(sent)
}

/// A file's name as Discord keeps it: letters, digits, `.`, `-` and `_`.
fn clean(name: &str) -> String {
    let keep = |letter: char| match letter {
        ' ' => Some('_'),
        _ if letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_') => Some(letter),
        _ => None,
    };
    let kept: String = name.chars().filter_map(keep).collect();
    if kept.trim_matches('.').is_empty() { "unknown".to_owned() } else { kept }
}

impl File {
    /// A file with a new id.
    pub(crate) fn new(state: &mut State, now: i64, name: &str, bytes: Bytes) -> File {
        let kept = clean(name);
        let title = (kept != name).then(|| name.to_owned());
        File { id: state.snowflake(now), name: kept, title, description: None, bytes }
    }

    fn kind(&self) -> Option<&'static str> {
        let (_, ending) = self.name.rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "txt" | "log" | "conf" => "text/plain; charset=utf-8",
            "md" => "text/markdown; charset=utf-8",
            "html" => "text/html; charset=utf-8",
            "csv" => "text/csv; charset=utf-8",
            "json" => "application/json; charset=utf-8",
            "pdf" => "application/pdf",
            "zip" => "application/zip",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "gif" => "image/gif",
            "webp" => "image/webp",
            "mp4" => "video/mp4",
            _ => return None,
        })
    }
}

/// The files that a new message gets: the uploads, as `attachments` in its body names them.
pub(crate) fn take(
    state: &mut State,
    now: i64,
    body: &Value,
    (uploads, base): (&[Upload], &str),
) -> Result<Vec<File>, ApiError> {
    for (at, listed) in body["attachments"].as_array().into_iter().flatten().enumerate() {
        if !uploads.iter().any(|upload| id_of(listed) == Some(upload.slot)) {
            return Err(missing(base, at));
        }
    }
    if uploads.len() > MOST {
        return Err(too_many());
    }
    Ok(uploads.iter().map(|upload| made(state, now, body, upload)).collect())
}

/// The files of a message after an edit: of the old ones those that `attachments` lists, or all if it is not there,
/// and the uploads.
pub(crate) fn change(
    state: &mut State,
    now: i64,
    (old, body): (&[File], &Value),
    (uploads, base): (&[Upload], &str),
) -> Result<Vec<File>, ApiError> {
    let mut files = Vec::new();
    if let Some(listed) = body["attachments"].as_array() {
        for (at, one) in listed.iter().enumerate() {
            let kept = old.iter().find(|file| id_of(one) == Some(file.id));
            let upload = uploads.iter().find(|upload| id_of(one) == Some(upload.slot));
            match (kept, upload) {
                (Some(file), _) => files.push(file.clone()),
                (None, Some(upload)) => files.push(made(state, now, body, upload)),
                (None, None) => return Err(missing(base, at)),
            }
        }
    } else {
        files.extend_from_slice(old);
        files.extend(uploads.iter().map(|upload| made(state, now, body, upload)));
    }
    if files.len() > MOST { Err(too_many()) } else { Ok(files) }
}

fn too_many() -> ApiError {
    ApiError::new(400, 30015, "Maximum number of attachments in a message reached (10)")
}

fn missing(base: &str, at: usize) -> ApiError {
    ApiError::invalid(&format!("{base}attachments.{at}"), "ATTACHMENT_NOT_FOUND", "Attachment data not found")
}

/// Of an entry in `attachments`: text or a number, a file's id or a slot.
fn id_of(listed: &Value) -> Option<u64> {
    listed["id"].as_u64().or_else(|| listed["id"].as_str()?.parse().ok())
}

fn made(state: &mut State, now: i64, body: &Value, upload: &Upload) -> File {
    let entry = body["attachments"].as_array().into_iter().flatten().find(|one| id_of(one) == Some(upload.slot));
    let text = |name: &str| entry.and_then(|entry| entry[name].as_str()).map(str::to_owned);
    let name = text("filename").unwrap_or_else(|| upload.name.clone());
    let file = File::new(state, now, &name, upload.bytes.clone());
    File { description: text("description"), title: text("title").or_else(|| file.title.clone()), ..file }
}

fn signature(inner: &Inner, place: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(inner.token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(place.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Where a file is served, for a day from the last full minute.
pub(crate) fn address(inner: &Inner, channel: u64, file: &File) -> String {
    let issued = inner.now().div_euclid(1000 * ADDRESS_STEP) * ADDRESS_STEP;
    let ends = issued + ADDRESS_LIFE;
    let name: String = url::form_urlencoded::byte_serialize(file.name.as_bytes()).collect();
    let mark = signature(inner, &format!("{channel}/{}/{}/{ends:x}", file.id, file.name));
    format!("http://{}/attachments/{channel}/{}/{name}?ex={ends:x}&is={issued:x}&hm={mark}&", inner.address, file.id)
}

/// Where an embed may name a file of its message as `attachment://name`.
pub(crate) const IN_EMBEDS: [&str; 4] = ["/image/url", "/thumbnail/url", "/author/icon_url", "/footer/icon_url"];

/// The file that `attachment://name` stands for.
pub(crate) fn named<'a>(message: &'a Message, url: &Value) -> Option<&'a File> {
    let name = url.as_str()?.strip_prefix("attachment://")?;
    message.files.iter().find(|file| file.name == name)
}

/// Whether an embed shows the file; then it does not stand among the files.
fn is_in_embed(message: &Message, file: &File) -> bool {
    let embeds = message.body["embeds"].as_array().into_iter().flatten();
    let mut urls = embeds.flat_map(|embed| IN_EMBEDS.iter().filter_map(|place| embed.pointer(place)));
    urls.any(|url| named(message, url).is_some_and(|found| found.id == file.id))
}

/// The files of a message as Discord writes them.
pub(crate) fn show(inner: &Inner, message: &Message) -> Value {
    let is_ephemeral = message.flags & super::interactions::EPHEMERAL != 0;
    let one = |file: &File| {
        let url = address(inner, message.channel, file);
        let mut shown = json!({
            "id": file.id.to_string(), "filename": file.name, "size": file.bytes.len(), "proxy_url": url, "url": url,
        });
        let texts = [
            ("content_type", file.kind()),
            ("title", file.title.as_deref()),
            ("description", file.description.as_deref()),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                shown[name] = json!(text);
            }
        }
        if is_ephemeral {
            shown["ephemeral"] = json!(true);
        }
        shown
    };
    message.files.iter().filter(|file| !is_in_embed(message, file)).map(one).collect()
}

/// `GET /attachments/{channel}/{id}/{name}`: no authorization but the signature in the address. What was deleted with
/// its message is gone.
pub(crate) async fn serve(
    Shared(inner): Shared<Arc<Inner>>,
    Path((channel, id, name)): Path<(u64, u64, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let text = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    let ends = i64::from_str_radix(text("ex"), 16).unwrap_or_default();
    let is_good = text("hm") == signature(&inner, &format!("{channel}/{id}/{name}/{ends:x}"));
    let found = inner
        .lock()
        .messages
        .values()
        .filter(|message| message.channel == channel)
        .find_map(|message| message.files.iter().find(|file| file.id == id && file.name == name).cloned());
    match found.filter(|_| is_good && ends * 1000 > inner.now()) {
        Some(file) => {
            let kind = file.kind().unwrap_or("application/octet-stream");
            // Whatever was uploaded, a browser that opens it here runs nothing of it.
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CONTENT_DISPOSITION, "attachment"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
            ];
            (headers, file.bytes).into_response()
        }
        None => (StatusCode::NOT_FOUND, "This content is no longer available.").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_holds_no_path_and_no_markup() {
        let cases = [
            ("my log.txt", "my_log.txt"),
            ("../../etc/passwd", "....etcpasswd"),
            ("<b>.html", "b.html"),
            ("..", "unknown"),
        ];
        for (given, kept) in cases {
            assert_eq!(clean(given), kept);
        }
    }
}

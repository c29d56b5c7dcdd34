//! `POST /emails` and `GET /emails/{id}`, by Resend's rules (<https://resend.com/docs/api-reference/emails/send-email>).

use super::address::is_mailbox;
use super::{Inner, Message, Used};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

const MOST_RECIPIENTS: usize = 50;
const LONGEST_KEY: usize = 256;
/// Seconds that a key is kept.
const KEY_KEPT: i64 = 24 * 3600;

/// Every field that `POST /emails` knows; those that this fake takes no part of are refused in words.
const KNOWN: &[&str] = &["from", "to", "subject", "html", "text", "cc", "bcc", "reply_to", "headers", "tags"];

struct Refusal {
    status: StatusCode,
    name: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: u16, name: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            name,
            message: message.into(),
        }
    }

    fn validation(message: impl Into<String>) -> Refusal {
        Refusal::new(422, "validation_error", message)
    }

    fn missing(field: &str) -> Refusal {
        Refusal::new(422, "missing_required_field", format!("Missing `{field}` field."))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "statusCode": self.status.as_u16(), "name": self.name, "message": self.message });
        (self.status, Json(body)).into_response()
    }
}

fn authorize(inner: &Inner, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(key) = given.strip_prefix("Bearer ").filter(|key| !key.is_empty()) else {
        return Err(Refusal::new(401, "missing_api_key", "Missing API Key"));
    };
    if bool::from(key.trim().as_bytes().ct_eq(inner.api_key.as_bytes())) {
        Ok(())
    } else {
        Err(Refusal::new(403, "invalid_api_key", "API key is invalid"))
    }
}

/// `POST /emails`
pub(crate) async fn send(Shared(inner): Shared<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    match take(&inner, &headers, &body) {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn take(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Result<String, Refusal> {
    authorize(inner, headers)?;
    let key = match headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default()) {
        Some(key) if key.is_empty() || key.len() > LONGEST_KEY => {
            let message = format!("The idempotency key must be between 1 and {LONGEST_KEY} characters.");
            return Err(Refusal::new(400, "invalid_idempotency_key", message));
        }
        key => key.map(str::to_owned),
    };
    let fields: Value =
        serde_json::from_slice(body).map_err(|_| Refusal::validation("The request body is not valid JSON."))?;
    let now = (inner.now)();
    // serde_json keeps an object's names sorted, so the same mail written in another order is the same text here.
    let canonical = fields.to_string();

    let mut mailbox = inner.mailbox();
    mailbox.keys.retain(|_, used| used.at > now - KEY_KEPT);
    if let Some(used) = key.as_ref().and_then(|key| mailbox.keys.get(key)) {
        if used.body == canonical {
            return Ok(used.id.clone());
        }
        let message = "This idempotency key has been used on a request with a different payload. Retrying this request is useless without changing the idempotency key or payload.";
        return Err(Refusal::new(409, "invalid_idempotent_request", message));
    }
    let mut message = read(&fields)?;
    message.id = new_id();
    message.at = now;
    message.idempotency_key.clone_from(&key);
    let id = message.id.clone();
    mailbox.messages.push(message);
    if let Some(key) = key {
        mailbox.keys.insert(key, Used { body: canonical, id: id.clone(), at: now });
    }
    inner.save(&mailbox);
    Ok(id)
}

fn read(fields: &Value) -> Result<Message, Refusal> {
    let object = fields.as_object().ok_or_else(|| Refusal::validation("The request body must be a JSON object."))?;
    if let Some(unknown) = object.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Refusal::validation(format!("The pretend Resend does not know the field `{unknown}`.")));
    }
    let from = text(fields, "from")?.ok_or_else(|| Refusal::missing("from"))?;
    if !is_mailbox(&from) {
        let message = "Invalid `from` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.";
        return Err(Refusal::new(422, "invalid_from_address", message));
    }
    let to = recipients(fields, "to")?;
    if to.is_empty() {
        return Err(Refusal::missing("to"));
    }
    let (cc, bcc) = (recipients(fields, "cc")?, recipients(fields, "bcc")?);
    let subject =
        text(fields, "subject")?.filter(|subject| !subject.is_empty()).ok_or_else(|| Refusal::missing("subject"))?;
    if subject.contains(['\r', '\n']) {
        return Err(Refusal::validation("The `\\n` is not allowed in the `subject` field."));
    }
    let (plain, html) = (text(fields, "text")?, text(fields, "html")?);
    if plain.is_none() && html.is_none() {
        return Err(Refusal::validation("Missing `html` or `text` field."));
    }
    let headers: BTreeMap<String, String> = match &fields["headers"] {
        Value::Null => BTreeMap::new(),
        headers => serde_json::from_value(headers.clone())
            .map_err(|_| Refusal::validation("The `headers` field must be an object of strings."))?,
    };
    let reply_to = recipients(fields, "reply_to")?;
    Ok(Message {
        id: String::new(),
        at: 0,
        from,
        to,
        cc,
        bcc,
        reply_to,
        subject,
        text: plain,
        html,
        headers,
        idempotency_key: None,
    })
}

fn text(fields: &Value, name: &str) -> Result<Option<String>, Refusal> {
    match &fields[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(Refusal::validation(format!("The `{name}` field must be a `string`."))),
    }
}

fn recipients(fields: &Value, name: &str) -> Result<Vec<String>, Refusal> {
    let wrong = || {
        Refusal::validation(format!(
            "Invalid `{name}` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` format."
        ))
    };
    let list: Vec<String> = match &fields[name] {
        Value::Null => Vec::new(),
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => {
            several.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong)).collect::<Result<_, _>>()?
        }
        _ => return Err(wrong()),
    };
    if list.len() > MOST_RECIPIENTS {
        return Err(Refusal::validation(format!("The `{name}` field may have at most {MOST_RECIPIENTS} recipients.")));
    }
    if list.iter().all(|one| is_mailbox(one)) { Ok(list) } else { Err(wrong()) }
}

/// A random UUID, as Resend's ids are.
fn new_id() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

/// `GET /emails/{id}`
pub(crate) async fn retrieve(
    Shared(inner): Shared<Arc<Inner>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    if let Err(refusal) = authorize(&inner, &headers) {
        return refusal.into_response();
    }
    let mailbox = inner.mailbox();
    let Some(message) = mailbox.messages.iter().find(|message| message.id == id) else {
        return Refusal::new(404, "not_found", "Email not found").into_response();
    };
    Json(json!({
        "object": "email", "id": message.id, "from": message.from, "to": message.to, "cc": message.cc, "bcc": message.bcc,
        "reply_to": message.reply_to, "subject": message.subject, "text": message.text, "html": message.html,
        "created_at": time::OffsetDateTime::from_unix_timestamp(message.at)
            .ok()
            .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok()),
        "last_event": "delivered",
    }))
    .into_response()
}

/// Any other path.
pub(crate) async fn nothing() -> Response {
    Refusal::new(404, "not_found", "The requested endpoint does not exist.").into_response()
}

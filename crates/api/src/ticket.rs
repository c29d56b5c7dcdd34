//! Support tickets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A support ticket.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// Its id.
    pub id: Uuid,
    /// What people call it by.
    pub number: i64,
    /// What it is about, in one line.
    pub subject: String,
    /// `connection`, `setup`, `payment`, `account` or `other`.
    pub category: String,
    /// `opening`, `open` (we owe an answer), `waiting` (we wait for the customer) or `closed`.
    pub state: String,
    /// When it was opened.
    pub created_at: String,
    /// When anything was last written or done in it.
    pub updated_at: String,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// Why, if that was said.
    pub close_reason: Option<String>,
    /// The customer's verdict, 1 to 5.
    pub rating: Option<i64>,
}

/// A page of tickets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TicketList {
    /// Newest first.
    pub tickets: Vec<Ticket>,
    /// How to ask for the next page; null is the end.
    pub next_cursor: Option<String>,
}

/// Something in a ticket.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TicketMessage {
    /// Its id.
    pub id: Uuid,
    /// Who wrote or did it: `customer`, `staff` or `system`.
    pub side: String,
    /// What was done: `closed`, `reopened`, `warned`, `rated`; null for a message.
    pub event: Option<String>,
    /// The message; of an event, more words.
    pub body: String,
    /// When.
    pub at: String,
    /// What is attached.
    pub files: Vec<TicketFile>,
}

/// An attached file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TicketFile {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its media type, by its content.
    pub media_type: String,
    /// Its size.
    pub bytes: i64,
}

/// A ticket with what is written in it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TicketThread {
    /// The ticket.
    pub ticket: Ticket,
    /// Oldest first.
    pub messages: Vec<TicketMessage>,
}

/// A file to be attached: PNG, JPEG, GIF, WebP, PDF or plain text of at most 5 MB.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// Its name.
    #[schema(max_length = 255)]
    pub name: String,
    /// Its content in base64 (RFC 4648, section 4).
    #[schema(content_encoding = "base64")]
    pub content: String,
}

/// A ticket to be opened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTicket {
    /// One line.
    #[schema(min_length = 3, max_length = 120)]
    pub subject: String,
    /// `connection`, `setup`, `payment`, `account` or `other`.
    #[schema(example = "connection", max_length = 16)]
    pub category: String,
    /// The first message. Private and pre-shared keys in it are replaced.
    #[schema(min_length = 1, max_length = 4000)]
    pub body: String,
    /// At most four, 10 MB together.
    #[serde(default)]
    pub files: Vec<NewFile>,
}

/// A message to be written.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTicketMessage {
    /// The message. Private and pre-shared keys in it are replaced.
    #[schema(min_length = 1, max_length = 4000)]
    pub body: String,
    /// At most four, 10 MB together.
    #[serde(default)]
    pub files: Vec<NewFile>,
}

/// What the customer thought of a ticket.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateTicket {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    pub rating: i64,
    /// In words.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
}

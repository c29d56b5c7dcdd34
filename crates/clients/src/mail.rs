//! Mail: one message to one recipient, by Resend's API or by SMTP.

mod resend;
mod smtp;

use std::fmt;
use std::time::Duration;

use domain::account::Email;
use secrecy::SecretString;
use url::Url;

use crate::{SetupError, http};

pub use resend::Resend;
pub use smtp::Smtp;

/// Most characters of an id: Resend's limit for an idempotency key.
const MAX_ID: usize = 256;

/// A mail to one recipient.
#[derive(Clone)]
pub struct Message {
    /// What tells it from all others, however often it is sent: idempotency key and Message-ID. 1 to 256 ASCII letters,
    /// digits and `-_.`.
    pub id: String,
    /// `MiraiVPN <hello@mirai.example>`, or the address alone.
    pub from: String,
    /// The recipient's address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Where the recipient, or their mail program with one click (RFC 8058), says that no more of this kind is wanted.
    pub unsubscribe: Option<String>,
}

/// Addresses, and links that let one in, stay out of logs.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a mail was not sent. The text holds no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// This mail will not be sent, however often it is tried.
    #[error("the mail was refused: {0}")]
    Refused(String),
    /// Too many right now; try again later.
    #[error("the mail service is busy")]
    Busy {
        /// How long it says to wait.
        retry_after: Option<Duration>,
    },
    /// No answer, no connection, an error of the service's own, or settings that it does not accept: try again later. It
    /// may have been sent or not.
    #[error("the mail service can't be used: {0}")]
    Down(String),
}

impl MailError {
    /// Whether the same mail may get through later.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, MailError::Refused(_))
    }
}

/// The way that mails take.
#[derive(Debug)]
pub enum Mailer {
    /// Resend's API: sent exactly once, by the id.
    Resend(Resend),
    /// An SMTP server: sent at least once, always with the same Message-ID.
    Smtp(Smtp),
}

impl Mailer {
    /// By Resend's API at `base` (`https://api.resend.com`) with this key (`re_…`).
    pub fn resend(base: Url, key: SecretString) -> Result<Mailer, SetupError> {
        Ok(Mailer::Resend(Resend::new(base, key, http::TIMEOUT)?))
    }

    /// By the SMTP server at `url`: `smtps://user:password@host[:465]` speaks TLS from the first byte,
    /// `smtp://user:password@host[:587]` changes to TLS before anything else is said, and sends nothing if the server
    /// can't (`?tls=starttls` or `?tls=required` say the same). Without TLS only to this very machine, or where
    /// `?tls=none` asks for it (port 25).
    pub fn smtp(url: &SecretString) -> Result<Mailer, SetupError> {
        Ok(Mailer::Smtp(Smtp::new(url, http::TIMEOUT)?))
    }

    /// The same with another time that one mail may take; 10 s is the default.
    pub fn with_timeout(mut self, timeout: Duration) -> Mailer {
        match &mut self {
            Mailer::Resend(resend) => resend.timeout = timeout,
            Mailer::Smtp(smtp) => smtp.timeout = timeout,
        }
        self
    }

    /// Sends a mail; `Ok` once the service has taken it over.
    pub async fn send(&self, message: &Message) -> Result<(), MailError> {
        let checked = Checked::of(message)?;
        match self {
            Mailer::Resend(resend) => resend.send(&checked).await,
            Mailer::Smtp(smtp) => smtp.send(&checked).await,
        }
    }
}

/// A message whose parts can stand in a header.
struct Checked<'a> {
    message: &'a Message,
    /// The recipient with the domain in ASCII.
    to: String,
}

impl Checked<'_> {
    /// The headers by which a mail program shows its own button (RFC 2369) and needs no page for it (RFC 8058).
    fn headers(&self) -> Vec<(&'static str, String)> {
        let link = self.message.unsubscribe.as_ref();
        let headers = link.map(|link| {
            [
                ("List-Unsubscribe", format!("<{link}>")),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
            ]
        });
        headers.into_iter().flatten().collect()
    }

    fn of(message: &Message) -> Result<Checked<'_>, MailError> {
        let refused = |words: &str| Err(MailError::Refused(words.to_owned()));
        let id = &message.id;
        let is_id = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(is_id) {
            return refused("its id is not 1 to 256 letters, digits and -_.");
        }
        // A line break would begin a header of the writer's choice.
        if [&message.from, &message.subject].iter().any(|line| line.chars().any(char::is_control)) {
            return refused("sender or subject is more than one line");
        }
        // The same of a link that ends where the header's angle brackets close.
        let is_link = |link: &String| link.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b));
        if !message.unsubscribe.iter().all(is_link) {
            return refused("its link to unsubscribe is none");
        }
        match Email::parse(&message.to) {
            Ok(to) => Ok(Checked { message, to: to.deliverable() }),
            Err(error) => refused(error.code()),
        }
    }
}

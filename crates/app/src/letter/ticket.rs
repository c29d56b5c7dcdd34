//! What mails say about support tickets.

use domain::time::{UnixMs, day};
use store::tickets;

use super::Part;
use crate::i18n::Translator;

/// What happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// To the team: a new one.
    Opened,
    /// To the team: it is open again.
    Reopened,
    /// To who has it: the customer has answered.
    Continued,
    /// To who has it now: another has handed it on.
    Transferred,
    /// To the customer: an answer.
    Answered {
        /// The answer.
        text: String,
    },
    /// To the customer: it will be closed unless they write.
    Warned {
        /// When.
        closes_at: UnixMs,
    },
    /// To the customer: it is closed.
    Closed {
        /// Why, if that was said.
        reason: Option<String>,
        /// All that was written, for the customer's own files.
        transcript: String,
    },
}

/// A mail about a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketLetter {
    number: i64,
    subject: String,
    news: News,
    link: String,
}

impl TicketLetter {
    /// About this ticket; `link` leads to it.
    pub fn of(ticket: &tickets::Model, news: News, link: String) -> TicketLetter {
        TicketLetter { number: ticket.number, subject: ticket.subject.clone(), news, link }
    }

    /// The kind, as logs and the outbox name it.
    pub(super) fn name(&self) -> &'static str {
        match self.news {
            News::Opened => "ticket_opened",
            News::Reopened => "ticket_reopened",
            News::Continued => "ticket_continued",
            News::Transferred => "ticket_transferred",
            News::Answered { .. } => "ticket_answered",
            News::Warned { .. } => "ticket_warned",
            News::Closed { .. } => "ticket_closed",
        }
    }

    pub(super) fn parts(&self, t: Translator) -> (String, Vec<Part>) {
        let number = self.number.to_string();
        let values = [("number", number.as_str().into()), ("subject", self.subject.as_str().into())];
        let words = |key: &str| Part::Words(t.with_all(key, &values));
        let plain = |text: &str| Part::Words(text.to_owned());
        let mut parts = match &self.news {
            News::Opened => vec![words("mail-ticket-opened")],
            News::Reopened => vec![words("mail-ticket-reopened")],
            News::Continued => vec![words("mail-ticket-continued")],
            News::Transferred => vec![words("mail-ticket-transferred")],
            News::Answered { text } => {
                vec![words("mail-ticket-answered"), plain(text), words("mail-ticket-answer-here")]
            }
            News::Warned { closes_at } => {
                let day = day(*closes_at);
                let values = [("number", number.as_str().into()), ("day", day.as_str().into())];
                vec![Part::Words(t.with_all("mail-ticket-warned", &values))]
            }
            News::Closed { reason, transcript } => {
                let mut parts = vec![words("mail-ticket-closed")];
                parts.extend(
                    reason.as_deref().map(|reason| Part::Words(t.with("mail-ticket-reason", "reason", reason))),
                );
                parts.extend([plain(transcript), words("mail-ticket-closed-after")]);
                parts
            }
        };
        parts.push(Part::Link { label: t.say("mail-ticket-action"), url: self.link.clone() });
        (t.with_all("mail-ticket-subject", &values), parts)
    }
}

//! What spammers do on Discord: the same text again and again, and texts full of links.

use domain::time::UnixMs;
use store::{Tx, ticket_messages};
use uuid::Uuid;

use super::{Source, Written, place};
use crate::{App, Error, Result};

/// So often the same text is taken in so many milliseconds, in all tickets of one customer: sent twice is a slip.
const SAME: usize = 2;
const SAME_MS: i64 = 10 * 60_000;
/// Most links of a message: a log or a trace has fewer, an advertisement has them by the dozen.
const MOST_LINKS: usize = 10;

/// Refuses what a customer is about to write on Discord if it is part of a flood. A text that can't be read any more is none.
pub(super) async fn check(app: &App, tx: &Tx, customer: Uuid, written: &Written, now: UnixMs) -> Result<()> {
    if !matches!(written.source, Source::Form | Source::Thread) {
        return Ok(());
    }
    let text = written.body.as_str();
    if text.matches("://").count() > MOST_LINKS {
        let detail = format!("a message has at most {MOST_LINKS} links");
        return Err(Error::invalid("body", "too_many_links", detail));
    }
    // A few words may stand beside one file after the other.
    if !written.files.is_empty() {
        return Ok(());
    }
    let recent = ticket_messages::by_author(tx, customer, now - SAME_MS).await?;
    let is_same = |row: &&ticket_messages::Model| {
        app.sealer.open(&row.body_sealed, &place(row.id)).is_ok_and(|known| known == text.as_bytes())
    };
    if recent.iter().filter(is_same).count() >= SAME {
        return Err(Error::invalid("body", "message_repeated", "this was sent already; it is there"));
    }
    Ok(())
}

//! What mails to subscribers of the status page say.

use domain::monitor::incident::Stage;
use domain::monitor::news::What;
use domain::time::UnixMs;

use super::Part;
use crate::i18n::Translator;
use crate::status::{moment, part_names, stage_word};
use crate::status_news::{Event, News};

/// Subject and parts, up to the link.
pub(super) fn parts(news: &News, t: Translator) -> (String, Vec<Part>) {
    let parts = if news.components.is_empty() { t.say("status-work-all") } else { part_names(t, &news.components) };
    let subject = |key: &str| t.with(key, "what", news.title.as_ref().unwrap_or(&parts));
    let mut said: Vec<Part> = news.title.iter().cloned().map(Part::Words).collect();
    match &news.event {
        Event::Incident { what, stage, started_at, words, .. } => {
            let since = moment(t, *started_at);
            let values = [("what", parts.as_str().into()), ("since", since.as_str().into())];
            said.push(Part::Words(t.with_all("mail-status-body", &values)));
            let stage = stage.parse().unwrap_or(Stage::Investigating);
            said.push(Part::Words(format!("{}: {}", moment(t, news.at), t.say(stage_word(stage)))));
            said.extend(words.iter().cloned().map(Part::Words));
            let key = match what.parse() {
                Ok(What::Resolved) => "mail-status-resolved-subject",
                Ok(What::Updated) => "mail-status-updated-subject",
                _ => "mail-status-opened-subject",
            };
            (subject(key), said)
        }
        Event::Maintenance { from, to, repeat } => {
            said.push(times(t, &parts, *from, *to));
            if repeat != "once" {
                said.push(Part::Words(format!(
                    "{}: {}",
                    t.say("admin-repeat"),
                    t.say(&format!("admin-repeat-{repeat}"))
                )));
            }
            (subject("mail-status-work-subject"), said)
        }
        Event::MaintenanceCanceled { from, to } => {
            said.push(times(t, &parts, *from, *to));
            said.push(Part::Words(t.say("mail-status-canceled-body")));
            (subject("mail-status-canceled-subject"), said)
        }
    }
}

/// What work is done on, and when.
fn times(t: Translator, parts: &str, from: UnixMs, to: UnixMs) -> Part {
    let (from, to) = (moment(t, from), moment(t, to));
    let values = [("what", parts.into()), ("from", from.as_str().into()), ("to", to.as_str().into())];
    Part::Words(t.with_all("status-work", &values))
}

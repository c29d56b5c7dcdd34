//! The forms that the bot opens. Discord takes them as the first answer only, so that they are opened before anything slow
//! is asked.

use app::i18n::Translator;

use crate::ask::{Ask, What};
use crate::ids::Press;
use crate::reply::{Field, FieldKind, Form};

/// The form that an interaction asks for.
pub(crate) fn of(ask: &Ask) -> Option<Form> {
    let t = Translator::new(ask.language);
    let field = |id: &'static str, kind: FieldKind, required| Field {
        id,
        label: t.say(&format!("bot-field-{id}")),
        kind,
        required,
    };
    let ticket =
        || vec![field("subject", FieldKind::Line(3, 120), true), field("text", FieldKind::Text(1, 4_000), true)];
    let (press, title, fields) = match &ask.what {
        What::TicketOpen | What::Press(Press::Ticket) => (Press::Ticket, "bot-form-ticket", ticket()),
        What::Press(Press::Human(trail)) => (Press::Human(trail.clone()), "bot-form-ticket", ticket()),
        What::Press(Press::Write) => {
            (Press::Write, "bot-form-write", vec![field("text", FieldKind::Text(1, 4_000), true)])
        }
        What::Press(Press::Close) => {
            let reason = field("reason", FieldKind::Line(1, 180), ask.who.has_staff_role);
            (Press::Close, "bot-form-close", vec![reason])
        }
        _ => return None,
    };
    Some(Form { press, title: t.say(title), fields })
}

//! A form that the bot opened before the viewer.

use super::messages::show_menu;
use super::view::{Draft, Viewer};
use crate::discord::forms::LABEL;
use crate::discord::state::State;
use crate::html::escape;
use serde_json::Value;

/// The form, if it opened before the viewer.
pub(crate) fn show(state: &State, viewer: &Viewer, interaction: u64, draft: &Draft) -> String {
    let one = state.interactions.get(&interaction).filter(|one| one.member == viewer.me);
    let Some(modal) = one.and_then(|one| one.modal.as_ref()) else {
        return "<p class=\"bad\" role=\"alert\">No form is open.</p>\n".to_owned();
    };
    let parts: String = modal["components"].as_array().into_iter().flatten().map(|part| field(part, draft)).collect();
    format!(
        "<form class=\"modal\" method=\"post\" action=\"{}\"><h2>{}</h2>{}<input type=\"hidden\" name=\"do\" value=\"submit\">\
         {parts}<div class=\"acts\"><button class=\"s1\">Submit</button><a href=\"{}\">Cancel</a></div></form>\n",
        escape(&viewer.address(&[("form", &interaction.to_string())])),
        escape(modal["title"].as_str().unwrap_or_default()),
        draft.complaint(),
        escape(&viewer.address(&[])),
    )
}

/// A field with its label, in either of the two shapes that a form may have.
fn field(part: &Value, draft: &Draft) -> String {
    let is_labelled = part["type"] == LABEL;
    let inner = if is_labelled { &part["component"] } else { &part["components"][0] };
    let label = if is_labelled { &part["label"] } else { &inner["label"] };
    let text = |value: &Value| escape(value.as_str().unwrap_or_default());
    let required = inner["required"] != false;
    let id = inner["custom_id"].as_str().unwrap_or_default();
    let key = escape(&format!("f:{id}"));
    let head = format!(
        "<label for=\"{key}\">{}{} <span class=\"quiet\">{}</span></label>",
        text(label),
        if required { " *" } else { "" },
        text(&part["description"]),
    );
    let written = draft.value(&format!("f:{id}"));
    if inner["type"] == 3 {
        let chosen: Vec<&str> = draft
            .values
            .iter()
            .filter(|(name, _)| *name == format!("f:{id}"))
            .map(|(_, value)| value.as_str())
            .collect();
        return head + &show_menu(inner, &format!("f:{id}"), &chosen, &format!(" id=\"{key}\""));
    }
    let value = escape(written.or(inner["value"].as_str()).unwrap_or_default());
    let rest = format!(
        "id=\"{key}\" name=\"{key}\" placeholder=\"{}\" maxlength=\"{}\"",
        text(&inner["placeholder"]),
        inner["max_length"].as_u64().unwrap_or(4000),
    );
    if inner["style"] == 2 {
        format!("{head}<textarea {rest} rows=\"4\">{value}</textarea>")
    } else {
        format!("{head}<input {rest} value=\"{value}\">")
    }
}

//! What embeds and menus may hold.

use super::errors::ApiError;
use serde_json::Value;

/// All embeds of a message together.
const TOTAL: usize = 6000;
/// Where a text stands in an embed, and its letters at most.
const TEXTS: [(&[&str], usize); 4] =
    [(&["title"], 256), (&["description"], 4096), (&["footer", "text"], 2048), (&["author", "name"], 256)];

fn too_long(path: &str, most: usize) -> ApiError {
    ApiError::invalid(path, "BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."))
}

fn letters(value: &Value) -> usize {
    value.as_str().unwrap_or_default().chars().count()
}

/// Refuses embeds with too long a text; `path` is where they stand.
pub(crate) fn check(embeds: &[Value], path: &str) -> Result<(), ApiError> {
    if embeds.len() > 10 {
        return Err(too_long(path, 10));
    }
    let mut total = 0;
    for (at, embed) in embeds.iter().enumerate() {
        for (place, most) in TEXTS {
            let length = letters(place.iter().fold(embed, |inner, name| &inner[*name]));
            total += length;
            if length > most {
                return Err(too_long(&format!("{path}.{at}.{}", place.join(".")), most));
            }
        }
        let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
        if fields.len() > 25 {
            return Err(too_long(&format!("{path}.{at}.fields"), 25));
        }
        for (field_at, field) in fields.iter().enumerate() {
            for (name, most) in [("name", 256), ("value", 1024)] {
                let length = letters(&field[name]);
                total += length;
                let path = format!("{path}.{at}.fields.{field_at}.{name}");
                match length {
                    0 => return Err(ApiError::invalid(&path, "BASE_TYPE_REQUIRED", "This field is required")),
                    _ if length > most => return Err(too_long(&path, most)),
                    _ => {}
                }
            }
        }
    }
    if total > TOTAL {
        let message = "Embed size exceeds maximum size of 6000";
        return Err(ApiError::invalid(path, "MAX_EMBED_SIZE_EXCEEDED", message));
    }
    Ok(())
}

/// Refuses a button or menu with too long a text, or a menu without options; `path` is where it stands.
pub(crate) fn check_part(part: &Value, path: &str) -> Result<(), ApiError> {
    for (name, most) in [("label", 80), ("placeholder", 150)] {
        if letters(&part[name]) > most {
            return Err(too_long(&format!("{path}.{name}"), most));
        }
    }
    if part["type"] != 3 {
        return Ok(());
    }
    let options = part["options"].as_array().map_or(&[][..], Vec::as_slice);
    let path = format!("{path}.options");
    if !(1..=25).contains(&options.len()) {
        return Err(ApiError::invalid(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length."));
    }
    for (at, option) in options.iter().enumerate() {
        for (name, least) in [("label", 1), ("value", 1), ("description", 0)] {
            if !(least..=100).contains(&letters(&option[name])) {
                let message = format!("Must be between {least} and 100 in length.");
                return Err(ApiError::invalid(&format!("{path}.{at}.{name}"), "BASE_TYPE_BAD_LENGTH", &message));
            }
        }
        if options.iter().take(at).any(|earlier| earlier["value"] == option["value"]) {
            let message = "The specified option value is already used";
            return Err(ApiError::invalid(
                &format!("{path}.{at}.value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                message,
            ));
        }
    }
    Ok(())
}

//! Forms: what the bot may put into one, and what comes of a person's filling it in.

use super::errors::ApiError;
use super::hands::refused;
use crate::FakeError;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The component that holds a field with its label.
pub(crate) const LABEL: u64 = 18;
const TEXT_INPUT: u64 = 4;

fn length(part: &Value, name: &str) -> usize {
    part[name].as_str().unwrap_or_default().chars().count()
}

/// Refuses a form that Discord would not open.
pub(crate) fn check(data: &Value) -> Result<(), ApiError> {
    let within = |part: &Value, path: &str, name: &str, (least, most): (usize, usize)| {
        if (least..=most).contains(&length(part, name)) {
            return Ok(());
        }
        let message = format!("Must be between {least} and {most} in length.");
        Err(ApiError::invalid(&format!("{path}.{name}"), "BASE_TYPE_BAD_LENGTH", &message))
    };
    within(data, "data", "title", (1, 45))?;
    within(data, "data", "custom_id", (1, 100))?;
    let parts = data["components"].as_array().map_or(&[][..], Vec::as_slice);
    if !(1..=5).contains(&parts.len()) {
        let message = "Must be between 1 and 5 in length.";
        return Err(ApiError::invalid("data.components", "BASE_TYPE_BAD_LENGTH", message));
    }
    let mut ids = BTreeSet::new();
    for (at, part) in parts.iter().enumerate() {
        let path = format!("data.components.{at}");
        let (field, path) = if part["type"] == LABEL {
            within(part, &path, "label", (1, 45))?;
            within(part, &path, "description", (0, 100))?;
            (&part["component"], format!("{path}.component"))
        } else if part["type"] == 1 && part["components"].as_array().is_some_and(|row| row.len() == 1) {
            let path = format!("{path}.components.0");
            within(&part["components"][0], &path, "label", (1, 45))?;
            (&part["components"][0], path)
        } else {
            let message = "A form holds labels, or rows of one text input.";
            return Err(ApiError::invalid(&path, "COMPONENT_TYPE_INVALID", message));
        };
        within(field, &path, "custom_id", (1, 100))?;
        within(field, &path, "placeholder", (0, if field["type"] == TEXT_INPUT { 100 } else { 150 }))?;
        within(field, &path, "value", (0, 4000))?;
        if !ids.insert(field["custom_id"].as_str().unwrap_or_default()) {
            let message = "Component custom id cannot be duplicated";
            return Err(ApiError::invalid(&format!("{path}.custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message));
        }
    }
    Ok(())
}

/// The components of the submission, in the shape in which the form had them.
pub(crate) fn fill(form: &Value, fields: &[(&str, &str)]) -> Result<Vec<Value>, FakeError> {
    let parts = form["components"].as_array().into_iter().flatten();
    let mut known = BTreeSet::new();
    let mut filled = Vec::new();
    for (number, part) in parts.enumerate() {
        let field = if part["type"] == LABEL { &part["component"] } else { &part["components"][0] };
        let id = field["custom_id"].as_str().unwrap_or_default();
        known.insert(id);
        let given = fields.iter().filter(|(name, _)| *name == id).map(|(_, value)| *value).collect();
        let mut inner = fill_field(field, given)?;
        inner["id"] = json!(2 * number + 2);
        filled.push(if part["type"] == LABEL {
            json!({ "type": LABEL, "id": 2 * number + 1, "component": inner })
        } else {
            json!({ "type": 1, "id": 2 * number + 1, "components": [inner] })
        });
    }
    match fields.iter().find(|(name, _)| !known.contains(name)) {
        Some((name, _)) => Err(refused(format!("the form has no field {name}"))),
        None => Ok(filled),
    }
}

fn fill_field(field: &Value, given: Vec<&str>) -> Result<Value, FakeError> {
    let id = &field["custom_id"];
    if field["type"] != TEXT_INPUT {
        check_chosen(field, &given)?;
        return Ok(json!({ "type": field["type"], "custom_id": id, "values": given }));
    }
    let text = given.concat();
    let letters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    // A field is required unless the bot says otherwise.
    if letters == 0 && field["required"] != false {
        return Err(refused(format!("the form asks for {id}")));
    }
    let (least, most) = (field["min_length"].as_u64().unwrap_or(0), field["max_length"].as_u64().unwrap_or(4000));
    if letters > 0 && !(least..=most).contains(&letters) {
        return Err(refused(format!("{id} takes {least} to {most} letters")));
    }
    Ok(json!({ "type": TEXT_INPUT, "custom_id": id, "value": text }))
}

/// What is chosen from a menu must be there, and as many as it lets one choose.
pub(crate) fn check_chosen(menu: &Value, values: &[&str]) -> Result<(), FakeError> {
    let options = menu["options"].as_array().map_or(&[][..], Vec::as_slice);
    if let Some(value) = values.iter().find(|value| !options.iter().any(|option| option["value"] == **value)) {
        return Err(refused(format!("the menu has no option {value}")));
    }
    let count = u64::try_from(values.len()).unwrap_or(u64::MAX);
    let (least, most) = (menu["min_values"].as_u64().unwrap_or(1), menu["max_values"].as_u64().unwrap_or(1));
    if (least..=most).contains(&count) { Ok(()) } else { Err(refused(format!("the menu takes {least} to {most}"))) }
}

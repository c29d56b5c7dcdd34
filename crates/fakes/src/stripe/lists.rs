//! Lists by cursor, and `expand`.

use super::errors::ApiError;
use super::form::Params;
use super::state::{Cx, State, Table, public};
use serde_json::{Value, json};

/// How deep `expand` may go, by Stripe's rule.
const DEEPEST: usize = 4;

/// A page of `table`, newest first. `url` is the list's path; `keep` holds the filters.
pub(crate) fn page(
    cx: &Cx<'_>,
    table: Table,
    url: &str,
    p: &Params,
    keep: impl Fn(&Value) -> bool,
) -> Result<Value, ApiError> {
    let limit = limit(p)?;
    let created = |object: &Value| {
        let at = object["created"].as_i64().unwrap_or_default();
        p.int("created").is_none_or(|exact| at == exact)
            && p.int("created[gt]").is_none_or(|bound| at > bound)
            && p.int("created[gte]").is_none_or(|bound| at >= bound)
            && p.int("created[lt]").is_none_or(|bound| at < bound)
            && p.int("created[lte]").is_none_or(|bound| at <= bound)
    };
    let newest_first: Vec<&Value> = cx.state.all(table).iter().rev().collect();
    let position = |param: &str| -> Result<Option<usize>, ApiError> {
        let Some(id) = p.get(param) else { return Ok(None) };
        match newest_first.iter().position(|object| object["id"] == id) {
            Some(at) => Ok(Some(at)),
            None => Err(ApiError::no_such(table.noun(), id, param)),
        }
    };
    let (after, before) = (position("starting_after")?, position("ending_before")?);
    if after.is_some() && before.is_some() {
        let message = "Received both starting_after and ending_before parameters. Please pass in only one.";
        return Err(ApiError::parameter(None, message, "ending_before"));
    }
    let (from, to) = (after.map_or(0, |at| at + 1), before.unwrap_or(newest_first.len()));
    let found: Vec<&Value> =
        newest_first[from..to].iter().copied().filter(|object| created(object) && keep(object)).collect();
    let more = found.len() > limit;
    // Before a cursor, the page is the one next to the cursor, not the newest one.
    let cut =
        if before.is_some() { &found[found.len().saturating_sub(limit)..] } else { &found[..found.len().min(limit)] };
    let data: Vec<Value> = cut.iter().map(|object| (*object).clone()).collect();
    Ok(json!({ "object": "list", "url": url, "has_more": more, "data": data }))
}

fn limit(p: &Params) -> Result<usize, ApiError> {
    let code = Some("parameter_invalid_integer");
    match p.int("limit") {
        None => Ok(10),
        Some(limit) if limit < 1 => {
            let message = format!("This value must be greater than or equal to 1 (it currently is '{limit}').");
            Err(ApiError::parameter(code, message, "limit"))
        }
        Some(limit) if limit > 100 => {
            let message = format!("This value must be less than or equal to 100 (it currently is '{limit}').");
            Err(ApiError::parameter(code, message, "limit"))
        }
        Some(limit) => Ok(usize::try_from(limit).unwrap_or(10)),
    }
}

/// A list that stands inside an object.
pub(crate) fn inner_list(url: &str, data: Vec<Value>) -> Value {
    json!({ "object": "list", "url": url, "has_more": false, "data": data })
}

/// The reply: private fields taken out, ids on the asked paths replaced by their objects.
pub(crate) fn expand(state: &State, object: &Value, paths: &[&str]) -> Result<Value, ApiError> {
    let mut out = object.clone();
    for path in paths {
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > DEEPEST {
            let message = format!("You cannot expand more than {DEEPEST} levels of a property. Property: {path}");
            return Err(ApiError::parameter(None, message, "expand"));
        }
        if !expand_at(state, &mut out, &parts) {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(ApiError::parameter(None, message, "expand"));
        }
    }
    Ok(public(&out))
}

fn expand_at(state: &State, object: &mut Value, path: &[&str]) -> bool {
    let Some((name, rest)) = path.split_first() else { return true };
    if matches!(*name, "id" | "metadata") {
        return false;
    }
    if let Value::Array(items) = object {
        return items.iter_mut().all(|item| expand_at(state, item, path));
    }
    let Value::Object(fields) = object else {
        // Below a field that is null here there is nothing to expand, and nothing wrong.
        return object.is_null();
    };
    if let Some(hidden) = fields.get(&format!("_{name}")).cloned() {
        fields.insert((*name).to_owned(), hidden);
    }
    let Some(field) = fields.get_mut(*name) else { return false };
    replace(state, field);
    if rest.is_empty() { expandable(field) } else { expand_at(state, field, rest) }
}

fn replace(state: &State, field: &mut Value) {
    match field {
        Value::String(id) => {
            if let Some(object) = Table::of_id(id).and_then(|table| state.find(table, id)) {
                *field = object.clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(state, item)),
        _ => {}
    }
}

fn expandable(field: &Value) -> bool {
    match field {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => false,
        Value::Array(items) => items.iter().all(expandable),
        Value::Object(_) | Value::Null => true,
    }
}

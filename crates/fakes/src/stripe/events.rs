//! The list of events: what a shop that missed a webhook reads.

use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::lists;
use super::state::{Cx, Table};
use serde_json::Value;

const LIST: &[Known] = &[("type", Kind::Text), ("types[#]", Kind::Text), ("delivery_success", Kind::Bool)];

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Events, id)
}

pub(crate) fn list(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING, CREATED])?;
    let types = p.list("types");
    if p.get("type").is_some() && !types.is_empty() {
        return Err(ApiError::exclusive("type", "types"));
    }
    if types.len() > 20 {
        return Err(ApiError::parameter(None, "You may only specify up to 20 types.", "types"));
    }
    lists::page(cx, Table::Events, "/v1/events", p, |event| {
        p.get("type").is_none_or(|kind| fits(kind, event))
            && (types.is_empty() || types.iter().any(|kind| fits(kind, event)))
            && p.bool("delivery_success").is_none_or(|delivered| (event["pending_webhooks"] == 0) == delivered)
    })
}

/// `invoice.*` stands for all that begin so.
fn fits(kind: &str, event: &Value) -> bool {
    let name = event["type"].as_str().unwrap_or_default();
    match kind.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == kind,
    }
}

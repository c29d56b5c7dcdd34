//! Products.

use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::lists;
use super::state::{Cx, Table};
use serde_json::{Value, json};

const CREATE: &[Known] = &[
    ("name", Kind::Text),
    ("id", Kind::Text),
    ("active", Kind::Bool),
    ("description", Kind::Text),
    ("unit_label", Kind::Text),
    ("url", Kind::Url),
    ("metadata[*]", Kind::Unset),
];
const LIST: &[Known] = &[("active", Kind::Bool), ("ids[#]", Kind::Text)];

pub(crate) fn add(cx: &mut Cx<'_>, name: &str, fill: impl FnOnce(&mut Value)) -> Value {
    let id = cx.id("prod_", 14);
    let mut product = json!({
        "id": id, "object": "product", "active": true, "created": cx.now, "default_price": null, "description": null,
        "images": [], "livemode": false, "marketing_features": [], "metadata": {}, "name": name,
        "package_dimensions": null, "shippable": null, "statement_descriptor": null, "tax_code": null,
        "tax_details": null, "type": "service", "unit_label": null, "updated": cx.now, "url": null,
    });
    fill(&mut product);
    cx.add(Table::Products, product.clone());
    cx.emit("product.created", &product);
    product
}

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CREATE])?;
    let name = p.need("name")?;
    let metadata = p.metadata("metadata", &Value::Null)?;
    if let Some(id) = p.get("id").filter(|id| cx.state.find(Table::Products, id).is_some()) {
        let message = format!("Product already exists: {id}");
        return Err(ApiError::invalid(Some("resource_already_exists"), message, Some("id")));
    }
    Ok(add(cx, name, |product| {
        if let Some(id) = p.get("id") {
            product["id"] = json!(id);
        }
        for field in ["description", "unit_label", "url"] {
            product[field] = p.text_or_null(field);
        }
        product["active"] = json!(p.bool("active").unwrap_or(true));
        product["metadata"] = metadata;
    }))
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Products, id)
}

pub(crate) fn list(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING, CREATED])?;
    let ids = p.list("ids");
    lists::page(cx, Table::Products, "/v1/products", p, |product| {
        p.bool("active").is_none_or(|active| product["active"] == active)
            && (ids.is_empty() || ids.iter().any(|id| product["id"] == *id))
    })
}

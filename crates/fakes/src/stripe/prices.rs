//! Prices: recurring ones, found again by their lookup key.

use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::state::{Cx, Table};
use super::{lists, products, tax};
use serde_json::{Value, json};

const INTERVALS: &[&str] = &["day", "week", "month", "year"];
const CREATE: &[Known] = &[
    ("currency", Kind::Text),
    ("unit_amount", Kind::Int),
    ("product", Kind::Text),
    ("product_data[name]", Kind::Text),
    ("recurring[interval]", Kind::OneOf(INTERVALS)),
    ("recurring[interval_count]", Kind::Int),
    ("lookup_key", Kind::Text),
    ("transfer_lookup_key", Kind::Bool),
    ("nickname", Kind::Text),
    ("active", Kind::Bool),
    ("tax_behavior", Kind::OneOf(tax::BEHAVIORS)),
    ("metadata[*]", Kind::Unset),
];
const UPDATE: &[Known] = &[
    ("active", Kind::Bool),
    ("nickname", Kind::Unset),
    ("tax_behavior", Kind::OneOf(tax::BEHAVIORS)),
    ("metadata[*]", Kind::Unset),
];
const LIST: &[Known] = &[
    ("active", Kind::Bool),
    ("currency", Kind::Text),
    ("product", Kind::Text),
    ("lookup_keys[#]", Kind::Text),
    ("type", Kind::OneOf(&["one_time", "recurring"])),
];

/// A new price of `product`; `interval` is none for a one-time price.
pub(crate) fn add(
    cx: &mut Cx<'_>,
    product: &Value,
    amount: i64,
    currency: &str,
    interval: Option<(&str, i64)>,
    fill: impl FnOnce(&mut Value),
) -> Value {
    let id = cx.id("price_1", 23);
    let recurring = interval.map(|(interval, count)| {
        json!({ "interval": interval, "interval_count": count, "meter": null, "trial_period_days": null, "usage_type": "licensed" })
    });
    let mut price = json!({
        "id": id, "object": "price", "active": true, "billing_scheme": "per_unit", "created": cx.now,
        "currency": currency, "custom_unit_amount": null, "livemode": false, "lookup_key": null, "metadata": {},
        "nickname": null, "product": product["id"], "recurring": recurring, "tax_behavior": "unspecified",
        "tiers_mode": null, "transform_quantity": null,
        "type": if interval.is_some() { "recurring" } else { "one_time" },
        "unit_amount": amount, "unit_amount_decimal": amount.to_string(),
    });
    fill(&mut price);
    cx.add(Table::Prices, price.clone());
    cx.emit("price.created", &price);
    price
}

/// The old `plan` shape of a price, which subscription items still carry.
pub(crate) fn plan(price: &Value) -> Value {
    json!({
        "id": price["id"], "object": "plan", "active": price["active"], "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"], "billing_scheme": "per_unit", "created": price["created"],
        "currency": price["currency"], "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"], "livemode": false, "metadata": price["metadata"],
        "meter": null, "nickname": price["nickname"], "product": price["product"], "tiers_mode": null,
        "transform_usage": null, "trial_period_days": null, "usage_type": "licensed",
    })
}

pub(crate) fn by_lookup_key(cx: &Cx<'_>, key: &str) -> Option<Value> {
    cx.state.all(Table::Prices).iter().rev().find(|price| price["lookup_key"] == key).cloned()
}

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CREATE])?;
    let currency = p.need("currency")?.to_lowercase();
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(ApiError::parameter(None, format!("Invalid currency: {currency}"), "currency"));
    }
    p.need("unit_amount")?;
    let amount = p.int("unit_amount").unwrap_or_default();
    if amount < 0 {
        let message = "This value must be greater than or equal to 0.";
        return Err(ApiError::parameter(Some("parameter_invalid_integer"), message, "unit_amount"));
    }
    let count = p.int("recurring[interval_count]").unwrap_or(1);
    let interval = match p.get("recurring[interval]") {
        Some(interval) => Some((interval, count)),
        None if p.get("recurring[interval_count]").is_some() => return Err(ApiError::missing("recurring[interval]")),
        None => None,
    };
    if !(1..=156).contains(&count) {
        let message = "The interval count must be between 1 and what adds up to three years.";
        return Err(ApiError::parameter(None, message, "recurring[interval_count]"));
    }
    let metadata = p.metadata("metadata", &Value::Null)?;
    let product = match (p.get("product"), p.get("product_data[name]")) {
        (Some(_), Some(_)) => return Err(ApiError::exclusive("product", "product_data")),
        (None, None) => return Err(ApiError::missing("product")),
        (Some(id), None) => Some(cx.get_param(Table::Products, id, "product")?),
        (None, Some(_)) => None,
    };
    if let Some(old) = p.get("lookup_key").and_then(|key| by_lookup_key(cx, key)) {
        let old_id = old["id"].as_str().unwrap_or_default().to_owned();
        if p.bool("transfer_lookup_key") != Some(true) {
            let message = format!(
                "A price (`{old_id}`) already uses that lookup key. If you want to transfer the lookup key, pass transfer_lookup_key=true."
            );
            return Err(ApiError::invalid(None, message, Some("lookup_key")));
        }
        let (old, previous) = cx.change(Table::Prices, &old_id, |price| price["lookup_key"] = Value::Null)?;
        cx.emit_change("price.updated", &old, &previous);
    }
    let product = product.unwrap_or_else(|| products::add(cx, p.get("product_data[name]").unwrap_or_default(), |_| {}));
    Ok(add(cx, &product, amount, &currency, interval, |price| {
        price["lookup_key"] = p.text_or_null("lookup_key");
        price["nickname"] = p.text_or_null("nickname");
        price["active"] = json!(p.bool("active").unwrap_or(true));
        price["tax_behavior"] = json!(p.get("tax_behavior").unwrap_or("unspecified"));
        price["metadata"] = metadata;
    }))
}

pub(crate) fn update(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[UPDATE])?;
    let old = cx.get(Table::Prices, id)?;
    let metadata = p.metadata("metadata", &old["metadata"])?;
    let says = p.get("tax_behavior");
    if old["tax_behavior"] != "unspecified" && says.is_some_and(|says| old["tax_behavior"] != says) {
        let message = "`tax_behavior` cannot be changed once it is set to `inclusive` or `exclusive`.";
        return Err(ApiError::invalid(None, message, Some("tax_behavior")));
    }
    let (price, previous) = cx.change(Table::Prices, id, |price| {
        if let Some(active) = p.bool("active") {
            price["active"] = json!(active);
        }
        if let Some(says) = says {
            price["tax_behavior"] = json!(says);
        }
        if p.get("nickname").is_some() {
            price["nickname"] = p.text_or_null("nickname");
        }
        price["metadata"] = metadata;
    })?;
    cx.emit_change("price.updated", &price, &previous);
    Ok(price)
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Prices, id)
}

pub(crate) fn list(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING, CREATED])?;
    let keys = p.list("lookup_keys");
    lists::page(cx, Table::Prices, "/v1/prices", p, |price| {
        p.bool("active").is_none_or(|active| price["active"] == active)
            && ["currency", "product", "type"].iter().all(|field| p.get(field).is_none_or(|want| price[*field] == want))
            && (keys.is_empty() || keys.iter().any(|key| price["lookup_key"] == *key))
    })
}

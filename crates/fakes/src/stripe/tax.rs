//! Stripe Tax in small: a few countries, what their customers are asked, and the tax on what they buy. The pretend shop is
//! registered for taxes in each of them but the United States, and sells from abroad.

use super::errors::ApiError;
use super::form::{Kind, Known, Params};
use super::state::{Cx, Table};
use serde_json::{Value, json};

/// Checkout's parameters about taxes.
pub(crate) const CHECKOUT: &[Known] = &[
    ("automatic_tax[enabled]", Kind::Bool),
    ("tax_id_collection[enabled]", Kind::Bool),
    ("customer_update[address]", Kind::OneOf(&["auto", "never"])),
    ("customer_update[name]", Kind::OneOf(&["auto", "never"])),
];
/// What a price says of its taxes.
pub(crate) const BEHAVIORS: &[&str] = &["exclusive", "inclusive", "unspecified"];
/// Where a buyer of a test is at home who says nothing else.
pub(crate) const HOME: &str = "DE";

/// A country, as the tax in it goes.
pub(crate) struct Country {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    /// In hundredths; none where the shop is not registered.
    percent: Option<i64>,
    /// What Stripe calls its companies' tax ids, and how they begin.
    id: Option<(&'static str, &'static str)>,
}

const fn country(
    code: &'static str,
    name: &'static str,
    percent: Option<i64>,
    id: Option<(&'static str, &'static str)>,
) -> Country {
    Country { code, name, percent, id }
}

/// The countries that a buyer can choose.
pub(crate) const COUNTRIES: &[Country] = &[
    country("DE", "Germany", Some(19), Some(("eu_vat", "DE"))),
    country("ES", "Spain", Some(21), Some(("eu_vat", "ES"))),
    country("FR", "France", Some(20), Some(("eu_vat", "FR"))),
    country("GB", "United Kingdom", Some(20), Some(("gb_vat", "GB"))),
    country("JP", "Japan", Some(10), Some(("jp_trn", "T"))),
    country("US", "United States", None, None),
];

/// What a buyer types of themselves. What is empty was left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Buyer<'a> {
    /// Two letters, such as `DE`.
    pub country: &'a str,
    /// The name of a company.
    pub company: &'a str,
    /// Its tax id, such as a VAT id.
    pub tax_id: &'a str,
}

impl<'a> Buyer<'a> {
    /// A company that is known need not type its name and tax id again.
    pub(crate) fn or_as_known(self, customer: &'a Value) -> Buyer<'a> {
        let known =
            |text: &'a str, value: &'a Value| if text.is_empty() { value.as_str().unwrap_or_default() } else { text };
        Buyer {
            country: known(self.country, &customer["address"]["country"]),
            company: known(self.company, &customer["name"]),
            tax_id: known(self.tax_id, &customer["_tax_ids"][0]["value"]),
        }
    }
}

/// Refuses a checkout whose tax could not be reckoned, or whose tax id would be lost, as Stripe does.
pub(crate) fn check_checkout(p: &Params, customer: &Value, lines: &[(Value, i64)]) -> Result<(), ApiError> {
    let updates = |field: &str| p.get(&format!("customer_update[{field}]"));
    if customer.is_null() && (updates("name").is_some() || updates("address").is_some()) {
        let message = "`customer_update` can only be used with `customer`.";
        return Err(ApiError::invalid(None, message, Some("customer_update")));
    }
    if p.bool("tax_id_collection[enabled]") == Some(true) && !customer.is_null() && updates("name") != Some("auto") {
        let message = "Tax ID collection requires updating business name on the customer. To enable tax ID collection for \
                       an existing customer, please set `customer_update[name]` to `auto`.";
        return Err(ApiError::invalid(None, message, None));
    }
    if p.bool("automatic_tax[enabled]") != Some(true) {
        return Ok(());
    }
    if !customer.is_null() && customer["address"].is_null() && updates("address") != Some("auto") {
        let message = "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address \
                       to the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` \
                       to 'auto' to save the address entered in Checkout to the Customer.";
        return Err(ApiError::invalid(Some("customer_tax_location_invalid"), message, None));
    }
    lines.iter().try_for_each(|(price, _)| says_where(price, "line_items"))
}

/// Refuses a price that does not say where its taxes are.
pub(crate) fn says_where(price: &Value, param: &str) -> Result<(), ApiError> {
    if price["tax_behavior"] != "unspecified" {
        return Ok(());
    }
    let message = format!(
        "The price {} has no `tax_behavior`, which automatic tax calculation needs: set it to `inclusive` or `exclusive`.",
        price["id"].as_str().unwrap_or_default()
    );
    Err(ApiError::invalid(None, message, Some(param)))
}

/// The field `automatic_tax` of a session.
pub(crate) fn of_session(enabled: bool, status: &str) -> Value {
    json!({
        "enabled": enabled, "liability": liability(enabled), "provider": enabled.then_some("stripe"),
        "status": enabled.then_some(status),
    })
}

/// The same of a subscription.
pub(crate) fn of_subscription(enabled: bool) -> Value {
    json!({ "disabled_reason": null, "enabled": enabled, "liability": liability(enabled) })
}

/// The same of an invoice.
pub(crate) fn of_invoice(enabled: bool) -> Value {
    let mut field = of_session(enabled, "complete");
    field["disabled_reason"] = Value::Null;
    field
}

fn liability(enabled: bool) -> Value {
    if enabled { json!({ "type": "self" }) } else { Value::Null }
}

fn refuse(code: &'static str, message: &str) -> ApiError {
    ApiError::invalid(Some(code), message, None)
}

/// Keeps what a buyer has typed: the country, and of a company its name and tax id.
pub(crate) fn keep(cx: &mut Cx<'_>, customer: &str, buyer: Buyer<'_>) -> Result<Value, ApiError> {
    let known = COUNTRIES.iter().find(|country| country.code == buyer.country);
    let country = known.ok_or_else(|| refuse("incomplete_address", "Your billing address is incomplete."))?;
    let (company, tax_id) = (buyer.company.trim(), buyer.tax_id.trim().to_uppercase());
    let kind = match country.id {
        _ if tax_id.is_empty() => None,
        Some((kind, begins)) if is_tax_id(&tax_id, begins) => Some(kind),
        _ => return Err(refuse("tax_id_invalid", "Your tax ID is invalid.")),
    };
    if kind.is_some() && company.is_empty() {
        return Err(refuse("incomplete_business_name", "Your business name is incomplete."));
    }
    let (customer, previous) = cx.change(Table::Customers, customer, |customer| {
        customer["address"] = json!({
            "city": null, "country": country.code, "line1": null, "line2": null, "postal_code": null, "state": null,
        });
        if !company.is_empty() {
            customer["name"] = json!(company);
        }
        let ids: Vec<Value> = kind.iter().map(|kind| json!({ "type": kind, "value": tax_id })).collect();
        customer["_tax_ids"] = json!(ids);
    })?;
    cx.emit_change("customer.updated", &customer, &previous);
    Ok(customer)
}

fn is_tax_id(text: &str, begins: &str) -> bool {
    text.starts_with(begins) && (8..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The tax ids of a customer.
pub(crate) fn ids(customer: &Value) -> Value {
    customer["_tax_ids"].as_array().map_or_else(|| json!([]), |ids| json!(ids))
}

/// What tax a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    country: &'static str,
    percent: i64,
    reason: &'static str,
}

/// The rate for a customer: none on what a company owes taxes for itself, nor where the shop is not registered.
pub(crate) fn rate(customer: &Value) -> Rate {
    let country = COUNTRIES.iter().find(|country| customer["address"]["country"] == country.code);
    let is_company = customer["_tax_ids"].as_array().is_some_and(|ids| !ids.is_empty());
    let code = country.map_or("US", |country| country.code);
    match country.and_then(|country| country.percent) {
        None => Rate { country: code, percent: 0, reason: "not_collecting" },
        Some(_) if is_company => Rate { country: code, percent: 0, reason: "reverse_charge" },
        Some(percent) => Rate { country: code, percent, reason: "standard_rated" },
    }
}

impl Rate {
    /// The tax on an amount, inside it or on top, as a line of an invoice has it.
    pub(crate) fn on(self, amount: i64, price: &Value) -> Value {
        let is_inside = price["tax_behavior"] != "exclusive";
        let whole = if is_inside { 100 + self.percent } else { 100 };
        // Rounded to the nearest, below zero as above.
        let tax = (2 * amount.abs() * self.percent + whole) / (2 * whole) * amount.signum();
        json!({
            "amount": tax, "tax_behavior": if is_inside { "inclusive" } else { "exclusive" },
            "tax_rate_details": { "tax_rate": format!("txr_1Pretend{}{}", self.country, self.percent) },
            "taxability_reason": self.reason, "taxable_amount": if is_inside { amount - tax } else { amount },
            "type": "tax_rate_details",
        })
    }
}

/// The taxes of all lines as one, as the invoice itself has them; nothing where there is none.
pub(crate) fn total(taxes: &[Value]) -> Vec<Value> {
    let Some(first) = taxes.first() else { return Vec::new() };
    let mut sum = first.clone();
    for field in ["amount", "taxable_amount"] {
        sum[field] = json!(taxes.iter().filter_map(|tax| tax[field].as_i64()).sum::<i64>());
    }
    vec![sum]
}

/// What these taxes come to, and how much of it is on top of the lines' amounts.
pub(crate) fn sums(taxes: &[Value]) -> (i64, i64) {
    let sum = |only: Option<&str>| {
        let counts = |tax: &&Value| only.is_none_or(|only| tax["tax_behavior"] == only);
        taxes.iter().filter(counts).filter_map(|tax| tax["amount"].as_i64()).sum::<i64>()
    };
    (sum(None), sum(Some("exclusive")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(country: &str, ids: &[&str]) -> Value {
        let ids: Vec<Value> = ids.iter().map(|id| json!({ "type": "eu_vat", "value": id })).collect();
        json!({ "address": { "country": country }, "_tax_ids": ids })
    }

    #[test]
    fn tax_is_inside_or_on_top_and_a_company_abroad_pays_none() {
        // Customer, tax inside 9.99, tax on top of it, why.
        for (customer, inside, on_top, reason) in [
            (customer("DE", &[]), 160, 190, "standard_rated"),
            (customer("JP", &[]), 91, 100, "standard_rated"),
            (customer("DE", &["DE123456789"]), 0, 0, "reverse_charge"),
            (customer("US", &[]), 0, 0, "not_collecting"),
            (Value::Null, 0, 0, "not_collecting"),
        ] {
            let rate = rate(&customer);
            let (one, other) = (json!({ "tax_behavior": "inclusive" }), json!({ "tax_behavior": "exclusive" }));
            assert_eq!(rate.on(999, &one)["amount"], inside, "{customer}");
            assert_eq!(rate.on(999, &other)["amount"], on_top, "{customer}");
            assert_eq!(rate.on(-999, &one)["amount"], -inside, "{customer}");
            assert_eq!(rate.reason, reason, "{customer}");
        }
    }
}

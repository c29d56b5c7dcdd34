//! Customers.

use super::billing;
use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::lists;
use super::state::{Cx, Table};
use serde_json::{Value, json};

const FIELDS: &[Known] = &[
    ("email", Kind::Email),
    ("name", Kind::Unset),
    ("description", Kind::Unset),
    ("phone", Kind::Unset),
    ("preferred_locales[#]", Kind::Text),
    ("metadata", Kind::Unset),
    ("metadata[*]", Kind::Unset),
];
const BALANCE: &[Known] =
    &[("amount", Kind::Int), ("currency", Kind::Text), ("description", Kind::Text), ("metadata[*]", Kind::Unset)];
const LIST: &[Known] = &[("email", Kind::Text)];

/// A customer without anything but an address; also what the checkout page makes.
pub(crate) fn add(cx: &mut Cx<'_>, email: Value, fill: impl FnOnce(&mut Value)) -> Value {
    let id = cx.id("cus_", 14);
    let prefix = cx.id("", 8).to_uppercase();
    let mut customer = json!({
        "id": id, "object": "customer", "address": null, "balance": 0, "created": cx.now, "currency": null,
        "customer_account": null, "default_source": null, "delinquent": false, "description": null, "discount": null,
        "email": email, "invoice_prefix": prefix,
        "invoice_settings": { "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null },
        "livemode": false, "metadata": {}, "name": null, "next_invoice_sequence": 1, "phone": null,
        "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
    });
    fill(&mut customer);
    cx.add(Table::Customers, customer.clone());
    cx.emit("customer.created", &customer);
    customer
}

fn lay_over(customer: &mut Value, p: &Params, metadata: Value) {
    for name in ["email", "name", "description", "phone"] {
        if p.get(name).is_some() {
            customer[name] = p.text_or_null(name);
        }
    }
    let locales = p.list("preferred_locales");
    if !locales.is_empty() {
        customer["preferred_locales"] = json!(locales);
    }
    customer["metadata"] = metadata;
}

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[FIELDS])?;
    let metadata = p.metadata("metadata", &Value::Null)?;
    Ok(add(cx, Value::Null, |customer| lay_over(customer, p, metadata)))
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Customers, id)
}

pub(crate) fn update(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[FIELDS])?;
    let old = cx.get(Table::Customers, id)?;
    let metadata = p.metadata("metadata", &old["metadata"])?;
    let (customer, previous) = cx.change(Table::Customers, id, |customer| lay_over(customer, p, metadata))?;
    cx.emit_change("customer.updated", &customer, &previous);
    Ok(customer)
}

/// Forgets a customer for good; their subscriptions end at once.
pub(crate) fn delete(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    let customer = cx.get(Table::Customers, id)?;
    if customer["deleted"] == true {
        return Err(ApiError::not_found(Table::Customers.noun(), id));
    }
    let theirs = cx.state.all(Table::Subscriptions).iter().filter(|subscription| subscription["customer"] == id);
    let open = theirs.filter(|subscription| subscription["ended_at"].is_null());
    let open: Vec<String> = open.filter_map(|subscription| subscription["id"].as_str().map(str::to_owned)).collect();
    for subscription in open {
        billing::end(cx, &subscription, "cancellation_requested")?;
    }
    let (deleted, _) = cx.change(Table::Customers, id, |object| {
        *object = json!({ "id": id, "object": "customer", "deleted": true });
    })?;
    cx.emit("customer.deleted", &customer);
    Ok(deleted)
}

/// Changes what a customer owes: below zero it is credit, which the next invoice takes off.
pub(crate) fn add_to_balance(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[BALANCE])?;
    let customer = cx.get(Table::Customers, id)?;
    if customer["deleted"] == true {
        return Err(ApiError::not_found(Table::Customers.noun(), id));
    }
    p.need("amount")?;
    let (amount, currency) = (p.int("amount").unwrap_or_default(), p.need("currency")?.to_lowercase());
    if customer["currency"].as_str().is_some_and(|known| known != currency) {
        let message = "You cannot combine currencies on a single customer. This customer has another currency already.";
        return Err(ApiError::invalid(None, message, Some("currency")));
    }
    let metadata = p.metadata("metadata", &Value::Null)?;
    let balance = customer["balance"].as_i64().unwrap_or_default() + amount;
    let (customer, previous) = cx.change(Table::Customers, id, |customer| {
        customer["balance"] = json!(balance);
        customer["currency"] = json!(currency);
    })?;
    cx.emit_change("customer.updated", &customer, &previous);
    let transaction = json!({
        "id": cx.id("cbtxn_1", 23), "object": "customer_balance_transaction", "amount": amount, "checkout_session": null,
        "created": cx.now, "credit_note": null, "currency": currency, "customer": id, "customer_account": null,
        "description": p.text_or_null("description"), "ending_balance": balance, "invoice": null, "livemode": false,
        "metadata": metadata, "type": "adjustment",
    });
    Ok(cx.add(Table::BalanceTransactions, transaction))
}

pub(crate) fn balance_transactions(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[PAGING, CREATED])?;
    cx.get(Table::Customers, id)?;
    let path = format!("/v1/customers/{id}/balance_transactions");
    lists::page(cx, Table::BalanceTransactions, &path, p, |one| one["customer"] == id)
}

pub(crate) fn list(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING, CREATED])?;
    lists::page(cx, Table::Customers, "/v1/customers", p, |customer| {
        customer["deleted"] != true && p.get("email").is_none_or(|email| customer["email"] == email)
    })
}

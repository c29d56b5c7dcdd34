//! Invoices: drafted, finalized, then paid or failed, each with its events.

use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::state::{Cx, Table};
use super::{coupons, lists, payments, tax};
use serde_json::{Value, json};

const LIST: &[Known] = &[
    ("customer", Kind::Text),
    ("subscription", Kind::Text),
    ("status", Kind::OneOf(&["draft", "open", "paid", "uncollectible", "void"])),
    ("collection_method", Kind::OneOf(&["charge_automatically", "send_invoice"])),
];

/// After this many failed attempts Stripe gives up (its default retry schedule).
pub(crate) const MOST_ATTEMPTS: i64 = 4;
/// Seconds between two attempts.
const BETWEEN_ATTEMPTS: i64 = 3 * 24 * 3600;

/// One line to bill.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Smallest unit of the currency; negative for a credit.
    pub(crate) amount: i64,
    pub(crate) description: String,
    /// The subscription item.
    pub(crate) item: Value,
    pub(crate) price: Value,
    pub(crate) quantity: i64,
    /// The billed time, unix seconds.
    pub(crate) period: (i64, i64),
    pub(crate) proration: bool,
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

/// The discounts of the subscription that still hold, with their coupons.
fn discounts_of(cx: &Cx<'_>, subscription: &Value) -> Vec<(Value, Value)> {
    let ids = subscription["discounts"].as_array().cloned().unwrap_or_default();
    ids.iter()
        .filter_map(|id| cx.state.find(Table::Discounts, id.as_str()?))
        .filter(|discount| discount["end"].as_i64().is_none_or(|end| end > cx.now))
        .filter_map(|discount| {
            let coupon = cx.state.find(Table::Coupons, discount["source"]["coupon"].as_str()?)?;
            Some((discount["id"].clone(), coupon.clone()))
        })
        .collect()
}

fn line_object(
    cx: &mut Cx<'_>,
    invoice: &str,
    subscription: &Value,
    line: &Line,
    off: &[(Value, i64)],
    tax: Option<&Value>,
) -> Value {
    let id = cx.id("il_1", 23);
    let amounts: Vec<Value> =
        off.iter().map(|(discount, amount)| json!({ "amount": amount, "discount": discount })).collect();
    let unit = if line.proration { line.amount } else { line.price["unit_amount"].as_i64().unwrap_or_default() };
    json!({
        "id": id, "object": "line_item", "amount": line.amount, "currency": line.price["currency"],
        "description": line.description, "discount_amounts": amounts, "discountable": !line.proration,
        "discounts": off.iter().map(|(discount, _)| discount.clone()).collect::<Vec<_>>(),
        "invoice": invoice, "livemode": false, "metadata": subscription["metadata"],
        "parent": {
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": null, "proration": line.proration, "proration_details": { "credited_items": null },
                "subscription": subscription["id"], "subscription_item": line.item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": { "start": line.period.0, "end": line.period.1 }, "pretax_credit_amounts": [],
        "pricing": {
            "price_details": { "price": line.price["id"], "product": line.price["product"] },
            "type": "price_details", "unit_amount_decimal": unit.to_string(),
        },
        "quantity": line.quantity, "quantity_decimal": line.quantity.to_string(), "subscription": subscription["id"],
        "subtotal": line.amount, "taxes": tax.into_iter().collect::<Vec<_>>(),
    })
}

/// A new draft, with `invoice.created`. `period` is what the invoice as a whole covers.
pub(crate) fn draft(cx: &mut Cx<'_>, subscription: &Value, reason: &str, lines: &[Line], period: (i64, i64)) -> Value {
    let id = cx.id("in_1", 23);
    let discounts = discounts_of(cx, subscription);
    let customer = cx.state.find(Table::Customers, &text(subscription, "customer")).cloned().unwrap_or_default();
    let is_taxed = subscription["automatic_tax"]["enabled"] == true;
    let rate = is_taxed.then(|| tax::rate(&customer));
    let mut taxes = Vec::new();
    let mut totals: Vec<(Value, i64)> = discounts.iter().map(|(discount, _)| (discount.clone(), 0)).collect();
    let mut data = Vec::new();
    for line in lines {
        let mut left = line.amount;
        let mut off = Vec::new();
        if !line.proration {
            for ((discount, coupon), total) in discounts.iter().zip(&mut totals) {
                let cut = coupons::off(coupon, left);
                left -= cut;
                total.1 += cut;
                off.push((discount.clone(), cut));
            }
        }
        let tax = rate.map(|rate| rate.on(left, &line.price));
        data.push(line_object(cx, &id, subscription, line, &off, tax.as_ref()));
        taxes.extend(tax);
    }
    let subtotal: i64 = lines.iter().map(|line| line.amount).sum();
    let (tax, on_top) = tax::sums(&taxes);
    let total = subtotal - totals.iter().map(|(_, cut)| cut).sum::<i64>() + on_top;
    let balance = customer["balance"].as_i64().unwrap_or_default();
    let due = (total + balance).max(0);
    let invoice = json!({
        "id": id, "object": "invoice", "account_country": "US", "account_name": "Pretend account", "account_tax_ids": null,
        "amount_due": due, "amount_overpaid": 0, "amount_paid": 0, "amount_remaining": due, "amount_shipping": 0,
        "application": null, "attempt_count": 0, "attempted": false, "auto_advance": true,
        "automatic_tax": tax::of_invoice(is_taxed),
        "automatically_finalizes_at": cx.now + 3600, "billing_reason": reason, "collection_method": "charge_automatically",
        "created": cx.now, "currency": subscription["currency"], "custom_fields": null, "customer": subscription["customer"],
        "customer_account": null, "customer_address": customer["address"], "customer_email": customer["email"], "customer_name": customer["name"],
        "customer_phone": null, "customer_shipping": null, "customer_tax_exempt": "none", "customer_tax_ids": tax::ids(&customer),
        "default_payment_method": null, "default_source": null, "default_tax_rates": [], "description": null,
        "discounts": discounts.iter().map(|(discount, _)| discount.clone()).collect::<Vec<_>>(), "due_date": null,
        "effective_at": null, "ending_balance": null, "footer": null, "from_invoice": null, "hosted_invoice_url": null,
        "invoice_pdf": null, "issuer": { "type": "self" }, "last_finalization_error": null, "latest_revision": null,
        "lines": lists::inner_list(&format!("/v1/invoices/{id}/lines"), data), "livemode": false, "metadata": {},
        "next_payment_attempt": cx.now + 3600, "number": null, "on_behalf_of": null,
        "parent": {
            "quote_details": null,
            "subscription_details": { "metadata": subscription["metadata"], "subscription": subscription["id"] },
            "type": "subscription_details",
        },
        "payment_settings": { "default_mandate": null, "payment_method_options": null, "payment_method_types": null },
        "period_end": period.1, "period_start": period.0, "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0, "receipt_number": null, "rendering": null, "shipping_cost": null,
        "shipping_details": null, "starting_balance": balance, "statement_descriptor": null, "status": "draft",
        "status_transitions": { "finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null },
        "subtotal": subtotal, "subtotal_excluding_tax": subtotal - (tax - on_top), "test_clock": null, "total": total,
        "total_discount_amounts": totals.iter().map(|(discount, amount)| json!({ "amount": amount, "discount": discount })).collect::<Vec<_>>(),
        "total_excluding_tax": total - tax, "total_pretax_credit_amounts": [], "total_taxes": tax::total(&taxes), "webhooks_delivered_at": null,
        "_payments": lists::inner_list("/v1/invoice_payments", Vec::new()),
    });
    cx.add(Table::Invoices, invoice.clone());
    cx.emit("invoice.created", &invoice);
    invoice
}

/// Draft → open: a number, the customer's balance used up, and `invoice.finalized`.
pub(crate) fn finalize(cx: &mut Cx<'_>, id: &str) -> Result<Value, ApiError> {
    let now = cx.now;
    let invoice = cx.get(Table::Invoices, id)?;
    let rest = (invoice["total"].as_i64().unwrap_or_default()
        + invoice["starting_balance"].as_i64().unwrap_or_default())
    .min(0);
    let (customer, _) = cx.change(Table::Customers, &text(&invoice, "customer"), |customer| {
        customer["balance"] = json!(rest);
        customer["next_invoice_sequence"] = json!(customer["next_invoice_sequence"].as_i64().unwrap_or(1) + 1);
        if customer["currency"].is_null() {
            customer["currency"] = invoice["currency"].clone();
        }
    })?;
    let number = format!(
        "{}-{:04}",
        text(&customer, "invoice_prefix"),
        customer["next_invoice_sequence"].as_i64().unwrap_or(2) - 1
    );
    let page = format!("{}/invoice/{id}", cx.public_url);
    let (invoice, _) = cx.change(Table::Invoices, id, |invoice| {
        invoice["status"] = json!("open");
        invoice["number"] = json!(number);
        invoice["ending_balance"] = json!(rest);
        invoice["effective_at"] = json!(now);
        invoice["automatically_finalizes_at"] = Value::Null;
        invoice["hosted_invoice_url"] = json!(page);
        invoice["invoice_pdf"] = json!(format!("{page}/pdf"));
        invoice["status_transitions"]["finalized_at"] = json!(now);
    })?;
    cx.emit("invoice.finalized", &invoice);
    Ok(invoice)
}

fn payment_of(cx: &mut Cx<'_>, invoice: &Value, intent: &Value, paid: bool) -> Value {
    let id = cx.id("inpay_1", 23);
    let payment = json!({
        "id": id, "object": "invoice_payment", "amount_paid": if paid { invoice["amount_due"].clone() } else { Value::Null },
        "amount_requested": invoice["amount_due"], "created": cx.now, "currency": invoice["currency"], "invoice": invoice["id"],
        "is_default": true, "livemode": false,
        "payment": { "payment_intent": intent["id"], "type": "payment_intent" },
        "status": if paid { "paid" } else { "open" },
        "status_transitions": { "canceled_at": null, "paid_at": if paid { json!(cx.now) } else { Value::Null } },
    });
    cx.add(Table::InvoicePayments, payment)
}

/// Open → paid, with `invoice.paid` and `invoice.payment_succeeded`.
pub(crate) fn pay(cx: &mut Cx<'_>, id: &str, method: &Value) -> Result<Value, ApiError> {
    let now = cx.now;
    let open = cx.get(Table::Invoices, id)?;
    let due = open["amount_due"].as_i64().unwrap_or_default();
    let mut payments = Vec::new();
    if due > 0 {
        let intent = payments::add_intent(cx, &open, method, true);
        payments.push(payment_of(cx, &open, &intent, true));
    }
    let (invoice, _) = cx.change(Table::Invoices, id, |invoice| {
        invoice["status"] = json!("paid");
        invoice["amount_paid"] = json!(due);
        invoice["amount_remaining"] = json!(0);
        invoice["attempted"] = json!(true);
        invoice["attempt_count"] = json!(invoice["attempt_count"].as_i64().unwrap_or_default() + i64::from(due > 0));
        invoice["auto_advance"] = json!(false);
        invoice["next_payment_attempt"] = Value::Null;
        invoice["status_transitions"]["paid_at"] = json!(now);
        invoice["_payments"]["data"] = json!(payments);
    })?;
    cx.emit("invoice.paid", &invoice);
    cx.emit("invoice.payment_succeeded", &invoice);
    Ok(invoice)
}

/// A declined attempt, with `invoice.payment_failed`. Gives the attempts so far.
pub(crate) fn fail(cx: &mut Cx<'_>, id: &str) -> Result<i64, ApiError> {
    let now = cx.now;
    let open = cx.get(Table::Invoices, id)?;
    let attempts = open["attempt_count"].as_i64().unwrap_or_default() + 1;
    let intent = payments::add_intent(cx, &open, &Value::Null, false);
    let payment = payment_of(cx, &open, &intent, false);
    let (invoice, _) = cx.change(Table::Invoices, id, |invoice| {
        invoice["attempted"] = json!(true);
        invoice["attempt_count"] = json!(attempts);
        let last = attempts >= MOST_ATTEMPTS;
        invoice["next_payment_attempt"] = if last { Value::Null } else { json!(now + BETWEEN_ATTEMPTS) };
        invoice["_payments"]["data"] = json!([payment]);
    })?;
    cx.emit("invoice.payment_failed", &invoice);
    Ok(attempts)
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Invoices, id)
}

pub(crate) fn list(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING, CREATED])?;
    lists::page(cx, Table::Invoices, "/v1/invoices", p, |invoice| {
        ["customer", "status", "collection_method"]
            .iter()
            .all(|field| p.get(field).is_none_or(|want| invoice[*field] == want))
            && p.get("subscription").is_none_or(|id| invoice["parent"]["subscription_details"]["subscription"] == id)
    })
}

//! What was taken from a card, and what went back: refunds and disputes.

use super::StripeFake;
use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::lists;
use super::state::{Cx, Table};
use crate::FakeError;
use serde_json::{Value, json};

const DAY: i64 = 24 * 3600;

const PAYMENTS: &[Known] = &[
    ("invoice", Kind::Text),
    ("payment[type]", Kind::OneOf(&["payment_intent", "charge"])),
    ("payment[payment_intent]", Kind::Text),
    ("status", Kind::OneOf(&["open", "paid", "canceled"])),
];
const DISPUTES: &[Known] = &[("charge", Kind::Text), ("payment_intent", Kind::Text)];
const REFUND: &[Known] = &[
    ("charge", Kind::Text),
    ("payment_intent", Kind::Text),
    ("amount", Kind::Int),
    ("reason", Kind::OneOf(&["duplicate", "fraudulent", "requested_by_customer"])),
    ("metadata", Kind::Unset),
    ("metadata[*]", Kind::Unset),
];

/// The charge of a payment that went through.
pub(crate) fn add(cx: &mut Cx<'_>, intent: &Value) -> Value {
    let id = cx.id("ch_3", 23);
    let method = intent["payment_method"].as_str().and_then(|method| cx.state.find(Table::PaymentMethods, method));
    let paid_with = method.map_or(Value::Null, |method| {
        let card = &method["card"];
        json!({ "type": "card", "card": {
            "amount_authorized": intent["amount"], "authorization_code": null, "brand": card["brand"],
            "electronic_commerce_indicator": null, "transaction_link_id": null,
            "checks": card["checks"], "country": card["country"], "exp_month": card["exp_month"],
            "exp_year": card["exp_year"], "fingerprint": card["fingerprint"], "funding": card["funding"],
            "installments": null, "last4": card["last4"], "mandate": null, "network": card["brand"],
            "network_transaction_id": null, "regulated_status": card["regulated_status"], "three_d_secure": null,
            "wallet": null,
        } })
    });
    let charge = json!({
        "id": id, "object": "charge", "amount": intent["amount"], "amount_captured": intent["amount"], "amount_refunded": 0,
        "application": null, "application_fee": null, "application_fee_amount": null, "balance_transaction": null,
        "billing_details": { "address": null, "email": null, "name": null, "phone": null, "tax_id": null },
        "calculated_statement_descriptor": null, "captured": true, "created": cx.now, "currency": intent["currency"],
        "customer": intent["customer"], "description": null, "disputed": false, "failure_balance_transaction": null,
        "failure_code": null, "failure_message": null, "fraud_details": {}, "livemode": false, "metadata": {},
        "on_behalf_of": null,
        "outcome": {
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": "normal",
            "seller_message": "Payment complete.", "type": "authorized",
        },
        "paid": true, "payment_intent": intent["id"], "payment_method": intent["payment_method"],
        "payment_method_details": paid_with, "receipt_email": null, "receipt_number": null, "receipt_url": null,
        "refunded": false, "review": null, "shipping": null, "source": null, "source_transfer": null,
        "statement_descriptor": null, "statement_descriptor_suffix": null, "status": "succeeded", "transfer_data": null,
        "transfer_group": null,
    });
    cx.add(Table::Charges, charge)
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Charges, id)
}

pub(crate) fn payments(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[PAYMENTS, PAGING, CREATED])?;
    if p.get("payment[payment_intent]").is_some() && p.get("payment[type]").is_none() {
        return Err(ApiError::missing("payment[type]"));
    }
    lists::page(cx, Table::InvoicePayments, "/v1/invoice_payments", p, |payment| {
        p.get("invoice").is_none_or(|id| payment["invoice"] == id)
            && p.get("status").is_none_or(|status| payment["status"] == status)
            && p.get("payment[payment_intent]").is_none_or(|id| payment["payment"]["payment_intent"] == id)
    })
}

/// The charge that paid an invoice.
pub(crate) fn of_invoice(cx: &Cx<'_>, invoice: &str) -> Result<Value, ApiError> {
    let paid = |payment: &&Value| payment["invoice"] == invoice && payment["status"] == "paid";
    let payment = cx.state.all(Table::InvoicePayments).iter().rev().find(paid);
    let intent = payment.and_then(|payment| payment["payment"]["payment_intent"].as_str());
    let intent = cx.get(Table::PaymentIntents, intent.unwrap_or_default())?;
    cx.get(Table::Charges, intent["latest_charge"].as_str().unwrap_or_default())
}

pub(crate) fn refund(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[REFUND])?;
    let charge = match (p.get("charge"), p.get("payment_intent")) {
        (Some(charge), None) => cx.get_param(Table::Charges, charge, "charge")?,
        (None, Some(intent)) => {
            let intent = cx.get_param(Table::PaymentIntents, intent, "payment_intent")?;
            cx.get(Table::Charges, intent["latest_charge"].as_str().unwrap_or_default())?
        }
        _ => return Err(ApiError::missing("charge")),
    };
    let refund = give_back(cx, &charge, p.int("amount"))?;
    Ok(refund)
}

/// Gives an amount back, all that is left if none is named, with `charge.refunded`.
pub(crate) fn give_back(cx: &mut Cx<'_>, charge: &Value, amount: Option<i64>) -> Result<Value, ApiError> {
    let id = charge["id"].as_str().unwrap_or_default();
    let number = |name: &str| charge[name].as_i64().unwrap_or_default();
    let left = number("amount") - number("amount_refunded");
    let amount = amount.unwrap_or(left);
    if left == 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(ApiError::invalid(Some("charge_already_refunded"), message, None));
    }
    if amount < 1 || amount > left {
        let message = format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(ApiError::invalid(None, message, Some("amount")));
    }
    let refund_id = cx.id("re_3", 23);
    let refund = cx.add(
        Table::Refunds,
        json!({
            "id": refund_id, "object": "refund", "amount": amount, "balance_transaction": null, "charge": id,
            "created": cx.now, "currency": charge["currency"], "customer": charge["customer"], "customer_account": null,
            "metadata": {}, "payment_intent": charge["payment_intent"], "payment_method": charge["payment_method"],
            "reason": null, "receipt_number": null, "source_transfer_reversal": null, "status": "succeeded",
            "transfer_reversal": null,
        }),
    );
    let (charge, previous) = cx.change(Table::Charges, id, |charge| {
        charge["amount_refunded"] = json!(charge["amount_refunded"].as_i64().unwrap_or_default() + amount);
        charge["refunded"] = json!(amount == left);
    })?;
    cx.emit("refund.created", &refund);
    cx.emit_change("charge.refunded", &charge, &previous);
    Ok(refund)
}

pub(crate) fn retrieve_dispute(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Disputes, id)
}

pub(crate) fn disputes(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[DISPUTES, PAGING, CREATED])?;
    lists::page(cx, Table::Disputes, "/v1/disputes", p, |dispute| {
        ["charge", "payment_intent"].iter().all(|field| p.get(field).is_none_or(|want| dispute[*field] == want))
    })
}

/// The customer's bank takes the money back for now, with `charge.dispute.created`.
pub(crate) fn dispute(cx: &mut Cx<'_>, charge: &Value) -> Result<Value, ApiError> {
    let id = cx.id("du_1", 23);
    let charge_id = charge["id"].as_str().unwrap_or_default();
    let mut evidence = serde_json::Map::new();
    for name in [
        "access_activity_log",
        "billing_address",
        "cancellation_policy",
        "cancellation_policy_disclosure",
        "cancellation_rebuttal",
        "customer_communication",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "customer_signature",
        "duplicate_charge_documentation",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "receipt",
        "refund_policy",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
        "service_date",
        "service_documentation",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_documentation",
        "shipping_tracking_number",
        "uncategorized_file",
        "uncategorized_text",
    ] {
        evidence.insert(name.to_owned(), Value::Null);
    }
    evidence.insert("enhanced_evidence".to_owned(), json!({}));
    let dispute = json!({
        "id": id, "object": "dispute", "amount": charge["amount"], "balance_transactions": [], "charge": charge_id,
        "created": cx.now, "currency": charge["currency"], "enhanced_eligibility_types": [], "evidence": evidence,
        "evidence_details": {
            "due_by": cx.now + 7 * DAY, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
            "submission_count": 0, "submission_method": "not_submitted",
        },
        "intended_submission_method": null, "is_charge_refundable": false, "livemode": false, "metadata": {},
        "payment_intent": charge["payment_intent"], "reason": "fraudulent", "status": "needs_response",
    });
    cx.change(Table::Charges, charge_id, |charge| charge["disputed"] = json!(true))?;
    let dispute = cx.add(Table::Disputes, dispute);
    cx.emit("charge.dispute.created", &dispute);
    Ok(dispute)
}

/// The bank has decided, with `charge.dispute.closed`.
pub(crate) fn close(cx: &mut Cx<'_>, id: &str, status: &str) -> Result<Value, ApiError> {
    let (dispute, previous) = cx.change(Table::Disputes, id, |dispute| dispute["status"] = json!(status))?;
    cx.emit_change("charge.dispute.closed", &dispute, &previous);
    Ok(dispute)
}

impl StripeFake {
    /// The operator gives back what an invoice brought, all of it or an amount.
    ///
    /// # Errors
    /// When nothing was paid, or not so much is left.
    pub fn refund(&self, invoice: &str, amount: Option<i64>) -> Result<(), FakeError> {
        let give = |cx: &mut Cx<'_>| of_invoice(cx, invoice).and_then(|charge| give_back(cx, &charge, amount));
        self.act(give).map(drop)
    }

    /// The customer disputes the payment of an invoice; the dispute `du_…`.
    ///
    /// # Errors
    /// When nothing was paid.
    pub fn dispute(&self, invoice: &str) -> Result<String, FakeError> {
        let dispute = self.act(|cx| of_invoice(cx, invoice).and_then(|charge| dispute(cx, &charge)))?;
        Ok(dispute["id"].as_str().unwrap_or_default().to_owned())
    }

    /// The bank decides a dispute: `won` or `lost`, as seen by the shop.
    ///
    /// # Errors
    /// When there is no such dispute.
    pub fn close_dispute(&self, dispute: &str, status: &str) -> Result<(), FakeError> {
        self.act(|cx| close(cx, dispute, status)).map(drop)
    }
}

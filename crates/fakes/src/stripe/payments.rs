//! Cards and payments, as far as invoices point at them.

use super::charges;
use super::errors::ApiError;
use super::form::Params;
use super::state::{Cx, Table};
use serde_json::{Value, json};

/// What a typed card number does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Card {
    /// It pays.
    Good {
        /// Its last four digits.
        last4: String,
    },
    /// Stripe's test card that is always declined.
    Declined,
    /// No card has this number.
    Invalid,
}

impl Card {
    /// The card behind a number, blanks and dashes ignored.
    pub(crate) fn read(number: &str) -> Card {
        let digits: String = number.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
        if digits == "4000000000000002" {
            return Card::Declined;
        }
        if !(13..=19).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) || !luhn(&digits) {
            return Card::Invalid;
        }
        Card::Good { last4: digits[digits.len() - 4..].to_owned() }
    }
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0') * if at % 2 == 1 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Keeps the card as a payment method of the customer.
pub(crate) fn add_method(cx: &mut Cx<'_>, customer: &Value, last4: &str) -> Value {
    let id = cx.id("pm_1", 23);
    let fingerprint = cx.id("", 16);
    let brand = "visa";
    let method = json!({
        "id": id, "object": "payment_method", "allow_redisplay": "limited",
        "billing_details": { "address": null, "email": customer["email"], "name": customer["name"], "phone": null, "tax_id": null },
        "card": {
            "brand": brand, "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
            "country": "US", "display_brand": brand, "exp_month": 12, "exp_year": 2040, "fingerprint": fingerprint,
            "funding": "credit", "generated_from": null, "last4": last4,
            "networks": { "available": [brand], "preferred": null }, "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": true }, "wallet": null,
        },
        "created": cx.now, "customer": customer["id"], "customer_account": null, "livemode": false, "metadata": {},
        "type": "card",
    });
    cx.add(Table::PaymentMethods, method)
}

/// An intent for an invoice: paid, or declined.
pub(crate) fn add_intent(cx: &mut Cx<'_>, invoice: &Value, method: &Value, paid: bool) -> Value {
    let id = cx.id("pi_3", 23);
    let secret = format!("{id}_secret_{}", cx.id("", 25));
    let amount = invoice["amount_due"].as_i64().unwrap_or_default();
    let error = (!paid).then(|| {
        json!({ "code": "card_declined", "decline_code": "generic_decline", "message": "Your card was declined.", "type": "card_error" })
    });
    let mut intent = json!({
        "id": id, "object": "payment_intent", "allowed_payment_method_types": null, "amount": amount, "amount_capturable": 0,
        "amount_received": if paid { amount } else { 0 }, "application": null, "application_fee_amount": null,
        "automatic_payment_methods": null, "canceled_at": null, "cancellation_reason": null, "capture_method": "automatic",
        "client_secret": secret, "confirmation_method": "automatic", "created": cx.now, "currency": invoice["currency"],
        "customer": invoice["customer"], "customer_account": null, "description": null, "excluded_payment_method_types": null,
        "last_payment_error": error, "latest_charge": null, "livemode": false, "managed_payments": null, "metadata": {},
        "next_action": null, "on_behalf_of": null, "payment_method": if paid { method.clone() } else { Value::Null },
        "payment_method_configuration_details": null,
        "payment_method_options": { "card": { "installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic" } },
        "payment_method_types": ["card"], "payment_record": null, "processing": null, "receipt_email": null, "review": null,
        "setup_future_usage": "off_session", "shipping": null, "source": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": if paid { "succeeded" } else { "requires_payment_method" },
        "transfer_data": null, "transfer_group": null,
    });
    if paid {
        intent["latest_charge"] = charges::add(cx, &intent)["id"].clone();
    }
    cx.add(Table::PaymentIntents, intent)
}

pub(crate) fn retrieve_intent(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::PaymentIntents, id)
}

pub(crate) fn retrieve_method(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::PaymentMethods, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_good_card_a_declined_one_or_none() {
        for (number, expect) in [
            ("4242 4242 4242 4242", Card::Good { last4: "4242".into() }),
            ("5555-5555-5555-4444", Card::Good { last4: "4444".into() }),
            ("4000 0000 0000 0002", Card::Declined),
            ("4242 4242 4242 4241", Card::Invalid),
            ("4242", Card::Invalid),
            ("", Card::Invalid),
            ("not a card number", Card::Invalid),
        ] {
            assert_eq!(Card::read(number), expect, "{number}");
        }
    }
}

//! Cards and payments, as far as invoices point at them.

use super::StripeFake;
use super::errors::ApiError;
use super::form::Params;
use super::state::{Cx, Table};
use super::{billing, charges};
use crate::FakeError;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What a typed card number does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Card {
    /// It pays.
    Good {
        /// Its last four digits.
        last4: String,
        /// What it is known by, whoever pays with it.
        fingerprint: String,
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
        let fingerprint = hex(&Sha256::digest(&digits)).chars().take(16).collect();
        Card::Good { last4: digits[digits.len() - 4..].to_owned(), fingerprint }
    }
}

/// The number of a good card that is this buyer's own.
pub(crate) fn card_of(buyer: &str) -> String {
    let digits = Sha256::digest(buyer).iter().take(14).map(|byte| char::from(b'0' + byte % 10)).collect::<String>();
    let number = (0..10).map(|check| format!("4{digits}{check}")).find(|number| luhn(number));
    number.unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

/// The customer's subscriptions are paid with this card from now on, and what is open is paid with it at once.
pub(crate) fn change_card(cx: &mut Cx<'_>, customer: &str, number: &str) -> Result<(), ApiError> {
    let customer = cx.get(Table::Customers, customer)?;
    let Card::Good { last4, fingerprint } = Card::read(number) else {
        return Err(ApiError::invalid(Some("card_declined"), "Your card was declined.", None));
    };
    let method = add_method(cx, &customer, &last4, &fingerprint);
    let is_live =
        |subscription: &&Value| subscription["customer"] == customer["id"] && subscription["status"] != "canceled";
    let live: Vec<Value> = cx.state.all(Table::Subscriptions).iter().filter(is_live).cloned().collect();
    for old in live {
        let id = old["id"].as_str().unwrap_or_default();
        let (subscription, previous) = cx.change(Table::Subscriptions, id, |subscription| {
            subscription["default_payment_method"] = method["id"].clone();
            subscription["_declines"] = Value::Null;
        })?;
        cx.emit_change("customer.subscription.updated", &subscription, &previous);
        if old["status"] == "past_due" {
            billing::recover(cx, id)?;
        }
    }
    Ok(())
}

/// Keeps the card as a payment method of the customer.
pub(crate) fn add_method(cx: &mut Cx<'_>, customer: &Value, last4: &str, fingerprint: &str) -> Value {
    let id = cx.id("pm_1", 23);
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

impl StripeFake {
    /// The card that pays for a subscription is good until the end of this month; the bank has sent the same card anew.
    ///
    /// # Errors
    /// When there is no such subscription, or no card pays for it.
    pub fn set_card_expiry(&self, subscription: &str, year: i64, month: i64) -> Result<(), FakeError> {
        let set = |method: &mut Value| {
            method["card"]["exp_year"] = json!(year);
            method["card"]["exp_month"] = json!(month);
        };
        self.act(|cx| {
            let subscription = cx.get(Table::Subscriptions, subscription)?;
            let method = subscription["default_payment_method"].as_str().unwrap_or_default();
            let (method, previous) = cx.change(Table::PaymentMethods, method, set)?;
            cx.emit_change("payment_method.automatically_updated", &method, &previous);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_good_card_a_declined_one_or_none() {
        for (number, expect) in [
            ("4242 4242 4242 4242", Ok("4242")),
            ("5555-5555-5555-4444", Ok("4444")),
            ("4000 0000 0000 0002", Err(Card::Declined)),
            ("4242 4242 4242 4241", Err(Card::Invalid)),
            ("4242", Err(Card::Invalid)),
            ("", Err(Card::Invalid)),
            ("not a card number", Err(Card::Invalid)),
        ] {
            let last4 = match Card::read(number) {
                Card::Good { last4, .. } => Ok(last4),
                other => Err(other),
            };
            assert_eq!(last4.as_deref().map_err(Clone::clone), expect, "{number}");
        }
    }

    #[test]
    fn a_card_is_known_by_its_number_and_each_buyer_has_one() {
        let print = |number: &str| match Card::read(number) {
            Card::Good { fingerprint, .. } => fingerprint,
            other => panic!("{number}: {other:?}"),
        };
        assert_eq!(print("4242 4242 4242 4242"), print("4242424242424242"));
        assert_eq!(print(&card_of("mika")), print(&card_of("mika")));
        assert_ne!(print(&card_of("mika")), print(&card_of("noa")));
    }
}

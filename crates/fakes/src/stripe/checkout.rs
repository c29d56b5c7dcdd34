//! Checkout sessions in subscription mode: made by the shop, completed by the customer on the hosted page.

use super::billing::{self, Order};
use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::payments::{self, Card};
use super::state::{Cx, Table};
use super::tax::{self, Buyer};
use super::{coupons, customers, lists, promotions};
use serde_json::{Value, json};

const DAY: i64 = 24 * 3600;
/// What Stripe calls the languages of its page: https://docs.stripe.com/api/checkout/sessions/object
const LOCALES: &[&str] = &[
    "auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hi-IN",
    "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk",
    "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
];
const CREATE: &[Known] = &[
    ("mode", Kind::OneOf(&["payment", "setup", "subscription"])),
    ("success_url", Kind::Url),
    ("cancel_url", Kind::Url),
    ("client_reference_id", Kind::Text),
    ("customer", Kind::Text),
    ("customer_email", Kind::Email),
    ("line_items[#][price]", Kind::Text),
    ("line_items[#][quantity]", Kind::Int),
    ("metadata[*]", Kind::Unset),
    ("subscription_data[metadata][*]", Kind::Unset),
    ("subscription_data[description]", Kind::Text),
    ("subscription_data[trial_period_days]", Kind::Int),
    ("locale", Kind::OneOf(LOCALES)),
    ("allow_promotion_codes", Kind::Bool),
    ("discounts[#][coupon]", Kind::Text),
    ("discounts[#][promotion_code]", Kind::Text),
    ("expires_at", Kind::Int),
    ("ui_mode", Kind::OneOf(&["hosted_page"])),
    ("payment_method_types[#]", Kind::OneOf(&["card"])),
    ("payment_method_collection", Kind::OneOf(&["always", "if_required"])),
    ("billing_address_collection", Kind::OneOf(&["auto", "required"])),
];
const LIST: &[Known] = &[
    ("customer", Kind::Text),
    ("subscription", Kind::Text),
    ("status", Kind::OneOf(&["complete", "expired", "open"])),
];

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

/// The prices and quantities of the request.
fn lines(cx: &Cx<'_>, p: &Params) -> Result<Vec<(Value, i64)>, ApiError> {
    let indices = p.indices("line_items");
    if indices.is_empty() {
        return Err(ApiError::missing("line_items"));
    }
    let mut lines = Vec::new();
    for index in indices {
        let param = format!("line_items[{index}][price]");
        let price = cx.get_param(Table::Prices, p.need(&param)?, &param)?;
        if price["active"] != true {
            let message = "The price specified is inactive. This field only accepts active prices.";
            return Err(ApiError::invalid(None, message, Some(&param)));
        }
        let quantity = format!("line_items[{index}][quantity]");
        match p.int(&quantity) {
            Some(count) if count >= 1 => lines.push((price, count)),
            Some(_) => {
                return Err(ApiError::parameter(
                    Some("parameter_invalid_integer"),
                    "This value must be greater than or equal to 1.",
                    &quantity,
                ));
            }
            None => {
                let message = format!("Quantity is required. Add `quantity` to `line_items[{index}]`");
                return Err(ApiError::parameter(Some("parameter_missing"), message, &quantity));
            }
        }
    }
    let first = &lines[0].0;
    if lines.iter().any(|(price, _)| price["recurring"].is_null()) {
        let message = "You must provide at least one recurring price in `subscription` mode when using prices.";
        return Err(ApiError::invalid(None, message, Some("line_items")));
    }
    let same = |field: &str| lines.iter().all(|(price, _)| price[field] == first[field]);
    if !same("currency") || !same("recurring") {
        let message = "All prices of a Checkout Session must have the same currency and billing interval.";
        return Err(ApiError::invalid(None, message, Some("line_items")));
    }
    Ok(lines)
}

fn line_item(cx: &mut Cx<'_>, price: &Value, quantity: i64, off: i64) -> Value {
    let id = cx.id("li_1", 23);
    let product = cx.state.find(Table::Products, &text(price, "product"));
    let name = product.map_or(Value::Null, |product| product["name"].clone());
    let subtotal = price["unit_amount"].as_i64().unwrap_or_default() * quantity;
    json!({
        "id": id, "object": "item", "adjustable_quantity": null, "amount_discount": off, "amount_subtotal": subtotal,
        "amount_tax": 0, "amount_total": subtotal - off, "currency": price["currency"], "description": name, "metadata": {},
        "price": price, "quantity": quantity,
    })
}

/// The coupon that is named, directly or by a promotion code, and that code; null where there is none.
fn discount(
    cx: &Cx<'_>,
    named: (Option<&str>, Option<&str>),
    customer: &Value,
    amount: (i64, &Value),
) -> Result<(Value, Value), ApiError> {
    let (param, (coupon, promotion)) = match named {
        (Some(_), Some(_)) => {
            return Err(ApiError::exclusive("discounts[0][coupon]", "discounts[0][promotion_code]"));
        }
        (None, None) => return Ok((Value::Null, Value::Null)),
        (Some(id), None) => {
            let param = "discounts[0][coupon]";
            (param, (coupons::redeemable(cx, id, param)?, Value::Null))
        }
        (None, Some(id)) => {
            let param = "discounts[0][promotion_code]";
            let (promotion, coupon) = promotions::redeemable(cx, id, param, customer, amount)?;
            (param, (coupon, promotion))
        }
    };
    if !coupon["currency"].is_null() && coupon["currency"] != *amount.1 {
        let message = "The coupon's currency is another than that of the prices.";
        return Err(ApiError::invalid(None, message, Some(param)));
    }
    Ok((coupon, promotion))
}

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CREATE, tax::CHECKOUT])?;
    match p.need("mode")? {
        "subscription" => {}
        other => {
            return Err(ApiError::parameter(
                None,
                format!("This pretend Stripe sells subscriptions only, not mode `{other}`."),
                "mode",
            ));
        }
    }
    let success_url = p.need("success_url")?;
    if p.get("customer").is_some() && p.get("customer_email").is_some() {
        return Err(ApiError::exclusive("customer", "customer_email"));
    }
    let discounts = p.indices("discounts");
    if p.get("allow_promotion_codes").is_some() && !discounts.is_empty() {
        return Err(ApiError::exclusive("allow_promotion_codes", "discounts"));
    }
    if discounts.len() > 1 {
        return Err(ApiError::parameter(None, "You may only specify one discount.", "discounts"));
    }
    if p.get("client_reference_id").is_some_and(|id| id.chars().count() > 200) {
        return Err(ApiError::parameter(None, "Invalid string: must be at most 200 characters", "client_reference_id"));
    }
    let expires_at = p.int("expires_at").unwrap_or(cx.now + DAY);
    if !(cx.now + 1800..=cx.now + DAY).contains(&expires_at) {
        let message = "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session creation.";
        return Err(ApiError::parameter(None, message, "expires_at"));
    }
    let customer = match p.get("customer") {
        Some(id) => cx.get_param(Table::Customers, id, "customer")?,
        None => Value::Null,
    };
    let lines = lines(cx, p)?;
    tax::check_checkout(p, &customer, &lines)?;
    let is_on = |name: &str| p.bool(name) == Some(true);
    let (is_taxed, takes_ids) = (is_on("automatic_tax[enabled]"), is_on("tax_id_collection[enabled]"));
    let asked: i64 = lines.iter().map(|(price, count)| price["unit_amount"].as_i64().unwrap_or_default() * count).sum();
    let named = (p.get("discounts[0][coupon]"), p.get("discounts[0][promotion_code]"));
    let (coupon, promotion) = discount(cx, named, &customer, (asked, &lines[0].0["currency"]))?;
    let trial_days = p.int("subscription_data[trial_period_days]");
    if trial_days.is_some_and(|days| !(1..=730).contains(&days)) {
        let message = "The minimum number of trial period days is 1, and the maximum 730.";
        return Err(ApiError::parameter(None, message, "subscription_data[trial_period_days]"));
    }
    let metadata = p.metadata("metadata", &Value::Null)?;
    let subscription_metadata = p.metadata("subscription_data[metadata]", &Value::Null)?;

    let mut items = Vec::new();
    let mut off = 0;
    for (price, quantity) in &lines {
        let cut = coupons::off(&coupon, price["unit_amount"].as_i64().unwrap_or_default() * quantity);
        off += cut;
        items.push(line_item(cx, price, *quantity, cut));
    }
    let subtotal: i64 = items.iter().filter_map(|item| item["amount_subtotal"].as_i64()).sum();
    let id = cx.id("cs_test_a1", 56);
    let details = |email: &Value| {
        json!({
            "address": null, "business_name": null, "email": email, "individual_name": null, "name": null, "phone": null,
            "tax_exempt": "none", "tax_ids": null,
        })
    };
    let email = if customer.is_null() { p.text_or_null("customer_email") } else { customer["email"].clone() };
    let mut session = json!({
        "id": id, "object": "checkout.session", "adaptive_pricing": null, "after_expiration": null,
        "allow_promotion_codes": p.bool("allow_promotion_codes"), "allowed_payment_method_types": null, "amount_subtotal": subtotal,
        "amount_total": if trial_days.is_some() { 0 } else { subtotal - off },
        "automatic_tax": tax::of_session(is_taxed, "requires_location_inputs"),
        "billing_address_collection": p.get("billing_address_collection"), "cancel_url": p.get("cancel_url"),
        "client_reference_id": p.get("client_reference_id"), "client_secret": null, "collected_information": null, "consent": null,
        "consent_collection": null, "created": cx.now, "currency": lines[0].0["currency"], "currency_conversion": null,
        "custom_fields": [],
        "custom_text": { "after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null },
        "customer": customer["id"], "customer_account": null,
        "customer_creation": if customer.is_null() { json!("always") } else { Value::Null },
        "customer_details": if email.is_null() { Value::Null } else { details(&email) },
        "customer_email": p.get("customer_email"),
        "discounts": match (&promotion, &coupon) {
            (Value::Null, Value::Null) => json!([]),
            (Value::Null, coupon) => json!([{ "coupon": coupon["id"], "promotion_code": null }]),
            (promotion, _) => json!([{ "coupon": null, "promotion_code": promotion["id"] }]),
        },
        "expires_at": expires_at, "integration_identifier": null, "invoice": null, "invoice_creation": null, "livemode": false,
        "locale": p.get("locale"), "managed_payments": null, "metadata": metadata, "mode": "subscription", "origin_context": null,
        "payment_intent": null, "payment_link": null,
        "payment_method_collection": p.get("payment_method_collection").unwrap_or("always"),
        "payment_method_configuration_details": null,
        "payment_method_options": { "card": { "request_three_d_secure": "automatic" } }, "payment_method_types": ["card"],
        "payment_status": "unpaid", "permissions": null, "phone_number_collection": { "enabled": false }, "recovered_from": null,
        "saved_payment_method_options": { "allow_redisplay_filters": ["always"], "payment_method_remove": "disabled", "payment_method_save": null },
        "setup_intent": null, "shipping_address_collection": null, "shipping_cost": null, "shipping_options": [], "status": "open",
        "submit_type": null, "subscription": null, "success_url": success_url,
        "total_details": { "amount_discount": off, "amount_shipping": 0, "amount_tax": 0 }, "ui_mode": "hosted_page",
        "url": format!("{}/pay/{id}", cx.public_url), "wallet_options": null,
        "_line_items": lists::inner_list(&format!("/v1/checkout/sessions/{id}/line_items"), items),
        "_subscription_metadata": subscription_metadata,
        "_subscription_description": p.text_or_null("subscription_data[description]"),
        "_trial_days": trial_days,
        "_keeps_buyer": customer.is_null() || p.get("customer_update[address]") == Some("auto"),
    });
    if takes_ids {
        session["tax_id_collection"] = json!({ "enabled": true, "required": "never" });
    }
    Ok(cx.add(Table::Sessions, session))
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Sessions, id)
}

pub(crate) fn line_items(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[PAGING])?;
    Ok(cx.get(Table::Sessions, id)?["_line_items"].clone())
}

pub(crate) fn list(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING, CREATED])?;
    lists::page(cx, Table::Sessions, "/v1/checkout/sessions", p, |session| {
        ["customer", "subscription", "status"]
            .iter()
            .all(|field| p.get(field).is_none_or(|want| session[*field] == want))
    })
}

pub(crate) fn expire(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    expire_now(cx, id)
}

/// Closes an open session; `checkout.session.expired`.
pub(crate) fn expire_now(cx: &mut Cx<'_>, id: &str) -> Result<Value, ApiError> {
    let session = cx.get(Table::Sessions, id)?;
    if session["status"] != "open" {
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Session has a status of {}.",
            text(&session, "status")
        );
        return Err(ApiError::invalid(None, message, None));
    }
    let (session, _) = cx.change(Table::Sessions, id, |session| {
        session["status"] = json!("expired");
        session["url"] = Value::Null;
    })?;
    cx.emit("checkout.session.expired", &session);
    Ok(session)
}

/// Closes the sessions whose time is over; run before each request, as nothing else here watches the clock.
pub(crate) fn expire_due(cx: &mut Cx<'_>) {
    let now = cx.now;
    let due: Vec<String> = cx
        .state
        .all(Table::Sessions)
        .iter()
        .filter(|session| session["status"] == "open" && session["expires_at"].as_i64().is_some_and(|at| at <= now))
        .map(|session| text(session, "id"))
        .collect();
    for id in due {
        // An open session is what `due` was made of: this cannot be refused.
        let _ = expire_now(cx, &id);
    }
}

fn list_of(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// The country of the customer of a session, where it is known.
pub(crate) fn country(cx: &Cx<'_>, session: &Value) -> Option<String> {
    let customer = cx.state.find(Table::Customers, session["customer"].as_str()?)?;
    customer["address"]["country"].as_str().map(str::to_owned)
}

/// Where the customer goes after paying.
pub(crate) fn success_url(session: &Value) -> String {
    text(session, "success_url").replace("{CHECKOUT_SESSION_ID}", session["id"].as_str().unwrap_or_default())
}

/// The customer pays. A session that was paid already stays as it is: a double click charges once.
pub(crate) fn pay(
    cx: &mut Cx<'_>,
    id: &str,
    number: &str,
    email: Option<&str>,
    buyer: Buyer<'_>,
) -> Result<Value, ApiError> {
    let session = cx.get(Table::Sessions, id)?;
    match session["status"].as_str() {
        Some("complete") => return Ok(session),
        Some("open") => {}
        _ => return Err(ApiError::invalid(None, "This Checkout Session has expired.", None)),
    }
    let (last4, fingerprint) = match Card::read(number) {
        Card::Good { last4, fingerprint } => (last4, fingerprint),
        Card::Declined => return Err(ApiError::invalid(Some("card_declined"), "Your card was declined.", None)),
        Card::Invalid => return Err(ApiError::invalid(Some("incorrect_number"), "Your card number is invalid.", None)),
    };
    let typed = email.map(str::trim).filter(|email| !email.is_empty());
    let customer = match session["customer"].as_str() {
        Some(id) => cx.get(Table::Customers, id)?,
        None => {
            let email = session["customer_email"].as_str().or(typed).unwrap_or_default().to_owned();
            if !crate::resend::is_address(&email) {
                return Err(ApiError::invalid(Some("email_invalid"), "Your email is incomplete.", None));
            }
            customers::add(cx, json!(email), |_| {})
        }
    };
    let lines: Vec<(Value, i64)> = session["_line_items"]["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| (line["price"].clone(), line["quantity"].as_i64().unwrap_or(1)))
        .collect();
    let named = &session["discounts"][0];
    let amount = (session["amount_subtotal"].as_i64().unwrap_or_default(), &session["currency"]);
    // Others may have redeemed it since the page was opened.
    let (coupon, promotion) =
        discount(cx, (named["coupon"].as_str(), named["promotion_code"].as_str()), &customer, amount)?;
    let is_taxed = session["automatic_tax"]["enabled"] == true;
    let customer = if is_taxed && session["_keeps_buyer"] == true {
        tax::keep(cx, &text(&customer, "id"), buyer.or_as_known(&customer))?
    } else {
        customer
    };
    let method = payments::add_method(cx, &customer, &last4, &fingerprint);
    let order = Order {
        customer: &customer,
        session: id,
        lines: &lines,
        metadata: session["_subscription_metadata"].clone(),
        description: session["_subscription_description"].clone(),
        coupon: (!coupon.is_null()).then_some((&coupon, &promotion)),
        method: &method,
        trial_days: session["_trial_days"].as_i64(),
        automatic_tax: is_taxed,
    };
    let (subscription, previous, invoice) = billing::begin(cx, &order)?;
    let (session, _) = cx.change(Table::Sessions, id, |session| {
        session["status"] = json!("complete");
        session["payment_status"] = json!(if session["_trial_days"].is_null() { "paid" } else { "no_payment_required" });
        session["url"] = Value::Null;
        session["customer"] = customer["id"].clone();
        session["subscription"] = subscription["id"].clone();
        session["invoice"] = invoice["id"].clone();
        let company = Some(buyer.company).filter(|company| is_taxed && !company.is_empty());
        session["customer_details"] = json!({
            "address": customer["address"], "business_name": company, "email": customer["email"], "individual_name": null,
            "name": customer["name"], "phone": null, "tax_exempt": "none", "tax_ids": tax::ids(&customer),
        });
        if is_taxed {
            session["automatic_tax"]["status"] = json!("complete");
            session["amount_total"] = invoice["total"].clone();
            session["total_details"]["amount_tax"] = json!(tax::sums(&list_of(&invoice["total_taxes"])).0);
        }
    })?;
    cx.emit("checkout.session.completed", &session);
    cx.emit_change("customer.subscription.updated", &subscription, &previous);
    Ok(session)
}

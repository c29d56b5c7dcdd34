//! Promotion codes: what customers type, each for a coupon.

use super::coupons;
use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::lists;
use super::state::{Cx, Table};
use serde_json::{Value, json};

const CREATE: &[Known] = &[
    ("promotion[type]", Kind::OneOf(&["coupon"])),
    ("promotion[coupon]", Kind::Text),
    ("code", Kind::Text),
    ("active", Kind::Bool),
    ("customer", Kind::Text),
    ("expires_at", Kind::Int),
    ("max_redemptions", Kind::Int),
    ("restrictions[first_time_transaction]", Kind::Bool),
    ("restrictions[minimum_amount]", Kind::Int),
    ("restrictions[minimum_amount_currency]", Kind::Text),
    ("metadata[*]", Kind::Unset),
];
const UPDATE: &[Known] = &[("active", Kind::Bool), ("metadata[*]", Kind::Unset)];
const LIST: &[Known] =
    &[("active", Kind::Bool), ("code", Kind::Text), ("coupon", Kind::Text), ("customer", Kind::Text)];

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CREATE])?;
    p.need("promotion[type]")?;
    let coupon = coupons::redeemable(cx, p.need("promotion[coupon]")?, "promotion[coupon]")?;
    let code = match p.get("code") {
        Some(code) if !code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            let message = "Promotion codes can only contain letters, digits and dashes.";
            return Err(ApiError::parameter(None, message, "code"));
        }
        Some(code) => code.to_owned(),
        None => cx.id("", 8).to_uppercase(),
    };
    check_limits(cx, p, &coupon)?;
    if let Some(id) = p.get("customer") {
        cx.get_param(Table::Customers, id, "customer")?;
    }
    if active_of_code(cx, &code).is_some() {
        let message = format!("An active promotion code with `code: {code}` already exists.");
        return Err(ApiError::invalid(None, message, Some("code")));
    }
    let metadata = p.metadata("metadata", &Value::Null)?;
    let id = cx.id("promo_1", 23);
    let promotion = json!({
        "id": id, "object": "promotion_code", "active": p.bool("active").unwrap_or(true), "code": code, "created": cx.now,
        "customer": p.get("customer"), "customer_account": null, "expires_at": p.int("expires_at"), "livemode": false,
        "max_redemptions": p.int("max_redemptions"), "metadata": metadata,
        "promotion": { "coupon": coupon["id"], "type": "coupon" },
        "restrictions": {
            "first_time_transaction": p.bool("restrictions[first_time_transaction]").unwrap_or(false),
            "minimum_amount": p.int("restrictions[minimum_amount]"),
            "minimum_amount_currency": p.get("restrictions[minimum_amount_currency]").map(str::to_lowercase),
        },
        "times_redeemed": 0,
    });
    cx.add(Table::PromotionCodes, promotion.clone());
    cx.emit("promotion_code.created", &promotion);
    Ok(promotion)
}

/// A code's own bounds lie within those of its coupon.
fn check_limits(cx: &Cx<'_>, p: &Params, coupon: &Value) -> Result<(), ApiError> {
    let refuse = |message: &str, param| Err(ApiError::parameter(None, message, param));
    if let Some(most) = p.int("max_redemptions") {
        if most < 1 {
            return refuse("This value must be greater than or equal to 1.", "max_redemptions");
        }
        if coupon["max_redemptions"].as_i64().is_some_and(|all| most > all) {
            return refuse("`max_redemptions` cannot be greater than that of the coupon.", "max_redemptions");
        }
    }
    if let Some(end) = p.int("expires_at") {
        if end <= cx.now {
            return refuse("The `expires_at` timestamp must be in the future.", "expires_at");
        }
        if coupon["redeem_by"].as_i64().is_some_and(|by| end > by) {
            return refuse("`expires_at` cannot be later than the coupon's `redeem_by`.", "expires_at");
        }
    }
    let minimum = ["restrictions[minimum_amount]", "restrictions[minimum_amount_currency]"];
    match minimum.map(|name| p.get(name).is_some()) {
        [true, false] => Err(ApiError::missing(minimum[1])),
        [false, true] => Err(ApiError::missing(minimum[0])),
        _ => Ok(()),
    }
}

/// Codes are the same in either case.
fn active_of_code(cx: &Cx<'_>, code: &str) -> Option<Value> {
    let is_it = |one: &&Value| one["active"] == true && is_code(one, code);
    cx.state.all(Table::PromotionCodes).iter().find(is_it).cloned()
}

fn is_code(promotion: &Value, code: &str) -> bool {
    promotion["code"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(code))
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::PromotionCodes, id)
}

pub(crate) fn update(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[UPDATE])?;
    let old = cx.get(Table::PromotionCodes, id)?;
    let metadata = p.metadata("metadata", &old["metadata"])?;
    let code = old["code"].as_str().unwrap_or_default();
    if p.bool("active") == Some(true) && active_of_code(cx, code).is_some_and(|other| other["id"] != old["id"]) {
        let message = format!("An active promotion code with `code: {code}` already exists.");
        return Err(ApiError::invalid(None, message, Some("active")));
    }
    let (promotion, previous) = cx.change(Table::PromotionCodes, id, |promotion| {
        if let Some(active) = p.bool("active") {
            promotion["active"] = json!(active);
        }
        promotion["metadata"] = metadata;
    })?;
    cx.emit_change("promotion_code.updated", &promotion, &previous);
    Ok(promotion)
}

pub(crate) fn list(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING, CREATED])?;
    lists::page(cx, Table::PromotionCodes, "/v1/promotion_codes", p, |promotion| {
        p.bool("active").is_none_or(|active| promotion["active"] == active)
            && p.get("code").is_none_or(|code| is_code(promotion, code))
            && p.get("coupon").is_none_or(|id| promotion["promotion"]["coupon"] == id)
            && p.get("customer").is_none_or(|id| promotion["customer"] == id)
    })
}

/// The promotion code of a parameter with its coupon, if a purchase of this customer (null for a new one) and this amount
/// can still redeem it.
pub(crate) fn redeemable(
    cx: &Cx<'_>,
    id: &str,
    param: &str,
    customer: &Value,
    amount: (i64, &Value),
) -> Result<(Value, Value), ApiError> {
    let promotion = cx.get_param(Table::PromotionCodes, id, param)?;
    let refuse = |message: &str| Err(ApiError::invalid(None, message, Some(param)));
    let spent =
        promotion["max_redemptions"].as_i64().is_some_and(|most| promotion["times_redeemed"].as_i64() >= Some(most));
    let late = promotion["expires_at"].as_i64().is_some_and(|end| end <= cx.now);
    if promotion["active"] != true || spent || late {
        return refuse("This promotion code is expired, inactive or has been redeemed too often.");
    }
    if !promotion["customer"].is_null() && promotion["customer"] != customer["id"] {
        return refuse("This promotion code cannot be redeemed by this customer.");
    }
    let restrictions = &promotion["restrictions"];
    if restrictions["first_time_transaction"] == true && has_paid(cx, customer) {
        return refuse(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
        );
    }
    let (amount, currency) = amount;
    if let Some(least) = restrictions["minimum_amount"].as_i64()
        && (restrictions["minimum_amount_currency"] != *currency || amount < least)
    {
        return refuse("This promotion code needs a larger purchase.");
    }
    let coupon = coupons::redeemable(cx, promotion["promotion"]["coupon"].as_str().unwrap_or_default(), param)?;
    Ok((promotion, coupon))
}

fn has_paid(cx: &Cx<'_>, customer: &Value) -> bool {
    let is_payment = |invoice: &Value| {
        invoice["customer"] == customer["id"] && invoice["amount_paid"].as_i64().is_some_and(|paid| paid > 0)
    };
    !customer.is_null() && cx.state.all(Table::Invoices).iter().any(is_payment)
}

/// One more redemption. Stripe takes a code that is used up for inactive from then on.
pub(crate) fn count(cx: &mut Cx<'_>, id: &str) -> Result<(), ApiError> {
    let (promotion, previous) = cx.change(Table::PromotionCodes, id, |promotion| {
        let times = promotion["times_redeemed"].as_i64().unwrap_or_default() + 1;
        promotion["times_redeemed"] = json!(times);
        if promotion["max_redemptions"].as_i64().is_some_and(|most| times >= most) {
            promotion["active"] = json!(false);
        }
    })?;
    cx.emit_change("promotion_code.updated", &promotion, &previous);
    Ok(())
}

//! Coupons, and the discounts that come of them.

use super::errors::ApiError;
use super::form::{Kind, Known, Params};
use super::state::{Cx, Table};
use super::{calendar, promotions};
use serde_json::{Value, json};

const CREATE: &[Known] = &[
    ("id", Kind::Text),
    ("name", Kind::Text),
    ("percent_off", Kind::Decimal),
    ("amount_off", Kind::Int),
    ("currency", Kind::Text),
    ("duration", Kind::OneOf(&["forever", "once", "repeating"])),
    ("duration_in_months", Kind::Int),
    ("max_redemptions", Kind::Int),
    ("redeem_by", Kind::Int),
    ("metadata[*]", Kind::Unset),
];

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CREATE])?;
    let metadata = p.metadata("metadata", &Value::Null)?;
    let percent = p.get("percent_off").and_then(|text| text.parse::<f64>().ok());
    let amount = p.int("amount_off");
    match (percent, amount) {
        (Some(_), Some(_)) => return Err(ApiError::exclusive("percent_off", "amount_off")),
        (None, None) => return Err(ApiError::missing("percent_off")),
        (Some(percent), None) if !(percent > 0.0 && percent <= 100.0) => {
            return Err(ApiError::parameter(
                None,
                "Invalid percent_off: must be above 0 and at most 100",
                "percent_off",
            ));
        }
        (None, Some(amount)) if amount < 1 => {
            return Err(ApiError::parameter(None, "Invalid amount_off: must be at least 1", "amount_off"));
        }
        (None, Some(_)) => {
            p.need("currency")?;
        }
        (Some(_), None) if p.get("currency").is_some() => {
            let message = "You may only specify `currency` together with `amount_off`.";
            return Err(ApiError::parameter(None, message, "currency"));
        }
        (Some(_), None) => {}
    }
    let duration = check_bounds(cx, p)?;
    let id = p.get("id").map(str::to_owned).unwrap_or_else(|| cx.id("", 8));
    if cx.state.find(Table::Coupons, &id).is_some() {
        return Err(ApiError::invalid(Some("resource_already_exists"), "Coupon already exists.", Some("id")));
    }
    let coupon = json!({
        "id": id, "object": "coupon", "amount_off": amount, "created": cx.now,
        "currency": amount.and(p.get("currency")).map(str::to_lowercase), "duration": duration,
        "duration_in_months": p.int("duration_in_months"), "livemode": false, "max_redemptions": p.int("max_redemptions"),
        "metadata": metadata, "name": p.get("name"), "percent_off": percent, "redeem_by": p.int("redeem_by"),
        "times_redeemed": 0, "valid": true,
    });
    cx.add(Table::Coupons, coupon.clone());
    cx.emit("coupon.created", &coupon);
    Ok(coupon)
}

/// How long it lasts, how often and until when it may be redeemed; gives the duration's word.
fn check_bounds<'p>(cx: &Cx<'_>, p: &'p Params) -> Result<&'p str, ApiError> {
    let duration = p.get("duration").unwrap_or("once");
    match (duration, p.int("duration_in_months")) {
        ("repeating", None) => return Err(ApiError::missing("duration_in_months")),
        ("repeating", Some(months)) if months >= 1 => {}
        (_, None) => {}
        _ => {
            let message = "Invalid duration_in_months: at least 1, and only with the duration `repeating`.";
            return Err(ApiError::parameter(None, message, "duration_in_months"));
        }
    }
    if p.int("max_redemptions").is_some_and(|most| most < 1) {
        let message = "This value must be greater than or equal to 1.";
        return Err(ApiError::parameter(Some("parameter_invalid_integer"), message, "max_redemptions"));
    }
    if p.int("redeem_by").is_some_and(|by| by <= cx.now) {
        return Err(ApiError::parameter(None, "The `redeem_by` timestamp must be in the future.", "redeem_by"));
    }
    Ok(duration)
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Coupons, id)
}

/// The coupon of a parameter, if it can still be redeemed.
pub(crate) fn redeemable(cx: &Cx<'_>, id: &str, param: &str) -> Result<Value, ApiError> {
    let coupon = cx.get_param(Table::Coupons, id, param)?;
    let spent = coupon["max_redemptions"].as_i64().is_some_and(|max| coupon["times_redeemed"].as_i64() >= Some(max));
    let late = coupon["redeem_by"].as_i64().is_some_and(|by| by <= cx.now);
    if spent || late || coupon["valid"] == false {
        let message = format!("Coupon {id} is expired and cannot be applied.");
        return Err(ApiError::invalid(Some("coupon_expired"), message, Some(param)));
    }
    Ok(coupon)
}

/// What the coupon takes off `amount`.
pub(crate) fn off(coupon: &Value, amount: i64) -> i64 {
    let cut = match (coupon["amount_off"].as_i64(), coupon["percent_off"].as_f64()) {
        (Some(off), _) => off,
        // Percent in hundredths, so that the sum stays in whole numbers; halves go up.
        #[expect(clippy::cast_possible_truncation, reason = "percent_off is between 0 and 100")]
        (None, Some(percent)) => (amount * (percent * 100.0).round() as i64 + 5000) / 10_000,
        (None, None) => 0,
    };
    cut.clamp(0, amount.max(0))
}

/// Redeems the coupon for a subscription: the discount.
pub(crate) fn redeem(
    cx: &mut Cx<'_>,
    (coupon, promotion): (&Value, &Value),
    customer: &Value,
    subscription: &str,
    session: &str,
) -> Result<Value, ApiError> {
    let coupon_id = coupon["id"].as_str().unwrap_or_default();
    if let Some(id) = promotion["id"].as_str() {
        promotions::count(cx, id)?;
    }
    let (coupon, _) = cx.change(Table::Coupons, coupon_id, |coupon| {
        coupon["times_redeemed"] = json!(coupon["times_redeemed"].as_i64().unwrap_or_default() + 1);
    })?;
    let id = cx.id("di_1", 23);
    let end = coupon["duration_in_months"].as_i64().map(|months| calendar::later(cx.now, cx.now, "month", months));
    let discount = json!({
        "id": id, "object": "discount", "checkout_session": session, "customer": customer["id"], "customer_account": null,
        "end": end, "invoice": null, "invoice_item": null, "promotion_code": promotion["id"],
        "source": { "coupon": coupon["id"], "type": "coupon" },
        "start": cx.now, "subscription": subscription, "subscription_item": null,
    });
    cx.add(Table::Discounts, discount.clone());
    cx.emit("customer.discount.created", &discount);
    Ok(discount)
}

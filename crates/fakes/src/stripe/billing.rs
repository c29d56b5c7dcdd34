//! The life of a subscription: begun, renewed, declined, recovered, ended. Each step leaves the events that Stripe sends.

use super::errors::ApiError;
use super::invoices::{self, Line, MOST_ATTEMPTS};
use super::state::{Cx, Table};
use super::{calendar, coupons, lists, prices, schedules, tax};
use serde_json::{Value, json};

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

fn int(object: &Value, field: &str) -> i64 {
    object[field].as_i64().unwrap_or_default()
}

/// The items inside a subscription.
pub(crate) fn items(subscription: &Value) -> Vec<Value> {
    subscription["items"]["data"].as_array().cloned().unwrap_or_default()
}

/// Start and end of the period that is running, unix seconds; they stand on the items.
pub(crate) fn period(subscription: &Value) -> (i64, i64) {
    let first = &subscription["items"]["data"][0];
    (int(first, "current_period_start"), int(first, "current_period_end"))
}

/// The end of a period of this price that begins at `from`.
pub(crate) fn period_end(anchor: i64, from: i64, price: &Value) -> i64 {
    let recurring = &price["recurring"];
    calendar::later(
        anchor,
        from,
        recurring["interval"].as_str().unwrap_or("month"),
        recurring["interval_count"].as_i64().unwrap_or(1),
    )
}

pub(crate) fn new_item(cx: &mut Cx<'_>, subscription: &str, price: &Value, quantity: i64, period: (i64, i64)) -> Value {
    let id = cx.id("si_", 14);
    json!({
        "id": id, "object": "subscription_item", "billing_thresholds": null, "created": cx.now,
        "current_period_end": period.1, "current_period_start": period.0, "current_trial": null, "discounts": [],
        "metadata": {}, "plan": prices::plan(price), "price": price, "quantity": quantity, "subscription": subscription,
        "tax_rates": [],
    })
}

/// What one period of the subscription costs, a line for each item.
fn period_lines(cx: &Cx<'_>, subscription: &Value, period: (i64, i64)) -> Vec<Line> {
    items(subscription)
        .into_iter()
        .map(|item| {
            let (price, quantity) = (item["price"].clone(), int(&item, "quantity"));
            let product = cx.state.find(Table::Products, &text(&price, "product"));
            let name = product.map_or_else(|| "Subscription".to_owned(), |product| text(product, "name"));
            let description = format!(
                "{quantity} × {name} (at {} / {})",
                money(int(&price, "unit_amount"), &text(&price, "currency")),
                text(&price["recurring"], "interval")
            );
            Line {
                amount: int(&price, "unit_amount") * quantity,
                description,
                item,
                price,
                quantity,
                period,
                proration: false,
            }
        })
        .collect()
}

/// `599, usd` → `$5.99`; another currency is written as its code.
pub(crate) fn money(amount: i64, currency: &str) -> String {
    // Stripe's list of currencies without a smaller unit: https://docs.stripe.com/currencies#zero-decimal
    const WHOLE: &[&str] = &[
        "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf",
    ];
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    let number =
        if WHOLE.contains(&currency) { amount.to_string() } else { format!("{}.{:02}", amount / 100, amount % 100) };
    match currency {
        "usd" => format!("{sign}${number}"),
        "eur" => format!("{sign}€{number}"),
        "jpy" => format!("{sign}¥{number}"),
        other => format!("{sign}{number} {}", other.to_uppercase()),
    }
}

/// What a checkout session sells.
pub(crate) struct Order<'a> {
    pub(crate) customer: &'a Value,
    pub(crate) session: &'a str,
    /// Price and quantity, at least one.
    pub(crate) lines: &'a [(Value, i64)],
    pub(crate) metadata: Value,
    pub(crate) description: Value,
    /// What takes something off, with the promotion code that led to it, or null.
    pub(crate) coupon: Option<(&'a Value, &'a Value)>,
    /// The card that pays.
    pub(crate) method: &'a Value,
    /// Days before the first payment.
    pub(crate) trial_days: Option<i64>,
    /// Whether Stripe Tax reckons its taxes.
    pub(crate) automatic_tax: bool,
}

/// Begins a subscription: gives it (active, or trialing) and its first invoice (paid, or of nothing). The caller emits
/// what comes after.
pub(crate) fn begin(cx: &mut Cx<'_>, order: &Order<'_>) -> Result<(Value, Value, Value), ApiError> {
    let id = cx.id("sub_1", 23);
    let now = cx.now;
    let trial_end = order.trial_days.map(|days| now + days * 24 * 3600);
    let period = (now, trial_end.unwrap_or_else(|| period_end(now, now, &order.lines[0].0)));
    let mut data = Vec::new();
    for (price, quantity) in order.lines {
        data.push(new_item(cx, &id, price, *quantity, period));
    }
    let mut discounts = Vec::new();
    if let Some(coupon) = order.coupon {
        discounts.push(coupons::redeem(cx, coupon, order.customer, &id, order.session)?["id"].clone());
    }
    let subscription = json!({
        "id": id, "object": "subscription", "application": null, "application_fee_percent": null,
        "automatic_tax": tax::of_subscription(order.automatic_tax), "billing_cycle_anchor": trial_end.unwrap_or(now),
        "billing_cycle_anchor_config": null,
        "billing_mode": { "flexible": { "proration_discounts": "included" }, "type": "flexible" },
        "billing_schedules": [], "billing_thresholds": null, "cancel_at": null, "cancel_at_period_end": false, "canceled_at": null,
        "cancellation_details": { "comment": null, "feedback": null, "feedback_option": null, "reason": null },
        "collection_method": "charge_automatically", "created": now, "currency": order.lines[0].0["currency"],
        "customer": order.customer["id"], "customer_account": null, "days_until_due": null, "default_payment_method": null,
        "default_source": null, "default_tax_rates": [], "description": order.description, "discounts": discounts, "ended_at": null,
        "invoice_settings": { "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null, "issuer": { "type": "self" } },
        "items": lists::inner_list(&format!("/v1/subscription_items?subscription={id}"), data),
        "latest_invoice": null, "livemode": false, "managed_payments": null, "metadata": order.metadata,
        "next_pending_invoice_item_invoice": null, "on_behalf_of": null, "pause_collection": null,
        "payment_settings": {
            "payment_method_options": {
                "acss_debit": null, "bancontact": null, "card": { "network": null, "request_three_d_secure": "automatic" },
                "customer_balance": null, "konbini": null, "payto": null, "pix": null, "sepa_debit": null, "upi": null,
                "us_bank_account": null,
            },
            "payment_method_types": ["card"], "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": null, "pending_setup_intent": null, "pending_update": null, "schedule": null,
        "start_date": now, "status": "incomplete", "test_clock": null, "transfer_data": null, "trial_end": trial_end,
        "trial_settings": { "end_behavior": { "billing_cycle_anchor": null, "missing_payment_method": "create_invoice" } }, "trial_start": trial_end.map(|_| now),
        "_owed": [],
    });
    let mut lines = period_lines(cx, &subscription, period);
    if trial_end.is_some() {
        for line in &mut lines {
            line.amount = 0;
            line.description = format!("Trial period for {}", line.description);
        }
    }
    let invoice = invoices::draft(cx, &subscription, "subscription_create", &lines, (now, now));
    let mut subscription = subscription;
    subscription["latest_invoice"] = invoice["id"].clone();
    cx.add(Table::Subscriptions, subscription.clone());
    cx.emit("customer.subscription.created", &subscription);
    let invoice_id = text(&invoice, "id");
    invoices::finalize(cx, &invoice_id)?;
    let invoice = invoices::pay(cx, &invoice_id, &order.method["id"])?;
    let (subscription, previous) = cx.change(Table::Subscriptions, &id, |subscription| {
        subscription["status"] = json!(if trial_end.is_some() { "trialing" } else { "active" });
        subscription["default_payment_method"] = order.method["id"].clone();
        if trial_end.is_none() && order.coupon.is_some_and(|(coupon, _)| coupon["duration"] == "once") {
            subscription["discounts"] = json!([]);
        }
    })?;
    Ok((subscription, previous, invoice))
}

fn refuse(message: String) -> ApiError {
    ApiError::invalid(None, message, None)
}

/// The next period begins: its invoice is drafted, the subscription moves on, the invoice is finalized. Gives its id.
fn next_period(cx: &mut Cx<'_>, subscription: &Value) -> Result<String, ApiError> {
    let id = text(subscription, "id");
    let subscription = &schedules::next_phase(cx, subscription)?;
    let (old_start, start) = period(subscription);
    let anchor = int(subscription, "billing_cycle_anchor");
    let end = period_end(anchor, start, &subscription["items"]["data"][0]["price"]);
    let mut lines: Vec<Line> = owed(subscription);
    lines.extend(period_lines(cx, subscription, (start, end)));
    let invoice = invoices::draft(cx, subscription, "subscription_cycle", &lines, (old_start, start));
    let (moved, previous) = cx.change(Table::Subscriptions, &id, |subscription| {
        set_period(subscription, (start, end));
        subscription["latest_invoice"] = invoice["id"].clone();
        subscription["_owed"] = json!([]);
    })?;
    cx.emit_change("customer.subscription.updated", &moved, &previous);
    let invoice_id = text(&invoice, "id");
    invoices::finalize(cx, &invoice_id)?;
    Ok(invoice_id)
}

pub(crate) fn set_period(subscription: &mut Value, period: (i64, i64)) {
    if let Some(items) = subscription["items"]["data"].as_array_mut() {
        for item in items {
            item["current_period_start"] = json!(period.0);
            item["current_period_end"] = json!(period.1);
        }
    }
}

/// Prorations that wait for the next invoice.
fn owed(subscription: &Value) -> Vec<Line> {
    let waiting = subscription["_owed"].as_array().cloned().unwrap_or_default();
    waiting
        .iter()
        .map(|line| Line {
            amount: int(line, "amount"),
            description: text(line, "description"),
            item: line["item"].clone(),
            price: line["price"].clone(),
            quantity: int(line, "quantity"),
            period: (int(line, "start"), int(line, "end")),
            proration: true,
        })
        .collect()
}

/// A proration as it is kept until the next invoice.
pub(crate) fn owe(line: &Line) -> Value {
    json!({
        "amount": line.amount, "description": line.description, "item": line.item, "price": line.price,
        "quantity": line.quantity, "start": line.period.0, "end": line.period.1,
    })
}

/// One period goes by and its invoice is paid; a subscription that was to end does. A trial is a period, too.
pub(crate) fn renew(cx: &mut Cx<'_>, id: &str) -> Result<Value, ApiError> {
    let subscription = cx.get(Table::Subscriptions, id)?;
    match subscription["status"].as_str() {
        Some("active" | "trialing") if subscription["cancel_at_period_end"] == true => {
            return end(cx, id, "cancellation_requested");
        }
        Some("active" | "trialing") => {}
        other => {
            return Err(refuse(format!(
                "This subscription is {}; only an active one renews.",
                other.unwrap_or_default()
            )));
        }
    }
    let invoice = next_period(cx, &subscription)?;
    invoices::pay(cx, &invoice, &subscription["default_payment_method"])?;
    if subscription["status"] == "trialing" {
        let (moved, previous) =
            cx.change(Table::Subscriptions, id, |subscription| subscription["status"] = json!("active"))?;
        cx.emit_change("customer.subscription.updated", &moved, &previous);
    }
    cx.get(Table::Subscriptions, id)
}

/// One period goes by and the card is declined; declined again, the open invoice is tried once more, and after the
/// fourth attempt Stripe ends the subscription.
pub(crate) fn fail_renewal(cx: &mut Cx<'_>, id: &str) -> Result<Value, ApiError> {
    let subscription = cx.get(Table::Subscriptions, id)?;
    let invoice = match subscription["status"].as_str() {
        Some("active" | "trialing") => next_period(cx, &subscription)?,
        Some("past_due") => text(&subscription, "latest_invoice"),
        other => {
            return Err(refuse(format!(
                "This subscription is {}; it has no renewal that could fail.",
                other.unwrap_or_default()
            )));
        }
    };
    if invoices::fail(cx, &invoice)? >= MOST_ATTEMPTS {
        return end(cx, id, "payment_failed");
    }
    let (subscription, previous) =
        cx.change(Table::Subscriptions, id, |subscription| subscription["status"] = json!("past_due"))?;
    cx.emit_change("customer.subscription.updated", &subscription, &previous);
    Ok(subscription)
}

/// The open invoice of a past-due subscription is paid after all.
pub(crate) fn recover(cx: &mut Cx<'_>, id: &str) -> Result<Value, ApiError> {
    let subscription = cx.get(Table::Subscriptions, id)?;
    if subscription["status"] != "past_due" {
        return Err(refuse("This subscription is not past due.".to_owned()));
    }
    invoices::pay(cx, &text(&subscription, "latest_invoice"), &subscription["default_payment_method"])?;
    let (subscription, previous) =
        cx.change(Table::Subscriptions, id, |subscription| subscription["status"] = json!("active"))?;
    cx.emit_change("customer.subscription.updated", &subscription, &previous);
    Ok(subscription)
}

/// The subscription rests, or goes on.
pub(crate) fn rest(cx: &mut Cx<'_>, id: &str, status: &str) -> Result<Value, ApiError> {
    let old = cx.get(Table::Subscriptions, id)?;
    if status == "paused" && schedules::of(cx.state, &old).is_some() {
        return Err(ApiError::invalid(None, "A subscription with an attached schedule can't be paused.", None));
    }
    // Only what is paid for can rest, and only what rests can go on.
    let from: &[&str] = if status == "paused" { &["active", "trialing"] } else { &["paused"] };
    if !old["status"].as_str().is_some_and(|status| from.contains(&status)) {
        return Err(ApiError::invalid(None, "The subscription's status does not allow that.", None));
    }
    let (subscription, _) =
        cx.change(Table::Subscriptions, id, |subscription| subscription["status"] = json!(status))?;
    let kind = if status == "paused" { "customer.subscription.paused" } else { "customer.subscription.resumed" };
    cx.emit(kind, &subscription);
    Ok(subscription)
}

/// The subscription is over, now.
pub(crate) fn end(cx: &mut Cx<'_>, id: &str, reason: &str) -> Result<Value, ApiError> {
    let now = cx.now;
    let old = cx.get(Table::Subscriptions, id)?;
    if old["status"] == "canceled" {
        return Err(ApiError::not_found(Table::Subscriptions.noun(), id));
    }
    let (subscription, _) = cx.change(Table::Subscriptions, id, |subscription| {
        subscription["status"] = json!("canceled");
        subscription["ended_at"] = json!(now);
        if subscription["canceled_at"].is_null() {
            subscription["canceled_at"] = json!(now);
        }
        if subscription["cancellation_details"]["reason"].is_null() {
            subscription["cancellation_details"]["reason"] = json!(reason);
        }
    })?;
    cx.emit("customer.subscription.deleted", &subscription);
    schedules::end_with(cx, &subscription, reason)?;
    Ok(subscription)
}

fn is_running(subscription: &Value) -> bool {
    matches!(subscription["status"].as_str(), Some("active" | "trialing"))
}

/// Does what has come due by now: renewals, and ends of those that were to end. Gives how many.
pub(crate) fn run_due(cx: &mut Cx<'_>) -> Result<usize, ApiError> {
    let mut done = 0;
    loop {
        let now = cx.now;
        let due = cx
            .state
            .all(Table::Subscriptions)
            .iter()
            .find(|subscription| is_running(subscription) && period(subscription).1 <= now)
            .map(|subscription| (text(subscription, "id"), subscription["_declines"] == true));
        let Some((id, declines)) = due else { return Ok(done) };
        if declines {
            fail_renewal(cx, &id)?
        } else {
            renew(cx, &id)?
        };
        done += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn money_is_written_as_people_write_it() {
        for (amount, currency, expect) in [
            (599, "usd", "$5.99"),
            (5, "eur", "€0.05"),
            (800, "jpy", "¥800"),
            (-250, "usd", "-$2.50"),
            (1000, "chf", "10.00 CHF"),
        ] {
            assert_eq!(money(amount, currency), expect);
        }
    }
}

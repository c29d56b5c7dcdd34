//! Subscriptions, as the API reads and changes them.

use super::errors::ApiError;
use super::form::{CREATED, Kind, Known, PAGING, Params};
use super::invoices::{self, Line};
use super::state::{Cx, Table};
use super::{billing, lists, prices, schedules, tax};
use serde_json::{Value, json};

const FEEDBACK: &[&str] = &[
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
];
const UPDATE: &[Known] = &[
    ("cancel_at_period_end", Kind::Bool),
    ("cancellation_details[comment]", Kind::Unset),
    ("cancellation_details[feedback]", Kind::OneOf(FEEDBACK)),
    ("description", Kind::Unset),
    ("discounts", Kind::Unset),
    ("items[#][id]", Kind::Text),
    ("items[#][price]", Kind::Text),
    ("items[#][quantity]", Kind::Int),
    ("items[#][deleted]", Kind::Bool),
    ("metadata", Kind::Unset),
    ("metadata[*]", Kind::Unset),
    (
        "payment_behavior",
        Kind::OneOf(&["allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"]),
    ),
    ("proration_behavior", Kind::OneOf(&["always_invoice", "create_prorations", "none"])),
];
const CANCEL: &[Known] =
    &[("cancellation_details[comment]", Kind::Unset), ("cancellation_details[feedback]", Kind::OneOf(FEEDBACK))];
const STATUSES: &[&str] = &[
    "active",
    "all",
    "canceled",
    "ended",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
];
const LIST: &[Known] = &[("customer", Kind::Text), ("price", Kind::Text), ("status", Kind::OneOf(STATUSES))];

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::Subscriptions, id)
}

pub(crate) fn list(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING, CREATED])?;
    lists::page(cx, Table::Subscriptions, "/v1/subscriptions", p, |subscription| {
        let status = subscription["status"].as_str().unwrap_or_default();
        let wanted = match p.get("status") {
            // Stripe leaves out what is over unless asked.
            None => status != "canceled",
            Some("all") => true,
            Some("ended") => matches!(status, "canceled" | "incomplete_expired"),
            Some(want) => status == want,
        };
        wanted
            && p.get("customer").is_none_or(|id| subscription["customer"] == id)
            && p.get("price").is_none_or(|id| billing::items(subscription).iter().any(|item| item["price"]["id"] == id))
    })
}

fn details(subscription: &mut Value, p: &Params) {
    for field in ["comment", "feedback"] {
        let param = format!("cancellation_details[{field}]");
        if p.get(&param).is_some() {
            subscription["cancellation_details"][field] = p.text_or_null(&param);
        }
    }
}

pub(crate) fn cancel(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CANCEL])?;
    let old = cx.get(Table::Subscriptions, id)?;
    if old["status"] != "canceled" {
        cx.change(Table::Subscriptions, id, |subscription| details(subscription, p))?;
    }
    billing::end(cx, id, "cancellation_requested")
}

/// Says whether it ends with the period; also what the portal's buttons do.
pub(crate) fn set_cancel_at_period_end(subscription: &mut Value, ends: bool, now: i64) {
    if subscription["cancel_at_period_end"] == ends {
        return;
    }
    let end = billing::period(subscription).1;
    subscription["cancel_at_period_end"] = json!(ends);
    subscription["cancel_at"] = if ends { json!(end) } else { Value::Null };
    subscription["canceled_at"] = if ends { json!(now) } else { Value::Null };
    subscription["cancellation_details"]["reason"] = if ends { json!("cancellation_requested") } else { Value::Null };
}

pub(crate) fn update(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[UPDATE])?;
    let old = cx.get(Table::Subscriptions, id)?;
    let metadata = p.metadata("metadata", &old["metadata"])?;
    let moves =
        p.get("cancel_at_period_end").is_some() || !p.indices("items").is_empty() || p.get("description").is_some();
    if old["status"] == "canceled" && moves {
        let message = "A canceled subscription can only update its cancellation_details and metadata.";
        return Err(ApiError::invalid(Some("invalid_canceled_subscription_fields"), message, None));
    }
    if p.get("cancel_at_period_end").is_some() {
        schedules::leave_its_end(cx, &old)?;
    }
    let change = plan_items(cx, &old, p)?;
    let bills_now = change.as_ref().is_some_and(|change| change.bill_now && !change.lines.is_empty());
    if bills_now && old["_declines"] == true && p.get("payment_behavior") == Some("error_if_incomplete") {
        return Err(ApiError::declined());
    }
    let now = cx.now;
    let (mut subscription, mut previous) = cx.change(Table::Subscriptions, id, |subscription| {
        subscription["metadata"] = metadata;
        if p.get("description").is_some() {
            subscription["description"] = p.text_or_null("description");
        }
        // All that is taken off ends where none is named. Which one is to stay nobody of ours says.
        if p.get("discounts").is_some() {
            subscription["discounts"] = json!([]);
        }
        if let Some(change) = &change {
            subscription["items"]["data"] = json!(change.items);
            if let Some(period) = change.new_period {
                subscription["billing_cycle_anchor"] = json!(now);
                billing::set_period(subscription, period);
            }
            if !change.bill_now
                && let Some(waiting) = subscription["_owed"].as_array_mut()
            {
                waiting.extend(change.lines.iter().map(billing::owe));
            }
        }
        if let Some(ends) = p.bool("cancel_at_period_end") {
            set_cancel_at_period_end(subscription, ends, now);
        }
        details(subscription, p);
    })?;
    let mut invoice = None;
    if let Some(change) = change.filter(|change| change.bill_now && !change.lines.is_empty()) {
        let draft = invoices::draft(cx, &subscription, "subscription_update", &change.lines, (now, now));
        let latest = draft["id"].clone();
        previous["latest_invoice"] = subscription["latest_invoice"].clone();
        (subscription, _) =
            cx.change(Table::Subscriptions, id, |subscription| subscription["latest_invoice"] = latest)?;
        invoice = draft["id"].as_str().map(str::to_owned);
    }
    cx.emit_change("customer.subscription.updated", &subscription, &previous);
    if let Some(invoice) = invoice {
        invoices::finalize(cx, &invoice)?;
        invoices::pay(cx, &invoice, &subscription["default_payment_method"])?;
    }
    Ok(subscription)
}

/// What a change of items comes to.
struct Change {
    items: Vec<Value>,
    lines: Vec<Line>,
    bill_now: bool,
    /// Set when the interval changed: the period begins anew.
    new_period: Option<(i64, i64)>,
}

fn plan_items(cx: &mut Cx<'_>, subscription: &Value, p: &Params) -> Result<Option<Change>, ApiError> {
    let indices = p.indices("items");
    if indices.is_empty() {
        return Ok(None);
    }
    let id = subscription["id"].as_str().unwrap_or_default().to_owned();
    let before = billing::items(subscription);
    let mut after = before.clone();
    for index in &indices {
        let param = |field: &str| format!("items[{index}][{field}]");
        let price = match p.get(&param("price")) {
            Some(price) => {
                Some(usable(cx.get_param(Table::Prices, price, &param("price"))?, subscription, &param("price"))?)
            }
            None => None,
        };
        let quantity = p.int(&param("quantity"));
        match p.get(&param("id")) {
            Some(item_id) => {
                let at = after.iter().position(|item| item["id"] == item_id);
                let at = at.ok_or_else(|| ApiError::no_such("subscription item", item_id, &param("id")))?;
                if p.bool(&param("deleted")) == Some(true) {
                    after.remove(at);
                    continue;
                }
                if let Some(price) = price {
                    after[at]["plan"] = prices::plan(&price);
                    after[at]["price"] = price;
                }
                if let Some(quantity) = quantity {
                    after[at]["quantity"] = json!(quantity);
                }
            }
            // Without an item's id Stripe adds a second item beside the first, and bills both.
            None => {
                let price = price.ok_or_else(|| ApiError::missing(&param("price")))?;
                if after.iter().any(|item| item["price"]["id"] == price["id"]) {
                    let message = format!("Cannot add multiple subscription items with the same plan: {}", price["id"]);
                    return Err(ApiError::invalid(None, message, Some(&param("price"))));
                }
                let period = billing::period(subscription);
                after.push(billing::new_item(cx, &id, &price, quantity.unwrap_or(1), period));
            }
        }
    }
    let interval = |items: &[Value]| items.first().map(|item| item["price"]["recurring"].clone()).unwrap_or_default();
    if after.is_empty() {
        let message = "A subscription must have at least one active plan.";
        return Err(ApiError::invalid(None, message, Some("items")));
    }
    if after.iter().any(|item| item["price"]["recurring"] != interval(&after)) {
        let message =
            "All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.";
        return Err(ApiError::invalid(None, message, Some("items")));
    }
    // A trial goes on as it is, whatever comes after it.
    let is_trial = subscription["status"] == "trialing";
    let restarts = !is_trial
        && (interval(&before)["interval"] != interval(&after)["interval"]
            || interval(&before)["interval_count"] != interval(&after)["interval_count"]);
    let new_period = restarts.then(|| (cx.now, billing::period_end(cx.now, cx.now, &after[0]["price"])));
    let behavior = p.get("proration_behavior").unwrap_or("create_prorations");
    let lines =
        prorations(cx.now, billing::period(subscription), &before, &after, new_period, !is_trial && behavior != "none");
    Ok(Some(Change { items: after, lines, bill_now: restarts || behavior == "always_invoice", new_period }))
}

pub(crate) fn usable(price: Value, subscription: &Value, param: &str) -> Result<Value, ApiError> {
    let problem = if price["active"] != true {
        "The price specified is inactive. This field only accepts active prices."
    } else if price["recurring"].is_null() {
        "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."
    } else if price["currency"] != subscription["currency"] {
        "The price specified has another currency than the subscription."
    } else {
        if subscription["automatic_tax"]["enabled"] == true {
            tax::says_where(&price, param)?;
        }
        return Ok(price);
    };
    Err(ApiError::invalid(None, problem, Some(param)))
}

/// A credit for the unused time of what was, and a charge for the same time (or the new period) of what is.
fn prorations(
    now: i64,
    (start, end): (i64, i64),
    before: &[Value],
    after: &[Value],
    new_period: Option<(i64, i64)>,
    prorate: bool,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let left = (end - now).clamp(0, (end - start).max(1));
    let share = |amount: i64| amount * left / (end - start).max(1);
    let cost = |item: &Value| {
        item["price"]["unit_amount"].as_i64().unwrap_or_default() * item["quantity"].as_i64().unwrap_or(1)
    };
    let line = |item: &Value, amount: i64, period: (i64, i64), proration: bool, text: &str| Line {
        amount,
        description: text.to_owned(),
        item: item.clone(),
        price: item["price"].clone(),
        quantity: item["quantity"].as_i64().unwrap_or(1),
        period,
        proration,
    };
    let changed = |items: &[Value], item: &Value| {
        !items.iter().any(|other| {
            other["id"] == item["id"]
                && other["price"]["id"] == item["price"]["id"]
                && other["quantity"] == item["quantity"]
        })
    };
    for item in before.iter().filter(|item| prorate && (new_period.is_some() || changed(after, item))) {
        lines.push(line(item, -share(cost(item)), (now, end), true, "Unused time on the former plan"));
    }
    for item in after {
        match new_period {
            Some(period) => lines.push(line(item, cost(item), period, false, "The new plan's first period")),
            None if prorate && changed(before, item) => {
                lines.push(line(item, share(cost(item)), (now, end), true, "Remaining time on the new plan"));
            }
            None => {}
        }
    }
    lines
}

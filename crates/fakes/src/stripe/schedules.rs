//! Schedules: what a subscription changes to once its present phase ends.
//!
//! Only schedules of subscriptions that run already, which go on by themselves after the last phase; and the present phase
//! keeps what the subscription has.

use super::errors::ApiError;
use super::form::{Kind, Known, Params};
use super::state::{Cx, State, Table};
use super::{billing, calendar, prices, subscriptions};
use serde_json::{Value, json};

const CREATE: &[Known] = &[("from_subscription", Kind::Text)];
const BEHAVIORS: &[&str] = &["always_invoice", "create_prorations", "none"];
const UPDATE: &[Known] = &[
    ("end_behavior", Kind::OneOf(&["release"])),
    ("metadata", Kind::Unset),
    ("metadata[*]", Kind::Unset),
    ("phases[#][default_payment_method]", Kind::Text),
    ("phases[#][discounts]", Kind::Unset),
    ("phases[#][discounts][#][discount]", Kind::Text),
    ("phases[#][duration][interval]", Kind::OneOf(&["day", "week", "month", "year"])),
    ("phases[#][duration][interval_count]", Kind::Int),
    ("phases[#][end_date]", Kind::Int),
    ("phases[#][items][#][price]", Kind::Text),
    ("phases[#][items][#][quantity]", Kind::Int),
    ("phases[#][proration_behavior]", Kind::OneOf(BEHAVIORS)),
    ("phases[#][start_date]", Kind::Int),
    ("proration_behavior", Kind::OneOf(BEHAVIORS)),
];

fn refuse(message: impl Into<String>, param: &str) -> ApiError {
    ApiError::invalid(None, message, Some(param))
}

fn runs(schedule: &Value) -> bool {
    matches!(schedule["status"].as_str(), Some("active" | "not_started"))
}

/// The schedule that a subscription follows now.
pub(crate) fn of(state: &State, subscription: &Value) -> Option<Value> {
    let schedule = state.find(Table::SubscriptionSchedules, subscription["schedule"].as_str()?)?;
    runs(schedule).then(|| schedule.clone())
}

/// Stripe's refusal to end a subscription that follows a schedule, or to take its end back.
pub(crate) fn leave_its_end(cx: &Cx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let Some(schedule) = of(cx.state, subscription) else { return Ok(()) };
    let message = format!(
        "The subscription is managed by the subscription schedule `{}`, and updating any cancelation behavior directly is not \
         allowed. Please update the schedule instead.",
        schedule["id"].as_str().unwrap_or_default()
    );
    Err(ApiError::invalid(None, message, None))
}

pub(crate) fn retrieve(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    cx.get(Table::SubscriptionSchedules, id)
}

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CREATE])?;
    let param = "from_subscription";
    let subscription = cx.get_param(Table::Subscriptions, p.need(param)?, param)?;
    if let Some(old) = of(cx.state, &subscription) {
        let old = old["id"].as_str().unwrap_or_default().to_owned();
        let message = format!("You cannot migrate a subscription that is already attached to a schedule: `{old}`.");
        return Err(refuse(message, param));
    }
    if subscription["status"] == "canceled" {
        return Err(refuse("You cannot migrate a subscription that is canceled.", param));
    }
    let id = cx.id("sub_sched_1", 23);
    let (start, end) = billing::period(&subscription);
    let items: Vec<Value> =
        billing::items(&subscription).iter().map(|item| phase_item(&item["price"]["id"], &item["quantity"])).collect();
    let ends = subscription["cancel_at_period_end"] == true;
    let mut present = phase(&subscription, (start, end), &items, &subscription["discounts"]);
    present["default_payment_method"] = subscription["default_payment_method"].clone();
    if subscription["status"] == "trialing" {
        present["trial_end"] = subscription["trial_end"].clone();
    }
    let schedule = json!({
        "id": id, "object": "subscription_schedule", "application": null, "billing_mode": subscription["billing_mode"],
        "canceled_at": null, "completed_at": null, "created": cx.now,
        "current_phase": { "start_date": start, "end_date": end }, "customer": subscription["customer"],
        "customer_account": null,
        "default_settings": {
            "application_fee_percent": null,
            "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null },
            "billing_cycle_anchor": "automatic", "billing_thresholds": null, "collection_method": "charge_automatically",
            "default_payment_method": null, "description": null,
            "invoice_settings": {
                "account_tax_ids": null, "custom_fields": null, "days_until_due": null, "description": null, "footer": null,
                "issuer": { "type": "self" },
            },
            "on_behalf_of": null, "transfer_data": null,
        },
        "end_behavior": if ends { "cancel" } else { "release" }, "livemode": false, "metadata": {}, "pause_schedules": [],
        "phases": [present], "released_at": null, "released_subscription": null, "status": "active",
        "subscription": subscription["id"], "test_clock": null,
    });
    cx.add(Table::SubscriptionSchedules, schedule.clone());
    cx.emit("subscription_schedule.created", &schedule);
    attach(cx, subscription["id"].as_str().unwrap_or_default(), schedule["id"].clone())?;
    Ok(schedule)
}

/// The subscription follows this schedule, or none.
fn attach(cx: &mut Cx<'_>, subscription: &str, schedule: Value) -> Result<(), ApiError> {
    let change = |subscription: &mut Value| subscription["schedule"] = schedule;
    let (subscription, previous) = cx.change(Table::Subscriptions, subscription, change)?;
    cx.emit_change("customer.subscription.updated", &subscription, &previous);
    Ok(())
}

fn phase_item(price: &Value, quantity: &Value) -> Value {
    json!({
        "billing_thresholds": null, "discounts": [], "metadata": {}, "plan": price, "price": price, "quantity": quantity,
        "tax_rates": [],
    })
}

fn phase(subscription: &Value, (start, end): (i64, i64), items: &[Value], discounts: &Value) -> Value {
    let named = |id: &Value| json!({ "coupon": null, "discount": id, "promotion_code": null });
    let discounts: Vec<Value> = discounts.as_array().into_iter().flatten().map(named).collect();
    json!({
        "add_invoice_items": [], "application_fee_percent": null, "billing_cycle_anchor": null, "billing_thresholds": null,
        "collection_method": null, "currency": subscription["currency"], "default_payment_method": null,
        "default_tax_rates": [], "description": null, "discounts": discounts, "end_date": end, "invoice_settings": null,
        "items": items, "metadata": {}, "on_behalf_of": null, "proration_behavior": "create_prorations", "start_date": start,
        "transfer_data": null, "trial_end": null,
    })
}

/// The subscription has what the phase names, and no more: a card or a discount that it leaves out is gone.
fn take_from(phase: &Value, subscription: &mut Value) {
    subscription["default_payment_method"] = phase["default_payment_method"].clone();
    subscription["discounts"] = discounts_of(phase);
}

/// The discounts that a phase names; where it names none, it has none.
fn discounts_of(phase: &Value) -> Value {
    let named = phase["discounts"].as_array().into_iter().flatten();
    json!(named.map(|one| one["discount"].clone()).collect::<Vec<_>>())
}

pub(crate) fn update(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[UPDATE])?;
    let old = cx.get(Table::SubscriptionSchedules, id)?;
    if !runs(&old) {
        let status = old["status"].as_str().unwrap_or_default();
        let message = format!("You cannot update a subscription schedule that is currently in the `{status}` status.");
        return Err(ApiError::invalid(None, message, None));
    }
    let subscription = cx.get(Table::Subscriptions, old["subscription"].as_str().unwrap_or_default())?;
    let metadata = p.metadata("metadata", &old["metadata"])?;
    let phases = phases(cx, &old, &subscription, p)?;
    let (schedule, previous) = cx.change(Table::SubscriptionSchedules, id, |schedule| {
        schedule["metadata"] = metadata;
        if let Some(end) = p.get("end_behavior") {
            schedule["end_behavior"] = json!(end);
        }
        if let Some(phases) = &phases {
            schedule["current_phase"]["end_date"] = phases[0]["end_date"].clone();
            schedule["phases"] = json!(phases);
        }
    })?;
    cx.emit_change("subscription_schedule.updated", &schedule, &previous);
    if let Some(phases) = phases {
        let id = subscription["id"].as_str().unwrap_or_default();
        let take = |subscription: &mut Value| take_from(&phases[0], subscription);
        let (subscription, previous) = cx.change(Table::Subscriptions, id, take)?;
        cx.emit_change("customer.subscription.updated", &subscription, &previous);
    }
    Ok(schedule)
}

/// The phases that were sent, the present one first; none if none were.
fn phases(cx: &Cx<'_>, old: &Value, subscription: &Value, p: &Params) -> Result<Option<Vec<Value>>, ApiError> {
    let indices = p.indices("phases");
    if indices.is_empty() {
        return Ok(None);
    }
    let begun = old["current_phase"]["start_date"].as_i64().unwrap_or_default();
    let mut start = begun;
    let mut list = Vec::new();
    for index in &indices {
        let param = |field: &str| format!("phases[{index}]{field}");
        match p.int(&param("[start_date]")) {
            None if list.is_empty() => {
                let message = "Missing at least one phase with a `start_date` to anchor phases to.";
                return Err(refuse(message, &param("[start_date]")));
            }
            Some(other) if other != start && list.is_empty() => {
                let message = "You can not modify the start date of the current phase.";
                return Err(refuse(message, &param("[start_date]")));
            }
            Some(other) if other != start => {
                return Err(refuse("The phases must follow each other without a gap.", &param("[start_date]")));
            }
            _ => {}
        }
        let duration = p.get(&param("[duration][interval]"));
        let end = match (p.int(&param("[end_date]")), duration) {
            (Some(_), Some(_)) => return Err(ApiError::exclusive(&param("[end_date]"), &param("[duration]"))),
            (Some(end), None) => end,
            (None, Some(every)) => {
                let count = p.int(&param("[duration][interval_count]")).unwrap_or(1);
                calendar::later(start, start, every, count)
            }
            (None, None) => return Err(ApiError::missing(&param("[end_date]"))),
        };
        if end <= start.max(cx.now) {
            return Err(refuse(
                "The end date of a phase must be after its start and in the future.",
                &param("[end_date]"),
            ));
        }
        let items = phase_items(cx, subscription, p, &param("[items]"))?;
        if list.is_empty() && json!(items) != old_items(subscription) {
            let message = "This pretend Stripe changes what a subscription has now by the subscription itself only.";
            return Err(refuse(message, &param("[items]")));
        }
        let discounts = named_discounts(subscription, p, &param("[discounts]"))?;
        let mut phase = phase(subscription, (start, end), &items, &discounts);
        phase["default_payment_method"] = p.text_or_null(&param("[default_payment_method]"));
        if let Some(prorations) = p.get(&param("[proration_behavior]")) {
            phase["proration_behavior"] = json!(prorations);
        }
        list.push(phase);
        start = end;
    }
    Ok(Some(list))
}

fn old_items(subscription: &Value) -> Value {
    let items = billing::items(subscription);
    json!(items.iter().map(|item| phase_item(&item["price"]["id"], &item["quantity"])).collect::<Vec<_>>())
}

fn phase_items(cx: &Cx<'_>, subscription: &Value, p: &Params, param: &str) -> Result<Vec<Value>, ApiError> {
    let indices = p.indices(param);
    if indices.is_empty() {
        return Err(ApiError::missing(param));
    }
    let item = |index: &String| {
        let name = format!("{param}[{index}][price]");
        let price = cx.get_param(Table::Prices, p.need(&name)?, &name)?;
        let price = subscriptions::usable(price, subscription, &name)?;
        Ok(phase_item(&price["id"], &json!(p.int(&format!("{param}[{index}][quantity]")).unwrap_or(1))))
    };
    indices.iter().map(item).collect()
}

/// Discounts that the subscription has already; a phase that names none would inherit the customer's, who has none here.
fn named_discounts(subscription: &Value, p: &Params, param: &str) -> Result<Value, ApiError> {
    let known = subscription["discounts"].as_array().cloned().unwrap_or_default();
    let mut list = Vec::new();
    for index in p.indices(param) {
        let name = format!("{param}[{index}][discount]");
        let id = p.need(&name)?;
        if !known.iter().any(|one| one == id) {
            return Err(ApiError::no_such("discount", id, &name));
        }
        list.push(json!(id));
    }
    Ok(json!(list))
}

pub(crate) fn release(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[])?;
    let old = cx.get(Table::SubscriptionSchedules, id)?;
    if !runs(&old) {
        let status = old["status"].as_str().unwrap_or_default();
        let message = format!("You cannot release a subscription schedule that is currently in the `{status}` status.");
        return Err(ApiError::invalid(None, message, None));
    }
    let now = cx.now;
    let (schedule, _) = cx.change(Table::SubscriptionSchedules, id, |schedule| {
        schedule["status"] = json!("released");
        schedule["released_at"] = json!(now);
        schedule["released_subscription"] = schedule["subscription"].take();
        schedule["current_phase"] = Value::Null;
    })?;
    cx.emit("subscription_schedule.released", &schedule);
    attach(cx, old["subscription"].as_str().unwrap_or_default(), Value::Null)?;
    Ok(schedule)
}

/// The subscription is over, and its schedule with it.
pub(crate) fn end_with(cx: &mut Cx<'_>, subscription: &Value, reason: &str) -> Result<(), ApiError> {
    let Some(schedule) = of(cx.state, subscription) else { return Ok(()) };
    let now = cx.now;
    let (schedule, _) =
        cx.change(Table::SubscriptionSchedules, schedule["id"].as_str().unwrap_or_default(), |schedule| {
            schedule["status"] = json!("canceled");
            schedule["canceled_at"] = json!(now);
            schedule["current_phase"] = Value::Null;
        })?;
    let kind = if reason == "payment_failed" { "aborted" } else { "canceled" };
    cx.emit(&format!("subscription_schedule.{kind}"), &schedule);
    Ok(())
}

/// What a subscription has once a period of it is over: what the phase that begins then says.
pub(crate) fn next_phase(cx: &mut Cx<'_>, subscription: &Value) -> Result<Value, ApiError> {
    let Some(schedule) = of(cx.state, subscription) else { return Ok(subscription.clone()) };
    let over = billing::period(subscription).1;
    let end = schedule["current_phase"]["end_date"].as_i64().unwrap_or_default();
    if end > over {
        return Ok(subscription.clone());
    }
    let (id, schedule_id) =
        (subscription["id"].as_str().unwrap_or_default(), schedule["id"].as_str().unwrap_or_default());
    let next = schedule["phases"].as_array().into_iter().flatten().find(|phase| phase["start_date"] == end).cloned();
    let now = cx.now;
    let Some(next) = next else {
        let (schedule, _) = cx.change(Table::SubscriptionSchedules, schedule_id, |schedule| {
            schedule["status"] = json!("completed");
            schedule["completed_at"] = json!(now);
            schedule["current_phase"] = Value::Null;
        })?;
        cx.emit("subscription_schedule.completed", &schedule);
        attach(cx, id, Value::Null)?;
        return cx.get(Table::Subscriptions, id);
    };
    let (schedule, previous) = cx.change(Table::SubscriptionSchedules, schedule_id, |schedule| {
        schedule["current_phase"] = json!({ "start_date": next["start_date"], "end_date": next["end_date"] });
    })?;
    cx.emit_change("subscription_schedule.updated", &schedule, &previous);
    let wanted = next["items"].as_array().cloned().unwrap_or_default();
    let mut items = billing::items(subscription);
    items.truncate(wanted.len());
    for (item, wanted) in items.iter_mut().zip(&wanted) {
        let price = cx.get(Table::Prices, wanted["price"].as_str().unwrap_or_default())?;
        item["plan"] = prices::plan(&price);
        item["price"] = price;
        item["quantity"] = wanted["quantity"].clone();
    }
    let is_other = items[0]["price"]["recurring"] != subscription["items"]["data"][0]["price"]["recurring"];
    // Told together with the period that begins.
    let (subscription, _) = cx.change(Table::Subscriptions, id, |subscription| {
        subscription["items"]["data"] = json!(items);
        take_from(&next, subscription);
        if is_other {
            subscription["billing_cycle_anchor"] = json!(end);
        }
    })?;
    Ok(subscription)
}

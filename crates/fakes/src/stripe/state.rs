//! Everything the pretend Stripe remembers, and the one way to change it.

use super::errors::ApiError;
use super::idempotency::Saved;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The API version whose object shapes this fake speaks.
pub(crate) const API_VERSION: &str = "2026-10-28.endive";

const DAY: i64 = 24 * 3600;

/// The kinds of object, by the name of their table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Customers,
    BalanceTransactions,
    Products,
    Prices,
    Coupons,
    PromotionCodes,
    Discounts,
    Sessions,
    SubscriptionSchedules,
    Subscriptions,
    Invoices,
    PaymentIntents,
    PaymentMethods,
    InvoicePayments,
    Charges,
    Refunds,
    Disputes,
    PortalConfigurations,
    PortalSessions,
    Events,
}

impl Table {
    /// Every table, with its name in the state file, the noun of its error messages, and the beginning of its ids.
    const ALL: [(Table, &'static str, &'static str, &'static str); 20] = [
        (Table::Customers, "customers", "customer", "cus_"),
        (Table::BalanceTransactions, "balance_transactions", "customer_balance_transaction", "cbtxn_"),
        (Table::Products, "products", "product", "prod_"),
        (Table::Prices, "prices", "price", "price_"),
        (Table::Coupons, "coupons", "coupon", "\0"),
        (Table::PromotionCodes, "promotion_codes", "promotion code", "promo_"),
        (Table::Discounts, "discounts", "discount", "di_"),
        (Table::Sessions, "checkout_sessions", "checkout.session", "cs_"),
        // Before the subscriptions, whose ids begin like theirs.
        (Table::SubscriptionSchedules, "subscription_schedules", "subscription_schedule", "sub_sched_"),
        (Table::Subscriptions, "subscriptions", "subscription", "sub_"),
        (Table::Invoices, "invoices", "invoice", "in_"),
        (Table::PaymentIntents, "payment_intents", "payment_intent", "pi_"),
        (Table::PaymentMethods, "payment_methods", "PaymentMethod", "pm_"),
        (Table::InvoicePayments, "invoice_payments", "invoice_payment", "inpay_"),
        (Table::Charges, "charges", "charge", "ch_"),
        (Table::Refunds, "refunds", "refund", "re_"),
        (Table::Disputes, "disputes", "dispute", "du_"),
        (Table::PortalConfigurations, "portal_configurations", "billing_portal.configuration", "bpc_"),
        (Table::PortalSessions, "portal_sessions", "billing_portal.session", "bps_"),
        (Table::Events, "events", "event", "evt_"),
    ];

    fn row(self) -> (&'static str, &'static str, &'static str) {
        Table::ALL
            .iter()
            .find(|(table, ..)| *table == self)
            .map_or(("", "", ""), |(_, name, noun, prefix)| (*name, *noun, *prefix))
    }

    fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn noun(self) -> &'static str {
        self.row().1
    }

    /// The table whose ids begin like this one.
    pub(crate) fn of_id(id: &str) -> Option<Table> {
        Table::ALL.iter().find(|(.., prefix)| id.starts_with(prefix)).map(|(table, ..)| *table)
    }
}

/// A webhook that has not been accepted yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) event: String,
    pub(crate) attempts: u32,
}

/// The whole state; this is what the state file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    counter: u64,
    tables: BTreeMap<String, Vec<Value>>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) replies: BTreeMap<String, Saved>,
}

impl State {
    pub(crate) fn all(&self, table: Table) -> &[Value] {
        self.tables.get(table.name()).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn find(&self, table: Table, id: &str) -> Option<&Value> {
        self.all(table).iter().rev().find(|object| object["id"] == id)
    }

    fn find_mut(&mut self, table: Table, id: &str) -> Option<&mut Value> {
        self.tables.get_mut(table.name())?.iter_mut().rev().find(|object| object["id"] == id)
    }

    /// A field of an event that is no part of its story, such as how many webhooks are pending.
    pub(crate) fn settle_event(&mut self, id: &str) {
        self.deliveries.retain(|delivery| delivery.event != id);
        if let Some(event) = self.find_mut(Table::Events, id) {
            event["pending_webhooks"] = json!(0);
        }
    }

    /// Forgets what Stripe forgets: events after 30 days, replies under idempotency keys after 24 hours.
    fn forget(&mut self, now: i64) {
        if let Some(events) = self.tables.get_mut(Table::Events.name()) {
            events.retain(|event| event["created"].as_i64().unwrap_or(now) > now - 30 * DAY);
        }
        self.replies.retain(|_, saved| saved.at > now - DAY);
    }
}

/// How ids are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// From the system's randomness: nobody can guess them.
    Random,
    /// From this number and a counter, so that a snapshot of a test needs no masking.
    Seeded(u64),
}

/// One request at work on the state.
pub(crate) struct Cx<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: i64,
    pub(crate) ids: Ids,
    pub(crate) public_url: &'a str,
    /// True when there is somewhere to post events to.
    pub(crate) has_endpoint: bool,
    /// The request that causes the events, as they name it: its id and its idempotency key.
    pub(crate) request: (Option<String>, Option<String>),
}

impl Cx<'_> {
    /// An id in Stripe's form: the prefix and `length` letters and digits.
    pub(crate) fn id(&mut self, prefix: &str, length: usize) -> String {
        self.state.counter += 1;
        format!("{prefix}{}", letters(self.ids, self.state.counter, length))
    }

    /// Keeps a new object.
    pub(crate) fn add(&mut self, table: Table, object: Value) -> Value {
        self.state.tables.entry(table.name().to_owned()).or_default().push(object.clone());
        object
    }

    /// The object of a path, or 404.
    pub(crate) fn get(&self, table: Table, id: &str) -> Result<Value, ApiError> {
        self.state.find(table, id).cloned().ok_or_else(|| ApiError::not_found(table.noun(), id))
    }

    /// The object of a parameter, or 400.
    pub(crate) fn get_param(&self, table: Table, id: &str, param: &str) -> Result<Value, ApiError> {
        self.state.find(table, id).cloned().ok_or_else(|| ApiError::no_such(table.noun(), id, param))
    }

    /// Changes an object; gives it as it is now, and what its changed fields were before.
    pub(crate) fn change(
        &mut self,
        table: Table,
        id: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<(Value, Value), ApiError> {
        let object = self.state.find_mut(table, id).ok_or_else(|| ApiError::not_found(table.noun(), id))?;
        let before = object.clone();
        change(object);
        Ok((object.clone(), Value::Object(difference(&public(&before), &public(object)))))
    }

    /// Tells the world: an event, and its delivery.
    pub(crate) fn emit(&mut self, kind: &str, object: &Value) {
        self.emit_with(kind, json!({ "object": public(object) }));
    }

    /// The same for a change; silent when nothing changed.
    pub(crate) fn emit_change(&mut self, kind: &str, object: &Value, previous: &Value) {
        if previous.as_object().is_some_and(|fields| !fields.is_empty()) {
            self.emit_with(kind, json!({ "object": public(object), "previous_attributes": previous }));
        }
    }

    fn emit_with(&mut self, kind: &str, data: Value) {
        self.state.forget(self.now);
        let id = self.id("evt_1", 23);
        let pending = i32::from(self.has_endpoint);
        let event = json!({
            "id": id, "object": "event", "api_version": API_VERSION, "created": self.now, "data": data,
            "livemode": false, "pending_webhooks": pending,
            "request": { "id": self.request.0, "idempotency_key": self.request.1 },
            "type": kind,
        });
        self.add(Table::Events, event);
        if self.has_endpoint {
            self.state.deliveries.push(Delivery { event: id, attempts: 0 });
        }
    }
}

/// `length` letters and digits.
pub(crate) fn letters(ids: Ids, counter: u64, length: usize) -> String {
    use sha2::Digest as _;
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = String::with_capacity(length);
    let mut block = 0_u64;
    while out.len() < length {
        let mut bytes = [0_u8; 32];
        match ids {
            Ids::Random => getrandom::fill(&mut bytes).expect("the system gives random bytes"),
            Ids::Seeded(seed) => {
                let input = [seed.to_be_bytes(), counter.to_be_bytes(), block.to_be_bytes()].concat();
                bytes = sha2::Sha256::digest(input).into();
            }
        }
        block += 1;
        // 248 = 4 × 62: what is above would make some letters more likely than others.
        out.extend(bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(*byte % 62)])));
    }
    out.truncate(length);
    out
}

/// The object without the fields that only this fake needs (they begin with `_`). Metadata is the shop's own and stays.
pub(crate) fn public(object: &Value) -> Value {
    match object {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(name, _)| !name.starts_with('_'))
                .map(|(name, value)| (name.clone(), if name == "metadata" { value.clone() } else { public(value) }))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(public).collect()),
        other => other.clone(),
    }
}

/// The former values of the fields that differ, as `previous_attributes` gives them.
fn difference(before: &Value, after: &Value) -> Map<String, Value> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return Map::new() };
    after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, value)| {
            let old = before.get(name).cloned().unwrap_or(Value::Null);
            let old = match (&old, value) {
                (Value::Object(_), Value::Object(_)) if name != "metadata" => Value::Object(difference(&old, value)),
                _ => old,
            };
            (name.clone(), old)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_the_former_values_only() {
        let before = json!({"a": 1, "b": {"x": 1, "y": 2}, "c": [1], "d": 4});
        let after = json!({"a": 2, "b": {"x": 1, "y": 3}, "c": [2], "d": 4});
        assert_eq!(Value::Object(difference(&before, &after)), json!({"a": 1, "b": {"y": 2}, "c": [1]}));
    }

    #[test]
    fn private_fields_stay_inside_and_metadata_is_left_alone() {
        let object = json!({"_x": 1, "data": [{"_y": 2, "z": 3}], "metadata": {"_k": "v"}});
        assert_eq!(public(&object), json!({"data": [{"z": 3}], "metadata": {"_k": "v"}}));
    }

    #[test]
    fn ids_are_letters_and_digits_and_a_seed_repeats_them() {
        assert_eq!(letters(Ids::Seeded(7), 1, 56), letters(Ids::Seeded(7), 1, 56));
        assert_ne!(letters(Ids::Seeded(7), 1, 24), letters(Ids::Seeded(7), 2, 24));
        let random = letters(Ids::Random, 1, 24);
        assert_ne!(random, letters(Ids::Random, 1, 24));
        assert!(random.len() == 24 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

//! Stripe's objects, with the fields that we use. Times are Unix **seconds**, amounts are in minor units.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::lenient;

mod card;
mod schedule;

pub use card::{Card, PaymentMethod};
pub use schedule::{Phase, PhaseItem, Schedule, Span};

/// Key and value pairs that we attach to an object.
type Metadata = BTreeMap<String, String>;

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
pub struct List<T> {
    /// The objects of this page, newest first.
    pub data: Vec<T>,
    /// Whether there is another page.
    #[serde(default)]
    pub has_more: bool,
}

/// Who pays.
#[derive(Clone, Deserialize)]
pub struct Customer {
    /// `cus_…`.
    pub id: String,
    /// Address; nothing in `Debug` shows it.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether it was deleted; then only the id is left.
    #[serde(default)]
    pub deleted: bool,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer").field("id", &self.id).field("deleted", &self.deleted).finish_non_exhaustive()
    }
}

/// A purchase on Stripe's hosted page.
#[derive(Debug, Clone, Deserialize)]
pub struct CheckoutSession {
    /// `cs_…`.
    pub id: String,
    /// The page; none once it is closed.
    #[serde(default)]
    pub url: Option<String>,
    /// `open`, `complete`, `expired`.
    #[serde(default)]
    pub status: Option<String>,
    /// `paid`, `unpaid`, `no_payment_required`.
    #[serde(default)]
    pub payment_status: Option<String>,
    /// `cus_…`, once known.
    #[serde(default, deserialize_with = "lenient::id")]
    pub customer: Option<String>,
    /// `sub_…`, once paid.
    #[serde(default, deserialize_with = "lenient::id")]
    pub subscription: Option<String>,
    /// What we sent: the account's id.
    #[serde(default)]
    pub client_reference_id: Option<String>,
    /// What we sent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub metadata: Metadata,
    /// The whole amount.
    #[serde(default)]
    pub amount_total: Option<i64>,
    /// ISO 4217, lower case.
    #[serde(default)]
    pub currency: Option<String>,
    /// Whether it is about real money.
    #[serde(default)]
    pub livemode: bool,
    /// When the page closes.
    #[serde(default)]
    pub expires_at: Option<i64>,
}

/// How often a price is charged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Recurring {
    /// `month`, `year` …
    pub interval: String,
    /// Every so many of them.
    #[serde(default = "one")]
    pub interval_count: i64,
}

fn one() -> i64 {
    1
}

/// A change of what a customer owes.
#[derive(Debug, Clone, Deserialize)]
pub struct BalanceTransaction {
    /// `cbtxn_…`.
    pub id: String,
    /// Our own notes.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// What is sold, at one or more prices.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    /// `prod_…`, or what we have called it.
    pub id: String,
}

/// A price.
#[derive(Debug, Clone, Deserialize)]
pub struct Price {
    /// `price_…`.
    pub id: String,
    /// None for a price in steps or fractions.
    #[serde(default)]
    pub unit_amount: Option<i64>,
    /// ISO 4217, lower case.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
    /// None for a price that is paid once.
    #[serde(default)]
    pub recurring: Option<Recurring>,
    /// Whether new purchases can be made at it.
    #[serde(default)]
    pub active: bool,
    /// `inclusive`, `exclusive`, or `unspecified` while it can still be chosen.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tax_behavior: String,
}

/// What a subscription is to.
#[derive(Debug, Clone, Deserialize)]
pub struct Item {
    /// `si_…`.
    pub id: String,
    /// At which price.
    pub price: Price,
    /// How many.
    #[serde(default)]
    pub quantity: Option<i64>,
    /// Since when the current period runs.
    #[serde(default)]
    pub current_period_start: Option<i64>,
    /// When it ends.
    #[serde(default)]
    pub current_period_end: Option<i64>,
}

/// A subscription.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "SubscriptionAsSent")]
pub struct Subscription {
    /// `sub_…`.
    pub id: String,
    /// `cus_…`.
    pub customer: String,
    /// `incomplete`, `trialing`, `active`, `past_due`, `unpaid`, `paused`, `canceled`, `incomplete_expired` …
    pub status: String,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When it will end, if that is set.
    pub cancel_at: Option<i64>,
    /// When somebody cancelled it.
    pub canceled_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// When it was made.
    pub created: i64,
    /// When its first period began.
    pub start_date: Option<i64>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// What the checkout sent.
    pub metadata: Metadata,
    /// What it is to. The period stands here; objects of older versions have it beside the items and are read the same.
    pub items: Vec<Item>,
    /// The newest invoice, where it was asked for as a whole.
    pub latest_invoice: Option<Box<Invoice>>,
    /// When its trial ends.
    pub trial_end: Option<i64>,
    /// What pays for it, where it was asked for as a whole.
    pub default_payment_method: Option<PaymentMethod>,
    /// What takes something off, `di_…`.
    pub discounts: Vec<String>,
    /// What it changes to by itself, where that was asked for as a whole; see [`Subscription::followed`].
    pub schedule: Option<Schedule>,
}

#[derive(Deserialize)]
struct SubscriptionAsSent {
    id: String,
    #[serde(deserialize_with = "lenient::required_id")]
    customer: String,
    status: String,
    #[serde(default)]
    cancel_at_period_end: bool,
    #[serde(default)]
    cancel_at: Option<i64>,
    #[serde(default)]
    canceled_at: Option<i64>,
    #[serde(default)]
    ended_at: Option<i64>,
    #[serde(default)]
    created: i64,
    #[serde(default)]
    start_date: Option<i64>,
    #[serde(default)]
    livemode: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    metadata: Metadata,
    #[serde(default, deserialize_with = "lenient::data")]
    items: Vec<Item>,
    #[serde(default, deserialize_with = "lenient::whole")]
    latest_invoice: Option<Box<Invoice>>,
    #[serde(default)]
    trial_end: Option<i64>,
    #[serde(default, deserialize_with = "lenient::whole")]
    default_payment_method: Option<PaymentMethod>,
    #[serde(default, deserialize_with = "lenient::ids")]
    discounts: Vec<String>,
    #[serde(default, deserialize_with = "lenient::whole")]
    schedule: Option<Schedule>,
    /// Before version 2025-03-31.
    #[serde(default)]
    current_period_start: Option<i64>,
    /// Before version 2025-03-31.
    #[serde(default)]
    current_period_end: Option<i64>,
}

impl From<SubscriptionAsSent> for Subscription {
    fn from(sent: SubscriptionAsSent) -> Subscription {
        let mut items = sent.items;
        for item in &mut items {
            item.current_period_start = item.current_period_start.or(sent.current_period_start);
            item.current_period_end = item.current_period_end.or(sent.current_period_end);
        }
        Subscription {
            id: sent.id,
            customer: sent.customer,
            status: sent.status,
            cancel_at_period_end: sent.cancel_at_period_end,
            cancel_at: sent.cancel_at,
            canceled_at: sent.canceled_at,
            ended_at: sent.ended_at,
            created: sent.created,
            start_date: sent.start_date,
            livemode: sent.livemode,
            metadata: sent.metadata,
            items,
            latest_invoice: sent.latest_invoice,
            trial_end: sent.trial_end,
            default_payment_method: sent.default_payment_method,
            discounts: sent.discounts,
            schedule: sent.schedule,
        }
    }
}

/// An invoice.
#[derive(Debug, Clone, Deserialize)]
pub struct Invoice {
    /// `in_…`.
    pub id: String,
    /// The number that the customer sees.
    #[serde(default)]
    pub number: Option<String>,
    /// `draft`, `open`, `paid`, `uncollectible`, `void`.
    #[serde(default)]
    pub status: Option<String>,
    /// `cus_…`.
    #[serde(default, deserialize_with = "lenient::id")]
    pub customer: Option<String>,
    /// What was paid.
    #[serde(default)]
    pub amount_paid: i64,
    /// What is to be paid.
    #[serde(default)]
    pub amount_due: i64,
    /// What it is for, discounts and taxes included, before credit.
    #[serde(default)]
    pub total: i64,
    #[serde(default, deserialize_with = "lenient::or_default")]
    total_taxes: Vec<TotalTax>,
    /// ISO 4217, lower case.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub currency: String,
    /// When it was made.
    #[serde(default)]
    pub created: i64,
    /// Start of the time that usage was counted in.
    #[serde(default)]
    pub period_start: Option<i64>,
    /// End of that time.
    #[serde(default)]
    pub period_end: Option<i64>,
    /// How often its payment was tried.
    #[serde(default)]
    pub attempt_count: i64,
    /// When it is tried again.
    #[serde(default)]
    pub next_payment_attempt: Option<i64>,
    /// Stripe's page for it.
    #[serde(default)]
    pub hosted_invoice_url: Option<String>,
    /// As a PDF.
    #[serde(default)]
    pub invoice_pdf: Option<String>,
    /// `subscription_create`, `subscription_cycle` …
    #[serde(default)]
    pub billing_reason: Option<String>,
    /// What the customer had at Stripe when it was made final, below zero for credit.
    #[serde(default)]
    pub starting_balance: Option<i64>,
    /// And after that.
    #[serde(default)]
    pub ending_balance: Option<i64>,
    /// Whether it is about real money.
    #[serde(default)]
    pub livemode: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    parent: Parent,
    #[serde(default, rename = "subscription", deserialize_with = "lenient::id")]
    subscription_before_2025: Option<String>,
    #[serde(default, rename = "subscription_details", deserialize_with = "lenient::or_default")]
    details_before_2025: SubscriptionDetails,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct TotalTax {
    amount: i64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Parent {
    #[serde(deserialize_with = "lenient::or_default")]
    subscription_details: SubscriptionDetails,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct SubscriptionDetails {
    #[serde(deserialize_with = "lenient::id")]
    subscription: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    metadata: Metadata,
}

impl Invoice {
    /// The subscription that it bills, where the version in use has it or where older ones had it.
    pub fn subscription(&self) -> Option<&str> {
        let now = self.parent.subscription_details.subscription.as_deref();
        now.or(self.subscription_before_2025.as_deref())
    }

    /// The taxes in its total, in minor units.
    pub fn tax(&self) -> i64 {
        self.total_taxes.iter().fold(0, |sum, tax| tax.amount.saturating_add(sum))
    }

    /// How much of it was paid with credit that the customer had at Stripe, in minor units.
    pub fn credit_used(&self) -> i64 {
        match (self.starting_balance, self.ending_balance) {
            (Some(before), Some(after)) => after.saturating_sub(before).max(0),
            _ => 0,
        }
    }

    /// The subscription's metadata at the time of the invoice.
    pub fn subscription_metadata(&self) -> &BTreeMap<String, String> {
        let now = &self.parent.subscription_details.metadata;
        if now.is_empty() { &self.details_before_2025.metadata } else { now }
    }
}

/// A visit to the page on which a customer manages cards and invoices.
#[derive(Debug, Clone, Deserialize)]
pub struct PortalSession {
    /// The page.
    pub url: String,
}

/// Something that happened. Only what is needed to store it and to read its object afresh; the object itself is kept as
/// it was sent.
#[derive(Clone, Deserialize)]
#[serde(from = "EventAsSent")]
pub struct Event {
    /// `evt_…`.
    pub id: String,
    /// `invoice.paid` …
    pub type_: String,
    /// When it happened.
    pub created: i64,
    /// Whether it is about real money.
    pub livemode: bool,
    /// In which version the object is written.
    pub api_version: Option<String>,
    /// What it happened to; nothing in `Debug` shows it, as it may hold an address.
    pub object: Value,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("id", &self.id).field("type", &self.type_).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct EventAsSent {
    id: String,
    #[serde(rename = "type")]
    type_: String,
    created: i64,
    livemode: bool,
    #[serde(default)]
    api_version: Option<String>,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: Value,
}

impl From<EventAsSent> for Event {
    fn from(sent: EventAsSent) -> Event {
        Event {
            id: sent.id,
            type_: sent.type_,
            created: sent.created,
            livemode: sent.livemode,
            api_version: sent.api_version,
            object: sent.data.object,
        }
    }
}

/// What was taken from a card.
#[derive(Debug, Clone, Deserialize)]
pub struct Charge {
    /// `ch_…`.
    pub id: String,
    /// What was taken, in minor units.
    #[serde(default)]
    pub amount: i64,
    /// What went back, in minor units.
    #[serde(default)]
    pub amount_refunded: i64,
    /// Whether all of it went back.
    #[serde(default)]
    pub refunded: bool,
    /// Whether the customer's bank asked for it back.
    #[serde(default)]
    pub disputed: bool,
    /// `pi_…`.
    #[serde(default, deserialize_with = "lenient::id")]
    pub payment_intent: Option<String>,
    /// Whether it is about real money.
    #[serde(default)]
    pub livemode: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    payment_method_details: MethodDetails,
}

impl Charge {
    /// What a card is known by: the same for one card, whoever pays with it.
    pub fn card_fingerprint(&self) -> Option<&str> {
        self.payment_method_details.card.fingerprint.as_deref()
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
struct MethodDetails {
    #[serde(default, deserialize_with = "lenient::or_default")]
    card: CardDetails,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct CardDetails {
    #[serde(default)]
    fingerprint: Option<String>,
}

/// What Stripe tries to collect.
#[derive(Debug, Clone, Deserialize)]
pub struct PaymentIntent {
    /// `pi_…`.
    pub id: String,
    /// `ch_…` of the newest try.
    #[serde(default, deserialize_with = "lenient::id")]
    pub latest_charge: Option<String>,
}

/// A payment that the customer's bank asks back.
#[derive(Debug, Clone, Deserialize)]
pub struct Dispute {
    /// `du_…`.
    pub id: String,
    /// `needs_response`, `under_review`, `won`, `lost`, `warning_…`, `prevented` …
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// What the bank asks back, in minor units.
    #[serde(default)]
    pub amount: i64,
    /// `ch_…`.
    #[serde(default, deserialize_with = "lenient::id")]
    pub charge: Option<String>,
}

/// Which payment paid which invoice.
#[derive(Debug, Clone, Deserialize)]
pub struct InvoicePayment {
    /// `inpay_…`.
    pub id: String,
    /// `in_…`.
    #[serde(deserialize_with = "lenient::required_id")]
    pub invoice: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    payment: PaymentOf,
}

impl InvoicePayment {
    /// `pi_…`, if it was a payment by Stripe.
    pub fn payment_intent(&self) -> Option<&str> {
        self.payment.payment_intent.as_deref()
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
struct PaymentOf {
    #[serde(default, deserialize_with = "lenient::id")]
    payment_intent: Option<String>,
}

#[cfg(test)]
mod tests;

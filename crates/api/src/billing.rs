//! Plans, purchases, subscriptions, invoices.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A plan.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// `basic`, `premium`, `vip` …
    pub code: String,
    /// Name.
    pub name: String,
    /// Price of an interval in minor units.
    pub price_cents: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// `month`, `quarter` or `year`.
    pub interval: String,
    /// Devices at the same time; null is no limit beyond fair use.
    pub devices: Option<i64>,
    /// Bytes an interval; null is no quota.
    pub quota_bytes: Option<i64>,
    /// How fast each device may be, in Mbit/s each way; null is as fast as it goes.
    pub speed_mbit: Option<i64>,
    /// The same once the quota is used up; null is not at all.
    pub slow_mbit: Option<i64>,
    /// What the plan can do, as stable words.
    pub features: Vec<String>,
    /// Whether it can be bought now, at the price above.
    pub available: bool,
    /// All its prices, the one above first.
    pub prices: Vec<PlanPrice>,
    /// Days that a customer's first subscription costs nothing.
    pub trial_days: i64,
    /// Regions that its devices can be in; null is all.
    pub regions: Option<Vec<String>>,
}

/// A price of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlanPrice {
    /// `month`, `quarter` or `year`.
    pub interval: String,
    /// ISO 4217, lower case.
    pub currency: String,
    /// Price of an interval in minor units.
    pub amount: i64,
    /// Bytes an interval; null is no quota.
    pub quota_bytes: Option<i64>,
    /// Whether it can be bought now.
    pub available: bool,
}

/// Plans, in the order of the price list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlanList {
    /// Plans.
    pub plans: Vec<Plan>,
}

/// Buy a plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkout {
    /// Code of the plan.
    pub plan: String,
    /// `month`, `quarter` or `year`; the plan's own if left out.
    #[serde(default)]
    pub interval: Option<String>,
    /// ISO 4217; the plan's own if left out.
    #[serde(default)]
    pub currency: Option<String>,
    /// Preferred region.
    pub region: Option<String>,
    /// Code of a coupon of ours.
    #[schema(max_length = 64)]
    pub coupon: Option<String>,
}

/// Where to pay.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CheckoutReply {
    /// Stripe's page.
    pub url: String,
    /// `cs_…`.
    pub session_id: String,
}

/// Where to manage cards and invoices.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PortalReply {
    /// Stripe's page.
    pub url: String,
}

/// A subscription.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Subscription {
    /// UUIDv7.
    pub id: Uuid,
    /// Code of the plan.
    pub plan: String,
    /// `incomplete`, `trialing`, `active`, `past_due`, `paused` or `ended`.
    pub status: String,
    /// Whether its devices are on the network now.
    pub entitled: bool,
    /// Start of the current period.
    pub period_start: String,
    /// End of the current period.
    pub period_end: String,
    /// Up to when it is paid.
    pub paid_until: String,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Device slots; null is no limit beyond fair use.
    pub devices: Option<i64>,
    /// Bytes a period; null is no quota.
    pub quota_bytes: Option<i64>,
    /// Bytes used in this period.
    pub used_bytes: i64,
    /// Whether a payment is disputed and the service rests until that is decided.
    pub held: bool,
    /// Code of the plan that begins with the next period, where something changes then; the same plan where only the period
    /// does.
    pub next_plan: Option<String>,
    /// What that period costs and how long it is; null where nothing changes.
    pub next_price: Option<AgreedPrice>,
    /// What a period costs, as agreed; null until it was read for the first time.
    pub price: Option<AgreedPrice>,
    /// What it will cost from a later renewal on, if that is something else.
    pub price_change: Option<PriceChange>,
    /// `card` (through Stripe, renewed by itself) or `credit` (it ends with its period).
    pub paid_with: String,
}

/// A price that was announced.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PriceChange {
    /// In minor units, for the same period and in the same currency.
    pub amount: i64,
    /// The first renewal at or after this moment is at this price.
    pub from: String,
}

/// What was agreed to be paid.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AgreedPrice {
    /// `month`, `quarter` or `year`.
    pub interval: String,
    /// ISO 4217, lower case.
    pub currency: String,
    /// In minor units.
    pub amount: i64,
}

/// A gift code.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// As it is written; spaces, hyphens and capitals do not matter.
    #[schema(max_length = 64)]
    pub code: String,
}

/// What a gift code was worth.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Redeemed {
    /// In minor units.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
}

/// Pay one period of a plan with credit.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayWithCredit {
    /// Code of the plan.
    pub plan: String,
    /// `month`, `quarter` or `year`; the plan's own if left out.
    #[serde(default)]
    pub interval: Option<String>,
    /// ISO 4217; the plan's own if left out.
    #[serde(default)]
    pub currency: Option<String>,
    /// Region wished for.
    #[serde(default)]
    pub region: Option<String>,
}

/// Subscriptions, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SubscriptionList {
    /// Own subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// How to ask for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// When a subscription is to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelWhen {
    /// With the paid period.
    #[default]
    PeriodEnd,
    /// At once.
    Now,
}

/// End a subscription.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// `period_end` (if left out) or `now`.
    #[serde(default)]
    pub when: CancelWhen,
}

/// Another plan for a subscription.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePlan {
    /// Code of the plan.
    pub plan: String,
    /// `month`, `quarter` or `year`; that of the subscription if left out.
    #[serde(default)]
    pub interval: Option<String>,
}

/// An invoice.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invoice {
    /// UUIDv7.
    pub id: Uuid,
    /// The number printed on it.
    pub number: Option<String>,
    /// `draft`, `open`, `paid`, `void` or `uncollectible`.
    pub status: String,
    /// What is due, in minor units.
    pub amount_due: i64,
    /// What was paid, in minor units.
    pub amount_paid: i64,
    /// The tax in it, in minor units; 0 where none is reckoned.
    pub amount_tax: i64,
    /// What went back, in minor units.
    pub amount_refunded: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// Stripe's page for it.
    pub url: Option<String>,
    /// The same as a PDF.
    pub pdf_url: Option<String>,
    /// When it was issued.
    pub issued_at: String,
}

/// Invoices, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InvoiceList {
    /// Own invoices.
    pub invoices: Vec<Invoice>,
    /// How to ask for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// What a customer has with us, and how it came to be.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreditList {
    /// What there is in each currency; none if there never was anything.
    pub balances: Vec<Balance>,
    /// What was put towards the next invoice and lies at Stripe until then.
    pub next_invoice: Vec<Balance>,
    /// Movements, newest first.
    pub credits: Vec<Credit>,
    /// How to ask for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// Credit that was put towards the next invoice.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreditApplied {
    /// All that lies at Stripe until then.
    pub next_invoice: Vec<Balance>,
}

/// What there is in one currency.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Balance {
    /// In minor units.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
}

/// A movement of credit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Credit {
    /// UUIDv7.
    pub id: Uuid,
    /// In minor units; below zero takes away.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// `opening`: what was there when the account was taken over; `granted` or `taken` by the operator;
    /// `gift`: a gift code; `period` and
    /// `period_returned`: a period paid with credit, and what came back of it;
    /// `reward_confirmed`, `reward_taken_back`, `reward_returned`: for a friend.
    pub kind: String,
    /// When.
    pub created_at: String,
}

/// Whom a customer has brought in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReferralList {
    /// What friends type at sign-up.
    pub code: String,
    /// A link that has the code in it.
    pub link: String,
    /// Friends, newest first, without their names.
    pub referrals: Vec<Referral>,
    /// How to ask for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// A friend.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Referral {
    /// When they signed up.
    pub joined_at: String,
    /// Whether they have confirmed their address.
    pub confirmed: bool,
    /// What it is worth: null before the friend's first payment.
    pub reward: Option<Reward>,
}

/// What a customer gets for a friend.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Reward {
    /// `pending`, `confirmed`, `refused`, `voided`, `taken_back` or `imported`.
    pub state: String,
    /// In minor units.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: Option<String>,
    /// When a pending one is confirmed.
    pub due_at: Option<String>,
}

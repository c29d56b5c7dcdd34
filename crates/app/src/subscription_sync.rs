//! The one function in which webhook, thanks page, customer's wish and reconciliation end: reads a subscription afresh
//! from Stripe, lets `domain` decide, and saves row, grants, mails and the servers' revisions in one transaction.

use clients::stripe::{self, CheckoutSession, Invoice, StripeError};
use domain::change::{Begins, Terms, begins};
use domain::period::Every;
use domain::subscription::{Announcement, Decision, Seen, decide};
use domain::time::{UnixMs, day};
use store::{Tx, checkouts, invoices, plans, stripe_events, subscriptions, users, wireguard_peers};
use uuid::Uuid;

use crate::device_adopt::device_adopt;
use crate::jobs::{self, Job};
use crate::letter::Letter;
use crate::plan::{self, Price, Sold};
use crate::stripe_event::invoice_row;
use crate::{
    App, Error, Result, coupon, credit_apply, device_slots, failpoint, ledger, mail, notice, plan_change, price_move,
};

/// The outcome of a trial that is not a customer's first.
pub(crate) const SECOND_TRIAL: &str = "second_trial";
/// How often a subscription is read when others are faster.
const READINGS: u32 = 3;

/// Why a subscription is looked at, and what came along.
#[derive(Debug, Default)]
pub struct Cause {
    event: Option<String>,
    invoice: Option<Invoice>,
    checkout: Option<Closed>,
}

/// A purchase whose page is closed.
#[derive(Debug, Clone)]
pub(crate) struct Closed {
    session: String,
    /// The intent, if it came back with the session.
    intent: Option<Uuid>,
    /// `complete` or `expired`.
    status: &'static str,
}

impl Closed {
    pub(crate) fn of(session: &CheckoutSession) -> Option<Closed> {
        let status = match session.status.as_deref() {
            Some("complete") => "complete",
            Some("expired") => "expired",
            _ => return None,
        };
        Some(Closed { session: session.id.clone(), intent: coupon::intent_of(session), status })
    }

    /// Saves what became of the purchase, and of the coupon that it was begun with.
    pub(crate) async fn save(&self, tx: &Tx, now: UnixMs) -> Result<()> {
        checkouts::close(tx, &self.session, self.status, now).await?;
        coupon::settle(tx, self.intent, self.status, now).await
    }
}

impl Cause {
    /// Somebody asked.
    pub fn asked() -> Cause {
        Cause::default()
    }

    /// The buyer came back.
    pub fn checkout(session: &CheckoutSession) -> Cause {
        Cause::default().with_checkout(session)
    }

    pub(crate) fn event(id: &str) -> Cause {
        Cause { event: Some(id.to_owned()), ..Cause::default() }
    }

    pub(crate) fn with_checkout(mut self, session: &CheckoutSession) -> Cause {
        self.checkout = Closed::of(session);
        self
    }

    pub(crate) fn with_invoice(mut self, invoice: Invoice) -> Cause {
        self.invoice = Some(invoice);
        self
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// `applied`, `unchanged`, `over`, `foreign`, `deleted` or `second_trial`.
    pub word: &'static str,
    /// Whether the customer is on the network now.
    pub entitled: bool,
}

/// Brings our row of a Stripe subscription up to date.
///
/// What was read before the row's own reading is read again. Where it stays so, the clock of another replica is ahead
/// of ours: then this is an error that goes away with time, and an event is not settled.
pub async fn sync(app: &App, subscription_id: &str, cause: Cause) -> Result<Outcome> {
    for _ in 0..READINGS {
        if let Some(outcome) = read_and_apply(app, subscription_id, &cause).await? {
            app.wake_worker();
            return Ok(outcome);
        }
    }
    Err(Error::Busy { what: "the state of the subscription", source: None })
}

async fn read_and_apply(app: &App, subscription_id: &str, cause: &Cause) -> Result<Option<Outcome>> {
    // Before the question: whatever was saved after this moment knows at least as much as the answer.
    let read_at = app.clock.now();
    let object = match app.stripe.retrieve_subscription(subscription_id).await {
        Ok(object) => object,
        Err(StripeError::Refused { status: 404, .. }) => return foreign(app, cause).await.map(Some),
        Err(error) => return Err(error.into()),
    };
    if object.livemode != app.config.stripe.livemode {
        return foreign(app, cause).await.map(Some);
    }
    let Some(user) = owner(app, &object).await? else { return foreign(app, cause).await.map(Some) };
    let bought = bought(app, &object).await?;
    failpoint::pass("event.read");
    let outcome = app.retrying(|| apply_once(app, &object, user, &bought, cause, read_at)).await?;
    match plan_change::keep_card(app, &object).await {
        // Nothing that Stripe refuses may keep what it says from our row.
        Err(error @ Error::Internal(_)) => {
            tracing::error!(subscription = object.id, error = error.chain(), "a schedule keeps an old card");
        }
        kept => kept?,
    }
    Ok(outcome)
}

/// A subscription that none of our customers has: another product on the same Stripe account.
async fn foreign(app: &App, cause: &Cause) -> Result<Outcome> {
    let tx = app.store.write_txn().await?;
    settle(&tx, cause, "foreign", app.clock.now()).await?;
    tx.commit().await?;
    Ok(Outcome { word: "foreign", entitled: false })
}

async fn settle(tx: &Tx, cause: &Cause, outcome: &str, now: UnixMs) -> Result<()> {
    if let Some(event) = &cause.event {
        stripe_events::settle(tx, event, outcome, now).await?;
    }
    Ok(())
}

/// Whose it is: of the row that we have, else of the account that our own checkout wrote into the metadata, else of
/// the account that is known by this customer id.
async fn owner(app: &App, object: &stripe::Subscription) -> Result<Option<Uuid>> {
    if let Some(row) = subscriptions::by_stripe_id(&app.store, &object.id).await? {
        return Ok(Some(row.user_id));
    }
    let named = object.metadata.get("user_id").and_then(|text| Uuid::parse_str(text).ok());
    if let Some(id) = named
        && users::by_id(&app.store, id).await?.is_some()
    {
        return Ok(Some(id));
    }
    let user = users::by_stripe_customer(&app.store, &object.customer).await?;
    Ok(user.map(|user| user.id))
}

/// What a subscription is to.
#[derive(Debug)]
pub(crate) struct Bought {
    /// By its own price. A smaller plan has that price already, and counts from the next period on.
    pub(crate) now: Sold,
    /// By the schedule that it follows, from the next period on.
    next: Option<Sold>,
}

pub(crate) async fn bought(app: &App, object: &stripe::Subscription) -> Result<Bought> {
    let plan = plan_of(app, object).await?;
    // A price in steps, or for two weeks, is none of ours: somebody made it at Stripe, and it counts as the plan's.
    let found = object.items.first().and_then(|item| price_of(&item.price));
    let price = found.map_or_else(|| plan::own_price(&plan), Ok)?;
    let mut next = None;
    if let Some(coming) = object.next_item().and_then(|item| item.price.as_ref())
        && let Some(price) = price_of(coming)
    {
        let plan = plans::by_stripe_price(&app.store, &coming.id).await?.unwrap_or_else(|| plan.clone());
        next = Some(Sold { plan, price });
    }
    Ok(Bought { now: Sold { plan, price }, next })
}

/// What a price at Stripe comes to; none for one that is none of ours.
pub(crate) fn price_of(price: &stripe::Price) -> Option<Price> {
    let (amount, every) = price.unit_amount.zip(price.recurring.as_ref())?;
    let every = Every::of_stripe(&every.interval, every.interval_count)?;
    Some(Price { every, currency: price.currency.clone(), amount, at_stripe: Some(price.id.clone()) })
}

async fn plan_of(app: &App, object: &stripe::Subscription) -> Result<plans::Model> {
    let price = object.items.first().map(|item| item.price.id.as_str());
    let plan = match price {
        Some(price) => plans::by_stripe_price(&app.store, price).await?,
        None => None,
    };
    if let Some(plan) = plan {
        return Ok(plan);
    }
    // A price that was replaced in the price list: whoever bought at it keeps the plan that the row names.
    if let Some(row) = subscriptions::by_stripe_id(&app.store, &object.id).await?
        && let Some(plan) = plans::by_code(&app.store, &row.plan).await?
    {
        return Ok(plan);
    }
    Err(Error::internal(format!(
        "subscription {} has the price {}, which is no plan's: `mirai admin plan set PLAN --stripe-price …`, then `mirai admin job retry`",
        object.id,
        price.unwrap_or("(none)")
    )))
}

pub(crate) fn seen(object: &stripe::Subscription, read_at: UnixMs) -> Seen {
    let item = object.items.first();
    let start = item.and_then(|item| item.current_period_start).unwrap_or(object.created);
    let end = item.and_then(|item| item.current_period_end).unwrap_or(start);
    Seen {
        status: object.status.clone(),
        period_start: start * 1000,
        period_end: end * 1000,
        // Stripe's newer dashboards set `cancel_at` to the period's end instead of the flag; a schedule may have set it to
        // the moment at which its next phase begins, and then nothing ends.
        cancel_at_period_end: object.cancel_at_period_end
            || object.cancel_at.is_some_and(|at| at <= end) && object.next_item().is_none(),
        ended_at: object.ended_at.or(object.canceled_at).map(|s| s * 1000),
        read_at,
    }
}

async fn apply_once(
    app: &App,
    object: &stripe::Subscription,
    user: Uuid,
    bought: &Bought,
    cause: &Cause,
    read_at: UnixMs,
) -> Result<Option<Outcome>> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut user = users::lock(&tx, user).await?.ok_or(Error::NotFound)?;
    let row = subscriptions::lock_by_stripe_id(&tx, &object.id).await?;
    if row.is_none() && user.deleted_at.is_some() {
        return refuse(app, tx, (object, None), cause, "deleted", now).await.map(Some);
    }
    // Two purchases that were opened at once, each with a trial.
    let is_trial = row.is_none() && object.status == "trialing";
    if is_trial && !subscriptions::all_of_user(&tx, user.id).await?.is_empty() {
        let customer = user.stripe_customer_id.as_deref();
        return refuse(app, tx, (object, customer), cause, SECOND_TRIAL, now).await.map(Some);
    }
    let known = row.as_ref().map(subscriptions::Model::state).transpose()?;
    let decision = decide(known.as_ref(), &seen(object, read_at));
    let (state, announcements, word) = match decision {
        Decision::Stale => return Ok(None),
        Decision::Over => (known, Vec::new(), "over"),
        Decision::Unchanged(state) => (Some(state), Vec::new(), "unchanged"),
        Decision::Save(state, announcements) => (Some(state), announcements, "applied"),
    };
    let row = match (row, state) {
        (Some(mut row), Some(state)) => {
            let is_renewed = row.period_start != state.period_start;
            if is_renewed {
                let was_used_up = row.quota().is_used_up();
                row.used_bytes = 0;
                if was_used_up {
                    wireguard_peers::announce_all_of(&tx, row.id, now).await?;
                }
            }
            take_plan(&tx, &mut row, bought, is_renewed, now).await?;
            row.set_state(&state, now);
            row.stripe_customer_id.clone_from(&object.customer);
            subscriptions::save(&tx, row.clone()).await?;
            row
        }
        (None, Some(state)) => {
            let mut row = new_row(app, object, user.id, bought, now)?;
            row.set_state(&state, now);
            subscriptions::insert(&tx, &row).await?;
            row
        }
        (_, None) => return Err(Error::internal("a subscription that is not there can't be over")),
    };
    if user.stripe_customer_id.is_none() {
        user.stripe_customer_id = Some(object.customer.clone());
        user.updated_at = now;
        users::save(&tx, user.clone()).await?;
    }
    // The newest invoice was read with the subscription, so it comes last: a paid one is never overwritten by what an
    // event had found before.
    for invoice in cause.invoice.iter().chain(object.latest_invoice.as_deref()) {
        let billed = invoice_row(app, invoice, &row, now);
        let before = invoices::upsert(&tx, &billed).await?;
        ledger::payment(app, &tx, before.as_ref(), &billed, invoice, now).await?;
    }
    if let Some(closed) = &cause.checkout {
        closed.save(&tx, now).await?;
    }
    for announcement in announcements {
        announce(app, &tx, announcement, &user, &row, &bought.now.plan, now).await?;
    }
    price_move::after_reading(&tx, &row, &bought.now).await?;
    notice::after_reading(app, &tx, &user, &row, object, now).await?;
    settle(&tx, cause, word, now).await?;
    failpoint::pass("event.saved");
    tx.commit().await?;
    failpoint::pass("event.applied");
    Ok(Some(Outcome { word, entitled: row.state()?.is_entitled(now) }))
}

/// Ends what nobody may use: a purchase that was under way when its buyer deleted the account, a second trial. The customer
/// that Stripe made for it goes with it; the account's own, which pays for what there is, stays.
async fn refuse(
    app: &App,
    tx: Tx,
    (object, own_customer): (&stripe::Subscription, Option<&str>),
    cause: &Cause,
    word: &'static str,
    now: UnixMs,
) -> Result<Outcome> {
    if object.ended_at.is_none() {
        let job = Job::StripeClose {
            customer: Some(object.customer.clone()).filter(|customer| own_customer != Some(customer)),
            subscriptions: vec![object.id.clone()],
            checkouts: Vec::new(),
        };
        jobs::enqueue(app, &tx, &job, now).await?;
    }
    settle(&tx, cause, word, now).await?;
    tx.commit().await?;
    Ok(Outcome { word, entitled: false })
}

fn new_row(
    app: &App,
    object: &stripe::Subscription,
    user: Uuid,
    bought: &Bought,
    now: UnixMs,
) -> Result<subscriptions::Model> {
    let mut row = subscriptions::Model {
        region: object.metadata.get("region").cloned().filter(|region| region.len() <= 16),
        stripe_subscription_id: object.id.clone(),
        stripe_customer_id: object.customer.clone(),
        ..subscriptions::Model::begun(app.dice.id(now), user, now)
    };
    plan::agree(&mut row, &bought.now)?;
    plan::agree_next(&mut row, bought.next.as_ref());
    Ok(row)
}

/// What the price at Stripe and its schedule say, in our row. What begins later than at once waits there for the next
/// period, since this one is paid for.
async fn take_plan(
    tx: &Tx,
    row: &mut subscriptions::Model,
    bought: &Bought,
    is_renewed: bool,
    now: UnixMs,
) -> Result<()> {
    let Bought { now: Sold { plan, price }, next } = bought;
    let runs = row.period.as_deref().map_or(Ok(price.every), plan::every)?;
    if plan.code == row.plan && price.every == runs {
        plan::agree_price(row, price);
    } else {
        let present = Terms { every: runs, size: plans::by_code(tx, &row.plan).await?.map(|plan| plan.price_cents) };
        let wished = Terms { every: price.every, size: Some(plan.price_cents) };
        if !is_renewed && begins(present, wished) == Begins::Later {
            plan::agree_next(row, Some(next.as_ref().unwrap_or(&bought.now)));
            return Ok(());
        }
        plan::agree(row, &bought.now)?;
        device_slots::settle(tx, row, now).await?;
        wireguard_peers::announce_all_of(tx, row.id, now).await?;
    }
    plan::agree_next(row, next.as_ref());
    Ok(())
}

/// A customer was deleted at Stripe, by its dashboard for one: the account can buy again as a new one.
pub(crate) async fn customer_gone(app: &App, customer: &str, event: &str) -> Result<&'static str> {
    let now = app.clock.now();
    let is_gone = match app.stripe.retrieve_customer(customer).await {
        Ok(customer) => customer.deleted,
        Err(error) if error.is_not_found() => true,
        Err(error) => return Err(error.into()),
    };
    let tx = app.store.write_txn().await?;
    let user = users::by_stripe_customer(&tx, customer).await?.filter(|_| is_gone);
    let word = if user.is_some() { "applied" } else { "unchanged" };
    let mut open = Vec::new();
    if let Some(user) = user
        && let Some(mut user) = users::lock(&tx, user.id).await?
    {
        open = subscriptions::lock_open_of_user(&tx, user.id).await?;
        user.stripe_customer_id = None;
        user.updated_at = now;
        credit_apply::customer_gone(app, &tx, user.id, customer, now).await?;
        users::save(&tx, user).await?;
    }
    stripe_events::settle(&tx, event, word, now).await?;
    tx.commit().await?;
    for row in open.iter().filter(|row| row.stripe_customer_id == customer) {
        sync(app, &row.stripe_subscription_id, Cause::asked()).await?;
    }
    Ok(word)
}

async fn announce(
    app: &App,
    tx: &Tx,
    announcement: Announcement,
    user: &users::Model,
    row: &subscriptions::Model,
    plan: &plans::Model,
    now: UnixMs,
) -> Result<()> {
    let letter = match announcement {
        Announcement::AccessChanged => return Ok(wireguard_peers::announce_all_of(tx, row.id, now).await?),
        Announcement::Started => {
            device_adopt(tx, user.id, row, now).await?;
            Letter::SubscriptionStarted { plan: plan.name.clone(), link: app.config.link("/dashboard/devices/new") }
        }
        Announcement::WillEnd(at) => Letter::SubscriptionEnding { until: day(at) },
        Announcement::Ended => Letter::SubscriptionEnded { link: app.config.link("/pricing") },
        Announcement::Held => Letter::PaymentDisputed { support: app.config.brand.support.clone() },
    };
    mail::write(app, tx, &user.email, user.language(), &letter, now).await
}

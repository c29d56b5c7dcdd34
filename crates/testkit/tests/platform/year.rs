//! A year of a company's life on the virtual clock, with a Stripe on its worst days: customers come, pay, fail to, change
//! their minds, are refunded, dispute, bring in friends; events are lost, doubled and shuffled; whoever does something may
//! vanish in the middle of it. The books are proved after every day.
//!
//! What is done, and in which order, follows from the seed (`MIRAI_TEST_SEED`), which a failure names. How far one who
//! vanishes had come is a matter of time.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::credits;
use app::admin::plans::{self, Change};
use app::admin::users::{self, Verified};
use app::plan::Choice;
use app::session::Who;
use app::sign_up::Registration;
use app::{
    Dice, checkout, credit_apply, credit_period, jobs, ledger, plan_change, price_move, reconcile, refund, reward,
    scheduler, subscription,
};
use domain::account::{Email, Language, Password, Role};
use domain::ledger::Account;
use domain::money::{Currency, Money};
use domain::period::Every;
use domain::subscription::{EventKind, Wish};
use fakes::stripe::Trouble;
use serde_json::Value;
use store::sessions::Live;
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::PASSWORD;
use uuid::Uuid;

testkit::on_both_databases!(a_year_with_a_stripe_on_its_worst_days_balances_every_day);

/// Requests to Stripe that may go wrong.
const PATHS: [&str; 7] = [
    "/v1/subscriptions",
    "/v1/subscription_schedules",
    "/v1/invoices",
    "/v1/checkout",
    "/v1/charges",
    "/v1/refunds",
    "/v1/invoice_payments",
];
const TROUBLES: [Trouble; 4] = [Trouble::TooMany, Trouble::Broken, Trouble::BrokenAfter, Trouble::AnswerLost];
const PLANS: [&str; 3] = ["basic", "premium", "vip"];

/// What somebody may do on a day.
#[derive(Debug, Clone, Copy)]
enum Act {
    Buy,
    BuyAndLeave,
    End(Wish),
    ChangePlan,
    CardFails,
    CardIsMended,
    RefundPart,
    RefundAll,
    MoneyBack,
    Dispute,
    DisputeEnds,
    PayWithCredit,
    ApplyCredit,
    Gift,
    Pause,
    GoOn,
    Delete,
    PriceChange,
}

/// Each with how likely it is.
const ACTS: [(Act, u64); 20] = [
    (Act::Buy, 30),
    (Act::BuyAndLeave, 4),
    (Act::End(Wish::CancelAtPeriodEnd), 6),
    (Act::End(Wish::CancelNow), 3),
    (Act::End(Wish::Resume), 3),
    (Act::ChangePlan, 8),
    (Act::CardFails, 8),
    (Act::CardIsMended, 10),
    (Act::RefundPart, 4),
    (Act::RefundAll, 3),
    (Act::MoneyBack, 2),
    (Act::Dispute, 3),
    (Act::DisputeEnds, 4),
    (Act::PayWithCredit, 6),
    (Act::ApplyCredit, 4),
    (Act::Gift, 4),
    (Act::Pause, 2),
    (Act::GoOn, 3),
    (Act::Delete, 1),
    (Act::PriceChange, 1),
];

/// Troubles that wait at a time: fewer than the tries that a job has.
const MOST_TROUBLES: u64 = 12;

struct Customer {
    id: Uuid,
    subscription: Option<fakes::stripe::Paid>,
    dispute: Option<String>,
}

struct World {
    test: TestApp,
    dice: Dice,
    customers: Vec<Customer>,
    seen: BTreeSet<String>,
}

async fn a_year_with_a_stripe_on_its_worst_days_balances_every_day(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let seed = testkit::setting::seed();
    let mut world = World { test, dice: Dice::seeded(seed), customers: Vec::new(), seen: BTreeSet::new() };
    for plan in PLANS {
        for (every, amount) in [(Every::Quarter, 2_790), (Every::Year, 9_990)] {
            plans::set_price(&world.test.app, COMMAND_LINE, plan, every, Currency::USD, Some(amount)).await?;
        }
    }
    let trial = Change { trial_days: Some(7), ..Change::default() };
    plans::set(&world.test.app, COMMAND_LINE, "basic", &trial).await?;
    catalogue::sync(&world.test.app, COMMAND_LINE, Mode::Apply).await?;
    let people = testkit::setting::times(200, 2_000);
    for day in 0..365 {
        Box::pin(world.live(day, people))
            .await
            .with_context(|| format!("day {day} of the year with MIRAI_TEST_SEED={seed}"))?;
    }
    world.rest().await.with_context(|| format!("after the year with MIRAI_TEST_SEED={seed}"))
}

fn is_busy(error: &app::Error) -> bool {
    matches!(error, app::Error::Busy { .. } | app::Error::Contention(_))
}

/// What a chore can't get at now, it gets at when it is due again.
fn when_free<T>(done: app::Result<T>) -> app::Result<()> {
    match done {
        Err(error) if !is_busy(&error) => Err(error),
        _ => Ok(()),
    }
}

impl World {
    fn below(&self, most: u64) -> u64 {
        self.dice.number() % most
    }

    fn one_in(&self, many: u64) -> bool {
        self.below(many) == 0
    }

    async fn live(&mut self, day: usize, people: usize) -> anyhow::Result<()> {
        self.test.advance(DAY);
        // All come within the first three quarters of the year.
        while self.customers.len() < people * (day + 1) / 270 && self.customers.len() < people {
            self.sign_up().await?;
        }
        self.test.stripe.run_due()?;
        // What goes wrong waits until somebody asks for its path. Where hardly anybody does it would pile up, to a Stripe that is
        // down for as long as a job is tried.
        for _ in 0..self.below(3).min(MOST_TROUBLES.saturating_sub(self.test.stripe.troubles_left() as u64)) {
            let at = usize::try_from(self.below(PATHS.len() as u64))?;
            let trouble = TROUBLES[usize::try_from(self.below(4))?];
            self.test.stripe.trouble(PATHS[at], &[trouble]);
        }
        for _ in 0..=people / 60 {
            let act = self.choose();
            let who = usize::try_from(self.below(self.customers.len().max(1) as u64))?;
            if self.customers.get(who).is_some() {
                Box::pin(self.act(who, act)).await.with_context(|| format!("{act:?}"))?;
            }
        }
        self.hear().await?;
        // A job that Stripe failed is tried again in seconds; here a day is a moment.
        self.test.advance(60_000);
        self.patiently(|| jobs::run_due(&self.test.app)).await?;
        reconcile::events(&self.test.app, self.test.app.clock.now()).await.ok();
        // In life every hour; what was read less than a day ago is left alone.
        if day.is_multiple_of(7) {
            reconcile::subscriptions(&self.test.app).await.ok();
        }
        when_free(reward::confirm_due(&self.test.app).await)?;
        when_free(credit_period::end_due(&self.test.app).await)?;
        price_move::carry_out(&self.test.app).await.ok();
        self.patiently(|| jobs::run_due(&self.test.app)).await?;
        if day.is_multiple_of(30) {
            when_free(scheduler::clean_up(&self.test.app).await)?;
        }
        self.prove().await
    }

    async fn prove(&self) -> anyhow::Result<()> {
        let broken: Vec<_> = ledger::prove(&self.test.app).await?.into_iter().filter(|one| one.broken != 0).collect();
        ensure!(broken.is_empty(), "{broken:?}");
        Ok(())
    }

    fn choose(&self) -> Act {
        let mut at = self.below(ACTS.iter().map(|(_, weight)| weight).sum());
        for (act, weight) in ACTS {
            match at.checked_sub(weight) {
                Some(rest) => at = rest,
                None => return act,
            }
        }
        Act::Buy
    }

    async fn sign_up(&mut self) -> anyhow::Result<()> {
        let n = self.customers.len();
        // Who has deleted an account that never paid is gone without a trace.
        let sponsor = match self.customers.get(usize::try_from(self.below(2 * n as u64 + 2))?) {
            Some(sponsor) => store::users::by_id(&self.test.app.store, sponsor.id).await?.map(|sponsor| sponsor.id),
            None => None,
        };
        let new = Registration {
            email: Email::parse(&format!("customer{n}@example.net"))?,
            password: Password::parse(PASSWORD)?,
            language: Language::En,
            referral_code: None,
        };
        let user = self.patiently(|| users::create(&self.test.app, &new, Role::User, Verified::Already)).await?;
        // An operator's new account was brought in by nobody; a sign-up by mail would cost a year of waiting.
        let brought_in = store::users::Model { referred_by: sponsor, ..user.clone() };
        self.patiently(|| async {
            let tx = self.test.app.store.write_txn().await?;
            store::users::save(&tx, brought_in.clone()).await?;
            Ok(tx.commit().await?)
        })
        .await?;
        self.customers.push(Customer { id: user.id, subscription: None, dispute: None });
        Ok(())
    }

    /// The customer with a session of now, as the site's extractors would give it.
    async fn who(&self, customer: usize) -> anyhow::Result<Option<Who>> {
        let user = store::users::by_id(&self.test.app.store, self.customers[customer].id).await?;
        let now = self.test.app.clock.now();
        let session = Live { id: Uuid::nil(), seen_day: now, proved_at: now };
        Ok(user.filter(|user| user.deleted_at.is_none()).map(|user| Who { session, user: user.into() }))
    }

    /// Whoever does something may vanish in the middle of it, and what is refused is refused: that is no failure.
    async fn may_vanish<T>(&self, doing: impl Future<Output = app::Result<T>>) -> Option<T> {
        if self.one_in(8) {
            let after = Duration::from_micros(self.below(20_000));
            return tokio::time::timeout(after, doing).await.ok().and_then(Result::ok);
        }
        doing.await.ok()
    }

    async fn act(&mut self, customer: usize, act: Act) -> anyhow::Result<()> {
        let Some(who) = self.who(customer).await? else { return Ok(()) };
        let app = self.test.app.clone();
        let stripe = &self.test.stripe;
        let plan = PLANS[usize::try_from(self.below(3))?];
        let every = Every::ALL.get(usize::try_from(self.below(6))?).copied();
        let choice = Choice { every, ..Choice::default() };
        let newest = subscription::list(&app, &who).await?.into_iter().next().map(|view| view.row.id);
        let paid = self.customers[customer].subscription.as_ref();
        let at_stripe = paid.map(|paid| paid.subscription.clone()).unwrap_or_default();
        let invoice = stripe.object(&at_stripe).and_then(|row| row["latest_invoice"].as_str().map(str::to_owned));
        let invoice = invoice.unwrap_or_default();
        match (act, newest) {
            (Act::Buy | Act::BuyAndLeave, _) => {
                let opened = self.may_vanish(Box::pin(checkout::start(&app, &who, plan, choice, None, None))).await;
                if let (Some(opened), Act::Buy) = (opened, act)
                    && let Ok(paid) = self.test.stripe.pay(&opened.session_id)
                {
                    self.customers[customer].subscription = Some(paid);
                    self.may_vanish(Box::pin(checkout::standing(&app, &who, &opened.session_id))).await;
                }
            }
            (Act::End(wish), Some(id)) => {
                drop(self.may_vanish(Box::pin(subscription::change(&app, &who, id, wish))).await)
            }
            (Act::ChangePlan, Some(id)) => {
                self.may_vanish(Box::pin(plan_change::plan_change(&app, &who, id, plan, choice.every))).await;
            }
            (Act::CardFails, _) => drop(stripe.set_card_declines(&at_stripe, true)),
            (Act::CardIsMended, _) => {
                drop(stripe.set_card_declines(&at_stripe, false));
                drop(stripe.recover(&at_stripe));
            }
            (Act::RefundPart, _) => drop(stripe.refund(&invoice, Some(100))),
            (Act::RefundAll, _) => {
                self.may_vanish(Box::pin(refund::by_operator(&app, "ops", &invoice, None, "a mistake"))).await;
            }
            (Act::MoneyBack, Some(id)) => drop(self.may_vanish(Box::pin(refund::by_owner(&app, &who, id))).await),
            (Act::Dispute, _) => {
                let dispute = stripe.dispute(&invoice).ok();
                let customer = &mut self.customers[customer];
                customer.dispute = dispute.or(customer.dispute.take());
            }
            (Act::DisputeEnds, _) => {
                if let Some(dispute) = self.customers[customer].dispute.take() {
                    let how = if self.one_in(2) { "won" } else { "lost" };
                    drop(self.test.stripe.close_dispute(&dispute, how));
                }
            }
            (Act::PayWithCredit, _) => {
                let once = self.below(u64::MAX).to_string();
                self.may_vanish(Box::pin(credit_period::buy(&app, &who, plan, choice, None, &once))).await;
            }
            (Act::ApplyCredit, _) => {
                let once = self.below(u64::MAX).to_string();
                self.may_vanish(Box::pin(credit_apply::apply(&app, &who, &once))).await;
            }
            (Act::Gift, _) => {
                let cents = i64::try_from(self.below(1_000))? + 1;
                let (gift, email) = (Money::new(cents, Currency::USD), who.user.email.clone());
                let wish = if self.one_in(3) { credits::Wish::Take } else { credits::Wish::Grant };
                self.may_vanish(Box::pin(credits::change(&app, COMMAND_LINE, &email, wish, gift, "a gift", None)))
                    .await;
            }
            (Act::Pause, _) => drop(stripe.pause(&at_stripe)),
            (Act::GoOn, _) => drop(stripe.unpause(&at_stripe)),
            (Act::Delete, _) => drop(self.may_vanish(Box::pin(users::delete(&app, who.user.id))).await),
            (Act::PriceChange, _) => self.change_price(plan).await?,
            (Act::End(_) | Act::ChangePlan | Act::MoneyBack, None) => {}
        }
        Ok(())
    }

    /// A plan gets another price; whoever has bought it keeps paying what was agreed, or hears that it will be the new one.
    async fn change_price(&self, plan: &str) -> anyhow::Result<()> {
        let cents = 500 + i64::try_from(self.below(2_000))?;
        let key = format!("{plan}-{cents}-{}", self.test.app.clock.now());
        let price = self.test.stripe.ensure_price(&key, plan, cents, "usd", "month")?;
        let change = Change { price_cents: Some(cents), stripe_price: Some(price), ..Change::default() };
        self.patiently(|| plans::set(&self.test.app, COMMAND_LINE, plan, &change)).await?;
        if self.one_in(2) {
            self.patiently(|| price_move::announce(&self.test.app, COMMAND_LINE, plan, 14, Mode::Apply)).await?;
        }
        Ok(())
    }

    /// An operator tries again for a while: who vanished in the middle of a transaction holds its rows for some seconds.
    async fn patiently<T, F, Fut>(&self, mut doing: F) -> app::Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = app::Result<T>>,
    {
        for _ in 0..10 {
            match doing().await {
                Err(error) if is_busy(&error) => tokio::time::sleep(Duration::from_millis(500)).await,
                done => return done,
            }
        }
        doing().await
    }

    /// The day's events come: some never, some twice, in no order, and on some days all at once.
    async fn hear(&mut self) -> anyhow::Result<()> {
        let is_new = |event: &Value| {
            let id = event["id"].as_str().unwrap_or_default();
            !self.seen.contains(id) && event["type"].as_str().and_then(EventKind::of_stripe).is_some()
        };
        let mut events: Vec<Value> = self.test.stripe.events().into_iter().filter(is_new).collect();
        for at in (1..events.len()).rev() {
            events.swap(at, usize::try_from(self.below(at as u64 + 1))?);
        }
        self.seen.extend(events.iter().filter_map(|event| event["id"].as_str().map(str::to_owned)));
        if self.one_in(30) {
            let storm = events.iter().flat_map(|event| (0..5).map(|_| self.test.deliver(event)));
            futures_util::future::try_join_all(storm).await?;
            return Ok(());
        }
        for event in &events {
            let times = if self.one_in(10) { 0 } else { 1 + usize::from(self.one_in(8)) };
            for _ in 0..times {
                self.test.deliver(event).await?;
            }
        }
        Ok(())
    }

    /// After the year everything comes to its end: no work is left, the network agrees with the books, and the books with
    /// what Stripe itself has.
    async fn rest(&mut self) -> anyhow::Result<()> {
        let app = self.test.app.clone();
        self.test.stripe.calm();
        for _ in 0..40 {
            self.test.advance(3 * 3_600_000);
            self.hear().await?;
            self.test.run_jobs().await?;
            reconcile::events(&app, app.clock.now()).await.ok();
            reconcile::subscriptions(&app).await.ok();
        }
        let open: Vec<_> = reconcile::compare(&app).await?.into_iter().filter(|one| !one.is_mended).collect();
        ensure!(open.is_empty(), "{open:?}");
        self.test.all_is_well().await?;
        let dead = store::jobs::list(&app.store, Some("dead"), 10).await?;
        ensure!(dead.is_empty(), "{dead:?}");
        let (mut paid, mut back) = (0, 0);
        let mut invoices = 0;
        for customer in &self.customers {
            let account = store::users::by_id(&app.store, customer.id).await?.and_then(|user| user.stripe_customer_id);
            let account = account.and_then(|id| self.test.stripe.object(&id)).unwrap_or_default();
            let mut at_stripe = -account["balance"].as_i64().unwrap_or_default().min(0);
            for row in store::invoices::page(&app.store, customer.id, None, 1_000).await? {
                let object = self.test.stripe.object(&row.stripe_invoice_id).context("an invoice of nobody's")?;
                ensure!(object["status"] == row.status.as_str(), "{row:?} {object}");
                if matches!(row.status.as_str(), "open" | "uncollectible") {
                    // Taken off an invoice that was never paid: Stripe keeps it there.
                    let at = |field: &str| object[field].as_i64().unwrap_or_default();
                    at_stripe += at("ending_balance") - at("starting_balance");
                }
                if row.status == "paid" {
                    paid += object["amount_paid"].as_i64().unwrap_or_default();
                    invoices += 1;
                }
                if let Some(charge) = app.stripe.charge_of_invoice(&row.stripe_invoice_id).await? {
                    back += charge.amount_refunded;
                    let disputes = app.stripe.list_disputes(&charge.id).await?.data;
                    let lost = disputes.first().filter(|dispute| dispute.status != "won");
                    back += lost.map_or(0, |dispute| dispute.amount);
                }
            }
            let waits = store::credit_ledger::balance(&app.store, customer.id, Account::StripeCredit, "usd").await?;
            ensure!(waits <= at_stripe, "{}: the books have {waits} at Stripe, which has {at_stripe}", customer.id);
        }
        let totals = ledger::totals(&app).await?;
        let cash = totals.iter().find(|(account, _, _)| account == "stripe_cash").map_or(0, |(_, _, total)| *total);
        assert_eq!(-cash, paid - back, "what the books say that Stripe has, and what it has: {totals:?}");
        assert!(invoices > self.customers.len(), "it was a life: {invoices} invoices, {totals:?}");
        for account in ["rewards_confirmed", "refunds", "disputes", "customer_credit"] {
            assert!(totals.iter().any(|(name, _, total)| name == account && *total != 0), "{account}: {totals:?}");
        }
        Ok(())
    }
}

//! Every state of a subscription with everything that can happen in it. What came of each is written in docs/money.md,
//! and these tests hold that it says what the program does: what changes, what the customer is told, what becomes of the
//! devices, and what is booked.

use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use app::admin::plans::{self, Change};
use app::admin::{COMMAND_LINE, credits};
use app::credit_period;
use domain::money::{Currency, Money};
use fakes::FakeError;
use futures_util::StreamExt as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;

/// Where a subscription stands before something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Trial,
    Active,
    Ending,
    PastDue,
    GraceOver,
    Paused,
    Disputed,
    Ended,
    Credit,
}

impl State {
    /// As the headings of docs/money.md say it.
    fn heading(self) -> &'static str {
        match self {
            State::Trial => "Trialing: free days at first",
            State::Active => "Active: paid",
            State::Ending => "Ending: paid, and to end with its period",
            State::PastDue => "Past due: the renewal failed, within three days",
            State::GraceOver => "Suspended: the renewal failed, and three days are over",
            State::Paused => "Paused: nothing is collected",
            State::Disputed => "Held: a payment is disputed and not decided",
            State::Ended => "Ended",
            State::Credit => "Paid with credit",
        }
    }
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Bought,
    BoughtWithCredit,
    Renewed,
    Declined,
    DaysGoBy,
    EndWithPeriod,
    EndNow,
    GoOn,
    Larger,
    Smaller,
    Paused,
    Unpaused,
    PartRefunded,
    Refunded,
    Disputed,
    Won,
    Lost,
    CustomerDeleted,
}

const EVENTS: [(Event, &str); 18] = [
    (Event::Bought, "another one is bought"),
    (Event::BoughtWithCredit, "a period is paid with credit"),
    (Event::Renewed, "the period ends, the card pays"),
    (Event::Declined, "the period ends, the card is declined"),
    (Event::DaysGoBy, "four days go by"),
    (Event::EndWithPeriod, "its owner ends it with the period"),
    (Event::EndNow, "its owner ends it now"),
    (Event::GoOn, "its owner wants to go on"),
    (Event::Larger, "its owner takes a larger plan"),
    (Event::Smaller, "its owner takes a smaller plan"),
    (Event::Paused, "collection is paused at Stripe"),
    (Event::Unpaused, "collection goes on at Stripe"),
    (Event::PartRefunded, "a part of the payment is refunded"),
    (Event::Refunded, "all of the payment is refunded"),
    (Event::Disputed, "the payment is disputed"),
    (Event::Won, "a dispute of it is won"),
    (Event::Lost, "a dispute of it is lost"),
    (Event::CustomerDeleted, "the customer is deleted at Stripe"),
];

/// A product with one customer in one state.
struct Scene {
    test: TestApp,
    email: String,
    paid: Option<fakes::stripe::Paid>,
    dispute: Option<String>,
    /// Until the period is over.
    days: i64,
}

/// What can be seen of it.
struct Seen {
    statuses: Vec<String>,
    served: bool,
    mails: usize,
    lines: Vec<(String, String, i64)>,
}

impl Scene {
    async fn in_state(state: State) -> anyhow::Result<Scene> {
        let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
        let user = test.with_user("mika").await?;
        let cents = if state == State::Credit { 2 * 999 } else { 999 };
        let gift = Money::new(cents, Currency::USD);
        credits::change(&test.app, COMMAND_LINE, &user.email, credits::Wish::Grant, gift, "a gift", None).await?;
        let mut scene = Scene {
            email: user.email.clone(),
            test,
            paid: None,
            dispute: None,
            days: if state == State::Trial { 8 } else { 31 },
        };
        if state == State::Credit {
            scene.post("/credits/pay", &json!({ "plan": "premium" })).await?;
        } else {
            let trial_days = Some(if state == State::Trial { 7 } else { 0 });
            let change = Change { trial_days, ..Change::default() };
            plans::set(&scene.test.app, COMMAND_LINE, "premium", &change).await?;
            let session = scene.test.checkout(&user, "premium").await?;
            scene.paid = Some(scene.test.stripe.pay(&session)?);
        }
        scene.test.settle().await?;
        scene.post("/devices", &json!({ "name": "phone" })).await?;
        match state {
            State::Trial | State::Active | State::Credit => {}
            State::Ending => drop(scene.happens(Event::EndWithPeriod).await?),
            State::PastDue => drop(scene.happens(Event::Declined).await?),
            State::GraceOver => {
                scene.happens(Event::Declined).await?;
                scene.happens(Event::DaysGoBy).await?;
            }
            State::Paused => drop(scene.happens(Event::Paused).await?),
            State::Disputed => drop(scene.happens(Event::Disputed).await?),
            State::Ended => drop(scene.happens(Event::EndNow).await?),
        }
        Ok(scene)
    }

    async fn user(&self) -> anyhow::Result<TestUser> {
        self.test.log_in(&self.email).await
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
        self.test.post(path, Some(&self.user().await?), body).await
    }

    /// The owner's wish about the subscription; the code of a refusal.
    async fn wish(&self, what: &str, body: &Value) -> anyhow::Result<Option<String>> {
        let list = self.test.get("/subscriptions", Some(&self.user().await?)).await?;
        let oldest = list["subscriptions"].as_array().and_then(|list| list.last()).context("a subscription")?;
        let id = oldest["id"].as_str().context("an id")?;
        let (status, body) = self.post(&format!("/subscriptions/{id}/{what}"), body).await?;
        Ok((status != StatusCode::OK).then(|| body["code"].as_str().unwrap_or_default().to_owned()))
    }

    /// The period ends, at Stripe and here.
    async fn period_ends(&self) -> anyhow::Result<()> {
        self.test.advance(self.days * DAY);
        self.test.stripe.run_due()?;
        Ok(())
    }

    /// Lets it happen; what is said to whoever wanted it, if it was refused.
    async fn happens(&mut self, event: Event) -> anyhow::Result<Option<String>> {
        let stripe = &self.test.stripe;
        // Ids are in the order of time.
        self.test.advance(1_000);
        let paid = self.paid.as_ref().map(|paid| (paid.subscription.clone(), paid.invoice.clone()));
        let refused = match (event, paid) {
            (Event::Bought, _) => {
                let session = self.test.checkout(&self.user().await?, "basic").await?;
                stripe.pay(&session)?;
                None
            }
            (Event::BoughtWithCredit, _) => {
                let (status, body) = self.post("/credits/pay", &json!({ "plan": "premium" })).await?;
                (status != StatusCode::OK).then(|| body["code"].to_string())
            }
            (Event::DaysGoBy, _) => {
                self.test.advance(4 * DAY);
                None
            }
            (Event::EndWithPeriod, _) => self.wish("cancel", &json!({})).await?,
            (Event::EndNow, _) => self.wish("cancel", &json!({ "when": "now" })).await?,
            (Event::GoOn, _) => self.wish("resume", &json!({})).await?,
            (Event::Larger, _) => self.wish("change", &json!({ "plan": "vip" })).await?,
            (Event::Smaller, _) => self.wish("change", &json!({ "plan": "basic" })).await?,
            (Event::Renewed, paid) => {
                if let Some((subscription, _)) = paid {
                    // One that is past due is paid by Stripe's next try.
                    drop(stripe.set_card_declines(&subscription, false));
                    drop(stripe.recover(&subscription));
                }
                self.period_ends().await?;
                None
            }
            (Event::Declined, paid) => {
                let Some((subscription, _)) = paid else { return Ok(Some("can’t happen".to_owned())) };
                self.test.advance(self.days * DAY);
                let refused = said(stripe.fail_renewal(&subscription))?;
                stripe.run_due()?;
                refused
            }
            (_, None) => Some("can’t happen".to_owned()),
            (Event::Paused, Some((subscription, _))) => said(stripe.pause(&subscription))?,
            (Event::Unpaused, Some((subscription, _))) => said(stripe.unpause(&subscription))?,
            (Event::PartRefunded, Some((_, invoice))) => said(stripe.refund(&invoice, Some(100)))?,
            (Event::Refunded, Some((_, invoice))) => said(stripe.refund(&invoice, None))?,
            (Event::Disputed | Event::Won | Event::Lost, Some((_, invoice))) => self.dispute(event, &invoice)?,
            (Event::CustomerDeleted, Some(_)) => {
                let customer = self.paid.as_ref().map(|paid| paid.customer.clone()).unwrap_or_default();
                self.test.app.stripe.delete_customer(&customer).await?;
                None
            }
        };
        self.test.settle().await?;
        credit_period::end_due(&self.test.app).await?;
        self.test.run_jobs().await?;
        Ok(refused)
    }

    fn dispute(&mut self, event: Event, invoice: &str) -> anyhow::Result<Option<String>> {
        let stripe = &self.test.stripe;
        if stripe.object(invoice).is_some_and(|object| object["amount_paid"] == 0) {
            return Ok(Some("can’t happen".to_owned()));
        }
        let open = match self.dispute.take() {
            Some(_) if event == Event::Disputed => return Ok(Some("can’t happen".to_owned())),
            Some(open) => open,
            None => stripe.dispute(invoice)?,
        };
        match event {
            Event::Won => stripe.close_dispute(&open, "won")?,
            Event::Lost => stripe.close_dispute(&open, "lost")?,
            _ => self.dispute = Some(open),
        }
        Ok(None)
    }

    async fn look(&self) -> anyhow::Result<Seen> {
        let user = self.user().await?;
        let list = self.test.get("/subscriptions", Some(&user)).await?;
        let word = |row: &Value| {
            let mut word = row["status"].as_str().unwrap_or_default().to_owned();
            let marks = [("cancel_at_period_end", "ending"), ("held", "held")]
                .into_iter()
                .filter(|(field, _)| row[field] == true);
            for (_, mark) in marks.filter(|_| word != "ended").collect::<Vec<_>>() {
                word = format!("{word}, {mark}");
            }
            if let Some(next) = row["next_plan"].as_str() {
                word = format!("{word}, {next} next");
            }
            format!("{} {word}", row["plan"].as_str().unwrap_or_default())
        };
        let statuses = list["subscriptions"].as_array().context("a list")?.iter().rev().map(word).collect();
        let devices = self.test.get("/devices", Some(&user)).await?;
        let rows = store::credit_ledger::of_user(&self.test.app.store, user.id).await?;
        Ok(Seen {
            statuses,
            served: devices["devices"][0]["served"] == true,
            mails: self.test.mail.messages_to(&self.email).len(),
            lines: rows.into_iter().map(|row| (row.movement, row.account, row.amount)).collect(),
        })
    }
}

/// What the pretend Stripe does not do in this state, the real one does not either.
fn said(done: Result<(), FakeError>) -> anyhow::Result<Option<String>> {
    match done {
        Ok(()) => Ok(None),
        Err(FakeError::Refused(_)) => Ok(Some("can’t happen".to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// One line of the table.
async fn cell(state: State, event: Event, words: &str) -> anyhow::Result<String> {
    let mut scene = Scene::in_state(state).await?;
    let before = scene.look().await?;
    let refused = scene.happens(event).await.with_context(|| format!("{state:?} {event:?}"))?;
    let after = scene.look().await?;
    scene.test.all_is_well().await.with_context(|| format!("{state:?} {event:?}"))?;
    let becomes = match refused {
        Some(why) if why == "can’t happen" => {
            ensure!(before.statuses == after.statuses, "{state:?} {event:?}");
            return Ok(format!("| {words} | {why} | | | |\n"));
        }
        Some(code) => format!("refused: `{}`", code.trim_matches('"')),
        None if before.statuses == after.statuses => "the same".to_owned(),
        None => after.statuses.join(" + "),
    };
    let told: Vec<_> = scene.test.mail.messages_to(&scene.email)[before.mails..]
        .iter()
        .map(|mail| mail.subject.clone())
        // A login in the scene itself.
        .filter(|subject| !subject.starts_with("New sign-in"))
        .collect();
    let devices = match (before.served, after.served) {
        (true, true) => "on",
        (false, false) => "off",
        (true, false) => "**on → off**",
        (false, true) => "**off → on**",
    };
    let mut books = String::new();
    for (movement, account, amount) in after.lines.iter().filter(|line| !before.lines.contains(line)) {
        let kind = movement.split(':').next().unwrap_or_default();
        let separator = if books.is_empty() { "" } else { ", " };
        write!(books, "{separator}{kind}: {account} {amount:+}")?;
    }
    let mut lines: Vec<&str> = books.split(", ").collect();
    lines.sort_unstable();
    Ok(format!("| {words} | {becomes} | {} | {devices} | {} |\n", told.join("; "), lines.join(", ")))
}

async fn holds(state: State) -> anyhow::Result<()> {
    let cells = futures_util::stream::iter(EVENTS).map(|(event, words)| cell(state, event, words)).buffered(2);
    let cells: Vec<_> = cells.collect().await;
    let mut section = format!(
        "### {}\n\n| what happens | it becomes | the customer is told | devices | the books get |\n|---|---|---|---|---|\n",
        state.heading()
    );
    for line in cells {
        section.push_str(&line?);
    }
    let document = std::fs::read_to_string(testkit::house::root().join("docs/money.md"))?;
    ensure!(document.contains(&section), "docs/money.md does not say what happens; it would be:\n\n{section}");
    Ok(())
}

macro_rules! states {
    ($($name:ident: $state:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() -> anyhow::Result<()> {
            holds(State::$state).await
        })+
    };
}

states!(
    what_happens_to_one_with_free_days: Trial,
    what_happens_to_an_active_one: Active,
    what_happens_to_one_that_ends_with_its_period: Ending,
    what_happens_to_one_that_is_past_due: PastDue,
    what_happens_to_one_whose_grace_is_over: GraceOver,
    what_happens_to_a_paused_one: Paused,
    what_happens_to_a_disputed_one: Disputed,
    what_happens_to_an_ended_one: Ended,
    what_happens_to_one_paid_with_credit: Credit,
);

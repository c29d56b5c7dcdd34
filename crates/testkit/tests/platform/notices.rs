//! What customers are told ahead of time: each thing once for its cause, the latest one only after days of silence, and
//! nothing of what has changed meanwhile.

use std::sync::Arc;

use app::admin::COMMAND_LINE;
use app::admin::credits::{self, Wish};
use app::admin::plans::{self, Change};
use app::admin::users;
use app::{App, Dice, notice_due};
use domain::money::{Currency, Money};
use fakes::resend::Message;
use fakes::stripe::Paid;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::{Patience, Store, Tls};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;

testkit::on_both_databases!(
    an_end_is_told_three_days_and_a_day_before_and_a_day_after,
    of_fifty_looks_by_two_programs_at_once_one_tells,
    after_days_of_silence_only_the_latest_is_told,
    what_was_renewed_meanwhile_is_not_told,
    a_period_paid_with_credit_is_told_of_until_it_is_longer,
    a_year_is_told_of_a_month_and_a_week_before_its_renewal,
    a_trial_is_told_of_three_days_before_it_is_charged,
    a_card_is_told_of_a_month_and_a_week_before_its_end,
    each_try_of_a_payment_that_fails_is_told_once,
    nobody_is_told_whose_account_is_suspended_or_deleted,
);

const HOUR: i64 = 3_600_000;

/// A customer who has paid; the fake's word for it.
pub(crate) async fn subscriber(test: &TestApp, plan: &str) -> anyhow::Result<(TestUser, Paid)> {
    let user = test.with_user("mika").await?;
    let paid = test.stripe.pay(&test.checkout(&user, plan).await?)?;
    test.settle().await?;
    Ok((user, paid))
}

/// The only subscription of a customer, as the API shows it.
async fn subscription(test: &TestApp, user: &TestUser) -> anyhow::Result<Value> {
    let user = test.log_in(&user.email).await?;
    Ok(test.get("/subscriptions", Some(&user)).await?["subscriptions"][0].take())
}

async fn ask(test: &TestApp, user: &TestUser, act: &str, body: &Value) -> anyhow::Result<()> {
    let id = subscription(test, user).await?["id"].as_str().unwrap_or_default().to_owned();
    let user = test.log_in(&user.email).await?;
    let (status, body) = test.post(&format!("/subscriptions/{id}/{act}"), Some(&user), body).await?;
    anyhow::ensure!(status == StatusCode::OK, "{act}: {status} {body}");
    test.settle().await
}

/// It ends with its period.
pub(crate) async fn cancel(test: &TestApp, user: &TestUser) -> anyhow::Result<()> {
    ask(test, user, "cancel", &json!({ "when": "period_end" })).await
}

/// Moves the clock to so many hours after `end` (before it, below zero), as far as that is ahead.
pub(crate) fn go_to(test: &TestApp, end: i64, hours: i64) {
    test.advance(end + hours * HOUR - test.app.clock.now());
}

/// Looks at what is due; the subjects of the mails that came of it, the newest last.
pub(crate) async fn look(test: &TestApp, user: &TestUser) -> anyhow::Result<Vec<String>> {
    let before = test.mail.messages_to(&user.email).len();
    notice_due::tell_due(&test.app).await?;
    test.run_jobs().await?;
    Ok(test.mail.messages_to(&user.email)[before..].iter().map(|mail| mail.subject.clone()).collect())
}

/// When the customer's period ends.
pub(crate) async fn end_of(test: &TestApp, user: &TestUser) -> anyhow::Result<i64> {
    let rows = store::subscriptions::all_of_user(&test.app.store, user.id).await?;
    Ok(rows.iter().map(|row| row.paid_until).max().unwrap_or_default())
}

fn text(mail: &Message) -> String {
    mail.text.clone().unwrap_or_default()
}

const SOON: &str = "Your MiraiVPN subscription ends soon";
const BACK: &str = "Your devices at MiraiVPN are waiting for you";

async fn an_end_is_told_three_days_and_a_day_before_and_a_day_after(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, _) = subscriber(&test, "basic").await?;
    cancel(&test, &mika).await?;
    let end = end_of(&test, &mika).await?;
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());
    let mut told = Vec::new();
    for hours in -80..=100 {
        go_to(&test, end, hours);
        if hours == 0 {
            assert_eq!(test.stripe.run_due()?, 1);
            test.settle().await?;
        }
        if hours % 4 == 0 || [-73, -71, -23, 25].contains(&hours) {
            told.extend(look(&test, &mika).await?.into_iter().map(|subject| (subject, hours)));
        }
    }
    assert_eq!(told, [(SOON.to_owned(), -72), (SOON.to_owned(), -24), (BACK.to_owned(), 24)]);
    let mails = test.mail.messages_to(&mika.email);
    let soon: Vec<String> = mails.iter().filter(|mail| mail.subject == SOON).map(text).collect();
    for part in ["the plan Basic ends on 23 December 2026 (UTC)", "/dashboard/subscription", "help@mirai.test"] {
        assert!(soon[0].contains(part), "{part}: {}", soon[0]);
    }
    test.all_is_well().await
}

async fn of_fifty_looks_by_two_programs_at_once_one_tells(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, _) = subscriber(&test, "basic").await?;
    cancel(&test, &mika).await?;
    let settings = store::Settings {
        url: test.database_url.clone(),
        tls: Tls::Off,
        max_connections: 16,
        patience: Patience::Command,
    };
    let mut other: App = test.app.clone();
    other.store = Store::connect(&settings).await?;
    other.dice = Arc::new(Dice::seeded(8));
    let end = end_of(&test, &mika).await?;
    go_to(&test, end, -70);
    let before = test.mail.messages_to(&mika.email).len();
    let looks = (0..50).map(|n| notice_due::tell_due(if n % 2 == 0 { &test.app } else { &other }));
    let mut told = 0;
    for done in futures_util::future::join_all(looks).await {
        // One that gives way to the others is taken again by the clock.
        told += done.unwrap_or_default();
    }
    test.run_jobs().await?;
    assert_eq!((told, test.mail.messages_to(&mika.email).len() - before), (1, 1));
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());
    test.all_is_well().await
}

async fn after_days_of_silence_only_the_latest_is_told(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, _) = subscriber(&test, "basic").await?;
    cancel(&test, &mika).await?;
    let end = end_of(&test, &mika).await?;
    go_to(&test, end, -75);
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());
    go_to(&test, end, -3);
    assert_eq!(look(&test, &mika).await?, [SOON]);
    // Off again over its end, which Stripe could not tell us of: that mail says how to come back.
    go_to(&test, end, 0);
    test.stripe.run_due()?;
    go_to(&test, end, 80);
    assert_eq!(look(&test, &mika).await?, ["Your MiraiVPN subscription has ended"]);
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());

    // Off for so long that nothing of it helps anybody.
    let noa = test.with_subscriber("noa", "basic").await?;
    cancel(&test, &noa).await?;
    look(&test, &noa).await?;
    let end = end_of(&test, &noa).await?;
    go_to(&test, end, 0);
    test.stripe.run_due()?;
    test.settle().await?;
    go_to(&test, end, 15 * 24);
    assert_eq!(look(&test, &noa).await?, Vec::<String>::new());
    test.all_is_well().await
}

async fn what_was_renewed_meanwhile_is_not_told(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, paid) = subscriber(&test, "basic").await?;
    cancel(&test, &mika).await?;
    let end = end_of(&test, &mika).await?;
    go_to(&test, end, -70);
    assert_eq!(look(&test, &mika).await?, [SOON]);
    // Taken back at Stripe, and no word of it has reached us.
    let request = test.http.post(format!("{}/v1/subscriptions/{}", test.stripe.base_url(), paid.subscription));
    let request = request.bearer_auth("sk_test_of_the_test_kit").form(&[("cancel_at_period_end", "false")]);
    assert_eq!(request.send().await?.status(), StatusCode::OK);
    go_to(&test, end, -20);
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());

    // Over, and another one runs: nobody is asked back.
    cancel(&test, &mika).await?;
    let mika = test.log_in(&mika.email).await?;
    test.pay(&mika, "premium").await?;
    go_to(&test, end, 1);
    test.stripe.run_due()?;
    test.settle().await?;
    go_to(&test, end, 30);
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());
    test.all_is_well().await
}

async fn a_period_paid_with_credit_is_told_of_until_it_is_longer(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let gift = Money::new(2 * 599, Currency::USD);
    credits::change(&test.app, COMMAND_LINE, &mika.email, Wish::Grant, gift, "a gift", None).await?;
    let pay = async || {
        let mika = test.log_in(&mika.email).await?;
        test.post("/credits/pay", Some(&mika), &json!({ "plan": "basic" })).await
    };
    pay().await?;
    test.run_jobs().await?;
    let end = end_of(&test, &mika).await?;
    go_to(&test, end, -71);
    assert_eq!(look(&test, &mika).await?, [SOON]);
    let mail = text(&test.newest_mail(&mika.email)?);
    assert!(mail.contains("with credit") && mail.contains("/dashboard/billing"), "{mail}");
    pay().await?;
    go_to(&test, end, -20);
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());
    let end = end_of(&test, &mika).await?;
    go_to(&test, end, -71);
    assert_eq!(look(&test, &mika).await?, [SOON], "of the longer one");
    go_to(&test, end, 1);
    app::credit_period::end_due(&test.app).await?;
    test.run_jobs().await?;
    go_to(&test, end, 25);
    assert_eq!(look(&test, &mika).await?, [BACK]);
    test.all_is_well().await
}

async fn a_year_is_told_of_a_month_and_a_week_before_its_renewal(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let price = test.stripe.ensure_price("basic-year", "Basic", 5990, "usd", "year")?;
    let change = Change { stripe_price: Some(price), ..Change::default() };
    plans::set(&test.app, COMMAND_LINE, "basic", &change).await?;
    let (mika, _) = subscriber(&test, "basic").await?;
    let end = end_of(&test, &mika).await?;
    let subject = "Your MiraiVPN subscription renews soon";
    let mut told = Vec::new();
    for days in [-40, -31, -30, -29, -10, -7, -6, -3, -1] {
        go_to(&test, end, days * 24);
        told.extend(look(&test, &mika).await?.into_iter().map(|subject| (subject, days)));
    }
    assert_eq!(told, [(subject.to_owned(), -30), (subject.to_owned(), -7)]);
    let mail = text(&test.newest_mail(&mika.email)?);
    assert!(mail.contains("on 23 November 2027 (UTC). The price is $59.90,"), "{mail}");

    // The next year: who has ended it is not told that it renews.
    test.advance(2 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    look(&test, &mika).await?;
    let end = end_of(&test, &mika).await?;
    go_to(&test, end, -29 * 24);
    assert_eq!(look(&test, &mika).await?, [subject], "of the next period");
    cancel(&test, &mika).await?;
    go_to(&test, end, -6 * 24);
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());
    test.all_is_well().await
}

async fn a_trial_is_told_of_three_days_before_it_is_charged(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let trial = Change { trial_days: Some(14), ..Change::default() };
    plans::set(&test.app, COMMAND_LINE, "premium", &trial).await?;
    let (mika, _) = subscriber(&test, "premium").await?;
    let end = test.app.clock.now() + 14 * DAY;
    let mut told = Vec::new();
    for hours in [-100, -73, -72, -50, -24, -1] {
        go_to(&test, end, hours);
        told.extend(look(&test, &mika).await?.into_iter().map(|subject| (subject, hours)));
    }
    assert_eq!(told, [("Your trial of MiraiVPN ends soon".to_owned(), -72)]);
    let mail = text(&test.newest_mail(&mika.email)?);
    assert!(mail.contains("Premium ends on 7 December 2026 (UTC)") && mail.contains("$9.99"), "{mail}");
    Ok(())
}

async fn a_card_is_told_of_a_month_and_a_week_before_its_end(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, paid) = subscriber(&test, "basic").await?;
    test.stripe.set_card_expiry(&paid.subscription, 2026, 12)?;
    app::subscription_sync::sync(&test.app, &paid.subscription, app::subscription_sync::Cause::asked()).await?;
    // 2027-01-01
    let end = testkit::app::START + 39 * DAY - 12 * HOUR;
    let mut told = Vec::new();
    for days in [-38, -31, -30, -20, -8] {
        go_to(&test, end, days * 24);
        test.stripe.run_due()?;
        told.extend(look(&test, &mika).await?.into_iter().map(|subject| (subject, days)));
    }
    assert_eq!(told, [("The card that pays for MiraiVPN will expire".to_owned(), -30)]);
    let mail = text(&test.newest_mail(&mika.email)?);
    assert!(mail.contains("until 31 December 2026."), "{mail}");
    // The bank has sent the same card anew, and no word of it has reached us.
    test.stripe.set_card_expiry(&paid.subscription, 2029, 12)?;
    go_to(&test, end, -7 * 24);
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());
    // Who has ended the subscription needs no card.
    test.stripe.set_card_expiry(&paid.subscription, 2027, 1)?;
    cancel(&test, &mika).await?;
    go_to(&test, end, 2 * 24);
    assert!(!look(&test, &mika).await?.iter().any(|subject| subject.contains("card")));
    Ok(())
}

async fn each_try_of_a_payment_that_fails_is_told_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, paid) = subscriber(&test, "basic").await?;
    test.advance(31 * DAY);
    let failed = || {
        let mails = test.mail.messages_to(&mika.email);
        mails.into_iter().filter(|mail| mail.subject == "A payment for MiraiVPN failed").collect::<Vec<_>>()
    };
    for tries in 1..=3 {
        test.stripe.fail_renewal(&paid.subscription)?;
        test.settle().await?;
        test.settle().await?;
        app::subscription_sync::sync(&test.app, &paid.subscription, app::subscription_sync::Cause::asked()).await?;
        test.run_jobs().await?;
        assert_eq!(failed().len(), tries);
        test.advance(3 * DAY);
    }
    let (first, last) = (text(&failed()[0]), text(&failed()[2]));
    assert!(first.contains("collect $5.99") && first.contains("stay online until 26 December 2026"), "{first}");
    assert!(first.contains("tried again on"), "{first}");
    assert!(last.contains("offline until it is paid"), "{last}");
    assert!(failed().iter().all(|mail| mail.headers.is_empty() && !text(mail).contains("/unsubscribe")));
    test.all_is_well().await
}

async fn nobody_is_told_whose_account_is_suspended_or_deleted(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, paid) = subscriber(&test, "basic").await?;
    let noa = test.with_subscriber("noa", "basic").await?;
    cancel(&test, &mika).await?;
    cancel(&test, &noa).await?;
    let end = end_of(&test, &mika).await?;
    users::suspend(&test.app, COMMAND_LINE, mika.id).await?;
    let noa = test.log_in(&noa.email).await?;
    let gone = test.request(Method::DELETE, "/user/me", Some(&noa)).json(&json!({ "password": noa.password }));
    assert_eq!(gone.send().await?.status(), StatusCode::NO_CONTENT);
    test.run_jobs().await?;
    let before = test.mail.messages().len();
    for hours in [-71, -23, 25] {
        go_to(&test, end, hours);
        notice_due::tell_due(&test.app).await?;
    }
    test.stripe.cancel(&paid.subscription)?;
    test.settle().await?;
    let after: Vec<String> = test.mail.messages()[before..].iter().map(|mail| mail.subject.clone()).collect();
    assert!(!after.iter().any(|subject| subject == SOON || subject == BACK), "{after:?}");
    assert_eq!(store::notices::of_user(&test.app.store, noa.id).await?, []);
    Ok(())
}

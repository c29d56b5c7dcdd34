//! Periods that are paid with credit: once for one request, whole or not at all, and what is left comes back.

use std::collections::BTreeSet;

use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::credits::{self, Wish};
use app::admin::plans;
use app::credit_period;
use domain::money::{Currency, Money};
use domain::period::Every;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{TestUser, answer};

testkit::on_both_databases!(
    a_period_is_paid_without_a_card_and_prolonged,
    of_fifty_that_pay_with_the_same_credit_one_does,
    what_is_left_of_a_period_comes_back_by_time_or_by_volume,
    what_was_paid_in_two_currencies_comes_back_in_both,
);

async fn with_credit(test: &TestApp, cents: i64) -> anyhow::Result<TestUser> {
    let user = test.with_user("mika").await?;
    credits::change(
        &test.app,
        COMMAND_LINE,
        &user.email,
        Wish::Grant,
        Money::new(cents, Currency::USD),
        "a gift",
        None,
    )
    .await?;
    Ok(user)
}

async fn balance(test: &TestApp, user: &TestUser) -> anyhow::Result<i64> {
    Ok(app::credit::balances(&test.app, user.id).await?.first().map_or(0, |(_, balance)| *balance))
}

async fn pay(test: &TestApp, user: &TestUser, plan: &str) -> anyhow::Result<(StatusCode, Value)> {
    test.post("/credits/pay", Some(user), &json!({ "plan": plan })).await
}

async fn a_period_is_paid_without_a_card_and_prolonged(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = with_credit(&test, 1_300).await?;
    let (status, body) = pay(&test, &mika, "gold").await?;
    assert_eq!((status, &body["errors"][0]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("plan_unknown")));
    let (status, first) = pay(&test, &mika, "basic").await?;
    assert_eq!(status, StatusCode::OK, "{first}");
    assert_eq!((&first["entitled"], &first["paid_with"]), (&json!(true), &json!("credit")));
    assert_eq!(balance(&test, &mika).await?, 701);
    test.run_jobs().await?;
    assert!(test.newest_mail(&mika.email)?.subject.contains("subscription"));
    let (status, made) = test.post("/devices", Some(&mika), &json!({ "name": "phone" })).await?;
    assert_eq!(status, StatusCode::CREATED, "{made}");

    // The same request again is the same period; another one is more time and more volume.
    let paying = || {
        let request = test.request(Method::POST, "/credits/pay", Some(&mika)).header("Idempotency-Key", "twice");
        request.json(&json!({ "plan": "basic" })).send()
    };
    let (once, again) = (answer(paying().await?).await?, answer(paying().await?).await?);
    assert_eq!((once.0, &once.1), (StatusCode::OK, &again.1));
    assert_eq!(balance(&test, &mika).await?, 102);
    assert_eq!(once.1["id"], first["id"], "it is the same subscription");
    assert_eq!(once.1["quota_bytes"].as_i64(), first["quota_bytes"].as_i64().map(|bytes| 2 * bytes));
    assert!(once.1["paid_until"].as_str() > first["paid_until"].as_str());
    let (status, body) = pay(&test, &mika, "basic").await?;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("credit_too_small")), "{body}");
    // It neither renews itself nor changes its plan.
    let path = |what: &str| format!("/subscriptions/{}/{what}", first["id"].as_str().unwrap_or_default());
    for (what, wish) in [("resume", json!({})), ("change", json!({ "plan": "vip" }))] {
        let (status, body) = test.post(&path(what), Some(&mika), &wish).await?;
        assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("paid_with_credit")), "{body}");
    }
    test.all_is_well().await?;

    test.advance(60 * DAY);
    let mika = test.log_in(&mika.email).await?;
    assert_eq!(test.get("/subscriptions", Some(&mika)).await?["subscriptions"][0]["entitled"], true);
    test.advance(2 * DAY);
    let mika = test.log_in(&mika.email).await?;
    assert_eq!(test.get("/subscriptions", Some(&mika)).await?["subscriptions"][0]["entitled"], false, "by time alone");
    app::reconcile::subscriptions(&test.app).await?;
    assert_eq!(credit_period::end_due(&test.app).await?, 1);
    assert_eq!(credit_period::end_due(&test.app).await?, 0);
    test.run_jobs().await?;
    assert!(test.newest_mail(&mika.email)?.subject.contains("ended"));
    // The device waits for the next one.
    credits::change(&test.app, COMMAND_LINE, &mika.email, Wish::Grant, Money::new(600, Currency::USD), "a gift", None)
        .await?;
    pay(&test, &mika, "basic").await?;
    assert_eq!(test.get("/devices", Some(&mika)).await?["devices"][0]["served"], true);
    test.all_is_well().await
}

async fn of_fifty_that_pay_with_the_same_credit_one_does(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = with_credit(&test, 599).await?;
    let many = (0..50).map(|_| pay(&test, &mika, "basic"));
    let mut words = Vec::new();
    for done in futures_util::future::join_all(many).await {
        let (status, body) = done?;
        words.push((status.as_u16(), body["code"].as_str().unwrap_or("done").to_owned()));
    }
    let paid = words.iter().filter(|(status, _)| *status == 200).count();
    let others: BTreeSet<_> = words.iter().filter(|(status, _)| *status != 200).collect();
    assert_eq!(paid, 1, "{others:?}");
    assert_eq!(others, BTreeSet::from([&(409, "credit_too_small".to_owned())]));
    assert_eq!(balance(&test, &mika).await?, 0);
    test.all_is_well().await
}

async fn what_is_left_of_a_period_comes_back_by_time_or_by_volume(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    // 2026-11-23 to 2026-12-23 are thirty days.
    let mika = with_credit(&test, 1_198).await?;
    let end = async |body: &Value| {
        let path = format!("/subscriptions/{}/cancel", body["id"].as_str().unwrap_or_default());
        let mika = test.log_in(&mika.email).await?;
        test.post(&path, Some(&mika), &json!({ "when": "now" })).await
    };
    let (_, period) = pay(&test, &mika, "basic").await?;
    test.advance(15 * DAY);
    let (status, ended) = end(&period).await?;
    assert_eq!((status, &ended["status"], &ended["entitled"]), (StatusCode::OK, &json!("ended"), &json!(false)));
    assert_eq!(balance(&test, &mika).await?, 599 + 299, "half of the time was left");
    let (status, body) = end(&period).await?;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("subscription_ended")));

    // All the time is left, and a tenth of the volume.
    let mika = test.log_in(&mika.email).await?;
    let (_, period) = pay(&test, &mika, "basic").await?;
    crate::sql::run_sql(&test.database_url, "UPDATE subscriptions SET used_bytes = quota_bytes / 10 * 9").await?;
    assert_eq!(end(&period).await?.0, StatusCode::OK);
    assert_eq!(balance(&test, &mika).await?, 299 + 59);
    test.all_is_well().await
}

/// Two periods, each paid in a currency of its own: each gives back in its own.
async fn what_was_paid_in_two_currencies_comes_back_in_both(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    plans::set_price(&test.app, COMMAND_LINE, "basic", Every::Month, Currency::EUR, Some(600)).await?;
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    let mika = with_credit(&test, 599).await?;
    let euros = Money::new(600, Currency::EUR);
    credits::change(&test.app, COMMAND_LINE, &mika.email, Wish::Grant, euros, "a gift", None).await?;
    let (status, period) = pay(&test, &mika, "basic").await?;
    assert_eq!(status, StatusCode::OK, "{period}");
    let wish = json!({ "plan": "basic", "interval": "month", "currency": "eur" });
    let (status, longer) = test.post("/credits/pay", Some(&mika), &wish).await?;
    assert_eq!((status, &longer["id"]), (StatusCode::OK, &period["id"]), "{longer}");
    let path = format!("/subscriptions/{}/cancel", period["id"].as_str().unwrap_or_default());
    let (status, ended) = test.post(&path, Some(&mika), &json!({ "when": "now" })).await?;
    assert_eq!((status, &ended["status"]), (StatusCode::OK, &json!("ended")), "{ended}");
    let back = app::credit::balances(&test.app, mika.id).await?;
    assert_eq!(back, [("eur".to_owned(), 600), ("usd".to_owned(), 599)]);
    test.all_is_well().await
}

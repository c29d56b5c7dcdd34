//! Plans by the quarter and the year, in other currencies, with free days, in some regions only, and off the list.

use anyhow::Context as _;
use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::plans::{self, Change};
use domain::money::Currency;
use domain::names::Region;
use domain::period::Every;
use domain::plan::PriceStep;
use fakes::stripe::Paid;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;

testkit::on_both_databases!(
    every_price_on_the_list_is_made_at_stripe_once,
    a_year_in_euros_is_bought_kept_and_renewed_at_the_agreed_price,
    a_longer_period_begins_at_once_and_is_paid_less_what_is_left,
    a_first_subscription_is_free_for_some_days_and_only_the_first,
    a_plan_off_the_list_is_sold_no_more_and_kept_by_whoever_has_it,
    a_plans_devices_are_in_its_regions,
);

/// The test app, with yearly and quarterly prices for `basic` in two currencies.
pub(crate) async fn with_offers(database: Database) -> anyhow::Result<Option<TestApp>> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(None) };
    for (every, currency, amount) in [
        (Every::Year, Currency::USD, 5_990),
        (Every::Quarter, Currency::USD, 1_599),
        (Every::Year, Currency::EUR, 5_490),
    ] {
        plans::set_price(&test.app, COMMAND_LINE, "basic", every, currency, Some(amount)).await?;
    }
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    Ok(Some(test))
}

pub(crate) async fn set(test: &TestApp, plan: &str, change: Change) -> anyhow::Result<()> {
    plans::set(&test.app, COMMAND_LINE, plan, &change).await?;
    Ok(())
}

pub(crate) async fn buy(test: &TestApp, user: &TestUser, what: Value) -> anyhow::Result<Paid> {
    let (status, body) = test.post("/stripe/checkout", Some(user), &what).await?;
    anyhow::ensure!(status == StatusCode::OK, "{body}");
    let paid = test.stripe.pay(body["session_id"].as_str().unwrap_or_default())?;
    test.settle().await?;
    Ok(paid)
}

pub(crate) async fn refusal(test: &TestApp, user: &TestUser, path: &str, body: Value) -> anyhow::Result<Value> {
    let (_, body) = test.post(path, Some(user), &body).await?;
    let field = body["errors"][0]["code"].clone();
    Ok(if field.is_null() { body["code"].clone() } else { field })
}

pub(crate) async fn subscription(test: &TestApp, user: &TestUser) -> anyhow::Result<Value> {
    Ok(test.get("/subscriptions", Some(user)).await?["subscriptions"][0].clone())
}

/// The only one of a user's subscriptions whose devices are on the network.
async fn served(test: &TestApp, user: &TestUser) -> anyhow::Result<Value> {
    let list = test.get("/subscriptions", Some(user)).await?;
    let mut on = list["subscriptions"].as_array().into_iter().flatten().filter(|one| one["entitled"] == true);
    let only = on.next().filter(|_| on.next().is_none());
    only.cloned().with_context(|| format!("not one: {list}"))
}

async fn every_price_on_the_list_is_made_at_stripe_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let steps = catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    assert_eq!(steps.len(), 6, "three plans, and three more prices of one");
    assert!(steps.iter().all(|one| one.step == PriceStep::Keep), "{steps:?}");
    let quarter = steps.iter().find(|one| one.every == Every::Quarter).and_then(|one| one.price.clone());
    let quarter = test.stripe.object(&quarter.unwrap_or_default()).unwrap_or_default();
    assert_eq!(
        (&quarter["recurring"]["interval"], &quarter["recurring"]["interval_count"]),
        (&json!("month"), &json!(3))
    );

    let prices = test.get("/plans", None).await?["plans"][0]["prices"].clone();
    let list: Vec<_> = prices.as_array().into_iter().flatten().collect();
    assert_eq!(list.len(), 4);
    assert_eq!(
        *list[1],
        json!({ "interval": "year", "currency": "eur", "amount": 5_490, "quota_bytes": 2_400_000_000_000_i64, "available": true })
    );
    // Another amount is not sold before it is at Stripe, and never at the former one.
    plans::set_price(&test.app, COMMAND_LINE, "basic", Every::Year, Currency::EUR, Some(4_990)).await?;
    let user = test.with_user("mika").await?;
    let year = json!({ "plan": "basic", "interval": "year", "currency": "eur" });
    assert_eq!(refusal(&test, &user, "/stripe/checkout", year.clone()).await?, "plan_not_for_sale");
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    buy(&test, &user, year).await?;
    assert_eq!(test.get("/invoices", Some(&user)).await?["invoices"][0]["amount_paid"], 4_990);
    Ok(())
}

async fn a_year_in_euros_is_bought_kept_and_renewed_at_the_agreed_price(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    for (wrong, code) in [
        (json!({ "plan": "basic", "interval": "week" }), "interval_unknown"),
        (json!({ "plan": "basic", "interval": "quarter", "currency": "eur" }), "price_unknown"),
        (json!({ "plan": "vip", "interval": "year" }), "price_unknown"),
    ] {
        assert_eq!(refusal(&test, &user, "/stripe/checkout", wrong.clone()).await?, code, "{wrong}");
    }
    let paid = buy(&test, &user, json!({ "plan": "basic", "interval": "year", "currency": "eur" })).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!(row["price"], json!({ "interval": "year", "currency": "eur", "amount": 5_490 }));
    assert_eq!((&row["quota_bytes"], &row["entitled"]), (&json!(2_400_000_000_000_i64), &json!(true)));
    let invoice = test.get("/invoices", Some(&user)).await?["invoices"][0].clone();
    assert_eq!((&invoice["amount_paid"], &invoice["currency"]), (&json!(5_490), &json!("eur")));

    // The price list changes; what was agreed does not.
    test.advance(1_000);
    plans::set_price(&test.app, COMMAND_LINE, "basic", Every::Year, Currency::EUR, Some(9_990)).await?;
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    test.advance(366 * DAY);
    test.stripe.renew(&paid.subscription)?;
    test.settle().await?;
    let user = test.log_in(&user.email).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!(row["price"]["amount"], 5_490);
    assert_eq!(test.get("/invoices", Some(&user)).await?["invoices"][0]["amount_paid"], 5_490);
    let history = plans::price_history(&test.app, "basic").await?;
    let years = history.iter().filter(|row| row.currency.as_deref() == Some("eur"));
    assert_eq!(years.map(|row| row.price_cents).collect::<Vec<_>>(), [Some(9_990), Some(5_490)], "newest first");
    test.all_is_well().await
}

async fn a_longer_period_begins_at_once_and_is_paid_less_what_is_left(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    buy(&test, &user, json!({ "plan": "basic" })).await?;
    let row = subscription(&test, &user).await?;
    let path = format!("/subscriptions/{}/change", row["id"].as_str().unwrap_or_default());
    assert_eq!(refusal(&test, &user, &path, json!({ "plan": "basic" })).await?, "plan_same");
    test.advance(15 * DAY);
    let user = test.log_in(&user.email).await?;
    let (status, longer) = test.post(&path, Some(&user), &json!({ "plan": "basic", "interval": "year" })).await?;
    assert_eq!(status, StatusCode::OK, "{longer}");
    assert_eq!((&longer["price"]["interval"], &longer["quota_bytes"]), (&json!("year"), &json!(2_400_000_000_000_i64)));
    test.settle().await?;
    let paid = test.get("/invoices", Some(&user)).await?["invoices"][0]["amount_paid"].as_i64().unwrap_or_default();
    assert!((5_680..5_700).contains(&paid), "a year, less half of a month's 599: {paid}");

    assert_eq!(refusal(&test, &user, &path, json!({ "plan": "basic", "interval": "year" })).await?, "plan_same");
    // The other plans have no yearly price; without one named, the period stays.
    assert_eq!(refusal(&test, &user, &path, json!({ "plan": "premium" })).await?, "price_unknown");
    test.all_is_well().await
}

async fn a_first_subscription_is_free_for_some_days_and_only_the_first(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    set(&test, "basic", Change { trial_days: Some(7), ..Change::default() }).await?;
    let user = test.with_user("mika").await?;
    // Two purchases are opened before one is paid: one trial.
    let (_, second) =
        test.post("/stripe/checkout", Some(&user), &json!({ "plan": "basic", "interval": "year" })).await?;
    let first = buy(&test, &user, json!({ "plan": "basic" })).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["status"], &row["entitled"]), (&json!("trialing"), &json!(true)));
    assert_eq!(test.get("/invoices", Some(&user)).await?["invoices"][0]["amount_paid"], 0);
    // Whoever buys from now on gets a page without a trial, not the one from before.
    let (_, third) =
        test.post("/stripe/checkout", Some(&user), &json!({ "plan": "basic", "interval": "year" })).await?;
    assert_ne!(third["session_id"], second["session_id"]);
    let again = test.stripe.pay(second["session_id"].as_str().unwrap_or_default())?;
    test.settle().await?;
    assert_eq!(served(&test, &user).await?["id"], row["id"]);
    assert_eq!(test.stripe.object(&again.subscription).unwrap_or_default()["status"], "canceled");

    test.advance(7 * DAY + 1_000);
    test.stripe.run_due()?;
    test.settle().await?;
    let user = test.log_in(&user.email).await?;
    assert_eq!(served(&test, &user).await?["status"], "active");
    assert_eq!(test.get("/invoices", Some(&user)).await?["invoices"][0]["amount_paid"], 599);

    // Whoever comes again pays at once.
    test.stripe.cancel(&first.subscription)?;
    test.settle().await?;
    buy(&test, &user, json!({ "plan": "basic" })).await?;
    assert_eq!(subscription(&test, &user).await?["status"], "active");

    // A card that fails at the trial's end has the days of grace, as at every renewal.
    let other = test.with_user("noa").await?;
    let paid = buy(&test, &other, json!({ "plan": "basic" })).await?;
    test.stripe.set_card_declines(&paid.subscription, true)?;
    test.advance(7 * DAY + 1_000);
    test.stripe.run_due()?;
    test.settle().await?;
    let other = test.log_in(&other.email).await?;
    assert_eq!(subscription(&test, &other).await?["status"], "past_due");
    test.advance(3 * DAY);
    let other = test.log_in(&other.email).await?;
    assert_eq!(subscription(&test, &other).await?["entitled"], false);
    test.all_is_well().await
}

async fn a_plan_off_the_list_is_sold_no_more_and_kept_by_whoever_has_it(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "basic").await?;
    set(&test, "basic", Change { is_listed: Some(false), ..Change::default() }).await?;
    let plans = test.get("/plans", None).await?;
    assert!(plans["plans"].as_array().is_some_and(|list| list.iter().all(|plan| plan["code"] != "basic")), "{plans}");
    let other = test.with_user("noa").await?;
    assert_eq!(refusal(&test, &other, "/stripe/checkout", json!({ "plan": "basic" })).await?, "plan_unknown");
    assert_eq!(refusal(&test, &other, "/credits/pay", json!({ "plan": "basic" })).await?, "plan_unknown");
    test.advance(31 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    let user = test.log_in(&user.email).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["plan"], &row["entitled"]), (&json!("basic"), &json!(true)));
    Ok(())
}

async fn a_plans_devices_are_in_its_regions(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    test.add_server("paris-1", "eu").await?;
    set(&test, "premium", Change { regions: Some(vec![Region::parse("eu").expect("a region")]), ..Change::default() })
        .await?;
    let user = test.with_subscriber("mika", "premium").await?;
    let elsewhere = json!({ "name": "phone", "region": "jp" });
    assert_eq!(refusal(&test, &user, "/devices", elsewhere).await?, "region_not_in_plan");
    for n in 0..3 {
        test.advance(1_000);
        let (status, body) = test.post("/devices", Some(&user), &json!({ "name": format!("phone {n}") })).await?;
        assert_eq!((status, &body["device"]["region"]), (StatusCode::CREATED, &json!("eu")));
    }
    let (_, chosen) = test.post("/vps/choose", Some(&user), &json!({})).await?;
    assert_eq!(chosen["region"], "eu", "{chosen}");
    assert_eq!(refusal(&test, &user, "/vps/choose", json!({ "region": "jp" })).await?, "region_not_in_plan");
    let devices = test.get("/devices", Some(&user)).await?;
    let path = format!("/devices/{}/move", devices["devices"][0]["id"].as_str().unwrap_or_default());
    assert_eq!(refusal(&test, &user, &path, json!({ "region": "jp" })).await?, "region_not_in_plan");
    Ok(())
}

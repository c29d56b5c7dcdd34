//! Refunds, disputes, a deleted customer, and another plan.

use anyhow::Context as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::TestUser;

testkit::on_both_databases!(
    a_refund_of_what_pays_for_now_cuts_at_once_and_a_part_does_not,
    a_disputed_payment_holds_the_service_until_it_is_decided,
    a_customer_deleted_at_stripe_can_buy_again,
    a_larger_plan_counts_at_once_and_a_smaller_one_with_the_next_period,
    a_larger_plan_right_after_stripes_renewal_is_paid,
    a_declined_card_changes_no_plan,
    what_was_paid_is_never_owed_again,
    a_paused_subscription_rests,
);

/// The newest subscription, however late it is.
async fn subscription(test: &TestApp, user: &TestUser) -> anyhow::Result<Value> {
    let user = test.log_in(&user.email).await?;
    Ok(test.get("/subscriptions", Some(&user)).await?["subscriptions"][0].take())
}

/// A subscriber, with the ids of subscription and invoice at Stripe.
async fn subscriber(test: &TestApp, plan: &str) -> anyhow::Result<(TestUser, fakes::stripe::Paid)> {
    let user = test.with_user("mika").await?;
    let paid = test.stripe.pay(&test.checkout(&user, plan).await?)?;
    test.settle().await?;
    Ok((user, paid))
}

async fn a_refund_of_what_pays_for_now_cuts_at_once_and_a_part_does_not(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, paid) = subscriber(&test, "basic").await?;
    test.stripe.refund(&paid.invoice, Some(100))?;
    test.settle().await?;
    assert_eq!(subscription(&test, &user).await?["entitled"], true, "a part of it changes nothing");
    let invoices = test.get("/invoices", Some(&user)).await?;
    assert_eq!(invoices["invoices"][0]["amount_refunded"], 100);

    test.stripe.refund(&paid.invoice, None)?;
    // The order of Stripe's words does not matter, nor how often they come.
    for event in test.stripe.events().iter().rev().chain(&test.stripe.events()) {
        assert_eq!(test.deliver(event).await?, StatusCode::OK);
    }
    test.run_jobs().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["entitled"], &row["status"]), (&json!(false), &json!("ended")), "before Stripe's word of the end");
    assert_eq!(test.app.stripe.retrieve_subscription(&paid.subscription).await?.status, "canceled");
    let invoices = test.get("/invoices", Some(&user)).await?;
    assert_eq!(invoices["invoices"][0]["amount_refunded"], 599);

    // What was paid for a time that is over can go back without an end.
    test.advance(1_000);
    let user = test.log_in(&user.email).await?;
    let again = test.stripe.pay(&test.checkout(&user, "basic").await?)?;
    test.settle().await?;
    test.advance(31 * testkit::app::DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    test.stripe.refund(&again.invoice, None)?;
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!(row["entitled"], true, "{row}");
    test.all_is_well().await
}

async fn a_disputed_payment_holds_the_service_until_it_is_decided(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, paid) = subscriber(&test, "basic").await?;
    test.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    let served = async || anyhow::Ok(test.get("/devices", Some(&user)).await?["devices"][0]["served"].clone());
    let revision = async || anyhow::Ok(store::vps_servers::all(&test.app.store).await?[0].revision);
    let before = revision().await?;
    let dispute = test.stripe.dispute(&paid.invoice)?;
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["entitled"], &row["held"], &row["status"]), (&json!(false), &json!(true), &json!("active")));
    assert_eq!(served().await?, false);
    assert!(revision().await? > before, "the servers hear of it");
    assert!(test.newest_mail(&user.email)?.subject.contains("disputed"));
    // Whatever else happens meanwhile, it stays so.
    test.stripe.renew(&paid.subscription)?;
    test.settle().await?;
    assert_eq!(subscription(&test, &user).await?["entitled"], false);
    test.all_is_well().await?;

    test.stripe.close_dispute(&dispute, "won")?;
    test.settle().await?;
    assert_eq!(subscription(&test, &user).await?["entitled"], true);
    assert_eq!(served().await?, true);

    let dispute = test.stripe.dispute(&paid.invoice)?;
    test.stripe.close_dispute(&dispute, "lost")?;
    test.settle().await?;
    assert_eq!(subscription(&test, &user).await?["status"], "ended");
    assert_eq!(test.app.stripe.retrieve_subscription(&paid.subscription).await?.status, "canceled");
    test.all_is_well().await
}

async fn a_customer_deleted_at_stripe_can_buy_again(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, paid) = subscriber(&test, "basic").await?;
    test.app.stripe.delete_customer(&paid.customer).await?;
    test.settle().await?;
    assert_eq!(subscription(&test, &user).await?["status"], "ended");
    test.pay(&user, "premium").await?;
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["plan"], &row["entitled"]), (&json!("premium"), &json!(true)));
    test.all_is_well().await
}

async fn change(test: &TestApp, user: &TestUser, id: &Value, plan: &str) -> anyhow::Result<(StatusCode, Value)> {
    let path = format!("/subscriptions/{}/change", id.as_str().unwrap_or_default());
    test.post(&path, Some(user), &json!({ "plan": plan })).await
}

async fn a_larger_plan_counts_at_once_and_a_smaller_one_with_the_next_period(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, _) = subscriber(&test, "basic").await?;
    test.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    let id = subscription(&test, &user).await?["id"].take();
    assert_eq!(change(&test, &user, &id, "basic").await?.1["code"], "plan_same");
    assert_eq!(change(&test, &user, &id, "gold").await?.0, StatusCode::UNPROCESSABLE_ENTITY);

    test.advance(15 * testkit::app::DAY);
    let user = test.log_in(&user.email).await?;
    let (status, larger) = change(&test, &user, &id, "premium").await?;
    assert_eq!((status, &larger["plan"], &larger["devices"]), (StatusCode::OK, &json!("premium"), &json!(5)));
    test.settle().await?;
    let invoices = test.get("/invoices", Some(&user)).await?;
    let difference = invoices["invoices"].as_array().and_then(|list| list.iter().find(|one| one["amount_paid"] != 599));
    let difference = difference.and_then(|one| one["amount_paid"].as_i64()).expect("an invoice for the difference");
    assert!((190..=210).contains(&difference), "half of 400 cents, for half of a month: {difference}");
    for name in ["tablet", "laptop"] {
        test.advance(1_000);
        let (status, body) = test.post("/devices", Some(&user), &json!({ "name": name })).await?;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }

    let (_, smaller) = change(&test, &user, &id, "basic").await?;
    assert_eq!((&smaller["plan"], &smaller["next_plan"]), (&json!("premium"), &json!("basic")), "paid up to the end");
    test.settle().await?;
    let (_, back) = change(&test, &user, &id, "premium").await?;
    assert_eq!((&back["plan"], &back["next_plan"]), (&json!("premium"), &Value::Null), "taken back");
    change(&test, &user, &id, "basic").await?;
    test.settle().await?;
    test.advance(17 * testkit::app::DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    let user = test.log_in(&user.email).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["plan"], &row["next_plan"], &row["devices"]), (&json!("basic"), &Value::Null, &json!(1)));
    let invoices = test.get("/invoices", Some(&user)).await?;
    assert_eq!(invoices["invoices"][0]["amount_paid"], 599, "the smaller price: {invoices}");

    let served = async || {
        let devices = test.get("/devices", Some(&user)).await?;
        let list = devices["devices"].as_array().cloned().unwrap_or_default();
        anyhow::Ok(
            list.into_iter().filter(|one| one["served"] == true).map(|one| one["name"].clone()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(served().await?, ["phone"], "the oldest stays on, nothing is deleted");
    let first = test.get("/devices", Some(&user)).await?["devices"][0]["id"].as_str().unwrap_or_default().to_owned();
    let deleted = test.request(Method::DELETE, &format!("/devices/{first}"), Some(&user)).send().await?;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(served().await?, ["tablet"], "the next one takes its place");
    test.all_is_well().await
}

async fn a_larger_plan_right_after_stripes_renewal_is_paid(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, _) = subscriber(&test, "premium").await?;
    let id = subscription(&test, &user).await?["id"].take();
    change(&test, &user, &id, "basic").await?;
    test.settle().await?;
    // Stripe has renewed it as the smaller plan, and we have not heard of it.
    test.advance(31 * testkit::app::DAY);
    test.stripe.run_due()?;
    let user = test.log_in(&user.email).await?;
    assert_eq!(subscription(&test, &user).await?["plan"], "premium", "as if nothing had happened yet");
    let (status, larger) = change(&test, &user, &id, "premium").await?;
    assert_eq!((status, &larger["plan"], &larger["next_plan"]), (StatusCode::OK, &json!("premium"), &Value::Null));
    test.settle().await?;
    let invoices = test.get("/invoices", Some(&user)).await?;
    let paid: i64 =
        invoices["invoices"].as_array().into_iter().flatten().filter_map(|one| one["amount_paid"].as_i64()).sum();
    assert!((999 + 960..=999 + 999).contains(&paid), "two months of the larger plan, less what had passed: {paid}");
    test.all_is_well().await
}

async fn a_declined_card_changes_no_plan(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, paid) = subscriber(&test, "basic").await?;
    let id = subscription(&test, &user).await?["id"].take();
    test.stripe.set_card_declines(&paid.subscription, true)?;
    let (status, body) = change(&test, &user, &id, "premium").await?;
    assert_eq!((status, &body["code"]), (StatusCode::PAYMENT_REQUIRED, &json!("card_declined")));
    test.settle().await?;
    assert_eq!(subscription(&test, &user).await?["plan"], "basic");
    // Once the card is mended the same wish is a new request, not the answer that Stripe keeps for a day.
    test.stripe.set_card_declines(&paid.subscription, false)?;
    test.advance(60_000);
    assert_eq!(change(&test, &user, &id, "premium").await?.1["plan"], "premium");
    Ok(())
}

async fn what_was_paid_is_never_owed_again(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, paid) = subscriber(&test, "basic").await?;
    // Another process had read the invoice before it was paid, and comes to save that only now.
    let row = store::invoices::by_stripe_id(&test.app.store, &paid.invoice).await?.context("an invoice")?;
    let tx = test.app.store.write_txn().await?;
    let stale = store::invoices::Model { status: "open".to_owned(), amount_paid: 0, ..row.clone() };
    store::invoices::upsert(&tx, &stale).await?;
    tx.commit().await?;
    assert_eq!(store::invoices::by_stripe_id(&test.app.store, &paid.invoice).await?, Some(row));
    test.settle().await?;
    let shown = test.get("/invoices", Some(&user)).await?;
    assert_eq!((&shown["invoices"][0]["status"], &shown["invoices"][0]["amount_paid"]), (&json!("paid"), &json!(599)));
    test.all_is_well().await
}

async fn a_paused_subscription_rests(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, paid) = subscriber(&test, "basic").await?;
    test.stripe.pause(&paid.subscription)?;
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["status"], &row["entitled"]), (&json!("paused"), &json!(false)));
    test.stripe.unpause(&paid.subscription)?;
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["status"], &row["entitled"]), (&json!("active"), &json!(true)));
    test.all_is_well().await
}

//! Stripe's events: in any order, many times, and forged.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::TestUser;

testkit::on_both_databases!(
    s1_one_event_sent_a_hundred_times_at_once_has_one_effect,
    s2_two_events_of_one_purchase_at_once_have_one_effect,
    s5_a_webhook_with_a_wrong_signature_is_refused_and_writes_nothing,
    s7_an_event_that_was_applied_has_no_effect_later,
    s11_only_our_own_prices_and_our_own_mode_count,
    a_replica_whose_clock_was_ahead_makes_no_event_be_lost,
);

async fn s1_one_event_sent_a_hundred_times_at_once_has_one_effect(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    test.pay(&user, "basic").await?;
    let events = test.stripe.events();
    let event = events.iter().find(|event| event["type"] == "checkout.session.completed").expect("a paid checkout");
    let sent = (0..100).map(|_| test.deliver(event));
    for status in futures_util::future::join_all(sent).await {
        assert_eq!(status?, StatusCode::OK);
    }
    test.run_jobs().await?;
    let subscriptions = test.get("/subscriptions", Some(&user)).await?;
    assert_eq!(subscriptions["subscriptions"].as_array().map(Vec::len), Some(1));
    let started = test.mail.messages_to(&user.email).into_iter().filter(|mail| mail.subject.contains("is active"));
    assert_eq!(started.count(), 1);
    Ok(())
}

async fn s2_two_events_of_one_purchase_at_once_have_one_effect(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    for (name, kinds) in [
        ("mika", ["checkout.session.completed", "invoice.paid"]),
        ("aoi", ["invoice.paid", "checkout.session.completed"]),
    ] {
        let before = test.stripe.events().len();
        let user = test.with_user(name).await?;
        test.pay(&user, "basic").await?;
        let events = test.stripe.events();
        let sent = kinds.map(|kind| {
            let event = events[before..].iter().find(|event| event["type"] == kind);
            test.deliver(event.expect("an event of each kind"))
        });
        for status in futures_util::future::join_all(sent).await {
            assert_eq!(status?, StatusCode::OK);
        }
        test.run_jobs().await?;
        active_once(&test, &user).await?;
    }
    test.all_is_well().await
}

/// The user has one subscription, and was told once that it is active.
async fn active_once(test: &TestApp, user: &TestUser) -> anyhow::Result<()> {
    let subscriptions = test.get("/subscriptions", Some(user)).await?;
    let statuses: Vec<_> =
        subscriptions["subscriptions"].as_array().into_iter().flatten().map(|s| &s["status"]).collect();
    assert_eq!(statuses, ["active"]);
    let told = test.mail.messages_to(&user.email).into_iter().filter(|mail| mail.subject.contains("is active"));
    assert_eq!(told.count(), 1);
    Ok(())
}

async fn s5_a_webhook_with_a_wrong_signature_is_refused_and_writes_nothing(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    test.pay(&user, "basic").await?;
    let now = test.app.clock.now() / 1000;
    for event in test.stripe.events() {
        let body = event.to_string();
        let forged = clients::stripe::webhook::sign(body.as_bytes(), "whsec_of_somebody_else", now);
        assert_eq!(test.deliver_raw(body, &forged).await?, StatusCode::BAD_REQUEST);
    }
    assert_eq!(test.run_jobs().await?, 0, "nothing was stored to be applied");
    let subscriptions = test.get("/subscriptions", Some(&user)).await?;
    assert_eq!(subscriptions["subscriptions"].as_array().map(Vec::len), Some(0));
    Ok(())
}

async fn s7_an_event_that_was_applied_has_no_effect_later(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "basic").await?;
    active_once(&test, &user).await?;
    let before = test.get("/subscriptions", Some(&user)).await?;
    // Within the five minutes of a signature, and two days later as Stripe does when it heard no answer.
    for pause in [200_000, 2 * 24 * 3_600_000] {
        test.advance(pause);
        test.settle().await?;
        let user = test.log_in(&user.email).await?;
        assert_eq!(test.get("/subscriptions", Some(&user)).await?, before);
    }
    active_once(&test, &test.log_in(&user.email).await?).await?;
    test.all_is_well().await
}

async fn s11_only_our_own_prices_and_our_own_mode_count(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    for field in ["price", "amount", "currency", "metadata"] {
        let wish = json!({ "plan": "basic", field: "1" });
        let refused = test.request(Method::POST, "/stripe/checkout", Some(&user)).json(&wish).send().await?;
        assert!(refused.status().is_client_error(), "{field}: {}", refused.status());
    }
    test.pay(&user, "basic").await?;
    for mut event in test.stripe.events() {
        event["livemode"] = Value::Bool(true);
        assert!(test.deliver(&event).await?.is_client_error(), "an event of the other mode");
    }
    assert_eq!(test.run_jobs().await?, 0, "nothing was stored to be applied");
    test.settle().await?;
    active_once(&test, &user).await?;
    test.all_is_well().await
}

async fn a_replica_whose_clock_was_ahead_makes_no_event_be_lost(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let paid = test.stripe.pay(&test.checkout(&user, "basic").await?)?;
    let ahead = 8_000;
    test.advance(ahead);
    test.settle().await?;
    test.advance(-ahead);
    test.stripe.cancel(&paid.subscription)?;
    let event = test.stripe.events().into_iter().rfind(|event| event["type"] == "customer.subscription.deleted");
    assert_eq!(test.deliver(&event.expect("the end")).await?, StatusCode::OK);
    test.run_jobs().await?;
    let status =
        async || anyhow::Ok(test.get("/subscriptions", Some(&user)).await?["subscriptions"][0]["status"].clone());
    assert_eq!(status().await?, "active", "what was read earlier than the row proves nothing");
    // The job waits, and reads again when this clock has caught up.
    test.advance(20_000);
    test.run_jobs().await?;
    assert_eq!(status().await?, "ended");
    Ok(())
}

//! Stripe's events: in any order, many times, and forged.

use reqwest::StatusCode;
use testkit::app::{Database, TestApp, Wanted};

testkit::on_both_databases!(
    one_event_sent_a_hundred_times_at_once_has_one_effect,
    a_webhook_with_a_wrong_signature_is_refused_and_writes_nothing,
    a_replica_whose_clock_was_ahead_makes_no_event_be_lost,
);

async fn one_event_sent_a_hundred_times_at_once_has_one_effect(database: Database) -> anyhow::Result<()> {
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

async fn a_webhook_with_a_wrong_signature_is_refused_and_writes_nothing(database: Database) -> anyhow::Result<()> {
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

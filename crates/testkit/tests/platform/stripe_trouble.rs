//! Stripe on a bad day, and after three days of ours: nothing is lost, doubled or sold twice.

use std::collections::BTreeSet;
use std::time::Duration;

use app::{Clock, reconcile};
use fakes::stripe::{Mess, Rolled, Trouble};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{TestUser, WEBHOOK_SECRET};

testkit::on_both_databases!(
    s10_a_checkout_whose_answer_is_lost_opens_one_session,
    an_event_is_applied_however_often_stripe_fails_meanwhile,
    webhooks_that_come_twice_backwards_late_or_never_end_in_one_state,
    a_secret_that_is_rotated_loses_no_event,
    s15_after_three_days_of_outage_the_state_is_as_if_there_had_been_none,
);

async fn s10_a_checkout_whose_answer_is_lost_opens_one_session(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    for (n, troubles) in [
        &[Trouble::TooMany, Trouble::TooMany][..],
        &[Trouble::Broken, Trouble::Broken],
        &[Trouble::BrokenAfter, Trouble::BrokenAfter],
        &[Trouble::AnswerLost, Trouble::AnswerLost],
        &[Trouble::AnswerLost, Trouble::BrokenAfter, Trouble::TooMany, Trouble::Broken],
    ]
    .into_iter()
    .enumerate()
    {
        let user = test.with_user(&format!("user{n}")).await?;
        let before = test.stripe.requests().len();
        test.stripe.trouble("/v1/checkout", troubles);
        let mut refusals = 0;
        let session = loop {
            let (status, body) = test.post("/stripe/checkout", Some(&user), &json!({ "plan": "basic" })).await?;
            if status == StatusCode::OK {
                break body["session_id"].as_str().unwrap_or_default().to_owned();
            }
            assert_eq!((status, &body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")), "{body}");
            refusals += 1;
            assert!(refusals < 10, "{troubles:?}");
        };
        let asked = test.stripe.requests().split_off(before);
        let keys: BTreeSet<_> = asked.iter().filter_map(|one| one.idempotency_key.clone()).collect();
        assert_eq!(keys.len(), 1, "the same key each time: {troubles:?}");
        let made = test.stripe.object(&session).expect("the session");
        assert_eq!(made["client_reference_id"], user.id.to_string());
        assert_eq!(sessions_of(&test, &user).await?, 1, "{troubles:?}");
    }
    assert_eq!(test.stripe.troubles_left(), 0);
    Ok(())
}

/// How many sessions Stripe has of a user.
async fn sessions_of(test: &TestApp, user: &TestUser) -> anyhow::Result<usize> {
    let url = format!("{}/v1/checkout/sessions?limit=100", test.stripe.base_url());
    let list: Value = test.http.get(url).bearer_auth("sk_test_of_the_test_kit").send().await?.json().await?;
    let list = list["data"].as_array().cloned().unwrap_or_default();
    Ok(list.iter().filter(|one| one["client_reference_id"] == user.id.to_string()).count())
}

async fn an_event_is_applied_however_often_stripe_fails_meanwhile(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    test.pay(&user, "basic").await?;
    let troubles = [Trouble::TooMany, Trouble::Broken, Trouble::AnswerLost, Trouble::Broken, Trouble::TooMany];
    test.stripe.trouble("/v1/subscriptions", &troubles);
    test.stripe.trouble("/v1/checkout", &troubles);
    test.settle().await?;
    for _ in 0..10 {
        test.advance(60 * 60_000);
        test.run_jobs().await?;
    }
    assert_eq!(test.stripe.troubles_left(), 0);
    let (subscriptions, _) = rows(&test, &user).await?;
    assert_eq!((subscriptions.len(), &subscriptions[0]["status"]), (1, &json!("active")));
    let started = test.mail.messages_to(&user.email).into_iter().filter(|mail| mail.subject.contains("is active"));
    assert_eq!(started.count(), 1);
    test.all_is_well().await
}

/// Subscriptions and invoices as their owner sees them, without ids of ours.
async fn rows(test: &TestApp, user: &TestUser) -> anyhow::Result<(Vec<Value>, Vec<Value>)> {
    let user = &test.log_in(&user.email).await?;
    let list = async |name: &str| -> anyhow::Result<Vec<Value>> {
        let mut body = test.get(&format!("/{name}"), Some(user)).await?;
        let mut rows: Vec<Value> = serde_json::from_value(body[name].take())?;
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            row.remove("id");
            row.remove("url");
            row.remove("pdf_url");
            row.remove("number");
        }
        Ok(rows)
    };
    Ok((list("subscriptions").await?, list("invoices").await?))
}

async fn webhooks_that_come_twice_backwards_late_or_never_end_in_one_state(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut expected = None;
    for (n, mess) in [
        Mess::default(),
        Mess { duplicates: 3, ..Mess::default() },
        Mess { backwards: true, ..Mess::default() },
        Mess { delay: Duration::from_millis(20), duplicates: 1, backwards: true, ..Mess::default() },
        Mess { lose_every: Some(2), ..Mess::default() },
        Mess { lose_every: Some(1), ..Mess::default() },
    ]
    .into_iter()
    .enumerate()
    {
        let user = test.with_user(&format!("user{n}")).await?;
        test.stripe.mess(mess);
        let paid = test.stripe.pay(&test.checkout(&user, "basic").await?)?;
        test.stripe.fail_renewal(&paid.subscription)?;
        test.stripe.recover(&paid.subscription)?;
        test.stripe.set_webhook_delivery(true);
        while !test.stripe.pending_deliveries().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        test.stripe.set_webhook_delivery(false);
        test.run_jobs().await?;
        if mess.lose_every.is_some() {
            assert!(reconcile::events(&test.app, test.app.clock.now()).await? > 0, "what was lost is fetched");
            test.run_jobs().await?;
        }
        let found = rows(&test, &user).await?;
        let expected = expected.get_or_insert_with(|| found.clone());
        assert_eq!(&found, expected, "{mess:?}");
    }
    test.all_is_well().await
}

async fn a_secret_that_is_rotated_loses_no_event(database: Database) -> anyhow::Result<()> {
    let Some(mut test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    test.pay(&user, "basic").await?;
    let event = test.stripe.events().pop().expect("events")["id"].as_str().unwrap_or_default().to_owned();
    test.stripe.rotate_webhook_secret("whsec_the_next_one", Rolled::Both);
    assert_eq!(test.stripe.deliver(&event).await?, 200, "signed with both, we know the old one");
    test.stripe.rotate_webhook_secret("whsec_the_next_one", Rolled::Over);
    assert_eq!(test.stripe.deliver(&event).await?, 400, "the new one alone is not known yet");
    test.stripe.rotate_webhook_secret(WEBHOOK_SECRET, Rolled::Over);
    assert_eq!(test.stripe.deliver(&event).await?, 200, "the rotation taken back");
    // What was refused meanwhile is fetched.
    test.app.clock.advance(0);
    reconcile::events(&test.app, test.app.clock.now()).await?;
    test.run_jobs().await?;
    assert_eq!(rows(&test, &user).await?.0[0]["status"], "active");
    test.app.clock = Clock::stopped_at(0);
    Ok(())
}

/// Five customers over four days; `is_down` for the three days in the middle.
async fn four_days(test: &TestApp, is_down: bool) -> anyhow::Result<Vec<TestUser>> {
    let mut users = Vec::new();
    for name in ["mika", "noa", "ren", "aoi", "sora"] {
        users.push(test.with_user(name).await?);
    }
    let mut paid = Vec::new();
    for user in &users {
        paid.push(test.stripe.pay(&test.checkout(user, "basic").await?)?);
    }
    test.settle().await?;
    test.advance(30 * DAY - 60_000);
    let listen = async || if is_down { anyhow::Ok(()) } else { test.settle().await };
    // The first day: everybody is renewed, one card is declined.
    test.stripe.renew(&paid[0].subscription)?;
    test.stripe.fail_renewal(&paid[1].subscription)?;
    test.stripe.renew(&paid[2].subscription)?;
    test.stripe.renew(&paid[3].subscription)?;
    listen().await?;
    test.advance(DAY);
    test.stripe.cancel(&paid[2].subscription)?;
    test.stripe.refund(&paid[0].invoice, Some(50))?;
    listen().await?;
    test.advance(DAY);
    test.stripe.recover(&paid[1].subscription)?;
    test.stripe.dispute(&paid[3].invoice)?;
    listen().await?;
    test.advance(DAY);
    Ok(users)
}

async fn s15_after_three_days_of_outage_the_state_is_as_if_there_had_been_none(
    database: Database,
) -> anyhow::Result<()> {
    let Some(up) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let Some(down) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (up_users, down_users) = (four_days(&up, false).await?, four_days(&down, true).await?);
    up.settle().await?;
    let missed = reconcile::events(&down.app, down.app.clock.now()).await?;
    assert!(missed >= 10, "{missed}");
    down.run_jobs().await?;
    let state = async |test: &TestApp, users: &[TestUser]| {
        let mut all = Vec::new();
        for user in users {
            all.push(rows(test, user).await?);
        }
        anyhow::Ok(all)
    };
    let expected = state(&up, &up_users).await?;
    assert_eq!(state(&down, &down_users).await?, expected);
    assert_eq!(reconcile::events(&down.app, down.app.clock.now()).await?, 0, "nothing is left");
    assert_eq!(down.run_jobs().await?, 0);
    assert_eq!(state(&down, &down_users).await?, expected, "twice the same");
    // Were the list of events gone too, each subscription is read once a day all the same.
    let fifth = &down_users[4];
    let stale = rows(&down, fifth).await?.0;
    assert_eq!(stale[0]["status"], "active");
    down.advance(2 * DAY);
    let ids: Vec<Value> =
        down.stripe.events().iter().map(|event| event["data"]["object"]["subscription"].clone()).collect();
    let last = ids.iter().rev().find_map(Value::as_str).map(str::to_owned);
    if let Some(last) = last {
        down.stripe.cancel(&last).ok();
    }
    assert!(reconcile::subscriptions(&down.app).await? > 0);
    up.all_is_well().await?;
    down.all_is_well().await
}

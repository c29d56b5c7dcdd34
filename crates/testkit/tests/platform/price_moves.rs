//! Present customers come to another price: told first, and charged it from a later renewal on.

use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::plans::{self, Change};
use app::price_move::{self, Moved};
use fakes::stripe::{Paid, Trouble};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;

testkit::on_both_databases!(
    a_higher_price_is_told_once_and_charged_from_the_first_renewal_after_the_notice,
    a_lower_price_comes_with_the_next_renewal,
    who_changes_or_cancels_meanwhile_is_not_charged_the_announced_price,
    a_price_that_stripe_does_not_answer_about_is_changed_later_and_once,
);

/// A price for `basic`, at Stripe too.
async fn list(test: &TestApp, amount: i64) -> anyhow::Result<()> {
    let change = Change { price_cents: Some(amount), ..Change::default() };
    plans::set(&test.app, COMMAND_LINE, "basic", &change).await?;
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    Ok(())
}

async fn announce(test: &TestApp, days: i64) -> anyhow::Result<Moved> {
    let moved = price_move::announce(&test.app, COMMAND_LINE, "basic", days, Mode::Apply).await?;
    test.settle().await?;
    Ok(moved)
}

async fn buy(test: &TestApp, name: &str) -> anyhow::Result<(TestUser, Paid)> {
    let user = test.with_user(name).await?;
    let (status, body) = test.post("/stripe/checkout", Some(&user), &json!({ "plan": "basic" })).await?;
    anyhow::ensure!(status == StatusCode::OK, "{body}");
    let paid = test.stripe.pay(body["session_id"].as_str().unwrap_or_default())?;
    test.settle().await?;
    Ok((user, paid))
}

/// Days pass: what is due is done here, then at Stripe.
async fn pass(test: &TestApp, days: i64) -> anyhow::Result<()> {
    for _ in 0..days {
        test.advance(DAY);
        price_move::carry_out(&test.app).await?;
        test.stripe.run_due()?;
        test.settle().await?;
    }
    Ok(())
}

async fn subscription(test: &TestApp, user: &TestUser) -> anyhow::Result<Value> {
    let user = test.log_in(&user.email).await?;
    Ok(test.get("/subscriptions", Some(&user)).await?["subscriptions"][0].clone())
}

/// What was paid, newest first.
async fn paid(test: &TestApp, user: &TestUser) -> anyhow::Result<Vec<i64>> {
    let user = test.log_in(&user.email).await?;
    let body = test.get("/invoices", Some(&user)).await?;
    Ok(body["invoices"].as_array().into_iter().flatten().filter_map(|one| one["amount_paid"].as_i64()).collect())
}

async fn a_higher_price_is_told_once_and_charged_from_the_first_renewal_after_the_notice(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, _) = buy(&test, "mika").await?;
    pass(&test, 20).await?;
    let (late, _) = buy(&test, "late").await?;
    list(&test, 699).await?;
    let refused = price_move::announce(&test.app, COMMAND_LINE, "basic", 3, Mode::Apply).await;
    assert!(refused.is_err(), "three days are no notice");
    let would = price_move::announce(&test.app, COMMAND_LINE, "basic", 30, Mode::DryRun).await?;
    assert_eq!(would, Moved { raised: 2, ..Moved::default() });
    assert_eq!(subscription(&test, &mika).await?["price_change"], Value::Null, "nobody was told");
    assert_eq!(announce(&test, 30).await?, Moved { raised: 2, ..Moved::default() });
    let mail = test.newest_mail(&mika.email)?.text.unwrap_or_default();
    assert!(mail.contains("$6.99 instead of $5.99"), "{mail}");
    assert_eq!(announce(&test, 30).await?, Moved { told_before: 2, ..Moved::default() });
    let row = subscription(&test, &mika).await?;
    assert_eq!((&row["price_change"]["amount"], &row["price"]["amount"]), (&json!(699), &json!(599)));

    // Mika's renewal in ten days is before the notice is over, and so is not the one at the new price.
    pass(&test, 15).await?;
    assert_eq!(paid(&test, &mika).await?, [599, 599]);
    // Whoever buys now pays the new price from the beginning.
    let (new, _) = buy(&test, "new").await?;
    assert_eq!(paid(&test, &new).await?, [699]);
    pass(&test, 26).await?;
    assert_eq!(paid(&test, &mika).await?, [699, 599, 599]);
    let row = subscription(&test, &mika).await?;
    assert_eq!((&row["price_change"], &row["price"]["amount"]), (&Value::Null, &json!(699)));
    // The later one's first renewal came on the thirty-first day: at the new price.
    assert_eq!(paid(&test, &late).await?, [699, 599]);
    pass(&test, 31).await?;
    assert_eq!(paid(&test, &mika).await?, [699, 699, 599, 599]);
    test.all_is_well().await
}

async fn a_lower_price_comes_with_the_next_renewal(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, _) = buy(&test, "mika").await?;
    list(&test, 499).await?;
    assert_eq!(announce(&test, 30).await?, Moved { lowered: 1, ..Moved::default() });
    pass(&test, 32).await?;
    assert_eq!(paid(&test, &mika).await?, [499, 599]);
    // The list goes up and back down before anything is charged: nothing changes.
    list(&test, 999).await?;
    assert_eq!(announce(&test, 30).await?, Moved { raised: 1, ..Moved::default() });
    list(&test, 499).await?;
    assert_eq!(announce(&test, 30).await?, Moved::default());
    assert_eq!(subscription(&test, &mika).await?["price_change"], Value::Null);
    pass(&test, 62).await?;
    assert_eq!(paid(&test, &mika).await?, [499, 499, 499, 599]);
    test.all_is_well().await
}

async fn who_changes_or_cancels_meanwhile_is_not_charged_the_announced_price(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (larger, _) = buy(&test, "larger").await?;
    let (leaving, _) = buy(&test, "leaving").await?;
    let (back, _) = buy(&test, "back").await?;
    list(&test, 699).await?;
    assert_eq!(announce(&test, 14).await?.raised, 3);
    let change = |user: &TestUser, row: &Value, what: &str, body: Value| {
        let path = format!("/subscriptions/{}/{what}", row["id"].as_str().unwrap_or_default());
        let user = user.clone();
        let test = &test;
        async move {
            let user = test.log_in(&user.email).await?;
            let (status, body) = test.post(&path, Some(&user), &body).await?;
            anyhow::ensure!(status == StatusCode::OK, "{body}");
            test.settle().await
        }
    };
    let row = subscription(&test, &larger).await?;
    change(&larger, &row, "change", json!({ "plan": "premium" })).await?;
    assert_eq!(subscription(&test, &larger).await?["price_change"], Value::Null);
    for user in [&leaving, &back] {
        let row = subscription(&test, user).await?;
        change(user, &row, "cancel", json!({ "when": "period_end" })).await?;
    }
    pass(&test, 20).await?;
    let row = subscription(&test, &back).await?;
    change(&back, &row, "resume", json!({})).await?;
    pass(&test, 12).await?;
    assert_eq!(paid(&test, &leaving).await?, [599]);
    assert_eq!(paid(&test, &back).await?, [699, 599], "who comes back was told");
    let premium = app::plan::list(&test.app).await?.into_iter().find(|plan| plan.code == "premium");
    assert_eq!(paid(&test, &larger).await?.first().copied(), premium.map(|plan| plan.price_cents));
    test.all_is_well().await
}

async fn a_price_that_stripe_does_not_answer_about_is_changed_later_and_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, bought) = buy(&test, "mika").await?;
    list(&test, 499).await?;
    announce(&test, 30).await?;
    test.advance(29 * DAY);
    // The change is made and the answer is lost.
    test.stripe.trouble(&format!("/v1/subscriptions/{}", bought.subscription), &[Trouble::Broken, Trouble::AnswerLost]);
    for _ in 0..3 {
        let _ = price_move::carry_out(&test.app).await;
    }
    assert_eq!(test.stripe.troubles_left(), 0);
    let at_stripe = test.stripe.object(&bought.subscription).unwrap_or_default();
    assert_eq!(at_stripe["items"]["data"][0]["price"]["unit_amount"], 499);
    assert_eq!(paid(&test, &mika).await?, [599], "nothing is charged before the renewal");
    assert_eq!(price_move::carry_out(&test.app).await?, 0, "it is done");
    pass(&test, 2).await?;
    assert_eq!(paid(&test, &mika).await?, [499, 599]);
    test.all_is_well().await
}

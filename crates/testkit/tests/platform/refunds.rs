//! Money is given back once, as much as was asked for and never more than was paid; the owner's way is open for a time.

use app::refund::{self, Part};
use fakes::stripe::Trouble;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;

testkit::on_both_databases!(
    an_operator_gives_back_a_part_and_then_the_rest,
    a_part_whose_answer_is_lost_goes_back_once,
    a_first_purchase_goes_back_by_a_click_within_thirty_days,
);

async fn standing(test: &TestApp, user: &TestUser) -> anyhow::Result<(Value, Value)> {
    let user = test.log_in(&user.email).await?;
    let invoices = test.get("/invoices", Some(&user)).await?;
    let list = test.get("/subscriptions", Some(&user)).await?;
    Ok((invoices["invoices"][0]["amount_refunded"].clone(), list["subscriptions"][0]["status"].clone()))
}

async fn an_operator_gives_back_a_part_and_then_the_rest(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let paid = test.stripe.pay(&test.checkout(&mika, "basic").await?)?;
    test.settle().await?;
    let give = |amount: Option<i64>, reason: &'static str| {
        let (app, invoice) = (test.app.clone(), paid.invoice.clone());
        let part = amount.map(|amount| Part { amount, gone_back: if reason == "more" { 200 } else { 0 } });
        async move { refund::by_operator(&app, "ops", &invoice, part, reason).await }
    };
    for (amount, reason, code) in
        [(Some(0), "x", "invalid"), (Some(600), "x", "invalid"), (Some(-1), "x", "invalid"), (None, " ", "invalid")]
    {
        assert_eq!(give(amount, reason).await.expect_err("refused").code(), code, "{amount:?}");
    }
    // Twice at the same moment, as by a double click, is one refund.
    let (one, other) = tokio::join!(give(Some(200), "an outage"), give(Some(200), "an outage"));
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    assert_eq!(standing(&test, &mika).await?, (json!(200), json!("active")), "before Stripe's word of it comes");
    test.settle().await?;
    assert_eq!(standing(&test, &mika).await?, (json!(200), json!("active")));
    test.all_is_well().await?;
    assert_eq!(give(Some(400), "more").await.expect_err("399 are left").code(), "invalid");
    assert_eq!(give(None, "they left").await?.amount_refunded, 599);
    test.settle().await?;
    assert_eq!(standing(&test, &mika).await?, (json!(599), json!("ended")));
    assert_eq!(give(None, "again").await.expect_err("nothing is left").code(), "nothing_to_refund");
    let entries = app::admin::entries(&test.app, Some(&mika.id.to_string()), 10).await?;
    assert!(entries.iter().any(|one| one.actor == "ops" && one.detail.ends_with(": they left")), "{entries:?}");
    test.all_is_well().await
}

async fn a_part_whose_answer_is_lost_goes_back_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let paid = test.stripe.pay(&test.checkout(&mika, "basic").await?)?;
    test.settle().await?;
    let give = async |gone_back| {
        let part = Some(Part { amount: 200, gone_back });
        let row = refund::by_operator(&test.app, "ops", &paid.invoice, part, "an outage").await;
        row.map(|row| row.amount_refunded).map_err(|error| error.code())
    };
    let lost = [Trouble::AnswerLost, Trouble::BrokenAfter, Trouble::BrokenAfter];
    test.stripe.trouble("/v1/refunds", &lost);
    assert_eq!(give(0).await, Err("unavailable"));
    test.stripe.calm();
    let part = Some(Part { amount: 300, gone_back: 0 });
    let other = refund::by_operator(&test.app, "ops", &paid.invoice, part, "another amount").await;
    assert_eq!(other.expect_err("one of them is enough").code(), "refund_changed");
    // Asked again before Stripe has told of it, and after.
    assert_eq!(give(0).await, Ok(200));
    test.settle().await?;
    assert_eq!(give(0).await, Err("refund_changed"));
    assert_eq!(give(200).await, Ok(400), "a second part is meant");
    test.settle().await?;
    assert_eq!(standing(&test, &mika).await?, (json!(400), json!("active")));
    test.all_is_well().await
}

async fn a_first_purchase_goes_back_by_a_click_within_thirty_days(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let back = async |user: &TestUser| {
        let user = test.log_in(&user.email).await?;
        let list = test.get("/subscriptions", Some(&user)).await?;
        let id = list["subscriptions"][0]["id"].as_str().unwrap_or_default().to_owned();
        test.post(&format!("/subscriptions/{id}/refund"), Some(&user), &json!({})).await
    };
    let mika = test.with_subscriber("mika", "premium").await?;
    test.advance(29 * DAY);
    let (status, body) = back(&mika).await?;
    assert_eq!(
        (status, &body["status"]),
        (StatusCode::OK, &json!("active")),
        "Stripe's end of it comes as a job: {body}"
    );
    test.settle().await?;
    assert_eq!(standing(&test, &mika).await?, (json!(999), json!("ended")));
    // Who buys again has stayed.
    let again = test.log_in(&mika.email).await?;
    test.pay(&again, "basic").await?;
    test.settle().await?;
    assert_eq!(back(&mika).await?.1["code"], "no_money_back");

    let noa = test.with_subscriber("noa", "basic").await?;
    test.advance(30 * DAY);
    assert_eq!(back(&noa).await?.1["code"], "no_money_back", "a day too late");
    test.all_is_well().await
}

//! Credit towards the next invoice: it is at Stripe once, the card pays less by it, and what can't get there comes back.

use std::time::Duration;

use app::admin::COMMAND_LINE;
use app::admin::credits::{self, Wish};
use app::jobs;
use clients::stripe::{Stripe, StripeSettings};
use domain::ledger::Account;
use domain::money::{Currency, Money};
use fakes::stripe::{Paid, Trouble};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{TestUser, answer};
use url::Url;

testkit::on_both_databases!(
    the_next_invoice_is_smaller_by_the_credit_and_the_rest_waits,
    of_fifty_that_apply_the_same_credit_one_does,
    credit_whose_way_to_stripe_is_hard_gets_there_once,
    credit_that_cannot_get_to_stripe_comes_back,
    a_deleted_account_has_nothing_at_stripe,
    without_a_subscription_that_renews_nothing_is_applied,
    credit_waits_at_the_customer_that_is_billed,
);

async fn with_credit(test: &TestApp, cents: i64) -> anyhow::Result<(TestUser, Paid)> {
    let user = test.with_user("mika").await?;
    let session = test.checkout(&user, "basic").await?;
    let paid = test.stripe.pay(&session)?;
    test.settle().await?;
    let gift = Money::new(cents, Currency::USD);
    credits::change(&test.app, COMMAND_LINE, &user.email, Wish::Grant, gift, "a gift", None).await?;
    Ok((user, paid))
}

async fn apply(test: &TestApp, user: &TestUser, key: Option<&str>) -> anyhow::Result<(StatusCode, Value)> {
    let mut request = test.request(Method::POST, "/credits/apply", Some(user));
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    answer(request.send().await?).await
}

async fn balance_at_stripe(test: &TestApp, user: &TestUser) -> anyhow::Result<i64> {
    let row = store::users::by_id(&test.app.store, user.id).await?;
    let customer = row.and_then(|user| user.stripe_customer_id).unwrap_or_default();
    Ok(test.stripe.object(&customer).and_then(|customer| customer["balance"].as_i64()).unwrap_or_default())
}

async fn in_account(test: &TestApp, user: &TestUser, account: Account) -> anyhow::Result<i64> {
    Ok(store::credit_ledger::balance(&test.app.store, user.id, account, "usd").await?)
}

async fn the_next_invoice_is_smaller_by_the_credit_and_the_rest_waits(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, paid) = with_credit(&test, 1_000).await?;
    let (status, body) = apply(&test, &user, None).await?;
    assert_eq!((status, &body["next_invoice"]), (StatusCode::OK, &json!([{ "amount": 1_000, "currency": "usd" }])));
    test.settle().await?;
    assert_eq!(balance_at_stripe(&test, &user).await?, -1_000);
    let credits = test.get("/credits", Some(&user)).await?;
    assert_eq!((&credits["balances"][0]["amount"], &credits["credits"][0]["kind"]), (&json!(0), &json!("applied")));
    assert_eq!(apply(&test, &user, None).await?.1["code"], "credit_too_small");

    for (left, cash) in [(401, 0), (0, 198)] {
        test.advance(31 * DAY);
        test.stripe.renew(&paid.subscription)?;
        test.settle().await?;
        let user = test.log_in(&user.email).await?;
        let invoice = test.get("/invoices", Some(&user)).await?["invoices"][0].clone();
        assert_eq!((&invoice["amount_paid"], &invoice["status"]), (&json!(cash), &json!("paid")), "{invoice}");
        assert_eq!(in_account(&test, &user, Account::StripeCredit).await?, left);
    }
    test.all_is_well().await
}

async fn of_fifty_that_apply_the_same_credit_one_does(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, _) = with_credit(&test, 500).await?;
    let all = (0..50).map(|n| {
        let (test, user) = (&test, &user);
        async move {
            loop {
                let done = apply(test, user, Some(&format!("request-{}", n % 10))).await?;
                if !matches!(done.1["code"].as_str(), Some("idempotency_key_in_use" | "unavailable")) {
                    return anyhow::Ok(done.0);
                }
            }
        }
    });
    let done = futures_util::future::try_join_all(all).await?;
    assert!(done.contains(&StatusCode::OK), "{done:?}");
    test.settle().await?;
    assert_eq!(balance_at_stripe(&test, &user).await?, -500);
    assert_eq!(in_account(&test, &user, Account::CustomerCredit).await?, 0);
    test.all_is_well().await
}

async fn credit_whose_way_to_stripe_is_hard_gets_there_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, _) = with_credit(&test, 500).await?;
    let troubles = [Trouble::AnswerLost, Trouble::Broken, Trouble::TooMany, Trouble::BrokenAfter];
    test.stripe.trouble("/v1/customers", &troubles);
    assert_eq!(apply(&test, &user, None).await?.0, StatusCode::OK);
    test.run_jobs().await?;
    // Stripe has it, its answer was lost, and now our key is wrong for a while: nobody knows, and nothing comes back.
    let mut locked_out = test.app.clone();
    locked_out.stripe = Stripe::new(StripeSettings {
        base: Url::parse(&test.stripe.base_url())?,
        secret_key: "sk_test_another".to_owned().into(),
        timeout: Duration::from_secs(10),
    })?;
    test.advance(DAY);
    jobs::run_due(&locked_out).await?;
    assert_eq!(in_account(&test, &user, Account::CustomerCredit).await?, 0);
    for _ in 0..8 {
        test.run_jobs().await?;
        // Also after Stripe has forgotten the idempotency key of a try whose answer was lost.
        test.advance(DAY);
    }
    assert_eq!(test.stripe.troubles_left(), 0);
    assert_eq!(balance_at_stripe(&test, &user).await?, -500);
    assert_eq!(in_account(&test, &user, Account::StripeCredit).await?, 500);
    test.all_is_well().await
}

async fn credit_that_cannot_get_to_stripe_comes_back(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, _) = with_credit(&test, 500).await?;
    assert_eq!(apply(&test, &user, None).await?.0, StatusCode::OK);
    test.settle().await?;
    // Somebody deletes the customer in Stripe's dashboard: what lay there is credit with us again.
    let customer = store::users::by_id(&test.app.store, user.id).await?.and_then(|user| user.stripe_customer_id);
    test.app.stripe.delete_customer(&customer.unwrap_or_default()).await?;
    test.settle().await?;
    assert_eq!(in_account(&test, &user, Account::CustomerCredit).await?, 500);
    assert_eq!(in_account(&test, &user, Account::StripeCredit).await?, 0);
    test.all_is_well().await
}

async fn a_deleted_account_has_nothing_at_stripe(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, _) = with_credit(&test, 500).await?;
    assert_eq!(apply(&test, &user, None).await?.0, StatusCode::OK);
    test.settle().await?;
    app::admin::users::delete(&test.app, user.id).await?;
    test.settle().await?;
    assert_eq!(in_account(&test, &user, Account::StripeCredit).await?, 0, "the balance went with the customer");
    test.all_is_well().await
}

async fn without_a_subscription_that_renews_nothing_is_applied(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (user, paid) = with_credit(&test, 500).await?;
    let row = test.get("/subscriptions", Some(&user)).await?["subscriptions"][0]["id"].clone();
    let path = format!("/subscriptions/{}/cancel", row.as_str().unwrap_or_default());
    test.post(&path, Some(&user), &json!({})).await?;
    assert_eq!(apply(&test, &user, None).await?.1["code"], "nothing_renews");
    test.stripe.cancel(&paid.subscription)?;
    test.settle().await?;
    assert_eq!(apply(&test, &user, None).await?.1["code"], "nothing_renews");
    assert_eq!(in_account(&test, &user, Account::CustomerCredit).await?, 500);
    Ok(())
}

async fn credit_waits_at_the_customer_that_is_billed(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    // Two pages that were opened before the first was paid make two customers at Stripe.
    let (first, second) = (test.checkout(&user, "basic").await?, test.checkout(&user, "premium").await?);
    let first = test.stripe.pay(&first)?;
    test.settle().await?;
    test.stripe.pay(&second)?;
    test.settle().await?;
    let gift = Money::new(500, Currency::USD);
    credits::change(&test.app, COMMAND_LINE, &user.email, Wish::Grant, gift, "a gift", None).await?;
    test.stripe.cancel(&first.subscription)?;
    test.settle().await?;
    let user = test.log_in(&user.email).await?;
    assert_eq!(
        apply(&test, &user, None).await?.1["code"],
        "nothing_renews",
        "the other customer has no balance of ours"
    );
    assert_eq!(in_account(&test, &user, Account::CustomerCredit).await?, 500);
    test.all_is_well().await
}

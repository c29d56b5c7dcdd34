//! A friend who pays and stays is worth something, once; one who is the sponsor is not; and the reward follows the money.

use app::admin::COMMAND_LINE;
use app::admin::credits::{self, Wish};
use app::reward;
use domain::money::{Currency, Money};
use fakes::stripe::Trouble;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser};

testkit::on_both_databases!(
    the_first_payment_makes_the_reward_also_where_it_is_looked_at_after_the_second,
    a_friend_who_stays_is_credited_once_after_two_weeks,
    s14_who_brings_in_oneself_gets_nothing,
    s14_of_a_hundred_looks_at_one_payment_one_makes_a_reward,
    s12_a_reward_follows_the_money_of_the_payment,
);

/// The card that Stripe's own examples use.
const ONE_CARD: &str = "4242 4242 4242 4242";

/// Somebody who signs up with a customer's code.
pub(crate) async fn friend_of(test: &TestApp, sponsor: &TestUser, email: &str) -> anyhow::Result<TestUser> {
    let sponsor = test.log_in(&sponsor.email).await?;
    let code = test.get("/referrals", Some(&sponsor)).await?["code"].clone();
    let body = json!({ "email": email, "password": PASSWORD, "referral_code": code });
    assert_eq!(test.post("/auth/register", None, &body).await?.0, StatusCode::ACCEPTED);
    test.run_jobs().await?;
    test.verify(&test.token_mailed(email, "/verify")?).await?;
    test.log_in(email).await
}

/// The sponsor's newest reward and balance in cents.
async fn standing(test: &TestApp, sponsor: &TestUser) -> anyhow::Result<(Value, i64)> {
    let sponsor = test.log_in(&sponsor.email).await?;
    let reward = test.get("/referrals", Some(&sponsor)).await?["referrals"][0]["reward"].take();
    let balance = test.get("/credits", Some(&sponsor)).await?["balances"][0]["amount"].as_i64().unwrap_or(0);
    Ok((reward, balance))
}

async fn a_friend_who_stays_is_credited_once_after_two_weeks(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let noa = friend_of(&test, &mika, "noa@example.net").await?;
    assert_eq!(standing(&test, &mika).await?, (Value::Null, 0));
    test.pay(&noa, "basic").await?;
    test.settle().await?;
    let (reward, balance) = standing(&test, &mika).await?;
    assert_eq!((&reward["state"], &reward["amount"], balance), (&json!("pending"), &json!(59), 0), "{reward}");
    test.advance(14 * DAY - 1000);
    reward::confirm_due(&test.app).await?;
    assert_eq!(standing(&test, &mika).await?.1, 0, "it waits as long as it should");
    test.advance(2000);
    for _ in 0..3 {
        reward::confirm_due(&test.app).await?;
    }
    test.run_jobs().await?;
    let (reward, balance) = standing(&test, &mika).await?;
    assert_eq!((&reward["state"], balance), (&json!("confirmed"), 59));
    assert!(test.newest_mail(&mika.email)?.subject.contains("0.59 USD"));
    // The friend's later payments earn nothing.
    test.advance(20 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    test.advance(15 * DAY);
    reward::confirm_due(&test.app).await?;
    assert_eq!(standing(&test, &mika).await?.1, 59);
    test.all_is_well().await
}

async fn the_first_payment_makes_the_reward_also_where_it_is_looked_at_after_the_second(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let noa = friend_of(&test, &mika, "noa@example.net").await?;
    test.stripe.pay(&test.checkout(&noa, "basic").await?)?;
    // Stripe does not say which card it was, until there is a second payment.
    test.stripe.trouble("/v1/invoice_payments", &[Trouble::Broken; 3]);
    test.settle().await?;
    test.stripe.calm();
    assert_eq!(standing(&test, &mika).await?.0, Value::Null);
    test.advance(31 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    let noa = test.log_in(&noa.email).await?;
    let invoices = test.get("/invoices", Some(&noa)).await?;
    assert_eq!(invoices["invoices"].as_array().map(Vec::len), Some(2), "{invoices}");
    let (reward, _) = standing(&test, &mika).await?;
    assert_eq!((&reward["state"], &reward["amount"]), (&json!("pending"), &json!(59)), "{reward}");
    let row = store::sponsorships::of_friend(&test.app.store, noa.id).await?.and_then(|row| row.invoice);
    let first = store::invoices::first_paid(&test.app.store, noa.id, 1).await?.pop().map(|row| row.stripe_invoice_id);
    assert_eq!(row, first);
    test.all_is_well().await
}

async fn s14_who_brings_in_oneself_gets_nothing(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    test.stripe.pay_with(&test.checkout(&mika, "basic").await?, ONE_CARD)?;
    test.settle().await?;
    let refused = async |why: &str| {
        test.advance(15 * DAY);
        test.settle().await?;
        reward::confirm_due(&test.app).await?;
        let (reward, balance) = standing(&test, &mika).await?;
        assert_eq!((&reward["state"], &reward["amount"], balance), (&json!("refused"), &json!(0), 0), "{why}");
        let row = store::sponsorships::of_friends(&test.app.store, &all(&test).await?).await?.pop();
        assert_eq!(row.and_then(|row| row.reason).as_deref(), Some(why));
        anyhow::Ok(())
    };
    // Another way to write the same mailbox.
    let again = friend_of(&test, &mika, "Mika+second@example.net").await?;
    test.pay(&again, "basic").await?;
    refused("own_mailbox").await?;
    // Another mailbox, the same card.
    let other = friend_of(&test, &mika, "other@example.net").await?;
    test.stripe.pay_with(&test.checkout(&other, "basic").await?, ONE_CARD)?;
    refused("own_card").await?;
    // The card is shown only after the friend's payment.
    let third = friend_of(&test, &mika, "third@example.net").await?;
    test.stripe.pay_with(&test.checkout(&third, "basic").await?, "5555 5555 5555 4444")?;
    test.settle().await?;
    assert_eq!(standing(&test, &mika).await?.0["state"], "pending");
    let mika_now = test.log_in(&mika.email).await?;
    test.stripe.pay_with(&test.checkout(&mika_now, "basic").await?, "5555 5555 5555 4444")?;
    refused("own_card").await?;
    // One who has paid before the code counted for anything: there is no way in, and the rows say so too.
    let late = test.with_subscriber("late", "basic").await?;
    let body = json!({ "email": late.email, "password": PASSWORD, "referral_code": mika_now.id.to_string() });
    assert_eq!(test.post("/auth/register", None, &body).await?.0, StatusCode::ACCEPTED);
    assert_eq!(store::users::by_id(&test.app.store, late.id).await?.and_then(|row| row.referred_by), None);
    test.all_is_well().await
}

/// The ids of all accounts, oldest first.
async fn all(test: &TestApp) -> anyhow::Result<Vec<uuid::Uuid>> {
    let mika = store::users::by_email(&test.app.store, "mika@example.net").await?.map(|row| row.id);
    let friends = match mika {
        Some(mika) => store::users::referred_by(&test.app.store, mika).await?,
        None => Vec::new(),
    };
    Ok(friends.into_iter().rev().take(1).map(|row| row.id).collect())
}

async fn s14_of_a_hundred_looks_at_one_payment_one_makes_a_reward(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let noa = friend_of(&test, &mika, "noa@example.net").await?;
    let paid = test.stripe.pay(&test.checkout(&noa, "basic").await?)?;
    test.settle().await?;
    let look = |_| {
        let (app, invoice) = (test.app.clone(), paid.invoice.clone());
        tokio::spawn(async move {
            while reward::consider(&app, &invoice).await.is_err_and(|error| matches!(error, app::Error::Busy { .. })) {}
        })
    };
    for looking in (0..100).map(look).collect::<Vec<_>>() {
        looking.await?;
    }
    assert_eq!(standing(&test, &mika).await?.0["amount"], 59);
    let pending = ledger_total(&test, "rewards_pending").await?;
    assert_eq!(pending, 59);
    test.all_is_well().await
}

async fn ledger_total(test: &TestApp, account: &str) -> anyhow::Result<i64> {
    let totals = app::ledger::totals(&test.app).await?;
    Ok(totals.into_iter().find(|(name, _, _)| name == account).map_or(0, |(_, _, total)| total))
}

async fn s12_a_reward_follows_the_money_of_the_payment(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    // Back before it counts.
    let noa = friend_of(&test, &mika, "noa@example.net").await?;
    let paid = test.stripe.pay(&test.checkout(&noa, "basic").await?)?;
    test.settle().await?;
    test.stripe.refund(&paid.invoice, Some(300))?;
    test.settle().await?;
    assert_eq!(standing(&test, &mika).await?.0["amount"], 29, "of what was left with us");
    test.stripe.refund(&paid.invoice, None)?;
    test.settle().await?;
    test.advance(15 * DAY);
    reward::confirm_due(&test.app).await?;
    let (reward, balance) = standing(&test, &mika).await?;
    assert_eq!((&reward["state"], balance), (&json!("voided"), 0));
    assert_eq!(ledger_total(&test, "rewards_pending").await?, 0);

    // Back once it was spent: it is owed, and nothing can be spent until that is paid.
    let aya = friend_of(&test, &mika, "aya@example.net").await?;
    let paid = test.stripe.pay(&test.checkout(&aya, "premium").await?)?;
    test.settle().await?;
    test.advance(15 * DAY);
    reward::confirm_due(&test.app).await?;
    assert_eq!(standing(&test, &mika).await?.1, 99);
    let usd = |cents| Money::new(cents, Currency::USD);
    credits::change(&test.app, COMMAND_LINE, &mika.email, Wish::Take, usd(90), "spent", None).await?;
    let dispute = test.stripe.dispute(&paid.invoice)?;
    test.settle().await?;
    let (reward, balance) = standing(&test, &mika).await?;
    assert_eq!((&reward["state"], balance), (&json!("taken_back"), -90));
    let error = credits::change(&test.app, COMMAND_LINE, &mika.email, Wish::Take, usd(1), "spent", None)
        .await
        .expect_err("a debt");
    assert_eq!(error.code(), "credit_too_small");
    test.all_is_well().await?;
    // The bank decides for us.
    test.stripe.close_dispute(&dispute, "won")?;
    test.settle().await?;
    let (reward, balance) = standing(&test, &mika).await?;
    assert_eq!((&reward["state"], balance), (&json!("confirmed"), 9));
    test.all_is_well().await
}

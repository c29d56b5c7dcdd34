//! All subscriptions against Stripe's list, each night and on demand: what differs is mended, or shown and told.

use app::reconcile::{self, Difference};
use domain::account::Role;
use serde_json::Value;
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;

use crate::sql::run_sql;

testkit::on_both_databases!(
    what_came_and_went_at_stripe_unheard_is_mended,
    a_payment_that_is_in_no_book_is_found,
    what_cannot_be_mended_is_told_to_the_admins_once_a_day,
);

/// Nothing that has happened up to now will come as an event any more.
async fn unheard(test: &TestApp) -> anyhow::Result<()> {
    let tx = test.app.store.write_txn().await?;
    store::marks::advance(&tx, "stripe_events", test.app.clock.now() + DAY).await?;
    Ok(tx.commit().await?)
}

async fn statuses(test: &TestApp, user: &TestUser) -> anyhow::Result<Vec<Value>> {
    let body = test.get("/subscriptions", Some(user)).await?;
    Ok(body["subscriptions"].as_array().into_iter().flatten().map(|one| one["status"].clone()).collect())
}

fn mended(subject: &str, what: &str) -> Difference {
    Difference { subject: subject.to_owned(), what: what.to_owned(), is_mended: true }
}

async fn what_came_and_went_at_stripe_unheard_is_mended(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let noa = test.with_user("noa").await?;
    let gone = test.stripe.pay(&test.checkout(&noa, "basic").await?)?;
    test.settle().await?;
    assert_eq!(reconcile::compare(&test.app).await?, []);
    test.stripe.set_webhook_delivery(false);
    let came = test.stripe.pay(&test.checkout(&mika, "basic").await?)?;
    test.stripe.cancel(&gone.subscription)?;
    test.advance(1_000);
    unheard(&test).await?;
    assert!(statuses(&test, &mika).await?.is_empty());
    let found = reconcile::compare(&test.app).await?;
    assert_eq!(
        found,
        [mended(&came.subscription, "was unknown, is active"), mended(&gone.subscription, "was active, is ended")]
    );
    assert_eq!(statuses(&test, &mika).await?, ["active"]);
    assert_eq!(statuses(&test, &noa).await?, ["ended"]);
    assert_eq!(reconcile::compare(&test.app).await?, [], "twice the same changes nothing");
    test.all_is_well().await
}

async fn a_payment_that_is_in_no_book_is_found(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let paid = test.stripe.pay(&test.checkout(&mika, "basic").await?)?;
    test.settle().await?;
    for sql in ["DELETE FROM credit_ledger", "DELETE FROM ledger_balances", "DELETE FROM invoices"] {
        run_sql(&test.database_url, sql).await?;
    }
    let words = "was served without a payment in the books";
    assert_eq!(reconcile::compare(&test.app).await?, [mended(&paid.subscription, words)]);
    assert_eq!(test.get("/invoices", Some(&mika)).await?["invoices"][0]["amount_paid"], 599);
    test.all_is_well().await
}

async fn what_cannot_be_mended_is_told_to_the_admins_once_a_day(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("admin", Role::Admin).await?;
    let support = test.with_team("support", Role::Support).await?;
    let mika = test.with_user("mika").await?;
    let paid = test.stripe.pay(&test.checkout(&mika, "basic").await?)?;
    test.settle().await?;
    let alarms = |user: &TestUser| {
        let mails = test.mail.messages_to(&user.email);
        mails.iter().filter(|mail| mail.subject == "MiraiVPN: something needs you").count()
    };
    run_sql(&test.database_url, "UPDATE subscriptions SET stripe_subscription_id = 'sub_gone'").await?;
    let found = reconcile::compare(&test.app).await?;
    let lost = Difference { subject: "sub_gone".into(), what: "is not at Stripe".into(), is_mended: false };
    assert!(found.contains(&lost), "{found:?}");
    assert!(found.contains(&mended(&paid.subscription, "was unknown, is active")), "{found:?}");
    for (hours, expected) in [(0, 1), (1, 1), (24, 2)] {
        test.advance(hours * DAY / 24);
        reconcile::watch(&test.app).await?;
        test.run_jobs().await?;
        assert_eq!(alarms(&admin), expected, "after {hours} more hours");
    }
    let mail = test.newest_mail(&admin.email)?.text.unwrap_or_default();
    assert!(mail.contains("sub_gone: is not at Stripe"), "{mail}");
    // A customer whom Stripe does not know keeps nothing else from being told.
    run_sql(&test.database_url, "UPDATE subscriptions SET stripe_customer_id = 'cus_gone'").await?;
    run_sql(&test.database_url, "DELETE FROM invoices").await?;
    let found = reconcile::compare(&test.app).await?;
    let unpaid = "was served without a payment in the books";
    assert!(found.iter().any(|one| one.what == unpaid && !one.is_mended) && found.contains(&lost), "{found:?}");
    assert_eq!((alarms(&support), alarms(&mika)), (0, 0));

    // So is a proof that fails, and that is another alarm.
    run_sql(&test.database_url, "UPDATE credit_ledger SET amount = amount + 1 WHERE account = 'revenue'").await?;
    app::ledger::watch(&test.app).await?;
    test.run_jobs().await?;
    assert_eq!(alarms(&admin), 3);
    let mail = test.newest_mail(&admin.email)?.text.unwrap_or_default();
    assert!(mail.contains("a movement does not sum to zero"), "{mail}");
    Ok(())
}

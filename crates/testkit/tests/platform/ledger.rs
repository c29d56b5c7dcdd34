//! The books: every payment and what went back of it is booked once, the proof finds each kind of wrong, and what happened
//! before there were books is in them.

use std::collections::BTreeMap;

use app::admin::COMMAND_LINE;
use app::admin::credits::{self, Wish};
use app::ledger;
use domain::money::{Currency, Money};
use testkit::app::{DAY, Database, TestApp, Wanted};

use crate::sql::run_sql;

testkit::on_both_databases!(
    every_payment_and_what_went_back_of_it_is_booked_once,
    the_proof_finds_each_kind_of_wrong,
    what_happened_before_there_were_books_is_in_them,
);

/// What is in each account, in US cents.
async fn totals(test: &TestApp) -> anyhow::Result<BTreeMap<String, i64>> {
    let totals = ledger::totals(&test.app).await?;
    assert!(totals.iter().all(|(_, currency, _)| currency == "usd"), "{totals:?}");
    assert_eq!(totals.iter().map(|(_, _, total)| total).sum::<i64>(), 0, "{totals:?}");
    Ok(totals.into_iter().filter(|(_, _, total)| *total != 0).map(|(account, _, total)| (account, total)).collect())
}

fn expected(list: &[(&str, i64)]) -> BTreeMap<String, i64> {
    list.iter().map(|(account, total)| ((*account).to_owned(), *total)).collect()
}

/// A life with a payment, a renewal, a refund in two parts, and disputes that are won and lost.
async fn life(test: &TestApp) -> anyhow::Result<()> {
    let user = test.with_user("mika").await?;
    let first = test.stripe.pay(&test.checkout(&user, "basic").await?)?;
    test.settle().await?;
    assert_eq!(totals(test).await?, expected(&[("stripe_cash", -599), ("revenue", 599)]));
    test.stripe.refund(&first.invoice, Some(100))?;
    test.settle().await?;
    test.stripe.refund(&first.invoice, Some(200))?;
    test.settle().await?;
    assert_eq!(totals(test).await?, expected(&[("stripe_cash", -299), ("revenue", 599), ("refunds", -300)]));

    test.advance(31 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    // Stripe's words in any order and any number of times are the same money.
    for event in test.stripe.events().iter().rev().chain(&test.stripe.events()) {
        test.deliver(event).await?;
    }
    test.run_jobs().await?;
    assert_eq!(totals(test).await?, expected(&[("stripe_cash", -898), ("revenue", 1198), ("refunds", -300)]));

    let noa = test.with_user("noa").await?;
    let paid = test.stripe.pay(&test.checkout(&noa, "premium").await?)?;
    test.settle().await?;
    let dispute = test.stripe.dispute(&paid.invoice)?;
    test.settle().await?;
    assert_eq!(totals(test).await?["disputes"], -999);
    test.stripe.close_dispute(&dispute, "won")?;
    test.settle().await?;
    assert_eq!(totals(test).await?.get("disputes"), None, "it is ours again");
    let dispute = test.stripe.dispute(&paid.invoice)?;
    test.stripe.close_dispute(&dispute, "lost")?;
    test.settle().await?;
    let end = [("stripe_cash", -898), ("revenue", 2197), ("refunds", -300), ("disputes", -999)];
    assert_eq!(totals(test).await?, expected(&end));
    Ok(())
}

async fn every_payment_and_what_went_back_of_it_is_booked_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    life(&test).await?;
    test.all_is_well().await
}

async fn the_proof_finds_each_kind_of_wrong(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    life(&test).await?;
    let gift = Money::new(500, Currency::USD);
    credits::change(&test.app, COMMAND_LINE, "mika@example.net", Wish::Grant, gift, "a gift", Some("gift")).await?;
    test.all_is_well().await?;
    // What somebody does to the tables by hand, and how it is undone.
    let wrongs = [
        (
            "UPDATE credit_ledger SET amount = amount + 1 WHERE account = 'promotions'",
            "UPDATE credit_ledger SET amount = amount - 1 WHERE account = 'promotions'",
            "does not sum to zero",
        ),
        (
            "UPDATE credit_ledger SET currency = 'eur' WHERE account = 'promotions'",
            "UPDATE credit_ledger SET currency = 'usd' WHERE account = 'promotions'",
            "two customers or currencies",
        ),
        (
            "UPDATE ledger_balances SET balance = balance + 1",
            "UPDATE ledger_balances SET balance = balance - 1",
            "not the sum of its lines",
        ),
        (
            "UPDATE ledger_balances SET account = 'rewards_pending'",
            "UPDATE ledger_balances SET account = 'customer_credit'",
            "a balance and no lines",
        ),
        (
            "UPDATE ledger_balances SET balance = -1",
            "UPDATE ledger_balances SET balance = 500",
            "below zero by more than a debt",
        ),
        (
            "UPDATE invoices SET amount_paid = amount_paid + 1 WHERE status = 'paid'",
            "UPDATE invoices SET amount_paid = amount_paid - 1 WHERE status = 'paid'",
            "not booked once",
        ),
        (
            "UPDATE invoices SET status = 'open' WHERE amount_refunded = 300",
            "UPDATE invoices SET status = 'paid' WHERE amount_refunded = 300",
            "booked without a paid invoice",
        ),
        (
            "UPDATE invoices SET amount_refunded = 301 WHERE amount_refunded = 300",
            "UPDATE invoices SET amount_refunded = 300 WHERE amount_refunded = 301",
            "refunds of an invoice",
        ),
        (
            "UPDATE invoices SET amount_disputed = 998 WHERE dispute = 'lost'",
            "UPDATE invoices SET amount_disputed = 999 WHERE dispute = 'lost'",
            "disputes of an invoice",
        ),
        (
            "UPDATE invoices SET amount_refunded = amount_paid + 1 WHERE amount_refunded = 300",
            "UPDATE invoices SET amount_refunded = 300 WHERE amount_refunded > amount_paid",
            "more was refunded than was paid",
        ),
        (
            "UPDATE invoices SET status = 'void' WHERE status = 'paid'",
            "UPDATE invoices SET status = 'paid' WHERE status = 'void'",
            "served without a paid invoice",
        ),
    ];
    for (wrong, right, rule) in wrongs {
        run_sql(&test.database_url, wrong).await?;
        let broken: Vec<_> = ledger::prove(&test.app).await?.into_iter().filter(|one| one.broken != 0).collect();
        assert!(broken.iter().any(|one| one.rule.contains(rule)), "{rule}: {broken:?}");
        run_sql(&test.database_url, right).await?;
        test.all_is_well().await?;
    }
    Ok(())
}

async fn what_happened_before_there_were_books_is_in_them(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    life(&test).await?;
    let gift = Money::new(500, Currency::USD);
    credits::change(&test.app, COMMAND_LINE, "mika@example.net", Wish::Grant, gift, "a gift", Some("gift")).await?;
    let before = totals(&test).await?;
    // As it was: one line of what moved a customer's credit, and nothing else.
    for statement in [
        "DELETE FROM credit_ledger WHERE account <> 'customer_credit'",
        "DELETE FROM ledger_balances",
        "UPDATE invoices SET amount_disputed = 0",
        "DELETE FROM seaql_migrations WHERE version = 'm0016_ledger'",
    ] {
        run_sql(&test.database_url, statement).await?;
    }
    assert_eq!(test.app.store.migrate().await?.applied, 1);
    assert_eq!(totals(&test).await?, before);
    assert_eq!(
        app::credit::balances(&test.app, test.log_in("mika@example.net").await?.id).await?,
        [("usd".to_owned(), 500)]
    );
    test.all_is_well().await
}

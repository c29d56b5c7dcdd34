//! Taxes that Stripe reckons: inside the prices, apart in the books, not shared with sponsors, and owed by companies abroad
//! themselves, whose names and tax ids we never have.

use std::collections::BTreeMap;

use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::credits::{self, Wish};
use app::admin::figures;
use app::admin::portal::{self, PortalStep};
use app::{Taxes, ledger};
use domain::money::{Currency, Money};
use domain::plan::PriceStep;
use fakes::stripe::{Buyer, Paid};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;

use crate::rewards::friend_of;
use crate::site::Reader;
use crate::sql::run_sql;

testkit::on_both_databases!(
    a_consumers_tax_is_inside_the_price_and_apart_in_the_books,
    a_company_owes_its_tax_itself_and_only_stripe_knows_its_name,
    a_refund_takes_its_share_of_the_tax_along_and_credit_pays_tax_too,
    a_sponsor_has_no_share_of_the_tax,
    prices_and_portal_are_made_ready_for_taxes_once,
);

const GERMAN: Buyer<'_> = Buyer { country: "DE", company: "", tax_id: "" };
const COMPANY: Buyer<'_> = Buyer { country: "DE", company: "Acme & Söhne GmbH", tax_id: "DE123456789" };

/// The product with taxes, whose prices at Stripe say where these are.
async fn start(database: Database) -> anyhow::Result<Option<TestApp>> {
    let wanted = Wanted { taxes: Taxes::Stripe, ..Wanted::on(database) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(None) };
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    portal::sync(&test.app, Mode::Apply).await?;
    Ok(Some(test))
}

async fn buy(test: &TestApp, user: &TestUser, plan: &str, buyer: Buyer<'_>) -> anyhow::Result<Paid> {
    let paid = test.stripe.pay_as(&test.checkout(user, plan).await?, buyer)?;
    test.settle().await?;
    Ok(paid)
}

/// What is in each account that is not empty.
async fn books(test: &TestApp) -> anyhow::Result<BTreeMap<String, i64>> {
    let totals = ledger::totals(&test.app).await?;
    Ok(totals.into_iter().filter(|(_, _, total)| *total != 0).map(|(account, _, total)| (account, total)).collect())
}

fn expected(list: &[(&str, i64)]) -> BTreeMap<String, i64> {
    list.iter().map(|(account, total)| ((*account).to_owned(), *total)).collect()
}

async fn newest_invoice(test: &TestApp, user: &TestUser) -> anyhow::Result<Value> {
    // A session of an earlier month has ended.
    let user = test.log_in(&user.email).await?;
    Ok(test.get("/invoices", Some(&user)).await?["invoices"][0].take())
}

async fn a_consumers_tax_is_inside_the_price_and_apart_in_the_books(database: Database) -> anyhow::Result<()> {
    let Some(test) = start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let mut reader = Reader::new(&test);
    assert!(reader.open("/pricing").await?.text.contains("Prices include all taxes."));
    buy(&test, &mika, "premium", GERMAN).await?;
    let invoice = newest_invoice(&test, &mika).await?;
    assert_eq!((&invoice["amount_paid"], &invoice["amount_tax"]), (&json!(999), &json!(160)), "{invoice}");
    assert_eq!(books(&test).await?, expected(&[("stripe_cash", -999), ("revenue", 839), ("taxes", 160)]));

    // The link leads to a document that can be read.
    let pdf = invoice["pdf_url"].as_str().unwrap_or_default();
    let document = Client::builder().no_proxy().build()?.get(pdf).send().await?;
    assert_eq!(document.headers()["content-type"], "application/pdf");
    assert!(document.text().await?.contains("Tax, included: $1.60"));

    // Renewals and changes of the plan are taxed like the purchase.
    test.advance(31 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    assert_eq!(newest_invoice(&test, &mika).await?["amount_tax"], 160);
    test.advance(DAY);
    let user = test.log_in(&mika.email).await?;
    let id = test.get("/subscriptions", Some(&user)).await?["subscriptions"][0]["id"].clone();
    let path = format!("/subscriptions/{}/change", id.as_str().unwrap_or_default());
    let (status, body) = test.post(&path, Some(&user), &json!({ "plan": "vip" })).await?;
    assert_eq!(status, StatusCode::OK, "{body}");
    test.settle().await?;
    let difference = newest_invoice(&test, &mika).await?;
    let (paid, tax) = (difference["amount_paid"].as_i64(), difference["amount_tax"].as_i64());
    let (paid, tax) = (paid.unwrap_or_default(), tax.unwrap_or_default());
    // Each of its two lines is rounded.
    assert!(paid > 900 && paid != 999 && (tax - paid * 19 / 119).abs() <= 1, "{difference}");

    // Operators see what is theirs, and what is not.
    let revenue = figures::revenue(&test.app).await?;
    let months = &revenue[0].months;
    let sum = |of: fn(&figures::Earned) -> i64| months.iter().map(of).sum::<i64>();
    assert_eq!(sum(|month| month.kept()), 2 * 839 + paid - tax);
    assert_eq!(sum(|month| month.taxes), 320 + tax);

    // The page links to Stripe's documents and to nothing else.
    reader.log_in(&mika.email).await?;
    for (statement, links) in [
        ("UPDATE invoices SET pdf_url = 'https://pay.stripe.test/in.pdf'", 3),
        ("UPDATE invoices SET pdf_url = 'javascript:alert(1)'", 0),
    ] {
        run_sql(&test.database_url, statement).await?;
        let page = reader.open("/dashboard/billing").await?.text;
        assert_eq!(page.matches("type=\"application/pdf\"").count(), links, "{page}");
        assert_eq!(page.matches("href=\"https://pay.stripe.test/in.pdf\"").count(), links, "{page}");
        assert!(page.contains("$1.60 of it tax") && page.contains("id=\"company\""), "{page}");
    }
    test.all_is_well().await
}

async fn a_company_owes_its_tax_itself_and_only_stripe_knows_its_name(database: Database) -> anyhow::Result<()> {
    let Some(test) = start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let session = test.checkout(&mika, "premium").await?;
    for wrong in [Buyer { tax_id: "FR123456789", ..COMPANY }, Buyer { company: "", ..COMPANY }] {
        assert!(test.stripe.pay_as(&session, wrong).is_err(), "{wrong:?}");
    }
    let paid = test.stripe.pay_as(&session, COMPANY)?;
    test.settle().await?;
    let invoice = newest_invoice(&test, &mika).await?;
    assert_eq!((&invoice["amount_paid"], &invoice["amount_tax"]), (&json!(999), &json!(0)), "{invoice}");
    assert_eq!(books(&test).await?, expected(&[("stripe_cash", -999), ("revenue", 999)]));
    let printed = test.stripe.object(&paid.invoice).unwrap_or_default();
    assert_eq!(
        (&printed["customer_name"], &printed["customer_tax_ids"][0]["value"]),
        (&json!(COMPANY.company), &json!(COMPANY.tax_id))
    );
    assert_eq!(printed["total_taxes"][0]["taxability_reason"], "reverse_charge");
    let held = test.get("/user/export", Some(&mika)).await?.to_string();
    assert!(held.contains("amount_tax") && !held.contains("Acme") && !held.contains(COMPANY.tax_id), "{held}");

    // A company that became one only later says so in the portal; the next invoice is to it.
    let noa = test.with_user("noa").await?;
    buy(&test, &noa, "basic", GERMAN).await?;
    let (_, portal) = test.post("/stripe/portal", Some(&noa), &json!({})).await?;
    let fields = [("action", "company"), ("country", "DE"), ("company", "Noa UG"), ("tax_id", "DE987654321")];
    let client = Client::builder().no_proxy().build()?;
    let done = client.post(portal["url"].as_str().unwrap_or_default()).form(&fields).send().await?.text().await?;
    assert!(done.contains("value=\"DE987654321\""), "{done}");
    test.settle().await?;
    assert_eq!(newest_invoice(&test, &noa).await?["amount_tax"], 96, "what was invoiced stays");
    test.advance(31 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    assert_eq!(newest_invoice(&test, &noa).await?["amount_tax"], 0);

    // Who buys again is known there, and need not type it again.
    let noa = test.log_in(&noa.email).await?;
    buy(&test, &noa, "premium", GERMAN).await?;
    assert_eq!(newest_invoice(&test, &noa).await?["amount_tax"], 0);
    test.all_is_well().await
}

async fn a_refund_takes_its_share_of_the_tax_along_and_credit_pays_tax_too(database: Database) -> anyhow::Result<()> {
    let Some(test) = start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let paid = buy(&test, &mika, "premium", GERMAN).await?;
    // In cents, so that some have a share of the tax and some have none.
    for cents in [1, 1, 1, 1, 1, 1, 1, 492] {
        test.stripe.refund(&paid.invoice, Some(cents))?;
        test.settle().await?;
        test.all_is_well().await?;
    }
    let half = [("stripe_cash", -500), ("revenue", 839), ("taxes", 81), ("refunds", -420)];
    assert_eq!(books(&test).await?, expected(&half));
    for event in test.stripe.events().iter().rev() {
        test.deliver(event).await?;
    }
    test.run_jobs().await?;
    assert_eq!(books(&test).await?, expected(&half), "the same word again is no other refund");
    test.stripe.refund(&paid.invoice, None)?;
    test.settle().await?;
    assert_eq!(books(&test).await?, expected(&[("revenue", 839), ("refunds", -839)]), "no tax is owed any more");
    test.all_is_well().await?;

    // Of an invoice that credit pays a part of, the refund is cash, and takes the tax in that cash along.
    let noa = test.with_user("noa").await?;
    buy(&test, &noa, "premium", GERMAN).await?;
    let gift = Money::new(200, Currency::USD);
    credits::change(&test.app, COMMAND_LINE, &noa.email, Wish::Grant, gift, "a gift", None).await?;
    test.post("/credits/apply", Some(&noa), &json!({})).await?;
    test.settle().await?;
    let before = books(&test).await?;
    test.advance(31 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    let invoice = newest_invoice(&test, &noa).await?;
    assert_eq!((&invoice["amount_paid"], &invoice["amount_tax"]), (&json!(799), &json!(160)), "{invoice}");
    let after = books(&test).await?;
    let more = |account: &str| after.get(account).unwrap_or(&0) - before.get(account).unwrap_or(&0);
    assert_eq!(["stripe_cash", "stripe_credit", "revenue", "taxes"].map(more), [-799, -200, 839, 160]);
    let newest = test.stripe.events().into_iter().rev().find(|event| event["type"] == "invoice.paid");
    let id = newest.map(|event| event["data"]["object"]["id"].clone()).unwrap_or_default();
    test.stripe.refund(id.as_str().unwrap_or_default(), None)?;
    test.settle().await?;
    let left = books(&test).await?["taxes"] - after["taxes"];
    assert_eq!(left, -127, "the tax in 7.99 of 9.99");
    // What a bank takes changes nothing in what is owed.
    let hana = test.with_user("hana").await?;
    let paid = buy(&test, &hana, "basic", GERMAN).await?;
    let taxes = books(&test).await?["taxes"];
    test.stripe.dispute(&paid.invoice)?;
    test.settle().await?;
    let now = books(&test).await?;
    assert_eq!((now["disputes"], now["taxes"]), (-599, taxes));
    test.all_is_well().await?;

    // What somebody does to the tables by hand is found.
    for wrong in [
        "UPDATE invoices SET amount_tax = 97 WHERE amount_tax = 96",
        "UPDATE invoices SET amount_total = 95 WHERE amount_tax = 97",
    ] {
        run_sql(&test.database_url, wrong).await?;
        let broken = ledger::prove(&test.app).await?;
        assert!(broken.iter().any(|one| one.broken > 0 && one.rule.contains("tax")), "{wrong}: {broken:?}");
    }
    Ok(())
}

async fn a_sponsor_has_no_share_of_the_tax(database: Database) -> anyhow::Result<()> {
    let Some(test) = start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let noa = friend_of(&test, &mika, "noa@example.net").await?;
    let session = test.checkout(&noa, "premium").await?;
    let paid = test.stripe.pay_with(&session, "5555 5555 5555 4444")?;
    test.settle().await?;
    let reward = async || {
        let referrals = test.get("/referrals", Some(&mika)).await?;
        anyhow::Ok(referrals["referrals"][0]["reward"]["amount"].clone())
    };
    assert_eq!(reward().await?, 83, "a tenth of 8.39");
    test.stripe.refund(&paid.invoice, Some(499))?;
    test.settle().await?;
    assert_eq!(reward().await?, 42, "a tenth of 4.20, what is left of it without its tax");
    test.all_is_well().await
}

async fn prices_and_portal_are_made_ready_for_taxes_once(database: Database) -> anyhow::Result<()> {
    let wanted = Wanted { taxes: Taxes::Stripe, ..Wanted::on(database) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    assert!(test.checkout(&mika, "basic").await.is_err(), "nothing is sold whose taxes would be anywhere");
    let steps = async |mode| {
        let done = catalogue::sync(&test.app, COMMAND_LINE, mode).await?;
        anyhow::Ok(done.into_iter().map(|one| one.step).collect::<Vec<_>>())
    };
    let known: Vec<String> =
        app::plan::list(&test.app).await?.into_iter().filter_map(|plan| plan.stripe_price_id).collect();
    let say: Vec<PriceStep> = known.iter().cloned().map(PriceStep::Say).collect();
    assert_eq!(steps(Mode::DryRun).await?, say);
    assert_eq!(portal::sync(&test.app, Mode::DryRun).await?, PortalStep::Allow);
    assert_eq!((steps(Mode::Apply).await?, portal::sync(&test.app, Mode::Apply).await?), (say, PortalStep::Allow));
    assert_eq!(steps(Mode::Apply).await?, vec![PriceStep::Keep; 3]);
    assert_eq!(portal::sync(&test.app, Mode::Apply).await?, PortalStep::Keep);
    for id in &known {
        assert_eq!(test.stripe.object(id).unwrap_or_default()["tax_behavior"], "inclusive");
    }
    // The same plan is sold on, at the same price.
    let noa = test.with_user("noa").await?;
    buy(&test, &noa, "basic", GERMAN).await?;
    assert_eq!(newest_invoice(&test, &noa).await?["amount_paid"], 599);
    test.all_is_well().await
}

//! A customer's money on the site: credit, what it pays for, invoices, and friends.

use app::admin::COMMAND_LINE;
use app::admin::credits::{self, Wish};
use app::reward;
use domain::money::{Currency, Money};
use domain::reward::Terms;
use reqwest::{Method, StatusCode};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;

use crate::rewards::friend_of;
use crate::site::{Page, Reader, between};

testkit::on_both_databases!(
    a_period_is_paid_once_however_often_its_form_is_sent,
    nobody_sees_anothers_money_or_friends,
);

const BILLING: &str = "/dashboard/billing";

async fn start() -> anyhow::Result<TestApp> {
    Ok(TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing"))
}

async fn grant(test: &TestApp, user: &TestUser, cents: i64) -> anyhow::Result<()> {
    credits::change(
        &test.app,
        COMMAND_LINE,
        &user.email,
        Wish::Grant,
        Money::new(cents, Currency::USD),
        "a gift",
        None,
    )
    .await?;
    Ok(())
}

async fn balance(test: &TestApp, user: &TestUser) -> anyhow::Result<i64> {
    Ok(app::credit::balances(&test.app, user.id).await?.first().map_or(0, |(_, balance)| *balance))
}

async fn signed_in<'a>(test: &'a TestApp, user: &TestUser) -> anyhow::Result<Reader<'a>> {
    let mut reader = Reader::new(test);
    reader.log_in(&user.email).await?;
    Ok(reader)
}

/// The name under which the page's form pays once.
fn once_of(page: &Page) -> String {
    between(&page.text, "name=\"once\" value=\"", "\"").to_owned()
}

async fn a_period_is_paid_once_however_often_its_form_is_sent(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let mut reader = signed_in(&test, &mika).await?;
    assert!(reader.open(BILLING).await?.text.contains("You have no credit."));
    assert!(!reader.open("/dashboard?paid").await?.text.contains("role=\"status\""), "a link alone pays nothing");
    grant(&test, &mika, 1_300).await?;
    let page = reader.open(BILLING).await?;
    assert!(
        page.text.contains("$13.00") && page.text.contains("Basic: $5.99, a new period until 23 December 2026"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("value=\"vip\""), "what the credit is not enough for is not offered");

    // Without the session's token, from elsewhere, or without a name of the page's nothing is paid.
    let (once, plan) = (once_of(&page), ("plan", "basic"));
    let form = [("csrf", "wrong"), plan, ("once", &once)];
    assert_eq!(reader.send(Method::POST, BILLING, Some(&form)).await?.status, StatusCode::FORBIDDEN);
    for name in ["", "again", &once[1..]] {
        let refused = reader.submit(BILLING, &[plan, ("once", name)]).await?;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}");
    }
    assert_eq!(reader.submit(BILLING, &[plan]).await?.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(balance(&test, &mika).await?, 1_300);

    // Two clicks at once, and a reload afterwards.
    let mut second = signed_in(&test, &mika).await?;
    let fields = [plan, ("once", once.as_str())];
    let (one, two) = tokio::join!(reader.submit(BILLING, &fields), second.submit(BILLING, &fields));
    let three = reader.submit(BILLING, &fields).await?;
    for done in [one?, two?, three] {
        assert_eq!((done.status, done.to.as_str()), (StatusCode::SEE_OTHER, "/dashboard?paid"), "{}", done.text);
    }
    assert_eq!(balance(&test, &mika).await?, 701);
    let dashboard = reader.open("/dashboard?paid").await?.text;
    assert!(dashboard.contains("paid with your credit") && dashboard.contains("id=\"add-device\""), "{dashboard}");
    assert!(dashboard.contains("Paid with credit until 23 December 2026. It ends by itself."), "{dashboard}");

    // A new page is a new payment: the same subscription, for longer.
    let page = reader.open(BILLING).await?;
    assert!(page.text.contains("checked> <span>Basic: $5.99, longer until 23 January 2027"), "{}", page.text);
    let (other, nothing) = (once_of(&page), once_of(&reader.open(BILLING).await?));
    assert_eq!(reader.submit(BILLING, &[plan, ("once", &other)]).await?.to, "/dashboard?paid");
    assert_eq!(balance(&test, &mika).await?, 102);
    let refused = reader.submit(BILLING, &[plan, ("once", &nothing)]).await?;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("Your credit is not enough for this. Nothing was paid."), "{}", refused.text);
    let refused = reader.submit(BILLING, &[("plan", "gold"), ("once", &nothing)]).await?;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("There is no such plan."), "{}", refused.text);
    reader.open(&format!("{BILLING}?lang=fr")).await?;
    let refused = reader.submit(BILLING, &[plan, ("once", &nothing)]).await?;
    assert!(refused.text.contains("Votre crédit n’y suffit pas."), "{}", refused.text);
    reader.open(&format!("{BILLING}?lang=en")).await?;
    assert_eq!(balance(&test, &mika).await?, 102);

    // It is shown as what it is: it can be ended at once, and there is nothing to cancel, resume or change.
    let page = reader.open("/dashboard/subscription").await?.text;
    assert!(page.contains("Paid with credit until 23 January 2027"), "{page}");
    assert!(page.contains("comes back as credit") && !page.contains("not given back"), "{page}");
    for button in ["cancel", "resume", "change-plan", "manage"] {
        assert!(!page.contains(&format!("id=\"{button}\"")), "{button}: {page}");
    }
    let path = format!("/dashboard/subscription/{}", between(&page, "\"/dashboard/subscription/", "\""));
    assert_eq!(reader.submit(&path, &[("wish", "cancel_now"), ("sure", "yes")]).await?.status, StatusCode::SEE_OTHER);
    assert_eq!(balance(&test, &mika).await?, 1_300);
    let page = reader.open(BILLING).await?.text;
    for words in ["Left over from a period that you ended", "+$11.98", "Paid for a period", "−$5.99", "Given by us"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let dashboard = reader.open("/dashboard").await?.text;
    assert!(
        dashboard.contains("Ended on 23 November 2026.") && !dashboard.contains("id=\"add-device\""),
        "{dashboard}"
    );
    test.all_is_well().await
}

async fn nobody_sees_anothers_money_or_friends(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "basic").await?;
    for n in 1..=14 {
        test.advance(1_000);
        grant(&test, &mika, n * 101).await?;
        friend_of(&test, &mika, &format!("friend{n}@example.net")).await?;
    }
    let number = test.get("/invoices", Some(&test.log_in(&mika.email).await?)).await?["invoices"][0]["number"].clone();
    let number = number.as_str().expect("a number").to_owned();
    let mut reader = signed_in(&test, &mika).await?;
    let first = reader.open(BILLING).await?.text;
    assert!(first.contains(&number) && first.contains("+$14.14") && !first.contains("+$1.01"), "{first}");
    let older = between(&first, "href=\"/dashboard/billing?credit=", "#").to_owned();
    let second = reader.open(&format!("{BILLING}?credit={older}")).await?.text;
    assert!(second.contains("+$1.01") && !second.contains("+$14.14"), "{second}");
    assert!(second.contains("Back to the newest") && !second.contains(">Older<"), "{second}");
    assert_eq!(reader.open(&format!("{BILLING}?credit=nonsense")).await?.status, StatusCode::OK);

    let friends = reader.open("/dashboard/referrals").await?.text;
    let lines = |page: &str| page.matches("nothing yet").count();
    assert_eq!(lines(&friends), 12, "{friends}");
    assert!(!friends.contains("@example.net"), "friends have no names");
    let after = between(&friends, "href=\"/dashboard/referrals?after=", "#").to_owned();
    assert_eq!(lines(&reader.open(&format!("/dashboard/referrals?after={after}")).await?.text), 2);
    let link = between(&friends, "id=\"link\" readonly value=\"", "\"").to_owned();

    let noa = test.with_user("noa").await?;
    let mut stranger = signed_in(&test, &noa).await?;
    for path in [BILLING.to_owned(), format!("{BILLING}?credit={older}&invoices={older}")] {
        let page = stranger.open(&path).await?.text;
        assert!(page.contains("You have no credit.") && page.contains("There are no invoices yet."), "{page}");
        assert!(!page.contains(&number) && !page.contains("Given by us"), "{page}");
    }
    for path in ["/dashboard/referrals".to_owned(), format!("/dashboard/referrals?after={after}")] {
        let page = stranger.open(&path).await?.text;
        assert!(page.contains("Nobody yet.") && !page.contains(&link), "{page}");
    }
    test.all_is_well().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_says_what_became_of_its_payment() -> anyhow::Result<()> {
    let test = start().await?;
    let mika = test.with_user("mika").await?;
    let mut reader = signed_in(&test, &mika).await?;
    assert!(!reader.open(BILLING).await?.text.contains("id=\"manage\""), "there is nothing to manage yet");
    let paid = test.stripe.pay(&test.checkout(&mika, "basic").await?)?;
    test.settle().await?;
    let mut says = async |words: &str| {
        let page = reader.open(BILLING).await?.text;
        anyhow::ensure!(page.contains(&format!(">{words}</td>")), "{words}: {page}");
        Ok(page)
    };
    let page = says("paid").await?;
    assert!(page.contains("id=\"manage\"") && page.contains("$5.99"), "{page}");
    test.stripe.refund(&paid.invoice, Some(100))?;
    test.settle().await?;
    says("$1.00 refunded").await?;
    test.stripe.refund(&paid.invoice, None)?;
    test.settle().await?;
    says("refunded").await?;
    let paid = test.stripe.pay(&test.checkout(&mika, "vip").await?)?;
    test.settle().await?;
    let dispute = test.stripe.dispute(&paid.invoice)?;
    test.settle().await?;
    says("disputed at your bank").await?;
    let mut held = signed_in(&test, &mika).await?;
    let page = held.open("/dashboard/subscription").await?.text;
    assert!(page.contains("A payment is disputed") && !page.contains("id=\"change-plan\""), "{page}");
    test.stripe.close_dispute(&dispute, "lost")?;
    test.settle().await?;
    says("taken back by your bank").await?;
    test.all_is_well().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_friend_is_worth_is_said_as_the_settings_have_it() -> anyhow::Result<()> {
    let terms = |percent, days, plans: &[&str]| Terms {
        percent,
        cap: 1_500,
        plans: plans.iter().map(|&code| code.to_owned()).collect(),
        wait_ms: days * DAY,
    };
    for (referrals, has, has_not) in [
        (Terms::default(), vec!["10 % of that first payment", "$20.00 at most", "14 days after"], "These plans count"),
        (terms(25, 1, &["vip", "gone"]), vec!["25 %", "$15.00 at most", "a day after", "count: VIP."], "gone"),
        (terms(100, 0, &[]), vec!["100 %", "soon after"], "days after"),
        (terms(0, 14, &[]), vec!["Nothing is offered for friends at the moment."], "%"),
        (terms(10, 14, &["gone"]), vec!["Nothing is offered for friends at the moment."], "%"),
    ] {
        let wanted = Wanted { referrals, ..Wanted::on(Database::Sqlite) };
        let test = TestApp::start(&wanted).await?.expect("SQLite is never missing");
        let mika = test.with_user("mika").await?;
        let page = signed_in(&test, &mika).await?.open("/dashboard/referrals").await?.text;
        let said = between(&page, "id=\"terms\">", "</div>");
        assert!(has.iter().all(|words| said.contains(words)) && !said.contains(has_not), "{has:?}: {said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reward_is_told_from_the_sign_up_to_its_end() -> anyhow::Result<()> {
    let test = start().await?;
    let mika = test.with_user("mika").await?;
    let mut reader = signed_in(&test, &mika).await?;
    let mut says = async |words: &str| {
        let page = reader.open("/dashboard/referrals").await?.text;
        anyhow::ensure!(page.contains(&format!(">{words}</td>")), "{words}: {page}");
        Ok(())
    };
    let noa = friend_of(&test, &mika, "noa@example.net").await?;
    says("nothing yet").await?;
    says("confirmed").await?;
    let paid = test.stripe.pay(&test.checkout(&noa, "basic").await?)?;
    test.settle().await?;
    says("$0.59, pending until 7 December 2026").await?;
    test.advance(15 * DAY);
    reward::confirm_due(&test.app).await?;
    says("$0.59, confirmed").await?;
    test.stripe.refund(&paid.invoice, None)?;
    test.settle().await?;
    says("taken back: the payment went back later").await?;

    let aya = friend_of(&test, &mika, "aya@example.net").await?;
    let paid = test.stripe.pay(&test.checkout(&aya, "basic").await?)?;
    test.settle().await?;
    test.stripe.refund(&paid.invoice, None)?;
    test.settle().await?;
    says("none: the payment went back").await?;
    let again = friend_of(&test, &mika, "mika+second@example.net").await?;
    test.pay(&again, "basic").await?;
    test.settle().await?;
    says("none: this friend did not count").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_purchase_is_had_back_by_two_clicks_and_a_renewed_one_is_not_offered() -> anyhow::Result<()> {
    const PAGE: &str = "/dashboard/subscription";
    let test = start().await?;
    let mika = test.with_subscriber("mika", "basic").await?;
    let mut reader = signed_in(&test, &mika).await?;
    let page = reader.open(PAGE).await?;
    assert!(page.text.contains("Until 23 December 2026 you can have your first payment back"), "{}", page.text);
    let list = test.get("/subscriptions", Some(&mika)).await?;
    let form = format!("{PAGE}/{}", list["subscriptions"][0]["id"].as_str().unwrap_or_default());
    let asked = reader.submit(&form, &[("wish", "money_back")]).await?;
    assert!(asked.text.contains("Have the payment back and end the subscription?"), "{}", asked.text);
    assert_eq!(test.get("/invoices", Some(&mika)).await?["invoices"][0]["amount_refunded"], 0, "not yet");
    let done = reader.submit(&form, &[("wish", "money_back"), ("sure", "yes")]).await?;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    test.settle().await?;
    assert_eq!(test.get("/invoices", Some(&mika)).await?["invoices"][0]["amount_refunded"], 599);
    assert!(reader.open(PAGE).await?.text.contains("Ended on"), "it is over");

    let noa = test.with_subscriber("noa", "basic").await?;
    test.advance(31 * DAY);
    test.stripe.run_due()?;
    test.settle().await?;
    let mut reader = signed_in(&test, &noa).await?;
    assert!(!reader.open(PAGE).await?.text.contains("money_back"), "whoever has paid twice has stayed");
    Ok(())
}

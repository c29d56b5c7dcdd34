//! Coupons: each holds for what it says, no more are used than there are, and one that was not paid is free again.

use std::collections::BTreeMap;
use std::time::Duration;

use app::admin::COMMAND_LINE;
use app::admin::coupons::{self, Counted};
use app::admin::plans::{self, Change};
use app::{Error, coupon};
use clients::stripe::NewCoupon;
use domain::account::Role;
use domain::coupon::{Lasts, Off, Terms};
use domain::money::{Currency, Money};
use fakes::stripe::Trouble;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser};
use testkit::fleet::Fleet;

use crate::offers::{buy, with_offers};
use crate::site::Reader;

testkit::on_both_databases!(
    a_coupon_takes_its_share_off_and_is_used,
    a_coupon_that_does_not_hold_is_refused_with_the_reason,
    of_fifty_who_want_the_last_use_of_a_coupon_one_gets_it,
    one_customer_has_one_page_open_on_a_coupon,
    of_two_purchases_begun_at_once_one_page_stays_open,
    what_a_coupon_takes_off_ends_with_what_it_holds_for,
    a_use_that_was_not_paid_is_free_again,
    a_use_is_settled_when_stripes_word_of_it_was_lost,
    an_answer_of_stripes_that_is_lost_takes_one_use,
    a_coupon_is_made_once_and_withdrawn,
    admin_makes_and_withdraws_coupons_on_their_page,
    a_coupon_is_typed_on_the_price_list,
);

fn percent(percent: i64) -> Terms {
    Terms {
        off: Off::Percent(percent),
        lasts: Lasts::Once,
        plans: Vec::new(),
        periods: Vec::new(),
        most_uses: None,
        most_per_customer: None,
        expires_at: None,
        first_only: false,
    }
}

async fn add(test: &TestApp, code: &str, terms: &Terms) -> anyhow::Result<()> {
    coupons::add(&test.app, COMMAND_LINE, code, terms).await?;
    Ok(())
}

/// Begins a purchase; its session, or the code of the refusal.
async fn begin(test: &TestApp, user: &TestUser, plan: &str, coupon: &str) -> anyhow::Result<Result<String, String>> {
    let body = json!({ "plan": plan, "coupon": coupon });
    let (status, body) = test.post("/stripe/checkout", Some(user), &body).await?;
    if status == StatusCode::OK {
        return Ok(Ok(body["session_id"].as_str().unwrap_or_default().to_owned()));
    }
    let error = &body["errors"][0];
    assert_eq!((status, &error["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("coupon")), "{body}");
    Ok(Err(error["code"].as_str().unwrap_or_default().to_owned()))
}

async fn opened(test: &TestApp, user: &TestUser, plan: &str, coupon: &str) -> anyhow::Result<String> {
    begin(test, user, plan, coupon).await?.map_err(|code| anyhow::anyhow!("refused: {code}"))
}

fn refusal(code: &str) -> Result<String, String> {
    Err(code.to_owned())
}

async fn counted(test: &TestApp, code: &str) -> anyhow::Result<Counted> {
    let rows = coupons::list(&test.app).await?;
    rows.into_iter().find(|one| one.row.code == code).ok_or_else(|| anyhow::anyhow!("no coupon {code}"))
}

/// How many uses of a coupon are paid, and how many under way.
async fn uses(test: &TestApp, code: &str) -> anyhow::Result<(i64, i64)> {
    counted(test, code).await.map(|one| (one.used, one.reserved))
}

async fn newest_invoice(test: &TestApp, user: &TestUser) -> anyhow::Result<Value> {
    Ok(test.get("/invoices", Some(user)).await?["invoices"][0]["amount_paid"].take())
}

async fn a_coupon_takes_its_share_off_and_is_used(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, noa) = (test.with_user("mika").await?, test.with_user("noa").await?);
    add(&test, "spring", &percent(50)).await?;
    let dollar = Off::Amount(Money::new(100, Currency::USD));
    add(&test, "DOLLAR", &Terms { off: dollar, lasts: Lasts::Months(2), ..percent(1) }).await?;
    let session = opened(&test, &mika, "basic", " Spring ").await?;
    assert_eq!(uses(&test, "SPRING").await?, (0, 1));
    test.stripe.pay(&session)?;
    test.settle().await?;
    assert_eq!(newest_invoice(&test, &mika).await?, 299);
    assert_eq!(uses(&test, "SPRING").await?, (1, 0));
    // What was said twice is true once, and what is paid stays used.
    test.settle().await?;
    assert_eq!(uses(&test, "SPRING").await?, (1, 0));

    let session = opened(&test, &noa, "basic", "DOLLAR").await?;
    test.stripe.pay(&session)?;
    test.settle().await?;
    for paid in [499, 499, 599] {
        let noa = test.log_in(&noa.email).await?;
        assert_eq!(newest_invoice(&test, &noa).await?, paid, "off for two months");
        test.advance(31 * DAY);
        test.stripe.run_due()?;
        test.settle().await?;
    }
    // A coupon may take everything off.
    let aya = test.with_user("aya").await?;
    add(&test, "FREE", &percent(100)).await?;
    test.stripe.pay(&opened(&test, &aya, "vip", "FREE").await?)?;
    test.settle().await?;
    assert_eq!(newest_invoice(&test, &aya).await?, 0);
    assert_eq!(test.get("/subscriptions", Some(&aya)).await?["subscriptions"][0]["entitled"], true);
    test.all_is_well().await
}

async fn a_coupon_that_does_not_hold_is_refused_with_the_reason(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, noa) = (test.with_user("mika").await?, test.with_user("noa").await?);
    let words = |word: &str| vec![word.to_owned()];
    let yen = Off::Amount(Money::new(100, Currency::parse("jpy")?));
    let soon = Some(test.app.clock.now() + DAY);
    for (code, terms) in [
        ("VIP-ONLY", Terms { plans: words("vip"), ..percent(10) }),
        ("YEARLY", Terms { periods: words("year"), ..percent(10) }),
        ("YEN", Terms { off: yen, ..percent(10) }),
        ("SHORT", Terms { expires_at: soon, ..percent(10) }),
        ("ONCE", Terms { most_per_customer: Some(1), ..percent(10) }),
        ("LAST", Terms { most_uses: Some(1), ..percent(10) }),
        ("FIRST", Terms { first_only: true, ..percent(10) }),
        ("GONE", percent(10)),
    ] {
        add(&test, code, &terms).await?;
    }
    coupons::disable(&test.app, COMMAND_LINE, "gone").await?;
    for (code, expected) in [
        ("NOBODY", "coupon_unknown"),
        ("", "coupon_unknown"),
        ("%_'; --", "coupon_unknown"),
        ("VIP-ONLY", "coupon_plan"),
        ("YEARLY", "coupon_period"),
        ("YEN", "coupon_plan"),
        ("GONE", "coupon_expired"),
    ] {
        assert_eq!(begin(&test, &mika, "basic", code).await?, refusal(expected), "{code}");
    }
    // A coupon that only Stripe knows is none of ours.
    let discount = clients::stripe::Discount::Percent(90);
    let theirs = NewCoupon { id: "THEIRS", name: "theirs", discount, duration: "forever", months: None };
    test.app.stripe.ensure_coupon(&theirs, "theirs").await?;
    assert_eq!(begin(&test, &mika, "basic", "THEIRS").await?, refusal("coupon_unknown"));

    test.stripe.pay(&opened(&test, &mika, "basic", "FIRST").await?)?;
    test.settle().await?;
    assert_eq!(begin(&test, &mika, "basic", "FIRST").await?, refusal("coupon_first_only"));
    test.stripe.pay(&opened(&test, &mika, "basic", "ONCE").await?)?;
    test.settle().await?;
    assert_eq!(begin(&test, &mika, "basic", "ONCE").await?, refusal("coupon_used"));
    opened(&test, &mika, "basic", "LAST").await?;
    assert_eq!(begin(&test, &noa, "basic", "LAST").await?, refusal("coupon_used_up"));
    assert!(begin(&test, &noa, "basic", "SHORT").await?.is_ok());
    test.advance(DAY);
    let noa = test.log_in(&noa.email).await?;
    assert_eq!(begin(&test, &noa, "basic", "SHORT").await?, refusal("coupon_expired"));
    test.all_is_well().await
}

async fn of_fifty_who_want_the_last_use_of_a_coupon_one_gets_it(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    add(&test, "LAST", &Terms { most_uses: Some(1), ..percent(50) }).await?;
    let mut users = Vec::new();
    for n in 0..50 {
        users.push(test.with_team(&format!("buyer{n}"), Role::User).await?);
    }
    let many = users.iter().map(|user| begin(&test, user, "basic", "LAST"));
    let mut answers = BTreeMap::<String, usize>::new();
    for answer in futures_util::future::join_all(many).await {
        *answers.entry(answer?.map_or_else(|code| code, |_| "opened".to_owned())).or_default() += 1;
    }
    assert_eq!(answers, BTreeMap::from([("opened".to_owned(), 1), ("coupon_used_up".to_owned(), 49)]));
    assert_eq!(uses(&test, "LAST").await?, (0, 1));
    test.all_is_well().await
}

async fn one_customer_has_one_page_open_on_a_coupon(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    for code in ["ONCE", "FIRST"] {
        let terms = Terms { most_uses: Some(1), most_per_customer: Some(1), first_only: true, ..percent(50) };
        add(&test, code, &terms).await?;
    }
    let first = opened(&test, &mika, "basic", "ONCE").await?;
    assert_eq!(opened(&test, &mika, "basic", "once").await?, first, "a second click leads to the same page");
    let many = (0..20).map(|_| begin(&test, &mika, "basic", "ONCE"));
    for again in futures_util::future::join_all(many).await {
        assert_eq!(again?, Ok(first.clone()));
    }
    // Another choice takes the place of the first, whose page is closed: the use is not lost, and not had twice.
    for (plan, code) in [("vip", "ONCE"), ("vip", "FIRST"), ("basic", "FIRST")] {
        let next = opened(&test, &mika, plan, code).await?;
        assert_ne!(next, first);
        test.run_jobs().await?;
        assert!(test.stripe.pay(&first).is_err(), "the page is closed");
    }
    assert_eq!((uses(&test, "ONCE").await?, uses(&test, "FIRST").await?), ((0, 0), (0, 1)));
    test.all_is_well().await
}

async fn of_two_purchases_begun_at_once_one_page_stays_open(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    add(&test, "FIRST", &Terms { first_only: true, ..percent(50) }).await?;
    for _ in 0..5 {
        let bodies = ["basic", "premium", "vip"].map(|plan| json!({ "plan": plan, "coupon": "FIRST" }));
        let all = bodies.iter().map(|body| test.post("/stripe/checkout", Some(&mika), body));
        for answer in futures_util::future::join_all(all).await {
            let (status, body) = answer?;
            let is_replaced = (status, &body["code"]) == (StatusCode::CONFLICT, &json!("checkout_replaced"));
            assert!(status == StatusCode::OK || is_replaced, "{status} {body}");
        }
    }
    test.run_jobs().await?;
    let pages = test.stripe.checkout_sessions();
    let open: Vec<&Value> = pages.iter().filter(|page| page["status"] == "open").collect();
    assert!(open.len() <= 1, "{open:?}");
    test.all_is_well().await
}

async fn what_a_coupon_takes_off_ends_with_what_it_holds_for(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let half = |plans: &[&str], periods: &[&str]| Terms {
        lasts: Lasts::Forever,
        plans: plans.iter().map(|word| (*word).to_owned()).collect(),
        periods: periods.iter().map(|word| (*word).to_owned()).collect(),
        ..percent(50)
    };
    add(&test, "SMALL", &half(&["basic", "premium"], &[])).await?;
    add(&test, "YEARLY", &half(&[], &["year"])).await?;
    let mika = test.with_user("mika").await?;
    let noa = test.with_user("noa").await?;
    for (user, every, coupon) in [(&mika, "month", "SMALL"), (&noa, "year", "YEARLY")] {
        let what = json!({ "plan": "basic", "interval": every, "coupon": coupon });
        buy(&test, user, what).await?;
    }
    let choose = async |user: &TestUser, plan: &str, every: &str| {
        let user = test.log_in(&user.email).await?;
        let id = test.get("/subscriptions", Some(&user)).await?["subscriptions"][0]["id"].take();
        let path = format!("/subscriptions/{}/change", id.as_str().unwrap_or_default());
        let (status, body) = test.post(&path, Some(&user), &json!({ "plan": plan, "interval": every })).await?;
        assert_eq!(status, StatusCode::OK, "{body}");
        test.settle().await
    };
    let renewed = async |user: &TestUser| {
        test.advance(366 * DAY);
        test.stripe.run_due()?;
        test.settle().await?;
        newest_invoice(&test, &test.log_in(&user.email).await?).await
    };
    // What is taken back before it begins has cost nothing.
    choose(&noa, "basic", "month").await?;
    choose(&noa, "basic", "year").await?;
    choose(&noa, "basic", "month").await?;
    choose(&mika, "premium", "month").await?;
    assert_eq!(renewed(&mika).await?, 499, "half of 9.99, to the cent below");
    assert_eq!(newest_invoice(&test, &test.log_in(&noa.email).await?).await?, 599, "a month has no coupon");
    let aya = test.with_user("aya").await?;
    add(&test, "LARGE", &half(&["premium"], &[])).await?;
    buy(&test, &aya, json!({ "plan": "premium", "coupon": "LARGE" })).await?;
    choose(&aya, "basic", "month").await?;
    choose(&aya, "premium", "month").await?;
    assert_eq!(renewed(&aya).await?, 499, "the smaller plan was taken back, and the coupon holds on");
    choose(&aya, "basic", "month").await?;
    assert_eq!(renewed(&aya).await?, 599, "it holds for the larger plan");
    choose(&mika, "vip", "month").await?;
    assert_eq!(renewed(&mika).await?, 1_999, "it held for smaller plans");
    test.all_is_well().await
}

async fn a_use_that_was_not_paid_is_free_again(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, noa) = (test.with_user("mika").await?, test.with_user("noa").await?);
    add(&test, "LAST", &Terms { most_uses: Some(1), ..percent(50) }).await?;
    let session = opened(&test, &mika, "basic", "LAST").await?;
    assert_eq!(begin(&test, &noa, "basic", "LAST").await?, refusal("coupon_used_up"));
    test.stripe.expire(&session)?;
    test.settle().await?;
    assert_eq!(uses(&test, "LAST").await?, (0, 0));
    test.stripe.pay(&opened(&test, &noa, "basic", "LAST").await?)?;
    test.settle().await?;
    assert_eq!(uses(&test, "LAST").await?, (1, 0));
    assert_eq!(begin(&test, &mika, "basic", "LAST").await?, refusal("coupon_used_up"), "what is used stays so");
    // Whoever leaves takes no use along.
    let aya = test.with_user("aya").await?;
    add(&test, "LEFT", &Terms { most_uses: Some(1), ..percent(50) }).await?;
    let session = opened(&test, &aya, "basic", "LEFT").await?;
    let leaving = test.request(Method::DELETE, "/user/me", Some(&aya)).json(&json!({ "password": PASSWORD }));
    assert_eq!(leaving.send().await?.status(), StatusCode::NO_CONTENT);
    test.run_jobs().await?;
    assert_eq!(uses(&test, "LEFT").await?, (0, 0));
    assert!(test.stripe.pay(&session).is_err(), "the page is closed");
    // What Stripe refuses takes no use away.
    add(&test, "OPEN", &percent(50)).await?;
    let promotion = counted(&test, "OPEN").await?.row.stripe_promotion.unwrap_or_default();
    test.app.stripe.end_promotion_code(&promotion, "withdrawn").await?;
    assert_eq!(begin(&test, &mika, "basic", "OPEN").await?, refusal("coupon_expired"));
    assert_eq!(uses(&test, "OPEN").await?, (0, 0));
    test.all_is_well().await
}

async fn a_use_is_settled_when_stripes_word_of_it_was_lost(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, noa, aya) = (test.with_user("mika").await?, test.with_user("noa").await?, test.with_user("aya").await?);
    add(&test, "SPRING", &percent(50)).await?;
    test.stripe.set_webhook_delivery(false);
    test.stripe.pay(&opened(&test, &mika, "basic", "SPRING").await?)?;
    opened(&test, &noa, "basic", "SPRING").await?;
    // An intent whose page nobody ever saw, as a crash before Stripe's answer leaves one.
    opened(&test, &aya, "basic", "SPRING").await?;
    let forget = "UPDATE checkouts SET status = 'intent', url = NULL, stripe_session_id = NULL WHERE user_id = \
                  (SELECT id FROM users WHERE email = 'aya@example.net')";
    crate::sql::run_sql(&test.database_url, forget).await?;
    assert_eq!(coupon::settle_due(&test.app).await?, 0, "all of them may still be open");
    assert_eq!(uses(&test, "SPRING").await?, (0, 3));
    test.advance(26 * 3_600_000);
    assert_eq!(coupon::settle_due(&test.app).await?, 3);
    assert_eq!(uses(&test, "SPRING").await?, (1, 0));
    assert_eq!(coupon::settle_due(&test.app).await?, 0);
    let mika = test.log_in(&mika.email).await?;
    assert_eq!(test.get("/subscriptions", Some(&mika)).await?["subscriptions"][0]["entitled"], true);
    test.run_jobs().await?;
    test.all_is_well().await
}

async fn an_answer_of_stripes_that_is_lost_takes_one_use(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    add(&test, "LAST", &Terms { most_uses: Some(1), ..percent(50) }).await?;
    test.stripe.trouble("/v1/checkout", &[Trouble::AnswerLost, Trouble::BrokenAfter]);
    let body = json!({ "plan": "basic", "coupon": "LAST" });
    assert_eq!(test.post("/stripe/checkout", Some(&mika), &body).await?.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(uses(&test, "LAST").await?, (0, 1), "the page may be there");
    let session = opened(&test, &mika, "basic", "LAST").await?;
    assert_eq!(uses(&test, "LAST").await?, (0, 1));
    test.stripe.pay(&session)?;
    test.settle().await?;
    assert_eq!((uses(&test, "LAST").await?, newest_invoice(&test, &mika).await?), ((1, 0), json!(299)));
    // Asked again at another price it is another purchase, with the use of the first.
    let noa = test.with_user("noa").await?;
    add(&test, "AGAIN", &Terms { most_uses: Some(1), ..percent(50) }).await?;
    test.stripe.trouble("/v1/checkout", &[Trouble::AnswerLost, Trouble::BrokenAfter]);
    let body = json!({ "plan": "basic", "coupon": "AGAIN" });
    assert_eq!(test.post("/stripe/checkout", Some(&noa), &body).await?.0, StatusCode::SERVICE_UNAVAILABLE);
    let price = test.stripe.ensure_price("dearer", "MiraiVPN basic", 799, "usd", "month")?;
    let change = Change { price_cents: Some(799), stripe_price: Some(price), ..Change::default() };
    plans::set(&test.app, COMMAND_LINE, "basic", &change).await?;
    test.stripe.pay(&opened(&test, &noa, "basic", "AGAIN").await?)?;
    test.settle().await?;
    assert_eq!((uses(&test, "AGAIN").await?, newest_invoice(&test, &noa).await?), ((1, 0), json!(399)));
    test.all_is_well().await
}

async fn a_coupon_is_made_once_and_withdrawn(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let code_of = |error: Error| match error {
        Error::Invalid(fields) => fields[0].code,
        other => other.code(),
    };
    let add = async |code: &str, terms: &Terms| {
        coupons::add(&test.app, COMMAND_LINE, code, terms).await.map(|row| row.stripe_promotion).map_err(code_of)
    };
    assert_eq!(add("S P", &percent(5)).await, Err("coupon_code_invalid"));
    assert_eq!(add("SPRING", &percent(0)).await, Err("number_invalid"));
    let nowhere = Terms { plans: vec!["gold".to_owned()], ..percent(5) };
    assert_eq!(add("SPRING", &nowhere).await, Err("plan_unknown"));
    // Stripe is away: asking again finishes what was begun, with the same terms only.
    test.stripe.trouble("/v1/promotion_codes", &[Trouble::Broken, Trouble::Broken]);
    assert_eq!(add("SPRING", &percent(5)).await, Err("unavailable"));
    let mika = test.with_user("mika").await?;
    assert_eq!(begin(&test, &mika, "basic", "SPRING").await?, refusal("coupon_unknown"), "not made yet");
    assert_eq!(add("SPRING", &percent(6)).await, Err("coupon_code_in_use"));
    assert!(
        add("spring", &percent(5))
            .await
            .is_ok_and(|promotion| promotion.is_some_and(|promotion| promotion.starts_with("promo_")))
    );
    assert_eq!(add("SPRING", &percent(5)).await, Err("coupon_code_in_use"));
    test.advance(1);
    coupons::disable(&test.app, COMMAND_LINE, "Spring").await?;
    coupons::disable(&test.app, COMMAND_LINE, "SPRING").await?;
    assert!(!counted(&test, "SPRING").await?.row.active);
    let entries = app::admin::entries(&test.app, Some("SPRING"), 10).await?;
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["coupon.disable", "coupon.add"], "each once");
    Ok(())
}

async fn admin_makes_and_withdraws_coupons_on_their_page(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("admin", Role::Admin).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    let wrong = reader.submit("/admin/coupons", &[("code", "SPRING"), ("percent", "x")]).await?;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
    assert!(wrong.text.contains("value=\"SPRING\""), "nothing is lost");
    let fields = [("code", "spring"), ("percent", "20"), ("plan", "vip"), ("plan", "basic"), ("uses", "3")];
    let question = reader.submit("/admin/coupons", &fields).await?;
    assert!(question.text.contains("20 %, once"), "{}", question.text);
    let sure = [&fields[..], &[("sure", "yes")]].concat();
    assert_eq!(reader.submit("/admin/coupons", &sure).await?.to, "/admin/coupons?done=added");
    let mika = test.with_user("mika").await?;
    opened(&test, &mika, "vip", "SPRING").await?;
    let page = reader.open("/admin/coupons?done=added").await?.text;
    for part in ["The coupon is made.", "SPRING", "vip, basic", "1 / 3"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let again = reader.submit("/admin/coupons", &sure).await?;
    assert!(again.text.contains("There is, or was, a coupon of this code."), "{}", again.text);
    let gone = reader.submit("/admin/coupons/disable", &[("code", "SPRING"), ("sure", "yes")]).await?;
    assert_eq!(gone.to, "/admin/coupons?done=disabled");
    let noa = test.with_user("noa").await?;
    assert_eq!(begin(&test, &noa, "vip", "SPRING").await?, refusal("coupon_expired"));
    let entries = app::admin::entries(&test.app, Some("SPRING"), 10).await?;
    assert!(entries.iter().all(|entry| entry.actor == admin.id.to_string()) && entries.len() == 2, "{entries:?}");
    Ok(())
}

/// As an operator types it, with a Stripe that answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coupon_is_made_from_the_command_line() -> anyhow::Result<()> {
    let fleet = Fleet::new(Database::Sqlite).await?.expect("SQLite is never missing");
    let run = async |args: &[&str]| {
        let done = fleet.command(&[&["admin", "coupon"], args].concat()).run(Duration::from_secs(60)).await?;
        anyhow::Ok((done.code, done.stdout, done.stderr))
    };
    let (code, made, problem) = run(&["add", "five-off", "--amount", "500", "--uses", "9", "--first-only"]).await?;
    assert!(code == Some(0) && made.contains("FIVE-OFF") && made.contains("promo_"), "{made} {problem}");
    assert_eq!(run(&["disable", "FIVE-OFF"]).await?.0, Some(0));
    let (_, listed, _) = run(&["list", "--json"]).await?;
    let listed: Value = serde_json::from_str(&listed)?;
    let seen = ["code", "off", "lasts", "most_uses", "first_only", "active"].map(|field| listed[0][field].clone());
    assert_eq!(json!(seen), json!(["FIVE-OFF", "5.00 usd", "once", 9, true, false]));
    for (args, words) in [
        (&["add", "BOTH", "--percent", "5", "--amount", "5"][..], "--amount"),
        (&["add", "NONE"], "--percent"),
        (&["add", "FIVE-OFF", "--percent", "5"], "there is, or was"),
        (&["disable", "NOBODY"], "NOBODY"),
    ] {
        let (code, _, problem) = run(args).await?;
        assert!(code != Some(0) && problem.contains(words), "{args:?}: {problem}");
    }
    Ok(())
}

async fn a_coupon_is_typed_on_the_price_list(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    test.with_user("mika").await?;
    add(&test, "SPRING", &Terms { plans: vec!["basic".to_owned()], ..percent(50) }).await?;
    let mut reader = Reader::new(&test);
    assert!(reader.open("/pricing?coupon=other").await?.text.contains("There is no such coupon"));
    let page = reader.open("/pricing?coupon=spring").await?.text;
    assert!(page.contains("The coupon takes 50 % off your first payment."), "{page}");
    reader.log_in("mika@example.net").await?;
    let page = reader.open("/pricing").await?.text;
    assert!(page.contains("name=\"coupon\" value=\"SPRING\""), "it goes along with the choice: {page}");
    assert!(!reader.open("/pricing?coupon=").await?.text.contains("SPRING"), "none is wanted");
    assert!(!reader.open("/pricing").await?.text.contains("SPRING"), "nor any more");
    assert!(reader.open("/pricing?coupon=spring").await?.text.contains("value=\"SPRING\""));
    let refused = reader.submit("/checkout", &[("plan", "vip"), ("coupon", "SPRING")]).await?;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("This coupon is not valid for this plan."), "{}", refused.text);
    assert!(refused.text.contains("name=\"coupon\" value=\"SPRING\""), "for another plan it may be");
    let refused = reader.submit("/checkout", &[("plan", "vip"), ("coupon", "NONE")]).await?;
    assert!(!refused.text.contains("type=\"hidden\" name=\"coupon\""), "a wrong code is in nobody's way");
    let to = reader.submit("/checkout", &[("plan", "basic"), ("coupon", "SPRING")]).await?.to;
    let session = to.rsplit('/').next().unwrap_or_default().split('#').next().unwrap_or_default().to_owned();
    let paid = test.stripe.pay(&session)?;
    let invoice = test.stripe.object(&paid.invoice).unwrap_or_default();
    assert_eq!(invoice["amount_paid"], 299, "{invoice}");
    Ok(())
}

//! Gift codes: shown once, kept as hashes, credit for the first who types one in.

use std::collections::BTreeMap;

use app::Error;
use app::admin::COMMAND_LINE;
use app::admin::gifts::{self, BatchRow, New};
use domain::account::Role;
use domain::money::{Currency, Money};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{TestUser, answer};

use crate::site::{Reader, between};

testkit::on_both_databases!(
    a_gift_code_is_credit_once_and_pays_a_period,
    of_fifty_who_type_one_gift_code_one_has_it,
    a_gift_code_that_gives_nothing_says_why,
    gift_codes_are_nowhere_to_be_read,
    guessing_gift_codes_is_slowed_down,
    admin_makes_gift_codes_that_are_shown_once,
    a_customer_redeems_a_gift_code_on_the_page,
);

async fn make(test: &TestApp, count: u32, cents: i64, days: Option<u32>) -> anyhow::Result<(BatchRow, Vec<String>)> {
    let new = New { id: None, count, worth: Money::new(cents, Currency::USD), days, note: "spring fair" };
    Ok(gifts::make(&test.app, COMMAND_LINE, &new).await?)
}

async fn redeem(test: &TestApp, user: &TestUser, code: &str) -> anyhow::Result<(StatusCode, Value)> {
    test.post("/credits/redeem", Some(user), &json!({ "code": code })).await
}

/// How a code is refused.
async fn refused(test: &TestApp, user: &TestUser, code: &str) -> anyhow::Result<String> {
    let (status, body) = redeem(test, user, code).await?;
    assert!(status.is_client_error(), "{body}");
    Ok(body["errors"][0]["code"].as_str().or(body["code"].as_str()).unwrap_or_default().to_owned())
}

async fn balances(test: &TestApp, user: &TestUser) -> anyhow::Result<Value> {
    Ok(test.get("/credits", Some(user)).await?["balances"].take())
}

async fn a_gift_code_is_credit_once_and_pays_a_period(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (batch, codes) = make(&test, 3, 300, None).await?;
    // However it is typed.
    let typed = codes[0].to_lowercase().replace('-', " ").replace('0', "o");
    let (status, body) = redeem(&test, &mika, &typed).await?;
    assert_eq!((status, body), (StatusCode::OK, json!({ "amount": 300, "currency": "usd" })));
    assert_eq!(refused(&test, &mika, &codes[0]).await?, "gift_redeemed");
    // The same request again is the same redemption.
    let again = async || {
        let request = test.request(Method::POST, "/credits/redeem", Some(&mika)).header("Idempotency-Key", "twice");
        answer(request.json(&json!({ "code": codes[1] })).send().await?).await
    };
    let (first, second) = (again().await?, again().await?);
    assert_eq!((first.0, &first), (StatusCode::OK, &second));
    assert_eq!(balances(&test, &mika).await?, json!([{ "amount": 600, "currency": "usd" }]));
    let moves = test.get("/credits", Some(&mika)).await?["credits"].take();
    assert_eq!((&moves[0]["kind"], moves.as_array().map(Vec::len)), (&json!("gift"), Some(2)), "{moves}");
    let (status, period) = test.post("/credits/pay", Some(&mika), &json!({ "plan": "basic" })).await?;
    assert_eq!((status, &period["entitled"]), (StatusCode::OK, &json!(true)), "{period}");

    let listed = gifts::list(&test.app).await?;
    assert_eq!((listed[0].row.id, listed[0].row.codes, listed[0].redeemed), (batch.id, 3, 2));
    test.post("/user/step-up", Some(&mika), &json!({ "password": testkit::caller::PASSWORD })).await?;
    let export = test.get("/user/export", Some(&mika)).await?;
    assert_eq!(export["gift_codes"].as_array().map(Vec::len), Some(2), "{export}");
    test.all_is_well().await
}

async fn of_fifty_who_type_one_gift_code_one_has_it(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (_, codes) = make(&test, 1, 500, None).await?;
    let mut users = Vec::new();
    for n in 0..10 {
        users.push(test.with_team(&format!("friend{n}"), Role::User).await?);
    }
    let many = (0..50).map(|n| redeem(&test, &users[n % users.len()], &codes[0]));
    let mut answers = BTreeMap::<String, usize>::new();
    for done in futures_util::future::join_all(many).await {
        let (status, body) = done?;
        *answers.entry(format!("{} {}", status.as_u16(), body["code"].as_str().unwrap_or_default())).or_default() += 1;
    }
    assert_eq!(answers, BTreeMap::from([("200 ".to_owned(), 1), ("409 gift_redeemed".to_owned(), 49)]));
    let mut has = 0;
    for user in &users {
        has += balances(&test, user).await?[0]["amount"].as_i64().unwrap_or(0);
    }
    assert_eq!(has, 500);
    test.all_is_well().await
}

async fn a_gift_code_that_gives_nothing_says_why(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    for code in ["", "x", "0000-0000-0000-0000", "123456", "%", "ＡＢＣ"] {
        assert_eq!(refused(&test, &mika, code).await?, "gift_unknown", "{code}");
    }
    let ((_, short), (batch, withdrawn)) = (make(&test, 1, 100, Some(1)).await?, make(&test, 2, 100, None).await?);
    assert_eq!(redeem(&test, &mika, &withdrawn[0]).await?.0, StatusCode::OK);
    gifts::void(&test.app, COMMAND_LINE, batch.id).await?;
    assert_eq!(refused(&test, &mika, &withdrawn[1]).await?, "gift_over");
    assert_eq!(refused(&test, &mika, &withdrawn[0]).await?, "gift_redeemed", "what was redeemed stays so");
    let again = gifts::void(&test.app, COMMAND_LINE, batch.id).await;
    assert!(again.is_err_and(|error| error.code() == "gift_batch_void"));
    test.advance(DAY);
    let mika = test.log_in(&mika.email).await?;
    assert_eq!(refused(&test, &mika, &short[0]).await?, "gift_over");
    for (count, cents, note, code) in [
        (0, 100, "", "number_invalid"),
        (10_001, 100, "", "number_invalid"),
        (1, 0, "", "amount_invalid"),
        (1, 1_000_001, "", "amount_invalid"),
        (1, 100, "a\nb", "note_invalid"),
    ] {
        let new = New { id: None, count, worth: Money::new(cents, Currency::USD), days: None, note };
        match gifts::make(&test.app, COMMAND_LINE, &new).await {
            Err(Error::Invalid(fields)) => assert_eq!(fields[0].code, code),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(balances(&test, &mika).await?[0]["amount"], 100);
    test.all_is_well().await
}

async fn gift_codes_are_nowhere_to_be_read(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (batch, codes) = make(&test, 20, 100, None).await?;
    redeem(&test, &mika, &codes[0]).await?;
    test.run_jobs().await?;
    let plain: Vec<String> = codes.iter().map(|code| code.replace('-', "").to_lowercase()).collect();
    let mut seen = String::new();
    for entry in std::fs::read_dir(test.dir.path())? {
        seen.push_str(&String::from_utf8_lossy(&std::fs::read(entry?.path())?));
    }
    seen.push_str(&format!(
        "{:?} {:?}",
        app::admin::entries(&test.app, None, 100).await?,
        gifts::list(&test.app).await?
    ));
    let seen = seen.to_lowercase();
    assert!(seen.contains("spring fair"), "the audit log has the batch");
    for (code, plain) in codes.iter().zip(&plain) {
        assert!(!seen.contains(plain.as_str()) && !seen.contains(&code.to_lowercase()), "{code}");
    }
    // The same batch again is refused, and shows nothing.
    let new = New { id: Some(batch.id), count: 1, worth: Money::new(100, Currency::USD), days: None, note: "" };
    let again = gifts::make(&test.app, COMMAND_LINE, &new).await;
    assert!(again.is_err_and(|error| error.code() == "gift_batch_known"));
    Ok(())
}

async fn guessing_gift_codes_is_slowed_down(database: Database) -> anyhow::Result<()> {
    let wanted = Wanted { limits: app::Limits::default(), ..Wanted::on(database) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(()) };
    let mika = test.with_team("mika", Role::User).await?;
    let mut statuses = Vec::new();
    for n in 0..12 {
        statuses.push(redeem(&test, &mika, &format!("0000-0000-0000-00{n:02}")).await?.0);
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
    Ok(())
}

async fn admin_makes_gift_codes_that_are_shown_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("admin", Role::Admin).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    let wrong = reader.submit("/admin/gifts", &[("count", "2"), ("amount", "x"), ("currency", "usd")]).await?;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
    let once = between(&reader.open("/admin/gifts").await?.text, "name=\"once\" value=\"", "\"").to_owned();
    let fields = [("count", "2"), ("amount", "5.00"), ("currency", "usd"), ("note", "fair"), ("once", once.as_str())];
    let question = reader.submit("/admin/gifts", &fields).await?;
    assert!(question.text.contains("2 codes worth"), "{}", question.text);
    assert!(gifts::list(&test.app).await?.is_empty(), "nothing is made before the answer");
    let sure = [&fields[..], &[("sure", "yes")]].concat();
    let shown = reader.submit("/admin/gifts", &sure).await?.text;
    let codes: Vec<&str> = between(&shown, "id=\"secret\">", "<").lines().collect();
    assert_eq!(codes.len(), 2, "{shown}");
    let again = reader.submit("/admin/gifts", &sure).await?;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "a form that is sent twice makes one batch");
    assert!(!again.text.contains(codes[0]) && again.text.contains("were made already"), "{}", again.text);

    let mika = test.with_user("mika").await?;
    assert_eq!(redeem(&test, &mika, codes[0]).await?.1["amount"], 500);
    let page = reader.open("/admin/gifts").await?.text;
    assert!(page.contains("1 / 2") && page.contains("fair") && !page.contains(codes[0]), "{page}");
    let batch = between(&page, "name=\"batch\" value=\"", "\"").to_owned();
    let done = reader.submit("/admin/gifts/void", &[("batch", &batch), ("sure", "yes")]).await?;
    assert_eq!(done.to, "/admin/gifts?done=voided");
    assert_eq!(refused(&test, &mika, codes[1]).await?, "gift_over");
    let entries = app::admin::entries(&test.app, Some(&batch), 10).await?;
    let mut actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["gift.make", "gift.void"]);
    test.all_is_well().await
}

async fn a_customer_redeems_a_gift_code_on_the_page(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (_, codes) = make(&test, 1, 500, None).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&mika.email).await?;
    let wrong = reader.submit("/dashboard/billing/redeem", &[("code", "0000-0000-0000-0000")]).await?;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("There is no such gift code.") && wrong.text.contains("0000-0000"), "{}", wrong.text);
    let done = reader.submit("/dashboard/billing/redeem", &[("code", &codes[0])]).await?;
    assert_eq!(done.to, "/dashboard/billing?redeemed#gift");
    let page = reader.open("/dashboard/billing?redeemed").await?.text;
    assert!(page.contains("The gift code is redeemed") && page.contains("+$5.00"), "{page}");
    let again = reader.submit("/dashboard/billing/redeem", &[("code", &codes[0])]).await?;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text.contains("was redeemed already"), "{}", again.text);
    Ok(())
}

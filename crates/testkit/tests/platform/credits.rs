//! Credit is given and taken once, and never spent twice; friends are counted and not named; lists come in pages.

use app::admin::COMMAND_LINE;
use app::admin::credits::{self, Wish};
use app::{Clock, Error};
use domain::money::{Currency, Money};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::fleet::Fleet;

testkit::on_both_databases!(
    s13_of_fifty_who_spend_a_whole_balance_at_once_one_does,
    credit_is_given_and_taken_with_a_reason,
    friends_are_counted_and_not_named,
    a_list_is_read_in_pages,
);

fn usd(cents: i64) -> Money {
    Money::new(cents, Currency::USD)
}

/// From two programs on one database, as an operator's script and a second one would.
async fn s13_of_fifty_who_spend_a_whole_balance_at_once_one_does(database: Database) -> anyhow::Result<()> {
    let Some(fleet) = Fleet::new(database).await? else { return Ok(()) };
    let node = fleet.serve().await?;
    let user = fleet.with_user(&node, "mika").await?;
    let (one, two) = (fleet.look(Clock::System).await?, fleet.look(Clock::System).await?);
    credits::change(&one, COMMAND_LINE, &user.email, Wish::Grant, usd(500), "a gift", None).await?;
    let spend = |n: usize| {
        let (app, email) = (if n.is_multiple_of(2) { one.clone() } else { two.clone() }, user.email.clone());
        tokio::spawn(async move {
            loop {
                let once = format!("spending {n}");
                match credits::change(&app, COMMAND_LINE, &email, Wish::Take, usd(500), "spent", Some(&once)).await {
                    // Too many at once for the database: nothing was done, and asking again is right.
                    Err(Error::Busy { .. }) => {}
                    done => return done,
                }
            }
        })
    };
    let (mut spent, mut refused) = (0, 0);
    for spending in (0..50).map(spend).collect::<Vec<_>>() {
        match spending.await? {
            Ok(balance) => {
                assert_eq!(balance, 0);
                spent += 1;
            }
            Err(error) => {
                assert_eq!(error.code(), "credit_too_small", "{error:?}");
                refused += 1;
            }
        }
    }
    assert_eq!((spent, refused), (1, 49));
    let credits = node.caller.get("/credits", Some(&user)).await?;
    assert_eq!(credits["balances"], json!([{ "amount": 0, "currency": "usd" }]));
    let broken: Vec<_> = app::admin::check(&one).await?.into_iter().filter(|one| one.broken != 0).collect();
    assert_eq!(broken, Vec::new());
    Ok(())
}

async fn credit_is_given_and_taken_with_a_reason(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    assert_eq!(test.get("/credits", Some(&user)).await?["balances"], json!([]));
    let change = async |wish, amount, reason: &str, once| {
        credits::change(&test.app, COMMAND_LINE, &user.email, wish, amount, reason, once).await.map_err(|error| {
            match error {
                Error::Invalid(fields) => fields[0].code,
                other => other.code(),
            }
        })
    };
    assert_eq!(change(Wish::Grant, usd(500), "an outage", Some("ticket 7")).await, Ok(500));
    assert_eq!(change(Wish::Grant, usd(500), "an outage", Some("ticket 7")).await, Err("movement_known"));
    let yen = Money::new(900, Currency::parse("jpy")?);
    assert_eq!(change(Wish::Grant, yen, "a gift", None).await, Ok(900));
    test.advance(1000);
    assert_eq!(change(Wish::Take, usd(200), "too much", None).await, Ok(300));
    assert_eq!(change(Wish::Take, usd(301), "too much", None).await, Err("credit_too_small"));
    assert_eq!(change(Wish::Grant, usd(0), "nothing", None).await, Err("amount_invalid"));
    assert_eq!(change(Wish::Grant, usd(5), " ", None).await, Err("reason_invalid"));

    let body = test.get("/credits", Some(&user)).await?;
    assert_eq!(body["balances"], json!([{ "amount": 900, "currency": "jpy" }, { "amount": 300, "currency": "usd" }]));
    let newest = &body["credits"][0];
    assert_eq!((&newest["amount"], &newest["kind"]), (&json!(-200), &json!("taken")));
    assert_eq!(body["credits"].as_array().map(Vec::len), Some(3));
    let entries = app::admin::entries(&test.app, Some(&user.id.to_string()), 10).await?;
    assert!(entries.iter().any(|e| e.action == "credit.taken" && e.detail == "2.00 usd: too much"), "{entries:?}");
    Ok(())
}

async fn friends_are_counted_and_not_named(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let mine = test.get("/referrals", Some(&user)).await?;
    let link = mine["link"].as_str().unwrap_or_default().to_owned();
    assert_eq!(mine["referrals"], json!([]));
    // One friend follows the link to the site, another types the code into an app; a code of nobody's counts for none.
    let page = test.http.get(&link).send().await?.text().await?;
    let code = mine["code"].as_str().unwrap_or_default();
    assert!(page.contains(&format!("name=\"code\" value=\"{code}\"")), "{page}");
    for (name, code) in [("noa", code), ("aya", code), ("ben", "nobody")] {
        let body = json!({ "email": format!("{name}@example.net"), "password": user.password, "referral_code": code });
        assert_eq!(test.post("/auth/register", None, &body).await?.0, StatusCode::ACCEPTED);
        test.advance(1000);
    }
    let referrals = test.get("/referrals", Some(&user)).await?["referrals"].clone();
    assert_eq!(referrals.as_array().map(Vec::len), Some(2));
    assert_eq!(referrals[0]["confirmed"], false);
    assert!(referrals[0]["joined_at"].as_str() > referrals[1]["joined_at"].as_str(), "newest first");
    assert!(!referrals.to_string().contains("example.net"), "{referrals}");
    Ok(())
}

async fn a_list_is_read_in_pages(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "vip").await?;
    for n in 0..7 {
        test.post("/devices", Some(&user), &json!({ "name": format!("device {n}") })).await?;
        credits::change(&test.app, COMMAND_LINE, &user.email, Wish::Grant, usd(n + 1), "a gift", None).await?;
        test.log_in(&user.email).await?;
        // Two of a moment, so that a page may end between them.
        test.advance(n % 2);
    }
    for (path, list) in [("/devices", "devices"), ("/credits", "credits"), ("/user/sessions", "sessions")] {
        let whole = test.get(path, Some(&user)).await?;
        assert_eq!(whole["next_cursor"], Value::Null, "{path}");
        let whole = whole[list].as_array().cloned().unwrap_or_default();
        assert!(whole.len() >= 7, "{path}");
        let (mut read, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = test.get(&format!("{path}?limit=3{cursor}"), Some(&user)).await?;
            let rows = page[list].as_array().cloned().unwrap_or_default();
            assert!(rows.len() <= 3, "{path}");
            read.extend(rows);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(read, whole, "{path}");
    }
    for (query, field, code) in [
        ("limit=0", "limit", "limit_invalid"),
        ("limit=x", "limit", "field_type"),
        ("cursor=7", "cursor", "cursor_invalid"),
    ] {
        let response = test.request(reqwest::Method::GET, &format!("/invoices?{query}"), Some(&user)).send().await?;
        let (status, body) = testkit::caller::answer(response).await?;
        let error = &body["errors"][0];
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{query}");
    }
    Ok(())
}
